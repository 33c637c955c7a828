/** Launches as lists and pages show them: whose, how far, who is in them. Numbers are of the leads that somebody sees. */
import type { Sight } from './access/sight.ts';
import type { Queryable } from './db.ts';
import type { Review } from './launches.ts';
import { NAME_OF_LEAD, OWNED, PAUSE_OF_LAUNCH } from './launch-scope.ts';

/** Who looks. */
export interface Viewer extends Sight {
  readonly userId: string;
}

export interface LaunchView {
  readonly id: string;
  readonly name: string;
  readonly sequence: string;
  readonly sequenceId: string;
  readonly title: string;
  readonly versionId: string;
  /** Which of the sequence's versions, from 1. */
  readonly version: number;
  readonly status: 'running' | 'stopped';
  readonly stopReason: string | null;
  readonly paused: 'all' | 'sequence' | 'launch' | null;
  readonly timeZone: string;
  readonly senderIds: readonly string[] | null;
  readonly onEvents: boolean;
  readonly startsAt: Date | null;
  readonly review: Review | null;
  readonly reviewer: string | null;
  readonly createdBy: string | null;
  readonly createdByName: string | null;
  readonly createdAt: Date;
}

const SELECT = `select n.id, n.name, v.name as sequence, v.title, n.version_id as "versionId",
    (select count(*)::int from sequence_versions o where o.name = v.name and (o.created_at, o.id) <= (v.created_at, v.id)) as version, n.status, n.stop_reason as "stopReason",
    ${PAUSE_OF_LAUNCH} as paused, (select q.id from sequences q where q.name = v.name) as "sequenceId",
    n.time_zone as "timeZone", n.sender_ids as "senderIds", n.on_events as "onEvents", n.starts_at as "startsAt", n.review, n.reviewer,
    n.created_by as "createdBy", u.name as "createdByName", n.created_at as "createdAt"
  from launches n join sequence_versions v on v.id = n.version_id left join users u on u.id = n.created_by`;

/**
 * Condition that the launch `n` is the viewer's own, or has leads that they see. Asked launch by launch, it is known at the first such
 * lead; who has no leads at all is not asked about.
 */
export const SEEN_LAUNCH = (
  owners: string,
  user: string,
) => `(${owners}::text[] is null or n.created_by = ${user}::uuid or (
  (select exists (select from leads where lower(owner) = any(${owners})))
  and (select true from enrollments e join leads l on l.id = e.lead_id
    where e.launch_id = n.id and lower(l.owner) = any(${owners}) limit 1)))`;

/** What a list of launches can be narrowed to; `running`: leads can be added; `active`: it is not paused, and somebody is under way. */
export const LAUNCH_STATES = ['running', 'active', 'held', 'paused', 'finished', 'stopped'] as const;

const OPEN = `exists (select from enrollments e where e.launch_id = n.id and e.status in ('pending', 'running'))`;
const IN_STATE: Readonly<Record<(typeof LAUNCH_STATES)[number], string>> = {
  running: `n.status = 'running'`,
  active: `n.status = 'running' and ${PAUSE_OF_LAUNCH} is null and ${OPEN}`,
  held: `exists (select from enrollments e where e.launch_id = n.id and e.status = 'running' and e.held)`,
  paused: `n.status = 'running' and ${PAUSE_OF_LAUNCH} is not null`,
  finished: `n.status = 'running' and not ${OPEN} and exists (select from enrollments e where e.launch_id = n.id)`,
  stopped: `n.status = 'stopped'`,
};

/** Launches, the newest first. */
export async function listLaunchViews(
  q: Queryable,
  filter: {
    readonly viewer: Viewer;
    readonly status?: (typeof LAUNCH_STATES)[number] | undefined;
    readonly sequence?: string | undefined;
    /** The user who made them. */
    readonly createdBy?: string | undefined;
    readonly before: readonly [createdAt: string, id: string] | null;
    readonly limit: number;
  },
): Promise<(LaunchView & { readonly place: string })[]> {
  const { viewer, status, sequence, createdBy, before, limit } = filter;
  const { rows } = await q.query<LaunchView & { place: string } & Record<string, unknown>>(
    `${SELECT.replace('select n.id,', 'select n.created_at::text as place, n.id,')}
     where ${SEEN_LAUNCH('$1', '$2')} and ($3::uuid is null or n.created_by = $3) and ($4::text is null or v.name = $4)
       and ($5::timestamptz is null or (n.created_at, n.id) < ($5::timestamptz, $6::uuid))
       ${status ? `and ${IN_STATE[status]}` : ''}
     order by n.created_at desc, n.id desc limit $7`,
    [
      viewer.owners,
      viewer.userId,
      createdBy ?? null,
      sequence ?? null,
      before?.[0] ?? null,
      before?.[1] ?? null,
      limit,
    ],
  );
  return rows;
}

