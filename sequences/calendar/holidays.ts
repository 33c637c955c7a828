import Holidays from 'date-holidays';
import type { WindowRule } from '../plan.ts';
import { companyDays, type DaysOff } from './days-off.ts';
import { DAY_MS, dayName, HOUR_MS, type DayNumber } from './zone.ts';

/** Tells whether a local day is a holiday. */
export type HolidayTest = (day: DayNumber) => boolean;

const none: HolidayTest = () => false;
const NOON_MS = 12 * HOUR_MS;

/**
 * The holidays of a window rule: those of the lead's country, or of the countries and regions it names, as the company keeps
 * them. Public and bank holidays only; a country that is unknown or not given has none. Days off without a country are off for
 * every rule.
 */
export function holidaysOf(
  rule: WindowRule['holidays'],
  leadCountry: string | null,
  daysOff: readonly DaysOff[] = [],
): HolidayTest {
  const places = rule !== 'lead' ? rule : leadCountry === null ? [] : [leadCountry];
  const ofCompany = companyDays(daysOff);
  const tests = places.map((place) => {
    const test = holidaysOfPlace(place);
    if (daysOff.length === 0) return test;
    return (day: DayNumber) => {
      const said = ofCompany(day, place);
      return said === null ? test(day) : said === 'off';
    };
  });
  if (daysOff.length > 0) tests.push((day) => ofCompany(day, null) === 'off');
  if (tests.length === 0) return none;
  return tests.length === 1 ? tests[0]! : (day) => tests.some((test) => test(day));
}

/** A day of a country's calendar; `works`: a holiday that the company does not keep. */
export interface CalendarDay {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly name: string;
  readonly kind: 'holiday' | 'off' | 'works';
}

/**
 * What is kept in a place (`DE`, `DE-BY`) in a year, by day; null: nobody knows the place.
 * @param language ISO 639-1; null: the place's own
 */
export function calendarYear(
  place: string,
  year: number,
  { daysOff = [], language = null }: { daysOff?: readonly DaysOff[]; language?: string | null } = {},
): CalendarDay[] | null {
  const source = sourceOf(place.toUpperCase().split('-'));
  const country = place.slice(0, 2).toUpperCase();
  if (!Object.hasOwn(source.getCountries(), country)) return null;
  const names = new Map<DayNumber, string>();
  for (const near of [year - 1, year, year + 1])
    for (const { day, name } of daysOf(source, near, language)) if (!names.has(day)) names.set(day, name);
  const ofCompany = companyDays(daysOff);
  const first = Date.UTC(year, 0, 1) / DAY_MS;
  const last = Date.UTC(year, 11, 31) / DAY_MS;
  const days: CalendarDay[] = [];
  for (let day = first; day <= last; day++) {
    const holiday = names.get(day);
    const said = ofCompany(day, place);
    if (said === 'off') {
      const of = daysOff.findLast(
        (one) =>
          one.kind === 'off' &&
          one.from <= dayName(day) &&
          dayName(day) <= one.to &&
          (one.country ?? country) === country,
      );
      days.push({ day: dayName(day), name: of?.name ?? '', kind: 'off' });
    } else if (holiday !== undefined)
      days.push({ day: dayName(day), name: holiday, kind: said === 'works' ? 'works' : 'holiday' });
  }
  return days;
}

const places = new Map<string, HolidayTest>();
/** A country with up to two levels of regions, all of the world's being fewer than this. */
const REMEMBERED_PLACES = 2000;

/** `DE` or `DE-BY`, by year and then remembered. */
function holidaysOfPlace(place: string): HolidayTest {
  const known = places.get(place);
  if (known) return known;
  const test = createTest(place.toUpperCase().split('-'));
  if (places.size >= REMEMBERED_PLACES) places.clear();
  places.set(place, test);
  return test;
}

function sourceOf([country = '', state, region]: string[]): Holidays {
  const types = { types: ['public', 'bank'] satisfies ('public' | 'bank')[] };
  if (state === undefined) return new Holidays(country, types);
  return region === undefined
    ? new Holidays(country, state, types)
    : new Holidays(country, state, region, types);
}

/** The days off of a year's holidays, which may reach into its neighbours. */
function* daysOf(
  source: Holidays,
  year: number,
  language: string | null = null,
): Generator<{ day: DayNumber; name: string }> {
  // Some lists are null, not empty, for a country that the package does not have.
  for (const holiday of source.getHolidays(year, language ?? undefined) ?? []) {
    const start = localStart(holiday.date);
    const end = start + (holiday.end.getTime() - holiday.start.getTime());
    // A day is off when the holiday covers its noon: so Christmas Eve from 14:00 is not, and one from sunset counts for the day after.
    for (let day = Math.floor(start / DAY_MS); day * DAY_MS + NOON_MS < end; day++) {
      if (start <= day * DAY_MS + NOON_MS) yield { day, name: holiday.name };
    }
  }
}

function createTest(place: string[]): HolidayTest {
  const source = sourceOf(place);
  const days = new Set<DayNumber>();
  const years = new Set<number>();

  function load(year: number): void {
    if (years.has(year)) return;
    years.add(year);
    for (const { day } of daysOf(source, year)) days.add(day);
  }

  return (day) => {
    const year = new Date(day * DAY_MS).getUTCFullYear();
    // A neighbour's holidays may reach into this year, and be observed in the year before.
    if (!years.has(year) || !years.has(year - 1) || !years.has(year + 1)) {
      for (const near of [year - 1, year, year + 1]) load(near);
    }
    return days.has(day);
  };
}

/** `2026-04-02 00:00:00 -0600` is local, and begins six hours before. */
function localStart(date: string): number {
  const [, day, time, sign, hours, minutes] =
    /^(\d+-\d\d-\d\d) (\d\d:\d\d:\d\d)(?: ([+-])(\d\d)(\d\d))?$/.exec(date) ?? [];
  if (day === undefined) throw new Error(`date-holidays gave a date that is not understood: ${date}`);
  const shift = sign === undefined ? 0 : (Number(hours) + Number(minutes) / 60) * HOUR_MS;
  return Date.parse(`${day}T${time}Z`) + (sign === '-' ? -shift : shift);
}
