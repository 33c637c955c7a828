/**
 * Pauses (promise 6). A pause is one row, in force when it commits, because every send looks for it under its scope's lock.
 * Telling the CRM and waking those who stood still goes page by page behind it; cursors on the row survive a crash.
 */
import { emitMany } from './callbacks.ts';
import type { Db, Queryable, Tx } from './db.ts';
import { appendInboxMany } from './inbox.ts';
import {
  lockScope,
  ofAbsent,
  sendingWithin,
  sequenceOf,
  withinScope,
  type PauseScope,
  type Scope,
  type ScopeRef,
  type SendingTouch,
} from './scopes.ts';

export interface Paused {
  readonly pauseId: string;
  /** The scope was paused before this call, since `since`; nothing changed. */
  readonly already: boolean;
  readonly since: number;
  readonly reason: string;
  /** Touches that were `sending` at that moment: these may still arrive. */
  readonly sending: readonly SendingTouch[];
}

export interface Resumed {
  /** False: it was not paused. */
  readonly resumed: boolean;
  /** How many enrollments stand still in this scope and will be woken; counted up to 100,000. */
  readonly waking: number;
}

export interface NewPause extends ScopeRef {
  readonly reason: string;
  /** The user who pauses; null: the terminal, or Cadenza itself. */
  readonly by?: string | null;
}

/**
 * Pauses a scope until `resume`: from this commit on nothing in it becomes `sending`. Nobody needs waking.
 * @throws CommandRefused `not_found`
 */
export async function pause(db: Db, what: NewPause): Promise<Paused> {
  return db.tx(async (tx) => {
    await lockScope(tx, what);
    return pauseLocked(tx, what);
  });
}

/** `pause` within a transaction that holds the scope's lock (`lockScope`). */
export async function pauseLocked(tx: Tx, what: NewPause): Promise<Paused> {
  const { rowCount } = await tx.query(
    `insert into pauses (scope, scope_id, reason, paused_by, at) values ($1, $2, $3, $4, business_now())
       on conflict (scope, coalesce(scope_id, '00000000-0000-0000-0000-000000000000')) where ended_at is null do nothing`,
    [what.scope, what.scopeId, what.reason, what.by ?? null],
  );
  const { rows } = await tx.query<{ id: string; at: Date; reason: string }>(
    `select id, at, reason from pauses where scope = $1 and ${SAME_SCOPE} and ended_at is null`,
    [what.scope, what.scopeId],
  );
  const active = rows[0]!;
  return {
    pauseId: active.id,
    already: rowCount === 0,
    since: active.at.getTime(),
    reason: active.reason,
    sending: await sendingWithin(tx, what),
  };
}

/**
 * Ends a scope's pause. Those who stood still are woken by `nextToWake`, which the caller and the sweep go on calling.
 * @throws CommandRefused `not_found`
 */
export async function resume(db: Db, what: ScopeRef): Promise<Resumed> {
  return db.tx(async (tx) => {
    await lockScope(tx, what);
    // Callbacks not yet written for the pause are not written any more; those written are followed by `resumed`.
    const { rowCount } = await tx.query(
      `update pauses set ended_at = business_now(), announced = true
       where scope = $1 and ${SAME_SCOPE} and ended_at is null`,
      [what.scope, what.scopeId],
    );
    const { rows } = await tx.query<{ waking: number }>(
      `select count(*)::int as waking from (
         select from enrollments e join leads l on l.id = e.lead_id
         where ${STANDS_STILL} and ${withinScope(what.scope, '$1')} limit 100000) still`,
      [what.scopeId],
    );
    return { resumed: rowCount === 1, waking: rowCount === 1 ? rows[0]!.waking : 0 };
  });
}

export interface ActivePause {
  readonly id: string;
  readonly scope: Scope;
  readonly scopeId: string | null;
  readonly reason: string;
  readonly at: Date;
  /** null: nobody who is known paused it. */
  readonly byName: string | null;
}

/** Pauses in force now, newest first, without those of people on leave. */
export async function activePauses(q: Queryable, limit = 1000): Promise<ActivePause[]> {
  const { rows } = await q.query<ActivePause & Record<string, unknown>>(
    `select p.id, p.scope, p.scope_id as "scopeId", p.reason, p.at, u.name as "byName" from pauses p left join users u on u.id = p.paused_by
     where p.ended_at is null and p.scope <> 'absence' order by p.at desc limit $1`,
    [limit],
  );
  return rows;
}