/** The launch, or null when there is none that the viewer sees. */
export async function readLaunchView(q: Queryable, id: string, viewer: Viewer): Promise<LaunchView | null> {
  const { rows } = await q.query<LaunchView & Record<string, unknown>>(
    `${SELECT} where n.id = $3 and ${SEEN_LAUNCH('$1', '$2')}`,
    [viewer.owners, viewer.userId, id],
  );
  return rows[0] ?? null;
}

export interface LaunchCounts {
  readonly pending: number;
  readonly running: number;
  readonly held: number;
  readonly finished: number;
  readonly stopped: number;
}

export interface LaunchNumbers {
  readonly counts: LaunchCounts;
  readonly reasons: readonly {
    readonly status: keyof LaunchCounts;
    readonly reason: string;
    readonly count: number;
  }[];
  /** Who answered, or booked a meeting. */
  readonly answered: number;
  readonly startedAt: Date | null;
  /** When the last one ended; null while anybody is under way. */
  readonly finishedAt: Date | null;
}

const ANSWERS = ['replied', 'meeting_booked'];
const NOBODY: LaunchNumbers = {
  counts: { pending: 0, running: 0, held: 0, finished: 0, stopped: 0 },
  reasons: [],
  answered: 0,
  startedAt: null,
  finishedAt: null,
};

/** By launch, how many are where and why. A reason is its word, without what it is about. */
export async function launchNumbers(
  q: Queryable,
  launchIds: readonly string[],
  { owners, unowned }: Sight,
): Promise<ReadonlyMap<string, LaunchNumbers>> {
  const { rows } = await q.query<{
    id: string;
    status: keyof LaunchCounts;
    reason: string;
    count: number;
    started: Date | null;
    ended: Date | null;
  }>(
    `select id, case when held and status = 'running' then 'held' else status end as status, split_part(reason, ':', 1) as reason,
       sum(count)::int as count, min(started) as started, max(ended) as ended
     from (
       select e.launch_id as id, e.status, e.held, e.reason, count(*) as count, min(e.started_at) as started, max(e.ended_at) as ended
       from enrollments e ${owners === null ? '' : 'join leads l on l.id = e.lead_id'}
       where e.launch_id = any($1::uuid[]) and ${owners === null ? '$2::text[] is null' : OWNED('$2', unowned)} group by 1, 2, 3, 4) x
     group by 1, 2, 3 order by count desc, 2, 3`,
    [launchIds, owners],
  );
  const numbers = new Map(launchIds.map((id) => [id, NOBODY]));
  for (const { id, status, reason, count, started, ended } of rows) {
    const before = numbers.get(id)!;
    numbers.set(id, {
      counts: { ...before.counts, [status]: before.counts[status] + count },
      reasons: [...before.reasons, { status, reason, count }],
      answered: before.answered + (status === 'stopped' && ANSWERS.includes(reason) ? count : 0),
      startedAt: earlier(before.startedAt, started),
      finishedAt: later(before.finishedAt, ended),
    });
  }
  for (const [id, one] of numbers) {
    const { pending, running, held } = one.counts;
    if (pending + running + held > 0) numbers.set(id, { ...one, finishedAt: null });
  }
  return numbers;
}

/** The lead of a launch who moves next. */
export interface NextMove {
  readonly at: Date;
  /** null: it has not begun. */
  readonly step: string | null;
}

/** By launch, when the next of its leads moves and at which step; those in which nobody does are left out. */
export async function nextMoves(
  q: Queryable,
  launchIds: readonly string[],
  { owners, unowned }: Sight,
): Promise<ReadonlyMap<string, NextMove>> {
  const { rows } = await q.query<NextMove & { id: string }>(
    `select n.id, e.next_at as at, e.step from unnest($1::uuid[]) n(id) cross join lateral (
       select e.next_at, e.step from enrollments e ${owners === null ? '' : 'join leads l on l.id = e.lead_id'}
       where e.launch_id = n.id and e.status = 'running' and e.next_at is not null and not e.held
         and ${owners === null ? '$2::text[] is null' : OWNED('$2', unowned)}
       order by e.next_at limit 1) e`,
    [launchIds, owners],
  );
  return new Map(rows.map(({ id, at, step }) => [id, { at, step }]));
}

