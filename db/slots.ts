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

/** Between two instants; `except`: a touch that does not count. */
export interface BusyWindow {
  readonly from: Instant;
  readonly to: Instant;
  readonly except: string | null;
}

/**
 * The slots that a sender has given away between two instants, by time; booked ones at their slot, used ones at when they went
 * out. Who books holds the sender's lock, so that nobody gives away another meanwhile (promise 5).
 */
export async function busySlots(
  tx: Queryable,
  { senderId, ...window }: BusyWindow & { readonly senderId: string },
): Promise<readonly BusySlot[]> {
  return (await busySlotsBySender(tx, [senderId], window)).get(senderId)!;
}

/** The same of several senders at once. */
export async function busySlotsBySender(
  q: Queryable,
  senderIds: readonly string[],
  { from, to, except }: BusyWindow,
): Promise<ReadonlyMap<string, readonly BusySlot[]>> {
  // The local day narrows by index; a day more on each side covers every zone.
  // Tens of thousands of rows are quicker as few texts.
  const { rows } = await q.query<{ senderId: string; action: Action; localDay: string; slots: Instant[] }>(
    `select sender_id as "senderId", action, local_day as "localDay", json_agg(at) as slots from (
       select sender_id, floor(extract(epoch from coalesce(at, sending_at, slot_at)) * 1000)::int8 as at, action, local_day from touches
       where sender_id = any($1::uuid[]) and state in (${BUSY}) and local_day between $2::date and $3::date and id is distinct from $4
       limit ${BUSY_LIMIT} * cardinality($1::uuid[])) t
     group by 1, 2, 3`,
    [senderIds, utcDay(from - DAY_MS), utcDay(to + DAY_MS), except],
  );
  const found = new Map<string, BusySlot[]>(senderIds.map((id) => [id, []]));
  for (const { senderId, action, localDay, slots } of rows) {
    const all = found.get(senderId)!;
    for (const at of slots) all.push({ at, action, localDay });
  }
  for (const all of found.values()) all.sort((a, b) => a.at - b.at);
  return found;
}

function utcDay(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}
