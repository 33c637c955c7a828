import { IANAZone } from 'luxon';
import type { Instant } from '../plan.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** Local wall time as if it were UTC: milliseconds since 1970-01-01T00:00 on the local calendar. */
export type LocalMs = number;
/** Days since 1970-01-01 on a local calendar. */
export type DayNumber = number;

/** A stretch of time in which a zone's offset stays the same; `end` is not part of it. */
export interface OffsetSpan {
  readonly start: Instant;
  readonly end: Instant;
  readonly offset: number;
}

/** A time zone with its offsets remembered, because asking Intl costs microseconds each time. */
export interface ZoneClock {
  readonly name: string;
  /** Milliseconds to add to UTC. */
  offsetAt(at: Instant): number;
  toLocal(at: Instant): LocalMs;
  /** The instant of a local time. One that a clock change skips goes forward by the gap; of two the first is taken. */
  toInstant(local: LocalMs): Instant;
  /** The offsets in force at any time of a local day, in order. */
  spansOfDay(day: DayNumber): readonly OffsetSpan[];
}

/** Thrown for a time zone that this system's zone data does not have. */
export class UnknownZone extends Error {
  readonly zone: string;
  constructor(zone: string) {
    super(`unknown time zone ${JSON.stringify(zone)}: use an IANA name such as "Europe/Berlin"`);
    this.name = 'UnknownZone';
    this.zone = zone;
  }
}

/** Whether the name is an IANA zone (or alias) that this system knows. */
export function isZone(name: string): boolean {
  if (clocks.has(name)) return true;
  return IANAZone.isValidZone(name);
}

/** Days of offsets remembered per zone: about ten years. */
const REMEMBERED_DAYS = 4096;
const clocks = new Map<string, ZoneClock>();

/** The clock of a zone, one per name. @throws UnknownZone */
export function zoneClock(name: string): ZoneClock {
  let clock = clocks.get(name);
  if (!clock) {
    if (!IANAZone.isValidZone(name)) throw new UnknownZone(name);
    clock = createClock(name);
    clocks.set(name, clock);
  }
  return clock;
}

function createClock(name: string): ZoneClock {
  const zone = IANAZone.create(name);
  const read = (at: Instant) => Math.round(zone.offset(at) * 60_000);
  const edges = new Map<number, number>();
  const changes = new Map<number, Instant>();

  /** Offset at 00:00 UTC of a UTC day. */
  function edge(utcDay: number): number {
    let offset = edges.get(utcDay);
    if (offset === undefined) {
      if (edges.size >= REMEMBERED_DAYS) edges.clear();
      offset = read(utcDay * DAY_MS);
      edges.set(utcDay, offset);
    }
    return offset;
  }

  /** When the offset changes in a UTC day whose edges differ. No zone changes twice in a day. */
  function change(utcDay: number): Instant {
    let at = changes.get(utcDay);
    if (at === undefined) {
      const before = edge(utcDay);
      let low = utcDay * DAY_MS;
      let high = low + DAY_MS;
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (read(middle) === before) low = middle;
        else high = middle;
      }
      at = high;
      changes.set(utcDay, at);
    }
    return at;
  }

  function offsetAt(at: Instant): number {
    const utcDay = Math.floor(at / DAY_MS);
    const first = edge(utcDay);
    const last = edge(utcDay + 1);
    return first === last || at < change(utcDay) ? first : last;
  }

  return {
    name,
    offsetAt,
    toLocal: (at) => at + offsetAt(at),
    toInstant(local) {
      // Offsets stay within a day of UTC, so these two lie before and after any change that matters.
      const before = offsetAt(local - DAY_MS);
      const after = offsetAt(local + DAY_MS);
      if (before === after && offsetAt(local - before) === before) return local - before;
      const candidates = [local - before, local - after].sort((a, b) => a - b);
      return candidates.find((at) => at + offsetAt(at) === local) ?? local - before;
    },
    spansOfDay(day) {
      // Any local day lies within these three UTC days.
      const spans: OffsetSpan[] = [];
      let start = (day - 1) * DAY_MS;
      for (let utcDay = day - 1; utcDay <= day + 1; utcDay++) {
        if (edge(utcDay) === edge(utcDay + 1)) continue;
        const at = change(utcDay);
        spans.push({ start, end: at, offset: edge(utcDay) });
        start = at;
      }
      spans.push({ start, end: (day + 2) * DAY_MS, offset: edge(day + 2) });
      return spans;
    },
  };
}

const dayNames = new Map<DayNumber, string>();

/** `YYYY-MM-DD` of a day number. */
export function dayName(day: DayNumber): string {
  let name = dayNames.get(day);
  if (name === undefined) {
    if (dayNames.size >= REMEMBERED_DAYS) dayNames.clear();
    name = new Date(day * DAY_MS).toISOString().slice(0, 10);
    dayNames.set(day, name);
  }
  return name;
}

/** The day number of `YYYY-MM-DD`; NaN when it is none. */
export function dayNumber(name: string): DayNumber {
  return Date.parse(`${name}T00:00:00Z`) / DAY_MS;
}

/** The local day number of an instant. */
export function dayOf(clock: ZoneClock, at: Instant): DayNumber {
  return Math.floor(clock.toLocal(at) / DAY_MS);
}

/** ISO weekday: 1 = Monday. */
export function weekdayOf(day: DayNumber): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}

/** The local calendar day, `YYYY-MM-DD`. @throws UnknownZone */
export function localDay(at: Instant, zone: string): string {
  return dayName(dayOf(zoneClock(zone), at));
}

/** When a local day (`YYYY-MM-DD`) begins. @throws UnknownZone */
export function startOfDay(day: string, zone: string): Instant {
  return zoneClock(zone).toInstant(dayNumber(day) * DAY_MS);
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** For people and timelines: `Mon 2026-01-05 09:03`, local. @throws UnknownZone */
export function formatLocal(at: Instant, zone: string): string {
  const local = zoneClock(zone).toLocal(at);
  const day = Math.floor(local / DAY_MS);
  return `${WEEKDAYS[weekdayOf(day) - 1]} ${dayName(day)} ${new Date(local).toISOString().slice(11, 16)}`;
}
