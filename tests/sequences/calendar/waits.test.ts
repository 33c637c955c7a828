import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import {
  addWaits,
  formatLocal,
  localDay,
  MissingField,
  resolveZone,
  UnknownZone,
} from '../../../sequences/calendar/index.ts';
import { zoneClock } from '../../../sequences/calendar/zone.ts';
import type { WaitSpec, WindowRule } from '../../../sequences/plan.ts';

const ZONES = Intl.supportedValuesOf('timeZone');
const office: WindowRule = {
  days: [1, 2, 3, 4, 5],
  from: '09:00',
  to: '17:00',
  timeZone: 'lead',
  holidays: 'lead',
};

function wait(
  from: string,
  waits: WaitSpec[],
  { zone = 'Europe/Berlin', country = 'DE', field = undefined as unknown } = {},
): string {
  const base = DateTime.fromISO(from, { zone }).toMillis();
  const context = { zone, window: office, country, field: () => field };
  return DateTime.fromMillis(addWaits(base, waits, context), { zone }).toISO({ suppressMilliseconds: true })!;
}

test('hours and minutes are exact, also over a clock change', () => {
  expect(wait('2026-03-28T22:00', [{ unit: 'hours', amount: 12 }])).toBe('2026-03-29T11:00:00+02:00');
  expect(wait('2026-01-05T10:00', [{ unit: 'minutes', amount: 90 }])).toBe('2026-01-05T11:30:00+01:00');
});

test('days end at the same local time; a skipped time goes forward, of two the first counts', () => {
  expect(wait('2026-03-27T10:00', [{ unit: 'days', amount: 3 }])).toBe('2026-03-30T10:00:00+02:00');
  expect(wait('2026-03-28T02:30', [{ unit: 'days', amount: 1 }])).toBe('2026-03-29T03:30:00+02:00');
  expect(wait('2026-10-24T02:30', [{ unit: 'days', amount: 1 }])).toBe('2026-10-25T02:30:00+02:00');
  // Samoa had no 30 December 2011.
  expect(wait('2011-12-29T12:00', [{ unit: 'days', amount: 1 }], { zone: 'Pacific/Apia' })).toBe(
    '2011-12-31T12:00:00+14:00',
  );
});

test('business days skip weekends and holidays', () => {
  const three: WaitSpec[] = [{ unit: 'business_days', amount: 3 }];
  expect(wait('2026-01-08T10:00', three)).toBe('2026-01-13T10:00:00+01:00');
  expect(wait('2026-04-02T10:00', three)).toBe('2026-04-09T10:00:00+02:00');
  expect(wait('2026-04-02T10:00', three, { country: 'JP' })).toBe('2026-04-07T10:00:00+02:00');
  expect(wait('2026-01-10T10:00', [{ unit: 'business_days', amount: 1 }])).toBe('2026-01-12T10:00:00+01:00');
});

test('business days do not depend on which weekdays the window has, but a weekend day of the window counts', () => {
  const end = (days: number[]) =>
    localDay(
      addWaits(Date.parse('2026-01-28T09:00Z'), [{ unit: 'business_days', amount: 3 }], {
        zone: 'Europe/Berlin',
        window: { ...office, days },
        country: 'DE',
        field: () => undefined,
      }),
      'Europe/Berlin',
    );
  expect(end([2, 3, 4])).toBe('2026-02-02');
  expect(end([1, 2, 3, 4, 5, 6])).toBe('2026-01-31');
});

test('a date: local, with an offset, or past', () => {
  expect(wait('2026-01-05T10:00', [{ unit: 'until', local: '2026-12-01T09:00' }])).toBe(
    '2026-12-01T09:00:00+01:00',
  );
  expect(wait('2026-01-05T10:00', [{ unit: 'until', local: '2025-12-01T09:00' }])).toBe(
    '2026-01-05T10:00:00+01:00',
  );
  const field: WaitSpec[] = [{ unit: 'field', field: 'renewal_date' }];
  expect(wait('2026-01-05T10:00', field, { field: '2026-02-01' })).toBe('2026-02-01T00:00:00+01:00');
  expect(wait('2026-01-05T10:00', field, { field: '2026-02-01T12:00:00Z' })).toBe(
    '2026-02-01T13:00:00+01:00',
  );
  expect(wait('2026-01-05T10:00', field, { field: '2026-03-29T02:30' })).toBe('2026-03-29T03:30:00+02:00');
});

