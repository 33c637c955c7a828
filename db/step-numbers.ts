/** What became of the leads of a version, step by step. */
import type { Sight } from './access/sight.ts';
import type { Queryable } from './db.ts';
import { OWNED } from './launch-scope.ts';

/** Leads, each counted once a step. */
export interface StepNumbers {
  readonly step: string;
  /** Came as far as this step. */
  readonly reached: number;
  /** Are at it now. */
  readonly waiting: number;
  readonly sent: number;
  /** Answered after this touch and before the next one. */
  readonly answered: number;
  /** Were stopped while they were at it. */
  readonly left: number;
  readonly skipped: number;
  /** Failed, or of which it is not known whether they went out. */
  readonly failed: number;
}

/** The numbers of each step that anybody reached. */
export async function stepNumbers(
  q: Queryable,
  versionId: string,
  { owners, unowned }: Sight,
): Promise<StepNumbers[]> {
  const { rows } = await q.query<StepNumbers & Record<string, unknown>>(
    `with who as materialized (
       select e.id, e.status, e.step from enrollments e
       where e.version_id = $1 and e.engine is not null
         and ($2::text[] is null or exists (select from leads l where l.id = e.lead_id and ${OWNED('$2', unowned)}))),
     lead_step as (
       select t.enrollment_id, t.step_id as step, bool_or(t.state = 'sent') as sent,
         bool_or(t.state = 'skipped') as skipped, bool_or(t.state in ('failed', 'unconfirmed')) as failed
       from touches t where t.enrollment_id in (select id from who) group by 1, 2),
     touched as (
       select step, count(*) as reached, count(*) filter (where sent) as sent,
         count(*) filter (where skipped and not sent) as skipped, count(*) filter (where failed and not sent) as failed
       from lead_step group by 1),
     passed as (
       select d.step_id as step, count(distinct d.enrollment_id) as reached from decisions d
       where d.enrollment_id in (select id from who) and d.kind in ('branch', 'arm', 'goal') and d.step_id is not null group by 1),
     stands as (
       select step, count(*) filter (where status = 'running') as waiting, count(*) filter (where status = 'stopped') as left_here
       from who where step is not null group by 1),
     answers as (
       select last.step_id as step, count(distinct r.enrollment_id) as answered
       from lead_events r join lateral (
         select t.step_id from touches t where t.enrollment_id = r.enrollment_id and t.state = 'sent' and t.at <= r.at
         order by t.at desc, t.step_id limit 1) last on true
       where r.type = 'replied' and r.enrollment_id is not null and r.enrollment_id in (select id from who) group by 1)
     select step, greatest(t.reached, coalesce(p.reached, 0) + case when t.reached is null then coalesce(s.waiting, 0) + coalesce(s.left_here, 0) else 0 end) as reached,
       coalesce(s.waiting, 0) as waiting, coalesce(t.sent, 0) as sent, coalesce(a.answered, 0) as answered,
       coalesce(s.left_here, 0) as "left", coalesce(t.skipped, 0) as skipped, coalesce(t.failed, 0) as failed
     from touched t full join passed p using (step) full join stands s using (step) full join answers a using (step)
     order by step limit 1000`,
    [versionId, owners],
  );
  return rows;
}