const earlier = (a: Date | null, b: Date | null) => (a && b ? (a < b ? a : b) : (a ?? b));
const later = (a: Date | null, b: Date | null) => (a && b ? (a > b ? a : b) : (a ?? b));

/** Numbers of one step. */
export interface StepNumbers {
  readonly step: string;
  /** Leads with a touch of it, whatever became of it. */
  readonly reached: number;
  readonly sent: number;
  readonly answered: number;
  /** Leads who are at it now. */
  readonly here: number;
  /** Touches by state: booked, task, sent, skipped, failed, unconfirmed, sending, cancelled. */
  readonly states: Readonly<Record<string, number>>;
}

/** By step, what became of its touches. An answer counts for the last step that was sent before it. */
export async function stepNumbers(
  q: Queryable,
  launchId: string,
  { owners, unowned }: Sight,
): Promise<StepNumbers[]> {
  const { rows } = await q.query<StepNumbers & Record<string, unknown>>(
    `with mine as materialized (
       select e.id, e.lead_id, e.status, e.reason, e.engine->'state'->>'step' as step from enrollments e join leads l on l.id = e.lead_id
       where e.launch_id = $1 and ${OWNED('$2', unowned)}),
     touched as materialized (
       select t.enrollment_id, t.step_id, t.state, t.at from mine m join touches t on t.enrollment_id = m.id),
     states as (
       select step_id, jsonb_object_agg(state, n) as states from (
         select step_id, state, count(*)::int as n from touched group by 1, 2) s group by 1),
     reached as (
       select step_id, count(distinct enrollment_id)::int as reached,
         (count(distinct enrollment_id) filter (where state = 'sent'))::int as sent from touched group by 1),
     answered as (
       select step_id, count(*)::int as answered from (
         select distinct on (t.enrollment_id) t.step_id from touched t join mine m on m.id = t.enrollment_id
         where t.state = 'sent' and m.status = 'stopped' and m.reason in ('replied', 'meeting_booked')
         order by t.enrollment_id, t.at desc) a group by 1),
     here as (select step as step_id, count(*)::int as here from mine where status = 'running' and step is not null group by 1)
     select step_id as step, coalesce(r.reached, 0) as reached, coalesce(r.sent, 0) as sent, coalesce(a.answered, 0) as answered,
       coalesce(h.here, 0) as here, coalesce(s.states, '{}') as states
     from reached r full join here h using (step_id) left join answered a using (step_id) left join states s using (step_id)
     order by 1 limit 500`,
    [launchId, owners],
  );
  return rows;
}

/** Somebody in a launch, as a list shows it. */
export interface EnrollmentLine {
  readonly id: string;
  readonly leadId: string;
  readonly name: string;
  readonly email: string | null;
  readonly company: string | null;
  readonly status: keyof LaunchCounts;
  readonly reason: string;
  readonly step: string | null;
  readonly nextAction: string | null;
  readonly nextAt: Date | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly place: string;
}

/** Who is in a launch, in the order in which they were enrolled. */
export async function listLaunchEnrollments(
  q: Queryable,
  launchId: string,
  filter: {
    readonly sight: Sight;
    readonly status?: keyof LaunchCounts | undefined;
    readonly reason?: string | undefined;
    readonly after: readonly [createdAt: string, id: string] | null;
    readonly limit: number;
  },
): Promise<EnrollmentLine[]> {
  const { sight, status, reason, after, limit } = filter;
  const { rows } = await q.query<EnrollmentLine & Record<string, unknown>>(
    `select e.id, l.id as "leadId", ${NAME_OF_LEAD} as name, l.emails[1] as email, coalesce(l.company_name, c.name) as company,
       case when e.held and e.status = 'running' then 'held' else e.status end as status, e.reason, e.engine->'state'->>'step' as step,
       e.next_action as "nextAction", e.next_at as "nextAt", e.started_at as "startedAt", e.ended_at as "endedAt", e.created_at::text as place
     from enrollments e join leads l on l.id = e.lead_id left join companies c on c.id = l.company_id
     where e.launch_id = $1 and ${OWNED('$2', sight.unowned)}
       and ($3::text is null or (case when e.held and e.status = 'running' then 'held' else e.status end) = $3)
       and ($4::text is null or e.reason = $4 or split_part(e.reason, ':', 1) = $4)
       and ($5::timestamptz is null or (e.created_at, e.id) > ($5::timestamptz, $6::uuid))
     order by e.created_at, e.id limit $7`,
    [launchId, sight.owners, status ?? null, reason ?? null, after?.[0] ?? null, after?.[1] ?? null, limit],
  );
  return rows;
}
