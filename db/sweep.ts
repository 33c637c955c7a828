/**
 * What the sweep looks for (promise 2): leads that should have moved and did not, news that nobody took in, sends that were
 * never answered for, pauses and stops that are only half carried out. Read-only, by index, and page by page, so that one lead
 * who stays overdue never hides another.
 */
import type { Queryable } from './db.ts';
import { COVERED, STANDS_STILL, TO_ANNOUNCE } from './pauses.ts';

/** An enrollment to wake; its workflow is started when it is missing. */
export interface Overdue {
  readonly enrollmentId: string;
  readonly nextAction: string | null;
  readonly nextAt: Date;
}

/**
 * Running enrollments whose next action is later than `graceMs` (business time) and that did nothing for `silentMs` (wall time),
 * the longest overdue first. `after` is the last one of the page before.
 */
export async function findOverdue(
  q: Queryable,
  options: { graceMs: number; silentMs?: number; limit?: number; after?: Overdue },
): Promise<Overdue[]> {
  const { rows } = await q.query<Overdue>(
    `select id as "enrollmentId", next_action as "nextAction", next_at as "nextAt" from enrollments
     where status = 'running' and next_at < (select business_now()) - make_interval(secs => $1 / 1000.0)
       and touched_wall < clock_timestamp() - make_interval(secs => $2 / 1000.0)
       and ($3::timestamptz is null or (next_at, id) > ($3, $4::uuid))
     order by next_at, id limit $5`,
    [
      options.graceMs,
      options.silentMs ?? 5000,
      options.after?.nextAt ?? null,
      options.after?.enrollmentId ?? null,
      options.limit ?? 500,
    ],
  );
  return rows;
}

export interface SweepPage {
  /** The last id of the page before. */
  readonly after?: string;
  readonly limit?: number;
}

/** Running enrollments with inbox entries older than `olderThanMs` (wall) that their engine has not taken in. */
export async function findUnseen(
  q: Queryable,
  options: { olderThanMs: number } & SweepPage,
): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `select e.id from enrollments e
     where e.status = 'running' and e.inbox_seq > e.seen and ($2::uuid is null or e.id > $2) and exists (
       select from inbox i where i.enrollment_id = e.id and i.seq > e.seen
         and i.at_wall < clock_timestamp() - make_interval(secs => $1 / 1000.0))
     order by e.id limit $3`,
    [options.olderThanMs, options.after ?? null, options.limit ?? 500],
  );
  return rows.map((row) => row.id);
}

/**
 * Running enrollments that stopped at a pause or a broken sender which is no longer there: the pause ended just while they were
 * about to stop, or the sender was mended. Each needs a `resume` (`wakeStranded`).
 */
export async function findStranded(
  q: Queryable,
  options: { silentMs: number } & SweepPage,
): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `select e.id from enrollments e join leads l on l.id = e.lead_id
     where ${STANDS_STILL} and not ${COVERED} and ($2::uuid is null or e.id > $2)
       and e.touched_wall < clock_timestamp() - make_interval(secs => $1 / 1000.0)
     order by e.id limit $3`,
    [options.silentMs, options.after ?? null, options.limit ?? 500],
  );
  return rows.map((row) => row.id);
}

/** Touches still `sending` after their lease ended: whether they went out must be found out. */
export async function findExpiredLeases(
  q: Queryable,
  options: { limit?: number } = {},
): Promise<{ touchId: string; enrollmentId: string; leaseUntil: Date }[]> {
  const { rows } = await q.query<{ touchId: string; enrollmentId: string; leaseUntil: Date }>(
    `select id as "touchId", enrollment_id as "enrollmentId", lease_until as "leaseUntil" from touches
     where state = 'sending' and lease_until < clock_timestamp() order by lease_until limit $1`,
    [options.limit ?? 500],
  );
  return rows;
}

/** Whether pauses wait to be announced or to have their leads woken (`announcePauses`, `nextToWake`), and stops to be closed (`continueStops`). */
export async function unfinished(q: Queryable): Promise<{ pauses: number; stops: boolean }> {
  const { rows } = await q.query<{ pauses: number; stops: boolean }>(
    `select (select count(*)::int from (select from pauses
         where ${TO_ANNOUNCE} or (ended_at is not null and not woken) limit 1000) p) as pauses,
       exists (select from launches l cross join lateral (
         select from enrollments e where e.launch_id = l.id and e.status in ('pending', 'running') limit 1) e
         where l.status = 'stopped') as stops`,
  );
  return rows[0]!;
}

/** Stopped enrollments whose sleeping workflows nobody is known to have told, some at a time. */
export async function findOwed(
  q: Queryable,
  options: { silentMs: number; limit?: number },
): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `select id from enrollments where wake_owed and touched_wall < clock_timestamp() - make_interval(secs => $1 / 1000.0)
     order by id limit $2`,
    [options.silentMs, options.limit ?? 500],
  );
  return rows.map((row) => row.id);
}

/** Their workflows have been told, or are gone. */
export async function settleOwed(q: Queryable, ids: readonly string[]): Promise<void> {
  await q.query('update enrollments set wake_owed = false where id = any($1::uuid[])', [ids]);
}

/** How many enrollments run: each should have an open workflow. */
export async function countRunning(q: Queryable): Promise<number> {
  const { rows } = await q.query<{ n: number }>(
    `select count(*)::int as n from enrollments where status = 'running'`,
  );
  return rows[0]!.n;
}

/** Running enrollments in the order of their ids, a page at a time. */
export async function runningPage(q: Queryable, { after, limit }: SweepPage): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `select id from enrollments where status = 'running' and ($1::uuid is null or id > $1) order by id limit $2`,
    [after ?? null, limit ?? 500],
  );
  return rows.map((row) => row.id);
}