test.each([undefined, null, '', 'soon', '2026-13-01', '2026', 20260101, '2026-02-30'])(
  'promise 7: a field that holds %p holds the lead',
  (field) => {
    const failure = () => wait('2026-01-05T10:00', [{ unit: 'field', field: 'renewal_date' }], { field });
    expect(failure).toThrow(MissingField);
    expect(failure).toThrow(/renewal_date holds no date/);
  },
);

test('waits add up in order', () => {
  expect(
    wait('2026-01-05T10:00', [
      { unit: 'days', amount: 2 },
      { unit: 'until', local: '2026-01-06T09:00' },
      { unit: 'hours', amount: 4 },
    ]),
  ).toBe('2026-01-07T14:00:00+01:00');
});

test('promise 4: no wait is ever shortened, in any zone', () => {
  const base = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2037-12-31') });
  const spec = fc.record({
    unit: fc.constantFrom('minutes' as const, 'hours' as const, 'days' as const, 'business_days' as const),
    amount: fc.integer({ min: 0, max: 40 }),
  });
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), base, fc.array(spec, { maxLength: 3 }), (zone, from, waits) => {
      const context = { zone, window: office, country: 'US', field: () => undefined };
      let expected = from;
      for (const { unit, amount } of waits) {
        const end = addWaits(expected, [{ unit, amount }], context);
        const days = DateTime.fromMillis(end, { zone })
          .startOf('day')
          .diff(DateTime.fromMillis(expected, { zone }).startOf('day'), 'days').days;
        if (unit === 'minutes') expect(end).toBe(expected + amount * 60_000);
        if (unit === 'hours') expect(end).toBe(expected + amount * 3_600_000);
        if (unit === 'days') expect(Math.round(days)).toBe(amount);
        if (unit === 'business_days') expect(Math.round(days)).toBeGreaterThanOrEqual(amount);
        expected = end;
      }
      expect(addWaits(from, waits, context)).toBe(expected);
      expect(expected).toBeGreaterThanOrEqual(from);
    }),
    { numRuns: 1000 },
  );
});

test('local times and offsets agree with luxon in every zone', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ZONES),
      fc.integer({ min: Date.parse('2010-01-01'), max: Date.parse('2037-12-31') }),
      (zone, instant) => {
        const expected = DateTime.fromMillis(instant, { zone });
        expect(localDay(instant, zone)).toBe(expected.toISODate());
        expect(formatLocal(instant, zone)).toBe(expected.setLocale('en-US').toFormat('ccc yyyy-MM-dd HH:mm'));
        const clock = zoneClock(zone);
        const back = clock.toInstant(clock.toLocal(instant));
        expect(clock.toLocal(back)).toBe(clock.toLocal(instant));
        expect(back).toBeLessThanOrEqual(instant);
      },
    ),
    { numRuns: 3000 },
  );
});

test('promise 4: the zone falls back lead → company → sender → launch', () => {
  const all = {
    lead: 'Asia/Tokyo',
    company: 'Europe/Paris',
    sender: 'America/Lima',
    launch: 'Europe/Berlin',
  };
  expect(resolveZone('lead', all)).toBe('Asia/Tokyo');
  expect(resolveZone('lead', { ...all, lead: null })).toBe('Europe/Paris');
  expect(resolveZone('lead', { ...all, lead: 'Mars/Base', company: '' })).toBe('America/Lima');
  expect(resolveZone('lead', { ...all, lead: null, company: null, sender: null })).toBe('Europe/Berlin');
  expect(resolveZone('sender', all)).toBe('America/Lima');
  expect(resolveZone('sender', { ...all, sender: null })).toBe('Europe/Berlin');
  expect(resolveZone('launch', all)).toBe('Europe/Berlin');
  expect(resolveZone('Australia/Eucla', all)).toBe('Australia/Eucla');
  expect(() => localDay(0, 'Mars/Base')).toThrow(UnknownZone);
});
