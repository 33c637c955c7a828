import Holidays from 'date-holidays';
import type { WindowRule } from '../plan.ts';
import { DAY_MS, HOUR_MS, type DayNumber } from './zone.ts';

/** Tells whether a local day is a holiday. */
export type HolidayTest = (day: DayNumber) => boolean;

const none: HolidayTest = () => false;
const NOON_MS = 12 * HOUR_MS;

/**
 * The holidays of a window rule: those of the lead's country, or of the countries and regions it names.
 * Public and bank holidays only; a country that is unknown or not given has none.
 */
export function holidaysOf(rule: WindowRule['holidays'], leadCountry: string | null): HolidayTest {
  if (rule === 'lead') return leadCountry === null ? none : holidaysOfPlace(leadCountry);
  if (rule.length === 0) return none;
  const tests = rule.map(holidaysOfPlace);
  return tests.length === 1 ? tests[0]! : (day) => tests.some((test) => test(day));
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

function createTest([country = '', state, region]: string[]): HolidayTest {
  const types = { types: ['public', 'bank'] satisfies ('public' | 'bank')[] };
  const source =
    state === undefined
      ? new Holidays(country, types)
      : region === undefined
        ? new Holidays(country, state, types)
        : new Holidays(country, state, region, types);
  const days = new Set<DayNumber>();
  const years = new Set<number>();

  function load(year: number): void {
    if (years.has(year)) return;
    years.add(year);
    // Some lists are null, not empty, for a country that the package does not have.
    for (const holiday of source.getHolidays(year) ?? []) {
      const start = localStart(holiday.date);
      const end = start + (holiday.end.getTime() - holiday.start.getTime());
      // A day is off when the holiday covers its noon: so Christmas Eve from 14:00 is not, and one from sunset counts for the day after.
      for (let day = Math.floor(start / DAY_MS); day * DAY_MS + NOON_MS < end; day++) {
        if (start <= day * DAY_MS + NOON_MS) days.add(day);
      }
    }
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
