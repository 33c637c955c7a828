/** What senders have used of a day. */
import { dayNumber } from '../sequences/calendar/zone.ts';
import type { Action } from '../sequences/lead.ts';
import type { Queryable } from './db.ts';
import { dayCap, type Sender } from './senders.ts';
import { BUSY_STATES } from './slots.ts';

const BUSY = BUSY_STATES.map((state) => `'${state}'`).join(', ');

/** By sender and action: booked, under way or sent on the sender's present local day. */
export async function usedToday(
  q: Queryable,
): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  const { rows } = await q.query<{ senderId: string; used: Record<string, number> }>(
    `select sender_id as "senderId", json_object_agg(action, count) as used from (
       select s.id as sender_id, t.action, t.count
       from senders s cross join lateral (select (business_now() at time zone s.time_zone)::date as day) d
         cross join lateral (select action, count(*)::int as count from touches
           where sender_id = s.id and local_day = d.day and state in (${BUSY}) group by action) t limit 10000) x
     group by sender_id`,
  );
  return new Map(rows.map(({ senderId, used }) => [senderId, used]));
}

/** What a sender may still do today of one action, its ramp-up and its cap of seven days included. */
export interface RoomToday {
  readonly action: Action;
  readonly used: number;
  /** null: not capped. */
  readonly cap: number | null;
  readonly free: number | null;
}

/** By sender, what each of its capped actions has left of its present local day. */
export async function roomToday(
  q: Queryable,
  senders: readonly Pick<Sender, 'id' | 'timeZone' | 'caps' | 'rampUp'>[],
): Promise<ReadonlyMap<string, readonly RoomToday[]>> {
  const { rows } = await q.query<{
    id: string;
    day: string;
    used: Readonly<Partial<Record<Action, { today: number; week: number }>>>;
  }>(
    `select s.id, d.day::text as day, coalesce(t.used, '{}') as used
     from senders s cross join lateral (select (business_now() at time zone s.time_zone)::date as day) d
       left join lateral (select json_object_agg(action, json_build_object('today', today, 'week', week)) as used from (
         select action, count(*) filter (where local_day = d.day) as today, count(*) as week from touches
         where sender_id = s.id and local_day between d.day - 6 and d.day and state in (${BUSY}) group by action) u) t on true
     where s.id = any($1::uuid[]) limit 10000`,
    [senders.map(({ id }) => id)],
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  return new Map(
    senders.map((sender) => {
      const { day, used } = found.get(sender.id)!;
      const since = sender.rampUp ? dayNumber(day) - dayNumber(sender.rampUp.from) : 0;
      const actions = Object.keys(sender.caps) as Action[];
      return [
        sender.id,
        actions.map((action) => {
          const { today = 0, week = 0 } = used[action] ?? {};
          const cap = dayCap(sender, action, since);
          const free = Math.min((cap ?? Infinity) - today, (sender.caps[action]?.week ?? Infinity) - week);
          return { action, used: today, cap, free: free === Infinity ? null : Math.max(0, free) };
        }),
      ];
    }),
  );
}
