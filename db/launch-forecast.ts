/** What a dry run tells about a launch, read where it was tried. */
import type { Queryable } from './db.ts';
import { NAME_OF_LEAD } from './launch-scope.ts';

/** Those of the leads that are LinkedIn connections of a sender. */
export async function connectedLeads(q: Queryable, leadIds: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await q.query<{ id: string }>(
    `select distinct lead_id as id from lead_senders
     where lead_id = any($1::uuid[]) and channel = 'linkedin' and connected_at is not null`,
    [leadIds],
  );
  return new Set(rows.map(({ id }) => id));
}

/** The first leads that wait in a launch, in the order in which they will start. */
export async function firstPending(q: Queryable, launchId: string, limit: number): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `select lead_id as id from enrollments where launch_id = $1 and status = 'pending' order by created_at, id limit $2`,
    [launchId, limit],
  );
  return rows.map(({ id }) => id);
}

/** How many leads wait in a launch. */
export async function countPending(q: Queryable, launchId: string): Promise<number> {
  const { rows } = await q.query<{ count: number }>(
    `select count(*)::int as count from enrollments where launch_id = $1 and status = 'pending'`,
    [launchId],
  );
  return rows[0]!.count;
}

/** By reason, the first whom a launch left out. */
export async function namesLeftOut(
  q: Queryable,
  launchId: string,
  each: number,
): Promise<Readonly<Record<string, { leadId: string; name: string }[]>>> {
  const { rows } = await q.query<{ reason: string; names: { leadId: string; name: string }[] }>(
    `select reason, json_agg(json_build_object('leadId', id, 'name', name) order by n) as names from (
       select x.reason, l.id, ${NAME_OF_LEAD} as name, row_number() over (partition by x.reason order by l.id) as n
       from launch_exclusions x join leads l on l.id = x.lead_id where x.launch_id = $1) ranked
     where n <= $2 group by reason`,
    [launchId, each],
  );
  return Object.fromEntries(rows.map(({ reason, names }) => [reason, names]));
}

/** Why somebody is not to be written to as if nothing had been: the first that holds. */
export const IN_TOUCH = ['waits', 'met', 'answered'] as const;

export interface InTouch {
  readonly reason: (typeof IN_TOUCH)[number];
  readonly count: number;
  readonly leads: readonly { readonly leadId: string; readonly name: string }[];
}

/** Who of those that came into a launch `since` wrote and waits for an answer, or booked a meeting or answered within 30 days; the first by name. */
export async function namesInTouch(
  q: Queryable,
  launchId: string,
  since: Date,
  each: number,
): Promise<InTouch[]> {
  const { rows } = await q.query<{
    reason: InTouch['reason'];
    count: number;
    leads: { leadId: string; name: string }[];
  }>(
    // Each lead is looked up by itself, which `limit` keeps the planner to: of fifty, not all that happened in a month is read.
    `with mine as (
       select x.lead_id, x.reason, array_position(array['${IN_TOUCH.join("','")}'], x.reason) as rank from (
         select e.lead_id, case
           when (select true from messages m where m.lead_id = e.lead_id and not m.settled limit 1) then 'waits'
           when (select true from lead_events v where v.lead_id = e.lead_id and v.type = 'meeting_booked' and v.at > business_now() - interval '30 days' limit 1) then 'met'
           when (select true from lead_events v where v.lead_id = e.lead_id and v.type = 'replied' and v.at > business_now() - interval '30 days' limit 1) then 'answered'
         end as reason
         from enrollments e where e.launch_id = $1 and e.status = 'pending' and e.created_at >= $2) x
       where x.reason is not null)
     select reason, count(*)::int as count,
       json_agg(json_build_object('leadId', id, 'name', name) order by n) filter (where n <= $3) as leads
     from (
       select m.reason, m.rank, l.id, ${NAME_OF_LEAD} as name, row_number() over (partition by m.reason order by l.id) as n
       from mine m join leads l on l.id = m.lead_id) named
     group by reason, rank order by rank`,
    [launchId, since, each],
  );
  return rows;
}
