/** Whom a launch left out, and why. */
import type { Sight } from './access/sight.ts';
import type { Queryable, Tx } from './db.ts';
import type { ExclusionReason } from './launches.ts';
import { NAME_OF_LEAD, OWNED } from './launch-scope.ts';

/** Somebody who is not enrolled. */
export interface LeftOut {
  readonly leadId: string;
  readonly reason: string | null;
}

/** Replaces what was written about these leads before; of those already in this launch there is nothing to say. */
export async function writeExclusions(tx: Tx, launchId: string, left: readonly LeftOut[]): Promise<void> {
  if (left.length === 0) return;
  const named = left.filter((one) => one.reason !== 'invalid');
  await tx.query('delete from launch_exclusions where launch_id = $1 and lead_id = any($2::uuid[])', [
    launchId,
    named.map((one) => one.leadId),
  ]);
  await tx.query(
    `insert into launch_exclusions (launch_id, lead_id, reason)
     select $1, x.lead_id, x.reason from unnest($2::uuid[], $3::text[]) x(lead_id, reason)
     where not exists (select from enrollments e where e.lead_id = x.lead_id and e.launch_id = $1)`,
    [launchId, named.map((one) => one.leadId), named.map((one) => one.reason)],
  );
  const invalid = left.length - named.length;
  if (invalid > 0) {
    await tx.query(
      `insert into launch_exclusions (launch_id, reason, detail, count) values ($1, 'invalid', 'no such lead, or erased', $2)`,
      [launchId, invalid],
    );
  }
}

/** Somebody who was left out, as a list shows it. */
export interface ExclusionLine {
  readonly leadId: string;
  readonly name: string;
  readonly email: string | null;
  readonly company: string | null;
  readonly reason: ExclusionReason;
}

/** Who of the leads that somebody sees was left out of a launch, in the order of their ids. Ids that were none are not among them. */
export async function listExclusions(
  q: Queryable,
  launchId: string,
  {
    sight,
    reason,
    after,
    limit,
  }: {
    readonly sight: Sight;
    readonly reason?: string | undefined;
    readonly after: string | null;
    readonly limit: number;
  },
): Promise<ExclusionLine[]> {
  const { rows } = await q.query<ExclusionLine & Record<string, unknown>>(
    `select l.id as "leadId", ${NAME_OF_LEAD} as name, l.emails[1] as email, coalesce(l.company_name, c.name) as company, x.reason
     from launch_exclusions x join leads l on l.id = x.lead_id left join companies c on c.id = l.company_id
     where x.launch_id = $1 and ${OWNED('$2', sight.unowned)} and ($3::text is null or x.reason = $3) and ($4::uuid is null or x.lead_id > $4)
     order by x.lead_id limit $5`,
    [launchId, sight.owners, reason ?? null, after, limit],
  );
  return rows;
}

/** How many were left out, by reason; ids that were no lead count for whoever sees everything. */
export async function countExclusions(
  q: Queryable,
  launchId: string,
  { owners, unowned }: Sight,
): Promise<{ readonly reason: string; readonly count: number }[]> {
  const { rows } = await q.query<{ reason: string; count: number }>(
    `select x.reason, sum(x.count)::int as count from launch_exclusions x left join leads l on l.id = x.lead_id
     where x.launch_id = $1 and (${OWNED('$2', unowned)}${owners === null ? '' : ' and l.id is not null'}) group by x.reason order by 2 desc, 1 limit 20`,
    [launchId, owners],
  );
  return rows;
}
