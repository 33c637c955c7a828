import type { BusySlot, SenderLimits } from '../sequences/calendar/index.ts';
import type { Action } from '../sequences/lead.ts';
import type { Instant } from '../sequences/plan.ts';
import type { Queryable } from './db.ts';

/** A sender's caps as stored: `day` and `week` by action; what is missing is not capped. */
export type StoredCaps = Readonly<
  Partial<Record<Action, { readonly day?: number | null; readonly week?: number | null }>>
>;

export interface StoredRampUp {
  readonly start: number;
  readonly add_per_day: number;
  readonly from: string;
}

/** What limits a sender for one action, in the calendar's words. */
export function senderLimits(
  sender: {
    readonly timeZone: string;
    readonly caps: StoredCaps;
    readonly rampUp: StoredRampUp | null;
    readonly minGapSeconds: number;
    readonly jitterSeconds: number;
  },
  action: Action,
): SenderLimits {
  const cap = sender.caps[action];
  const { rampUp } = sender;
  return {
    timeZone: sender.timeZone,
    cap: cap ? { day: cap.day ?? Infinity, week: cap.week ?? null } : null,
    rampUp: rampUp && { start: rampUp.start, addPerDay: rampUp.add_per_day, from: rampUp.from },
    minGapMs: sender.minGapSeconds * 1000,
    jitterMs: sender.jitterSeconds * 1000,
  };
}

/** States of a touch that take a place in its sender's day. */
export const BUSY_STATES = ['booked', 'sending', 'sent', 'unconfirmed', 'task'] as const;
const BUSY = BUSY_STATES.map((state) => `'${state}'`).join(', ');

const DAY_MS = 86_400_000;
/** More slots of one sender in one look would mean thousands a day. */
const BUSY_LIMIT = 50_000;

/**
 * The slots that a sender has given away between two instants, by time; booked ones at their slot, used ones at when they went
 * out. Who books holds the sender's lock, so that nobody gives away another meanwhile (promise 5).
 */
export async function busySlots(
  tx: Queryable,
  { senderId, from, to, except }: { senderId: string; from: Instant; to: Instant; except: string | null },
): Promise<BusySlot[]> {
  // The local day narrows by index; a day more on each side covers every zone.
  const { rows } = await tx.query<{ at: number; action: Action; localDay: string }>(
    `select floor(extract(epoch from coalesce(at, sending_at, slot_at)) * 1000)::int8 as at, action, local_day as "localDay"
     from touches
     where sender_id = $1 and state in (${BUSY}) and local_day between $2::date and $3::date and id is distinct from $4
     order by 1 limit ${BUSY_LIMIT}`,
    [senderId, utcDay(from - DAY_MS), utcDay(to + DAY_MS), except],
  );
  return rows;
}

function utcDay(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}
