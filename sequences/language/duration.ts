import type { Duration } from '../plan.ts';
import { nearest } from './problems.ts';

/** The units a length of time is written in; a week is seven days. */
const UNITS: Readonly<Record<string, { readonly unit: Duration['unit']; readonly times: number }>> = {
  minute: { unit: 'minutes', times: 1 },
  minutes: { unit: 'minutes', times: 1 },
  hour: { unit: 'hours', times: 1 },
  hours: { unit: 'hours', times: 1 },
  day: { unit: 'days', times: 1 },
  days: { unit: 'days', times: 1 },
  'business day': { unit: 'business_days', times: 1 },
  'business days': { unit: 'business_days', times: 1 },
  week: { unit: 'days', times: 7 },
  weeks: { unit: 'days', times: 7 },
};

/** What a length of time looks like; `parseDuration` takes exactly these. */
export const DURATION = /^[1-9][0-9]{0,3} (minutes?|hours?|(business )?days?|weeks?)$/;

/** Reads `30 minutes`, `4 hours`, `2 days`, `3 business days`, `1 week`. @throws RangeError for anything else */
export function parseDuration(text: string): Duration {
  const [, amount, name] = /^(\d+) (.+)$/.exec(text) ?? [];
  const unit = UNITS[name ?? ''];
  if (!DURATION.test(text) || !unit) throw new RangeError(`not a length of time: ${text}`);
  return { unit: unit.unit, amount: Number(amount) * unit.times };
}

/** What a wrong length of time was likely meant to be. */
export function durationHint(text: string): string {
  const [, amount, unit] = /^\s*(\d+)\s*([a-z_ -]+?)\s*$/i.exec(text) ?? [];
  const short: Readonly<Record<string, string>> = {
    m: 'minutes',
    min: 'minutes',
    h: 'hours',
    d: 'days',
    w: 'weeks',
  };
  const known =
    unit === undefined
      ? null
      : (short[unit.toLowerCase()] ?? nearest(unit.replace(/[_-]/g, ' '), Object.keys(UNITS)));
  const number = Number(amount);
  if (known && number > 0 && number < 10_000) {
    return `did you mean "${number} ${known.replace(/s$/, '')}${number === 1 ? '' : 's'}"?`;
  }
  return 'write it as "30 minutes", "4 hours", "2 days", "3 business days" or "1 week"';
}
