import { expect, test } from '@jest/globals';
import { simulationSender } from '../../../sequences/simulate/defaults.ts';
import { touchNode } from '../../support/factories.ts';
import { MONDAY, play, sequenceOf, someone } from '../../support/simulation.ts';

const DAY = 86_400_000;
const leads = Array.from({ length: 30 }, (_, n) => someone(`lead-${n}`));

/** How many leads have begun so many days after Monday: whoever began has a touch. */
const begun = (days: number, cap: { day: number; week: number | null }, rampUp = {}) =>
  play(sequenceOf([touchNode('hello')]), [], {
    leads,
    senders: [
      simulationSender({ channel: 'email', timeZone: 'Europe/Berlin', caps: { email: cap }, ...rampUp }),
    ],
    paced: true,
    until: MONDAY + days * DAY,
  }).touches.length;

test('as many leads begin on a day as their sender may still write to on it', () => {
  const cap = { day: 5, week: null };
  expect([1, 2, 3].map((days) => begun(days - 0.5, cap))).toEqual([5, 10, 15]);
});

test('and no more than it may in seven days', () => {
  const cap = { day: 5, week: 7 };
  expect([1, 2, 3, 6].map((days) => begun(days - 0.5, cap))).toEqual([5, 7, 7, 7]);
});

test('a sender that is new begins slowly', () => {
  const rampUp = { rampUp: { start: 1, addPerDay: 2, from: '2026-01-05' } };
  expect([1, 2, 3].map((days) => begun(days - 0.5, { day: 4, week: null }, rampUp))).toEqual([1, 4, 8]);
});
