import { hash32 } from '../engine/hash.ts';
import type { Action } from '../lead.ts';
import type { Instant, StepId, WindowRule } from '../plan.ts';
import { capacityOf, type BusySlot, type Capacity, type SenderLimits } from './capacity.ts';
import type { DaysOff } from './days-off.ts';
import { nextOpen, openHours, openIntervals } from './window.ts';
import { DAY_MS, localDay } from './zone.ts';

export interface SlotRequest {
  readonly notBefore: Instant;
  readonly window: WindowRule;
  /** The zone of the window (resolveZone). */
  readonly zone: string;
  /** The lead's, for holidays. */
  readonly country: string | null;
  /** The company's own; none when it is missing. */
  readonly daysOff?: readonly DaysOff[] | undefined;
  /** Null: the touch takes nobody's capacity (a webhook, or no sender is known yet). */
  readonly sender: SenderLimits | null;
  readonly action: Action;
  /** The sender's other live slots and sent touches, sorted by `at`; at least from seven days before `notBefore` on. */
  readonly busy: readonly BusySlot[];
  /** How many of `busy` are of this action on a local day, for who knows without counting. */
  readonly onDay?: (localDay: string) => number;
  /** What the jitter derives from (slotSeed). */
  readonly seedKey: string;
  /** How far ahead a slot may lie; may be a fraction. */
  readonly horizonDays: number;
}

export interface Slot {
  readonly slotAt: Instant;
  /** The sender's local day that the slot counts against; without a sender the lead's. `YYYY-MM-DD`. */
  readonly localDay: string;
}

/** What one attempt's jitter derives from: the same in every host. */
export function slotSeed(leadSeed: string, step: StepId, visit: number, attempt: number): string {
  return `${leadSeed}:${step}:${visit}:${attempt}`;
}

/**
 * The first free slot at or after `notBefore` (promises 4 and 5): inside the window, on no holiday, within the sender's
 * day cap (ramp-up included), within its cap for any seven days, and a gap away from its other slots. Jitter moves it
 * later where that breaks none of these. Null when there is none before the horizon.
 * @throws UnknownZone
 */
export function placeSlot(request: SlotRequest): Slot | null {
  const { notBefore, window, zone, country, daysOff, sender, action, busy, onDay } = request;
  const { seedKey, horizonDays } = request;
  const hours = openHours(window, zone, country, daysOff);
  const horizon = notBefore + horizonDays * DAY_MS;
  const capacity = sender && capacityOf(sender, action, busy, onDay);
  for (const { start, end } of openIntervals(hours, notBefore, horizon)) {
    if (!capacity) return { slotAt: start, localDay: localDay(start, zone) };
    const last = Math.min(end, horizon);
    const free = firstFree(capacity, start, last);
    if (free === null) continue;
    const slotAt = jittered(capacity, free, last, sender.jitterMs, seedKey);
    return { slotAt, localDay: capacity.localDay(slotAt) };
  }
  return null;
}

function firstFree(capacity: Capacity, start: Instant, end: Instant): Instant | null {
  let at = start;
  while (at < end) {
    const later = capacity.capConflict(at) ?? capacity.weekConflict(at) ?? capacity.gapConflict(at);
    if (later === null) return at;
    at = later;
  }
  return null;
}

function jittered(
  capacity: Capacity,
  free: Instant,
  end: Instant,
  jitterMs: number,
  seedKey: string,
): Instant {
  if (jitterMs <= 0) return free;
  const day = capacity.localDay(free);
  for (let shift = hash32(seedKey) % (jitterMs + 1); shift > 0; shift >>>= 1) {
    const at = free + shift;
    if (at >= end || capacity.localDay(at) !== day) continue;
    if (capacity.gapConflict(at) === null && capacity.weekConflict(at) === null) return at;
  }
  return free;
}

export interface SlotCheck extends Omit<SlotRequest, 'notBefore' | 'onDay' | 'seedKey' | 'horizonDays'> {
  /** When the touch would go out. */
  readonly at: Instant;
  /**
   * By how much the gap to another touch may fall short, in business milliseconds: booked slots keep the full gap, but
   * each send comes a little after its slot. Default 30 s; under time-lapse give it times the speed. A touch that is
   * later than that (after an outage) and too close to another is booked anew, which spreads a backlog out.
   */
  readonly toleranceMs?: number;
}

export type SlotVerdict =
  | { readonly ok: true; readonly localDay: string }
  | { readonly ok: false; readonly reason: 'window' | 'cap' | 'gap'; readonly notBefore: Instant };

const LAG_TOLERANCE_MS = 30_000;
/** How far ahead the next opening of a window is looked for; a year of holidays does not exist. */
const NEXT_OPEN_DAYS = 366;

/**
 * Whether a touch may go out at this very instant: the conditions of placeSlot once more. `busy` leaves out the touch's
 * own slot; its other entries are slot times for what is booked and real times for what went out.
 * When not, `notBefore` is from when a new slot is worth asking for.
 * @throws UnknownZone
 */
export function checkSlot(check: SlotCheck): SlotVerdict {
  const { at, window, zone, country, daysOff, sender, action, busy, toleranceMs = LAG_TOLERANCE_MS } = check;
  const hours = openHours(window, zone, country, daysOff);
  if (!hours.isOpen(at)) {
    const furthest = at + NEXT_OPEN_DAYS * DAY_MS;
    return { ok: false, reason: 'window', notBefore: nextOpen(hours, at, furthest) ?? furthest };
  }
  if (!sender) return { ok: true, localDay: localDay(at, zone) };
  const capacity = capacityOf(sender, action, busy);
  const capped = capacity.capConflict(at) ?? capacity.weekConflict(at);
  if (capped !== null) return { ok: false, reason: 'cap', notBefore: capped };
  const gap = capacity.gapConflict(at, toleranceMs);
  if (gap !== null) return { ok: false, reason: 'gap', notBefore: gap };
  return { ok: true, localDay: capacity.localDay(at) };
}
