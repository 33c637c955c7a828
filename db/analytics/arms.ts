/** What became of the leads in the arms of splits. */
import type { Sight } from '../access/sight.ts';
import type { Queryable } from '../db.ts';
import { FLAGS } from './flags.ts';
import { addSight, Conditions } from './scope.ts';

/** An arm of a split. */
export interface ArmResults {
  readonly step: string;
  readonly arm: string;
  /** Leads who were sent this way. */
  readonly reached: number;
  /** Leads whom a touch reached after that, and to how many of them came what after it. */
  readonly contacted: number;
  readonly answered: number;
  readonly positive: number;
  readonly meetings: number;
}

/** The numbers of each arm of a version in which anybody was. */
export async function armResults(q: Queryable, versionId: string, sight: Sight): Promise<ArmResults[]> {
  const where = new Conditions();
  where.add((place) => `version_id = ${place(versionId)}`);
  await addSight(q, where, sight);
  const count = (name: string, flag: number) =>
    `coalesce(sum(leads) filter (where flags & ${flag} > 0), 0)::int8 as ${name}`;
  const { rows } = await q.query<ArmResults & Record<string, unknown>>(
    `select step, arm, sum(leads)::int8 as reached, ${count('contacted', FLAGS.sent)}, ${count('answered', FLAGS.answered)},
       ${count('positive', FLAGS.positive)}, ${count('meetings', FLAGS.meetings)}
     from analytics_arms where ${where.sql} group by 1, 2 order by 1, 2 limit 1000`,
    where.values,
  );
  return rows;
}
