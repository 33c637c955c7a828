/** A launch is paced: its leads start as its senders' capacity comes near. */
import { zoneClock, dayOf, dayNumber, DAY_MS } from '../sequences/calendar/zone.ts';
import type { Action } from '../sequences/lead.ts';
import type { Instant } from '../sequences/plan.ts';
import { emitMany } from './callbacks.ts';
import type { Db, Queryable } from './db.ts';
import { PAUSE_OF_LAUNCH } from './launch-scope.ts';
import { readLaunch } from './launches.ts';
import { firstTouches, touchWays } from '../sequences/route/plan-channels.ts';
import { sequenceOf } from './scopes.ts';
import { dayCap, usableSenders, type Sender } from './senders.ts';
import { loadVersion } from './sequences.ts';
import { BUSY_STATES } from './slots.ts';

const BUSY = BUSY_STATES.map((state) => `'${state}'`).join(', ');
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** How a launch stands, for the workflow that paces it. */
export interface Pacing {
  /** Leads that wait to be started. */
  readonly pending: number;
  /** How many of them may start now: what today's capacity for first touches has left. */
  readonly startable: number;
  /** Business time at which it is worth looking again; null: when somebody resumes it, adds leads or mends a sender. */
  readonly lookAt: Instant | null;
  /** Why nobody can start now: `paused`, `stopped`, `not_yet`, `no_sender`, `no_capacity`; null: they can, or nobody waits. */
  readonly reason: 'paused' | 'stopped' | 'not_yet' | 'no_sender' | 'no_capacity' | null;
}

/** At most this many start at once, so that a launch without caps does not open all its workflows in one go. */
const AT_ONCE = 500;

/**
 * How many leads of a launch may start now, without changing anything. The capacity is that of the senders which may do one of
 * the sequence's first touches: their cap today (ramp-up and weekly cap included) less what is booked or done, less the leads
 * that were started and have not booked yet.
 */
export async function pacing(q: Queryable, launchId: string): Promise<Pacing> {
  const launch = await readLaunch(q, launchId);
  const { rows } = await q.query<{ pending: number; starting: number; paused: boolean; now: Date }>(
    `select business_now() as now,
       (select count(*)::int from enrollments where launch_id = $1 and status = 'pending') as pending,
       (select count(*)::int from enrollments where launch_id = $1 and status = 'running' and engine is null
         and touched_wall > clock_timestamp() - interval '1 minute') as starting,
       ${PAUSE_OF_LAUNCH} is not null as paused
     from launches n where n.id = $1`,
    [launchId],
  );
  const { pending, starting, paused, now } = rows[0]!;
  const nobody = { pending, startable: 0, lookAt: null };
  if (pending === 0) return { ...nobody, reason: null };
  if (launch.status === 'stopped') return { ...nobody, reason: 'stopped' };
  if (paused) return { ...nobody, reason: 'paused' };
  const at = now.getTime();
  const startsAt = launch.startsAt?.getTime() ?? at;
  if (startsAt > at) return { ...nobody, lookAt: startsAt, reason: 'not_yet' };

  const version = await loadVersion(q, launch.versionId);
  const ways = firstTouches(version.plan).flatMap((node) => touchWays(node, version.copy));
  const senders = await usableSenders(q, { settings: version.settings, senderIds: launch.senderIds });
  // A task can be done, and a webhook called, without any sender.
  const needNone =
    ways.length === 0 || ways.some(({ channel }) => channel === 'task' || channel === 'webhook');
  const able = senders.filter((sender) => ways.some(({ channel }) => channel === sender.channel));
  if (able.length === 0 && !needNone) return { ...nobody, reason: 'no_sender' };
  let free = needNone ? Infinity : 0;
  for (const action of new Set(ways.map((way) => way.action))) {
    const doing = able.filter((sender) =>
      ways.some((way) => way.channel === sender.channel && way.action === action),
    );
    if (free < Infinity && doing.length > 0) free += await freeToday(q, doing, action, at);
  }
  const startable = Math.max(0, Math.min(pending, AT_ONCE, free - starting));
  if (startable > 0) return { pending, startable, lookAt: at, reason: null };
  // What is being started books within moments; else the senders' next day brings new capacity.
  const lookAt = starting > 0 ? at + 1000 : Math.min(...able.map((sender) => nextDay(sender.timeZone, at)));
  return { pending, startable: 0, lookAt, reason: 'no_capacity' };
}

/** How many more of one action the senders may do today, each on its own local day. */
async function freeToday(
  q: Queryable,
  senders: readonly Sender[],
  action: Action,
  at: Instant,
): Promise<number> {
  const days = senders.map((sender) => dayOf(zoneClock(sender.timeZone), at));
  const { rows } = await q.query<{ id: string; today: number; week: number }>(
    `select s.id, t.today, t.week from unnest($1::uuid[], $2::date[]) s(id, day) cross join lateral (
       select (count(*) filter (where t.local_day = s.day))::int as today, count(*)::int as week from touches t
       where t.sender_id = s.id and t.action = $3 and t.state in (${BUSY}) and t.local_day between s.day - 6 and s.day) t`,
    [senders.map((sender) => sender.id), days.map(isoDay), action],
  );
  const used = new Map(rows.map((row) => [row.id, row]));
  let free = 0;
  senders.forEach((sender, index) => {
    const { today = 0, week = 0 } = used.get(sender.id) ?? {};
    const since = sender.rampUp ? days[index]! - dayNumber(sender.rampUp.from) : 0;
    const day = dayCap(sender, action, since) ?? Infinity;
    const weekly = sender.caps[action]?.week ?? Infinity;
    free += Math.max(0, Math.min(day - today, weekly - week));
  });
  return free;
}

function isoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

function nextDay(zone: string, at: Instant): Instant {
  const clock = zoneClock(zone);
  return Math.max(clock.toInstant((dayOf(clock, at) + 1) * DAY_MS), at + 60_000);
}

/** An enrollment that was started: its workflow is to be started too. */
export interface Started {
  readonly enrollmentId: string;
  readonly leadId: string;
}

/**
 * Starts the next pending leads of a launch, in the order in which they were enrolled: they are `running` and due when this
 * commits, and the CRM is told. Nobody starts while everything, the sequence, the launch, the lead or its company is paused, or after a stop.
 * Leads that another transaction holds are passed over until the next call.
 */
export async function startPending(db: Db, launchId: string, limit: number): Promise<readonly Started[]> {
  return db.tx(async (tx) => {
    await tx.query('select from workspace for share');
    await tx.query(
      `select from sequences where id = (select ${sequenceOf('version_id')} from launches where id = $1) for share`,
      [launchId],
    );
    await tx.query('select from launches where id = $1 for share', [launchId]);
    const { rows: open } = await tx.query<{ open: boolean }>(
      `select status = 'running' and coalesce(starts_at <= business_now(), true) and ${PAUSE_OF_LAUNCH} is null as open
       from launches n where id = $1`,
      [launchId],
    );
    if (!open[0]?.open) return [];
    const { rows: next } = await tx.query<{ id: string; lead_id: string; company_id: string | null }>(
      `select e.id, e.lead_id, l.company_id from enrollments e join leads l on l.id = e.lead_id
       where e.launch_id = $1 and e.status = 'pending' and not ${PAUSED} order by e.created_at, e.id limit $2`,
      [launchId, limit],
    );
    if (next.length === 0) return [];
    await tx.query('select from companies where id = any($1::uuid[]) order by id for share', [
      next.flatMap((row) => (row.company_id === null ? [] : [row.company_id])),
    ]);
    const { rows: locked } = await tx.query<{ id: string }>(
      'select id from leads where id = any($1::uuid[]) order by id for no key update skip locked',
      [next.map((row) => row.lead_id)],
    );
    await tx.query(
      `select from enrollments where launch_id = $1 and lead_id = any($2::uuid[]) and status = 'pending' order by id for no key update`,
      [launchId, locked.map((row) => row.id)],
    );
    const { rows: started } = await tx.query<Started & Record<string, unknown>>(
      `update enrollments e set status = 'running', started_at = n.now, next_at = n.now, next_action = 'begin', reason = 'starting',
         touched_wall = clock_timestamp()
       from leads l, (select business_now() as now) n
       where e.id = any($1::uuid[]) and e.lead_id = any($2::uuid[]) and l.id = e.lead_id and e.status = 'pending' and not ${PAUSED}
       returning e.id as "enrollmentId", e.lead_id as "leadId"`,
      [next.map((row) => row.id), locked.map((row) => row.id)],
    );
    await emitMany(
      tx,
      started.map(({ enrollmentId, leadId }) => ({ type: 'enrollment.started', leadId, enrollmentId })),
    );
    return started;
  });
}

/** Condition over leads `l` that they or their company are paused, or their owner is on leave. */
const PAUSED = `exists (select from pauses_in_force p where (
  p.scope = 'lead' and p.scope_id = l.id or p.scope = 'absence' and is_absent(p.scope_id, l.owner) or p.scope = 'company' and p.scope_id = coalesce(l.company_id, '${NOBODY}')))`;

/** Whether any of a launch's pending leads is not paused, nor its company. */
export async function anybodyMayStart(q: Queryable, launchId: string): Promise<boolean> {
  const { rows } = await q.query<{ any: boolean }>(
    `select exists (select from enrollments e join leads l on l.id = e.lead_id
       where e.launch_id = $1 and e.status = 'pending' and not ${PAUSED}) as any`,
    [launchId],
  );
  return rows[0]!.any;
}

/** Notes when the pacer looks again; null: only when it is woken. */
export async function noteNextLook(q: Queryable, launchId: string, at: Instant | null): Promise<void> {
  await q.query('update launches set next_look_at = to_timestamp($2::float8 / 1000) where id = $1', [
    launchId,
    at ?? Date.parse('9999-01-01T00:00:00Z'),
  ]);
}

/** Running launches with pending leads whose time to look has come: those whose pacing workflow is missing or was not woken. */
export async function launchesToPace(q: Queryable, limit = 500): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `select l.id from launches l where l.status = 'running'
       and (l.next_look_at is null or l.next_look_at <= (select business_now()))
       and exists (select from enrollments e where e.launch_id = l.id and e.status = 'pending')
     order by l.next_look_at nulls first limit $1`,
    [limit],
  );
  return rows.map((row) => row.id);
}
