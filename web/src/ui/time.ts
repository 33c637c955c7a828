/** Instants as people read them, in the app's language. All local-time arithmetic is Intl's. */
import { useEffect, useState } from 'react';
import { i18n, regional } from '../i18n/index.ts';

const STEPS = [
  ['minute', 60_000, 3_600_000],
  ['hour', 3_600_000, 86_400_000],
  ['day', 86_400_000, 14 * 86_400_000],
] as const satisfies readonly (readonly [Intl.RelativeTimeFormatUnit, number, number])[];

/** `in 3 hours`, `yesterday`; a date beyond two weeks. `now`: ms. */
export function relative(at: string, now: number): string {
  const distance = Date.parse(at) - now;
  if (Math.abs(distance) < 45_000) return i18n.t('common:time.now');
  const format = new Intl.RelativeTimeFormat(i18n.language, { numeric: 'auto' });
  for (const [unit, ms, until] of STEPS)
    if (Math.abs(distance) < until) return format.format(Math.round(distance / ms), unit);
  return day(at);
}

/** `3 Dec 2026`, in the zone given (IANA), else in the viewer's. */
export const day = (at: string, timeZone?: string): string =>
  new Intl.DateTimeFormat(regional(), { dateStyle: 'medium', ...(timeZone && { timeZone }) }).format(
    new Date(at),
  );

/** `3 Dec`, of a date such as 2026-12-03. */
export const dayAndMonth = (date: string): string =>
  new Intl.DateTimeFormat(regional(), { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
    new Date(`${date}T12:00:00Z`),
  );

/** `Tue 3 Dec, 09:12`. */
export const moment = (at: string, timeZone?: string): string =>
  new Intl.DateTimeFormat(regional(), {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hourCycle: 'h23',
    hour: '2-digit',
    minute: '2-digit',
    ...(timeZone && { timeZone }),
  }).format(new Date(at));

/** `09:12`. */
export const clockTime = (at: number, timeZone?: string): string =>
  new Intl.DateTimeFormat(regional(), {
    hourCycle: 'h23',
    hour: '2-digit',
    minute: '2-digit',
    ...(timeZone && { timeZone }),
  }).format(at);

/** The wall clock in ms, looked at again each half minute. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** The instant so many days from now, as the API takes it. */
export const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

/** This instant, as the API takes it. */
export const nowInstant = (): string => inDays(0);

/** 1: Monday to 7: Sunday, of a date such as 2026-11-27. */
export const weekdayOf = (date: string): number => new Date(`${date}T12:00:00Z`).getUTCDay() || 7;

/** The local date so many days from now, as `2026-11-27`. */
export const dateOf = (days: number): string => {
  const at = new Date();
  at.setDate(at.getDate() + days);
  return new Intl.DateTimeFormat('en-CA').format(at);
};

/** `Mon` to `Sun`. */
export const weekdays = (): string[] =>
  Array.from({ length: 7 }, (_, index) =>
    new Intl.DateTimeFormat(i18n.language, { weekday: 'short', timeZone: 'UTC' }).format(
      // A Monday.
      Date.UTC(2026, 0, 5 + index),
    ),
  );

/** Every date from one to another, both included. */
export function datesBetween(first: string, last: string): string[] {
  const dates: string[] = [];
  const end = Date.parse(`${last}T12:00:00Z`);
  for (let at = Date.parse(`${first}T12:00:00Z`); at <= end && dates.length < 400; at += 86_400_000)
    dates.push(new Date(at).toISOString().slice(0, 10));
  return dates;
}

/** Every IANA zone that the browser knows, UTC first. */
export const ZONES: readonly string[] = [
  'UTC',
  ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC'),
];

/** The viewer's zone (IANA), in which times are told. */
export const MY_ZONE: string = Intl.DateTimeFormat().resolvedOptions().timeZone;
