import { dayNumber, type DayNumber } from './zone.ts';

/** Some days that a company treats unlike the calendar: closed, or worked although they are holidays. */
export interface DaysOff {
  readonly name: string;
  /** ISO 3166-1 alpha-2, its regions included; null: everywhere. */
  readonly country: string | null;
  /** The first and the last day, `YYYY-MM-DD`. */
  readonly from: string;
  readonly to: string;
  /** `off`: nobody works, whatever a window says about holidays where no country is given; `works`: no holiday counts. */
  readonly kind: 'off' | 'works';
}

/** What the company says about a day in a place (`DE`, `DE-BY`; null: in none). */
export type CompanyDay = (day: DayNumber, place: string | null) => 'off' | 'works' | null;

const NOTHING: CompanyDay = () => null;

/** Reads the company's days; where they contradict each other, the last one holds. */
export function companyDays(list: readonly DaysOff[] = []): CompanyDay {
  if (list.length === 0) return NOTHING;
  const ranges = list
    .map(({ country, from, to, kind }) => ({ country, from: dayNumber(from), to: dayNumber(to), kind }))
    .toReversed();
  return (day, place) => {
    const country = place?.slice(0, 2).toUpperCase() ?? null;
    const found = ranges.find(
      (one) => one.from <= day && day <= one.to && (one.country === null || one.country === country),
    );
    return found?.kind ?? null;
  };
}