/** Writes `enrollment.paused` for the next page of one pause. Answers how many, and whether every pause is announced. */
export async function announcePauses(db: Db, page = 200): Promise<{ announced: number; done: boolean }> {
  return db.tx(async (tx) => {
    const pending = await takePause(tx, `ended_at is null and ${TO_ANNOUNCE}`);
    if (!pending) return { announced: 0, done: true };
    const leads = await nextPage(tx, pending, pending.announced_to, page);
    const rows = (await lockPage(tx, leads)).filter((row) => row.started_at <= pending.at);
    await emitMany(
      tx,
      rows.map((row) => ({
        type: 'enrollment.paused',
        leadId: row.lead_id,
        enrollmentId: row.id,
        extra: { scope: pending.scope },
      })),
    );
    await tx.query(
      `insert into decisions (enrollment_id, lead_id, at, step_id, kind, reason)
       select e.id, e.lead_id, $2, e.engine->'state'->>'step', 'paused', $3 from enrollments e
       where e.id = any($1::uuid[]) order by e.id`,
      [rows.map((row) => row.id), pending.at, pending.scope],
    );
    await tx.query(
      'update pauses set announced_to = coalesce($2, announced_to), announced = announced or $3 where id = $1',
      [pending.id, leads.at(-1) ?? null, leads.length < page],
    );
    return { announced: rows.length, done: false };
  });
}

/**
 * The next page of an ended pause: writes `enrollment.resumed` for those who were told that they are paused, puts a `resume`
 * into the inbox of those who stand still, and answers whose workflows to wake. Those whom another pause still covers are left
 * to its end. Call it until `done`; a crash in between costs nothing, and whom a race leaves out `findStranded` finds.
 */
export async function nextToWake(db: Db, page = 200): Promise<{ wake: readonly string[]; done: boolean }> {
  return db.tx(async (tx) => {
    const ended = await takePause(tx, 'ended_at is not null and not woken');
    if (!ended) return { wake: [], done: true };
    const leads = await nextPage(tx, ended, ended.woken_to, page);
    const rows = (await lockPage(tx, leads)).filter((row) => !row.covered);
    const told = rows.filter(
      (row) => row.started_at <= ended.at && ended.announced_to !== null && row.lead_id <= ended.announced_to,
    );
    await emitMany(
      tx,
      told.map((row) => ({
        type: 'enrollment.resumed',
        leadId: row.lead_id,
        enrollmentId: row.id,
        extra: { scope: ended.scope },
      })),
    );
    const wake = rows.filter((row) => row.still).map((row) => row.id);
    await appendInboxMany(tx, wake, { type: 'resume' });
    await tx.query('update pauses set woken_to = coalesce($2, woken_to), woken = $3 where id = $1', [
      ended.id,
      leads.at(-1) ?? null,
      leads.length < page,
    ]);
    return { wake, done: false };
  });
}

/** Ends pauses whose time is over: they are out of force since then. Answers how many. */
export async function endDuePauses(q: Queryable): Promise<number> {
  const { rowCount } = await q.query(
    'update pauses set ended_at = until_at, announced = true where ended_at is null and until_at <= business_now()',
  );
  return rowCount ?? 0;
}

/** Puts a `resume` into the inboxes of those whom `findStranded` found, if they still stand still. Answers whom to wake. */
export async function wakeStranded(db: Db, enrollmentIds: readonly string[]): Promise<readonly string[]> {
  return db.tx(async (tx) => {
    const { rows } = await tx.query<{ lead_id: string }>(
      'select lead_id from enrollments where id = any($1::uuid[])',
      [enrollmentIds],
    );
    const locked = await lockPage(
      tx,
      rows.map((row) => row.lead_id),
    );
    const wake = locked.filter((row) => row.still && !row.covered).map((row) => row.id);
    await appendInboxMany(tx, wake, { type: 'resume' });
    return wake;
  });
}

/** Condition over pauses that they began, and the CRM has not heard of all whom they cover. */
export const TO_ANNOUNCE = 'not announced and (from_at is null or from_at <= business_now())';

