/** What a forecast is made of: who stands where, what came of those who stood there before, and what sales are worth. */
import type { Plan } from '../../sequences/plan.ts';
import { seesLead, type Sight } from '../access/sight.ts';
import type { Queryable } from '../db.ts';
import { LATER, STAGES } from './flags.ts';
import { addSight, Conditions } from './scope.ts';

/** Leads that are on their way in a version, by where they stand. */
export interface Standing {
  readonly sequence: string;
  readonly title: string;
  readonly plan: Plan;
  /** null: they have not begun. */
  readonly step: string | null;
  readonly leads: number;
}

/** Everybody who is on the way. */
export async function standing(q: Queryable, sight: Sight): Promise<Standing[]> {
  const { rows } = await q.query<Standing & Record<string, unknown>>(
    `select v.name as sequence, v.title, v.plan, x.step, x.leads from (
       select e.version_id, e.step, count(*) as leads from enrollments e
       ${sight.owners === null ? '' : 'join leads l on l.id = e.lead_id'}
       where e.status in ('pending', 'running') ${sight.owners === null ? '' : `and ${seesLead(1)}`}
       group by 1, 2 limit 10000) x
     join sequence_versions v on v.id = x.version_id order by v.name, v.created_at`,
    sight.owners === null ? [] : [sight.owners, sight.unowned],
  );
  return rows;
}

/** Of those who stood at a step of an enrollment that is over: to how many came what, while or after they stood there. */
export interface Cohort {
  readonly sequence: string;
  readonly step: string;
  readonly cases: number;
  readonly positive: number;
  readonly meetings: number;
  readonly sales: number;
}

/** The cohorts of these sequences. */
export async function cohorts(q: Queryable, sequences: readonly string[], sight: Sight): Promise<Cohort[]> {
  const where = new Conditions();
  where.add((place) => `s.sequence = any(${place(sequences)}::text[])`);
  await addSight(q, where, sight);
  const later = (name: keyof typeof LATER) =>
    `coalesce(sum(c.leads) filter (where c.flags & ${LATER[name]} > 0), 0)::int8 as ${name}`;
  const { rows } = await q.query<Cohort & Record<string, unknown>>(
    `select s.sequence, s.step, sum(c.leads)::int8 as cases, ${later('positive')}, ${later('meetings')}, ${later('sales')}
     from analytics_cohorts c join analytics_steps s on s.id = c.step where ${where.sql} group by 1, 2 limit 10000`,
    where.values,
  );
  return rows;
}

/** What sales are worth whose amounts are known, by the sequence of the last touch before each. */
export interface Worth {
  readonly sequence: string;
  readonly currency: string;
  readonly sales: number;
  readonly amount: number;
}

/** The worth of the sales that these sequences led to, in each currency. */
export async function worth(q: Queryable, sequences: readonly string[], sight: Sight): Promise<Worth[]> {
  const where = new Conditions();
  where.add((place) => `s.sequence = any(${place(sequences)}::text[])`);
  await addSight(q, where, sight);
  const { rows } = await q.query<Worth & Record<string, unknown>>(
    `select s.sequence, c.currency, count(*) as sales, sum(c.amount)::float8 as amount
     from analytics_conversions c join analytics_steps s on s.id = c.step
     where c.kind = ${STAGES.sales} and c.currency is not null and ${where.sql} group by 1, 2 order by 1, 2 limit 10000`,
    where.values,
  );
  return rows;
}
