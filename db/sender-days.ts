/** What senders did on each of their last days, by which their health and their capacity can be judged. */
import type { Queryable } from './db.ts';
import { USUAL_REPUTATION } from './reputation.ts';
import { BUSY_STATES } from './slots.ts';

/** So many days, the sender's present local day included. */
export const DAYS = 14;
/** More senders in one look would be more than a moment's reading. */
export const MOST_SENDERS = 100;

export interface SenderDay {
  /** `YYYY-MM-DD`, the sender's own. */
  readonly day: string;
  /** Booked, under way or sent. */
  readonly used: number;
  /** Came back, or were refused because the address does not exist. */
  readonly bounced: number;
  readonly complained: number;
  /** Attempts that did not go out for another reason. */
  readonly failed: number;
}

export interface SenderDays {
  readonly senderId: string;
  /** The oldest first, each of the days also when nothing happened. */
  readonly days: readonly SenderDay[];
  /** From how many bounces in a hundred messages the sender is paused. */
  readonly bouncedPercent: number;
}

const BUSY = BUSY_STATES.map((state) => `'${state}'`).join(', ');
// Word by word what the index `touches_sender_trouble` is for.
const TROUBLE = `(state = 'failed' or delivery in ('bounced', 'complained'))`;

/** Of at most MOST_SENDERS senders the last DAYS days, from two indexes alone; who is unknown is left out. */
export async function senderDays(q: Queryable, senderIds: readonly string[]): Promise<SenderDays[]> {
  const { rows } = await q.query<SenderDays & Record<string, unknown>>(
    `select s.id as "senderId", coalesce((s.reputation ->> 'bounced_percent')::float8, $2) as "bouncedPercent", d.days
     from senders s
       cross join lateral (select (business_now() at time zone s.time_zone)::date as today) n
       cross join lateral (
         select json_agg(json_build_object('day', n.today - i, 'used', coalesce(u.used, 0), 'bounced', coalesce(b.bounced, 0),
             'complained', coalesce(b.complained, 0), 'failed', coalesce(b.failed, 0)) order by i desc) as days
         from generate_series(0, ${DAYS - 1}) i
           left join (
             select local_day, count(*) as used from touches
             where sender_id = s.id and local_day between n.today - ${DAYS - 1} and n.today and state in (${BUSY}) group by 1) u on u.local_day = n.today - i
           left join (
             select local_day, count(*) filter (where delivery = 'bounced') as bounced, count(*) filter (where delivery = 'complained') as complained,
               count(*) filter (where state = 'failed' and delivery is distinct from 'bounced') as failed
             from touches
             where sender_id = s.id and local_day between n.today - ${DAYS - 1} and n.today and ${TROUBLE} group by 1) b on b.local_day = n.today - i) d
     where s.id = any($1::uuid[]) order by s.id limit ${MOST_SENDERS}`,
    [senderIds, USUAL_REPUTATION.bounced_percent],
  );
  return rows;
}
