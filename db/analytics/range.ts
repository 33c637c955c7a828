/** Ranges of local days as people ask for them. */
import { isZone, zoneClock } from '../../sequences/calendar/zone.ts';
import type { Instant } from '../../sequences/plan.ts';
import { CommandRefused } from '../refused.ts';
import { addDays, daysIn, type LocalRange } from './scope.ts';

/** A leap year. */
const MAX_DAYS = 366;
/** Days without a beginning. */
export const USUAL_DAYS = 30;

/**
 * The range that is meant: until today and of 30 days where it is not said.
 * @throws CommandRefused `bad_range` for one that is none, or too long
 */
export function rangeOf(
  { from, to, timeZone }: { from?: string | undefined; to?: string | undefined; timeZone: string },
  now: Instant,
): LocalRange {
  const refuse = (why: string) => new CommandRefused('bad_range', why);
  if (!isZone(timeZone))
    throw refuse(`${timeZone} is no time zone: give an IANA name such as Europe/Berlin.`);
  for (const date of [from, to])
    if (date !== undefined && !isDate(date)) throw refuse(`${date} is no date: write it as 2026-03-31.`);
  const today = new Date(zoneClock(timeZone).toLocal(now)).toISOString().slice(0, 10);
  const last = to ?? (from !== undefined && from > today ? from : today);
  const range = { from: from ?? addDays(last, 1 - USUAL_DAYS), to: last, timeZone };
  if (range.from < '1972-01-01' || range.to > '2999-12-31') throw refuse('Nothing was sent then.');
  const days = daysIn(range);
  if (days < 1) throw refuse(`${range.from} is after ${range.to}.`);
  if (days > MAX_DAYS) throw refuse(`These are ${days} days; at most ${MAX_DAYS} are counted at once.`);
  return range;
}

function isDate(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\d$/.test(text) &&
    !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) &&
    addDays(text, 0) === text
  );
}
