import { expect, test } from '@jest/globals';
import { addWaits, calendarYear, placeSlot, type DaysOff } from '../../../sequences/calendar/index.ts';
import { checkSlot } from '../../../sequences/calendar/slots.ts';
import type { WindowRule } from '../../../sequences/plan.ts';

const WINDOW: WindowRule = {
  days: [1, 2, 3, 4, 5],
  from: '09:00',
  to: '17:00',
  timeZone: 'lead',
  holidays: 'lead',
};
const CLOSED: DaysOff = {
  name: 'Closing week',
  country: null,
  from: '2026-12-28',
  to: '2026-12-31',
  kind: 'off',
};
const at = (text: string) => Date.parse(text);
const slotDay = (
  from: string,
  daysOff: readonly DaysOff[],
  {
    holidays = 'lead',
    country = 'DE',
  }: {
    holidays?: WindowRule['holidays'];
    country?: string | null;
  } = {},
) =>
  placeSlot({
    notBefore: at(from),
    window: { ...WINDOW, holidays },
    zone: 'UTC',
    country,
    daysOff,
    sender: null,
    action: 'email',
    busy: [],
    seedKey: 'a',
    horizonDays: 30,
  })?.localDay;

test('no slot lies on a day on which the company is closed, whatever the window says of holidays', () => {
  expect(slotDay('2026-12-28T10:00Z', [])).toBe('2026-12-28');
  // The first of January is a holiday in Germany, and a Friday.
  expect(slotDay('2026-12-28T10:00Z', [CLOSED])).toBe('2027-01-04');
  expect(slotDay('2026-12-28T10:00Z', [CLOSED], { country: null })).toBe('2027-01-01');
  expect(slotDay('2026-12-28T10:00Z', [CLOSED], { holidays: [] })).toBe('2027-01-01');
  expect(slotDay('2026-12-28T10:00Z', [CLOSED], { holidays: ['TR'] })).toBe('2027-01-04');
});

test('days of a country count where its holidays do, regions included, and holidays can be worked', () => {
  const bridge: DaysOff = {
    name: 'Bridge',
    country: 'DE',
    from: '2026-05-15',
    to: '2026-05-15',
    kind: 'off',
  };
  expect(slotDay('2026-05-15T10:00Z', [bridge])).toBe('2026-05-18');
  expect(slotDay('2026-05-15T10:00Z', [bridge], { holidays: ['DE-BY'] })).toBe('2026-05-18');
  expect(slotDay('2026-05-15T10:00Z', [bridge], { country: 'FR' })).toBe('2026-05-15');
  expect(slotDay('2026-05-15T10:00Z', [bridge], { holidays: [] })).toBe('2026-05-15');
  // Ascension, in Germany and in France.
  const worked: DaysOff = { ...bridge, name: 'Worked', from: '2026-05-14', to: '2026-05-14', kind: 'works' };
  expect(slotDay('2026-05-14T10:00Z', [])).toBe('2026-05-15');
  expect(slotDay('2026-05-14T10:00Z', [worked])).toBe('2026-05-14');
  expect(slotDay('2026-05-14T10:00Z', [worked], { holidays: ['DE', 'FR'] })).toBe('2026-05-15');
  // The last one holds.
  const off = { ...worked, kind: 'off' } as const;
  expect(slotDay('2026-05-14T10:00Z', [worked, off])).toBe('2026-05-15');
  expect(slotDay('2026-05-14T10:00Z', [off, worked])).toBe('2026-05-14');
});

test('a booked slot on such a day holds no more, and business days leave it out', () => {
  const check = {
    at: at('2026-12-29T10:00Z'),
    window: WINDOW,
    zone: 'UTC',
    country: 'DE',
    sender: null,
    action: 'email',
    busy: [],
  } as const;
  expect(checkSlot(check).ok).toBe(true);
  expect(checkSlot({ ...check, daysOff: [CLOSED] })).toEqual({
    ok: false,
    reason: 'window',
    notBefore: at('2027-01-04T09:00Z'),
  });
  const context = { zone: 'UTC', window: WINDOW, country: 'DE', field: () => null };
  const wait = [{ unit: 'business_days', amount: 1 }] as const;
  expect(addWaits(at('2026-12-23T10:00Z'), wait, context)).toBe(at('2026-12-24T10:00Z'));
  expect(addWaits(at('2026-12-24T10:00Z'), wait, { ...context, daysOff: [CLOSED] })).toBe(
    at('2027-01-04T10:00Z'),
  );
});

test('a calendar shows what is kept', () => {
  const worked: DaysOff = {
    name: 'Worked',
    country: 'DE',
    from: '2026-05-14',
    to: '2026-05-14',
    kind: 'works',
  };
  const days = calendarYear('DE', 2026, { daysOff: [CLOSED, worked], language: 'en' })!;
  expect(days).toContainEqual({ day: '2026-10-03', name: 'National Holiday', kind: 'holiday' });
  expect(days).toContainEqual({ day: '2026-12-31', name: 'Closing week', kind: 'off' });
  expect(days.find(({ day }) => day === '2026-05-14')).toMatchObject({ kind: 'works' });
  expect(days.map(({ day }) => day)).toEqual(days.map(({ day }) => day).toSorted());
  // Bavaria keeps more.
  expect(calendarYear('DE-BY', 2026)!.length).toBeGreaterThan(calendarYear('DE', 2026)!.length);
  expect(calendarYear('QQ', 2026)).toBeNull();
});
