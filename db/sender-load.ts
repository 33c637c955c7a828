/** What senders have used of a day. */
import { dayNumber } from '../sequences/calendar/zone.ts';
import type { Action } from '../sequences/lead.ts';
import type { Queryable } from './db.ts';
import { dayCap, type Sender } from './senders.ts';
import { BUSY_STATES } from './slots.ts';

const BUSY = BUSY_STATES.map((state) => `'${state}'`).join(', ');

interface Used {
  readonly id: string;
  /** The sender's present local day. */
  readonly day: string;
  /** By action: booked, under way or sent on that day, and on it and the six before. */
  readonly used: Readonly<Partial<Record<Action, { readonly today: number; readonly week: number }>>>;
}

async function load(q: Queryable, senderIds: readonly string[]): Promise<ReadonlyMap<string, Used>> {
  const { rows } = await q.query<Used & Record<string, unknown>>(
    `select s.id, d.day::text as day, coalesce(t.used, '{}') as used
     from senders s cross join lateral (select (business_now() at time zone s.time_zone)::date as day) d
       left join lateral (select json_object_agg(action, json_build_object('today', today, 'week', week)) as used from (
         select action, count(*) filter (where local_day = d.day) as today, count(*) as week from touches
         where sender_id = s.id and local_day between d.day - 6 and d.day and state in (${BUSY}) group by action) u) t on true
     where s.id = any($1::uuid[]) limit 10000`,
    [senderIds],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** By sender and action: booked, under way or sent on the sender's present local day. */
export async function usedToday(
  q: Queryable,
  senderIds: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Partial<Record<Action, number>>>>> {
  const today = ({ used }: Used) =>
    Object.fromEntries(
      Object.entries(used).flatMap(([action, { today }]) => (today > 0 ? [[action, today]] : [])),
    );
  return new Map([...(await load(q, senderIds))].map(([id, one]) => [id, today(one)]));
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
  const found = await load(
    q,
    senders.map(({ id }) => id),
  );
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
