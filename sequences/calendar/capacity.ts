import type { Action } from '../lead.ts';
import type { Instant } from '../plan.ts';
import { DAY_MS, dayName, dayNumber, dayOf, zoneClock, type DayNumber, type ZoneClock } from './zone.ts';

/** A slot that a sender has given away: booked (`at` is the slot) or used (`at` is when it went out). */
export interface BusySlot {
  readonly at: Instant;
  readonly action: Action;
  /** The sender's local day it counts against, `YYYY-MM-DD`. */
  readonly localDay: string;
}

/** How many of one action: a local day, and in any seven days (null: no such limit). */
export interface Cap {
  readonly day: number;
  readonly week: number | null;
}

/** A new sender's day cap on day d: `start` + `addPerDay` × days since `from` (`YYYY-MM-DD`), until the cap itself is reached. */
export interface RampUp {
  readonly start: number;
  readonly addPerDay: number;
  readonly from: string;
}

/** What limits a sender for one action. */
export interface SenderLimits {
  readonly timeZone: string;
  /** Of the action that is placed; null: not capped. */
  readonly cap: Cap | null;
  readonly rampUp: RampUp | null;
  /** At least this long between any two touches of the sender, whatever their action. */
  readonly minGapMs: number;
  /** Slots are moved later by up to this. */
  readonly jitterMs: number;
}

const WEEK_MS = 7 * DAY_MS;

/** A sender's capacity for one action beside what is booked. */
export interface Capacity {
  readonly clock: ZoneClock;
  /** The sender's local day, `YYYY-MM-DD`. */
  localDay(at: Instant): string;
  /** Null when one more touch at `at` keeps the day's cap; else the start of the sender's next day. */
  capConflict(at: Instant): Instant | null;
  /** Null when no seven days around `at` would hold more than the weekly cap; else the first later instant worth trying. */
  weekConflict(at: Instant): Instant | null;
  /** Null when no other touch is closer than the gap less `tolerance`; else when the gap after the closest one is over. */
  gapConflict(at: Instant, tolerance?: number): Instant | null;
}

/**
 * @param busy every live slot of the sender, sorted by `at`, without the one that is placed
 * @param onDay how many of them are of this action on a local day, for who knows without counting
 * @throws UnknownZone
 */
export function capacityOf(
  limits: SenderLimits,
  action: Action,
  busy: readonly BusySlot[],
  onDay: (localDay: string) => number = (localDay) => countOn(busy, localDay, action),
): Capacity {
  const clock = zoneClock(limits.timeZone);
  const { cap, rampUp, minGapMs } = limits;
  const rampDay = rampUp ? dayNumber(rampUp.from) : 0;
  const full = new Map<DayNumber, boolean>();

  function isFull(day: DayNumber): boolean {
    if (!cap) return false;
    let answer = full.get(day);
    if (answer === undefined) {
      const most = rampUp
        ? Math.min(cap.day, rampUp.start + rampUp.addPerDay * Math.max(0, day - rampDay))
        : cap.day;
      answer = onDay(dayName(day)) >= most;
      full.set(day, answer);
    }
    return answer;
  }

  return {
    clock,
    localDay: (at) => dayName(dayOf(clock, at)),
    capConflict(at) {
      const day = dayOf(clock, at);
      if (!isFull(day)) return null;
      // Where a clock set back over midnight makes days overlap, the next day's start may be past already.
      return Math.max(clock.toInstant((day + 1) * DAY_MS), at + 60_000);
    },
    weekConflict: (at) => (cap?.week == null ? null : weekConflict(busy, action, at, cap.week)),
    gapConflict(at, tolerance = 0) {
      const gap = minGapMs - tolerance;
      if (gap <= 0) return null;
      let conflict: Instant | null = null;
      for (let i = firstFrom(busy, at - gap + 1); i < busy.length && busy[i]!.at < at + gap; i++) {
        conflict = busy[i]!.at + minGapMs;
      }
      return conflict;
    },
  };
}

/** Index of the first slot at or after `at`. */
function firstFrom(busy: readonly BusySlot[], at: Instant): number {
  let low = 0;
  let high = busy.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (busy[middle]!.at < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countOn(busy: readonly BusySlot[], localDay: string, action: Action): number {
  const day = dayNumber(localDay);
  // Wide enough for any offset, and for a sender whose zone was changed since.
  const end = (day + 3) * DAY_MS;
  let count = 0;
  for (let i = firstFrom(busy, (day - 2) * DAY_MS); i < busy.length && busy[i]!.at < end; i++) {
    if (busy[i]!.localDay === localDay && busy[i]!.action === action) count++;
  }
  return count;
}

function weekConflict(busy: readonly BusySlot[], action: Action, at: Instant, most: number): Instant | null {
  if (most < 1) return at + WEEK_MS;
  const near: Instant[] = [];
  for (let i = firstFrom(busy, at - WEEK_MS + 1); i < busy.length && busy[i]!.at < at + WEEK_MS; i++) {
    if (busy[i]!.action === action) near.push(busy[i]!.at);
  }
  // `most` slots within less than seven days of each other, and `at` less than seven days from all of them: one too many.
  for (let first = near.length - most; first >= 0; first--) {
    const oldest = near[first]!;
    const newest = near[first + most - 1]!;
    if (Math.max(newest, at) - Math.min(oldest, at) < WEEK_MS) return oldest + WEEK_MS;
  }
  return null;
}
