/** Date ranges as people say them. */
import { dateOf } from '../../ui/time.ts';

export const RANGES = [7, 30, 90, 365] as const;

/** The last so many days, today included, as the API takes them. */
export const lastDays = (days: number): { from: string; to: string } => ({
  from: dateOf(-(days - 1)),
  to: dateOf(0),
});

/** Which of `RANGES` it is, if any. */
export const rangeOf = (from: string, to: string): string =>
  RANGES.map(String).find((days) => {
    const range = lastDays(Number(days));
    return range.from === from && range.to === to;
  }) ?? 'own';

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
