import type { Instant, WindowRule } from '../plan.ts';
import type { DaysOff } from './days-off.ts';
import { holidaysOf, type HolidayTest } from './holidays.ts';
import { DAY_MS, dayOf, weekdayOf, zoneClock, type DayNumber, type ZoneClock } from './zone.ts';

/** From `start` up to, not including, `end`. */
export interface Interval {
  readonly start: Instant;
  readonly end: Instant;
}

/** A window rule read in one zone and for one country. */
export interface OpenHours {
  readonly clock: ZoneClock;
  /** Whether that day counts as a business day: no holiday, and Monday to Friday or a weekend day of the rule. */
  isBusinessDay(day: DayNumber): boolean;
  /** The instants of that local day with a local time in [from, to): one interval, two around some clock changes, or none. */
  intervals(day: DayNumber): readonly Interval[];
  isOpen(at: Instant): boolean;
}

/** @throws UnknownZone */
export function openHours(
  rule: WindowRule,
  zone: string,
  country: string | null,
  daysOff: readonly DaysOff[] = [],
): OpenHours {
  const clock = zoneClock(zone);
  const holidays: HolidayTest = holidaysOf(rule.holidays, country, daysOff);
  const from = timeOfDay(rule.from);
  const to = timeOfDay(rule.to);

  const isOpenDay = (day: DayNumber) => rule.days.includes(weekdayOf(day)) && !holidays(day);

  return {
    clock,
    isBusinessDay(day) {
      const weekday = weekdayOf(day);
      return (weekday <= 5 || rule.days.includes(weekday)) && !holidays(day);
    },
    intervals(day) {
      if (!isOpenDay(day)) return [];
      const found: Interval[] = [];
      for (const span of clock.spansOfDay(day)) {
        const start = Math.max(span.start, day * DAY_MS + from - span.offset);
        const end = Math.min(span.end, day * DAY_MS + to - span.offset);
        if (start < end) found.push({ start, end });
      }
      return found;
    },
    isOpen(at) {
      const local = clock.toLocal(at);
      const day = Math.floor(local / DAY_MS);
      const time = local - day * DAY_MS;
      return time >= from && time < to && isOpenDay(day);
    },
  };
}

/** The first instant ≥ `from` inside the window, or null when there is none before `before`. */
export function nextOpen(hours: OpenHours, from: Instant, before: Instant): Instant | null {
  for (const { start } of openIntervals(hours, from, before)) return start;
  return null;
}

/** The open intervals from `from` on, clipped to it, that start before `before`. */
export function* openIntervals(hours: OpenHours, from: Instant, before: Instant): Generator<Interval> {
  // A clock set back over midnight returns to the day before.
  const first = dayOf(hours.clock, from) - 1;
  const last = dayOf(hours.clock, before);
  for (let day = first; day <= last; day++) {
    for (const { start, end } of hours.intervals(day)) {
      if (end > from && start < before) yield { start: Math.max(start, from), end };
    }
  }
}

/** `HH:MM` in milliseconds since midnight; `24:00` ends the day. */
function timeOfDay(text: string): number {
  return (Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))) * 60_000;
}
