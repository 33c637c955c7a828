/** What senders have used of a day. */
import type { Queryable } from './db.ts';

/** By sender and action: booked, under way or sent on the sender's present local day. */
export async function usedToday(
  q: Queryable,
): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  const { rows } = await q.query<{ senderId: string; used: Record<string, number> }>(
    `select sender_id as "senderId", json_object_agg(action, count) as used from (
       select t.sender_id, t.action, count(*)::int as count from senders s join touches t on t.sender_id = s.id
         and t.local_day = (business_now() at time zone s.time_zone)::date
         and t.state in ('booked', 'sending', 'sent', 'unconfirmed', 'task')
       group by t.sender_id, t.action limit 10000) x
     group by sender_id`,
  );
  return new Map(rows.map(({ senderId, used }) => [senderId, used]));
}
