import { DateTime } from 'luxon';
import type { Instant, WaitSpec, WindowRule } from '../plan.ts';
import type { DaysOff } from './days-off.ts';
import { openHours, type OpenHours } from './window.ts';
import { DAY_MS, HOUR_MS, type ZoneClock } from './zone.ts';

/** What waits are worked out with. */
export interface WaitContext {
  /** The zone of the lead's window (resolveZone). */
  readonly zone: string;
  readonly window: WindowRule;
  /** The lead's, ISO 3166-1 alpha-2. */
  readonly country: string | null;
  /** The company's own; none when it is missing. */
  readonly daysOff?: readonly DaysOff[] | undefined;
  /** The value of a lead's field that a wait names; undefined or null when it has none. */
  field(name: string): unknown;
}

/** A wait names a field that holds no date: the lead is held (promise 7). Carries the field's name, never its value. */
export class MissingField extends Error {
  readonly field: string;
  constructor(field: string) {
    super(`the lead's field ${field} holds no date (expected YYYY-MM-DD or an ISO date-time)`);
    this.name = 'MissingField';
    this.field = field;
  }
}

/**
 * When the waits, one after the other from `base`, are over. Hours and minutes are exact; days end at the same local
 * time, business days leave out holidays and those weekend days on which the window is shut; a date that is past costs nothing. Never before `base`.
 * @throws MissingField, UnknownZone, RangeError for an `until` that is no date
 */
export function addWaits(base: Instant, waits: readonly WaitSpec[], context: WaitContext): Instant {
  if (waits.length === 0) return base;
  const hours = openHours(context.window, context.zone, context.country, context.daysOff);
  return waits.reduce((at, wait) => Math.max(at, addWait(at, wait, hours, context)), base);
}

function addWait(at: Instant, wait: WaitSpec, hours: OpenHours, context: WaitContext): Instant {
  const { clock } = hours;
  switch (wait.unit) {
    case 'minutes':
      return at + wait.amount * 60_000;
    case 'hours':
      return at + wait.amount * HOUR_MS;
    case 'days':
      return wait.amount === 0 ? at : clock.toInstant(clock.toLocal(at) + wait.amount * DAY_MS);
    case 'business_days':
      return addBusinessDays(at, wait.amount, hours);
    case 'until': {
      const until = parseDate(wait.local, clock);
      if (until === null) throw new RangeError(`not a date: ${JSON.stringify(wait.local)}`);
      return until;
    }
    case 'field': {
      const until = parseDate(context.field(wait.field), clock);
      if (until === null) throw new MissingField(wait.field);
      return until;
    }
  }
}

function addBusinessDays(at: Instant, amount: number, { clock, isBusinessDay }: OpenHours): Instant {
  if (amount === 0) return at;
  const local = clock.toLocal(at);
  let day = Math.floor(local / DAY_MS);
  const time = local - day * DAY_MS;
  for (let left = amount; left > 0;) {
    if (isBusinessDay(++day)) left--;
  }
  return clock.toInstant(day * DAY_MS + time);
}

const ISO_DATE = /^\d{4}-\d\d-\d\d(?:$|T)/;
const HAS_OFFSET = /T.*(?:Z|[+-]\d\d(?::?\d\d)?)$/i;

/** A date is the start of that day in the zone; a date-time without offset is local. Null for what is neither. */
function parseDate(value: unknown, clock: ZoneClock): Instant | null {
  const text = typeof value === 'string' ? value.trim() : '';
  if (!ISO_DATE.test(text)) return null;
  const parsed = DateTime.fromISO(text, { zone: 'utc' });
  if (!parsed.isValid) return null;
  return HAS_OFFSET.test(text) ? parsed.toMillis() : clock.toInstant(parsed.toMillis());
}