const SAME_SCOPE = `coalesce(scope_id, '00000000-0000-0000-0000-000000000000') = coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')`;

/** Condition over enrollments `e` that a pause, or a broken sender, is what they stopped at. */
export const STANDS_STILL = `(e.status = 'running' and e.next_at is null and not e.held and e.reason like 'paused%')`;

const active = (scope: Scope, id: string) =>
  `exists (select from pauses_in_force p where p.scope = '${scope}'
     and coalesce(p.scope_id, '00000000-0000-0000-0000-000000000000') = ${id})`;

/** The sender of an enrollment's latest touch. */
const LATEST_SENDER =
  '(select t.sender_id from touches t where t.enrollment_id = e.id order by t.created_at desc limit 1)';

/** Condition over enrollments `e` and leads `l` that a pause or a broken sender stands in the way of what they would do next. */
export const COVERED = `(${active('all', `'00000000-0000-0000-0000-000000000000'`)} or ${active('sequence', sequenceOf('e.version_id'))}
  or ${active('launch', 'e.launch_id')}
  or ${active('lead', 'e.lead_id')} or ${active('company', 'l.company_id')} or ${active('sender', LATEST_SENDER)}
  or exists (select from senders s where s.id = ${LATEST_SENDER} and s.broken_at is not null)
  or exists (select from pauses_in_force p where p.scope = 'absence' and ${ofAbsent('p.scope_id', LATEST_SENDER)}))`;

interface PauseRow {
  readonly id: string;
  readonly scope: PauseScope;
  readonly scope_id: string | null;
  readonly at: Date;
  readonly announced_to: string | null;
  readonly woken_to: string | null;
}

/**
 * One unfinished pause that nobody else pages through now. An advisory lock keeps it, not the row's: leads are locked next, and
 * whoever pauses or resumes holds theirs already when he gets to the row.
 */
async function takePause(tx: Tx, condition: string): Promise<PauseRow | undefined> {
  const { rows } = await tx.query<{ id: string }>(
    `select id from pauses where ${condition} order by at limit 20`,
  );
  for (const { id } of rows) {
    const { rows: lock } = await tx.query<{ taken: boolean }>(
      `select pg_try_advisory_xact_lock(hashtextextended('pause ' || $1, 0)) as taken`,
      [id],
    );
    if (!lock[0]!.taken) continue;
    const { rows: read } = await tx.query<PauseRow>(
      `select id, scope, scope_id, coalesce(from_at, at) as at, announced_to, woken_to from pauses where id = $1 and ${condition}`,
      [id],
    );
    if (read[0]) return read[0];
  }
  return undefined;
}

/** The next leads of a pause's scope that have a running enrollment, in the order of their ids. */
async function nextPage(tx: Tx, of: PauseRow, after: string | null, page: number): Promise<string[]> {
  const { rows } = await tx.query<{ lead_id: string }>(
    `select e.lead_id from enrollments e join leads l on l.id = e.lead_id
     where e.status = 'running' and ${withinScope(of.scope, '$1')} and ($2::uuid is null or e.lead_id > $2)
     order by e.lead_id limit $3`,
    [of.scope_id, after, page],
  );
  return rows.map((row) => row.lead_id);
}

interface EnrollmentRow {
  readonly id: string;
  readonly lead_id: string;
  readonly started_at: Date;
  readonly still: boolean;
  readonly covered: boolean;
}

/** Locks the leads and their running enrollments; what it answers was read under these locks. */
async function lockPage(tx: Tx, leadIds: readonly string[]): Promise<EnrollmentRow[]> {
  await tx.query('select from leads where id = any($1::uuid[]) order by id for no key update', [leadIds]);
  await tx.query(
    `select from enrollments where lead_id = any($1::uuid[]) and status = 'running' order by id for no key update`,
    [leadIds],
  );
  const { rows } = await tx.query<EnrollmentRow>(
    `select e.id, e.lead_id, coalesce(e.started_at, e.created_at) as started_at, ${STANDS_STILL} as still, ${COVERED} as covered
     from enrollments e join leads l on l.id = e.lead_id
     where e.lead_id = any($1::uuid[]) and e.status = 'running' order by e.lead_id`,
    [leadIds],
  );
  return rows;
}
