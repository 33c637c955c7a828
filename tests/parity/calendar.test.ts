import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readSequenceFiles } from '../../api/operations/read-sequence-files.ts';
import type { LeadFields } from '../../sequences/leads/row.ts';
import { parseSequence } from '../../sequences/language/index.ts';
import { CALL_OUTCOMES, type Duration, type LeadEvent } from '../../sequences/plan.ts';
import { arbitrarySequence } from '../support/arbitrary-sequence.ts';
import type { ScriptEntry } from '../../sequences/simulate/index.ts';
import type { TestStack } from '../support/stack.ts';
import {
  addSenders,
  begin,
  ended,
  realCalendar,
  scriptFailures,
  simulatedCalendar,
  startRealRun,
  type Play,
  type Played,
} from '../workflows/support/real-run.ts';

let stack: TestStack;
/** A Monday, 08:30 in Berlin, before Easter and a change of the clocks. */
const START = Date.parse('2026-03-16T07:30:00Z');

beforeAll(async () => {
  stack = await startRealRun(START);
  await addSenders(stack);
});
afterAll(() => stack?.stop());

const lead = (
  name: string,
  change: Partial<LeadFields> = {},
  has: { phone?: string; linkedin?: boolean; email?: boolean } = {},
): Partial<LeadFields> => ({
  externalId: name,
  firstName: name,
  company: `${name} Works`,
  emails: has.email === false ? [] : [`${name}@${name}.test`],
  phones: has.phone ? [has.phone] : [],
  linkedinUrl: has.linkedin === false ? null : `https://www.linkedin.com/in/${name}`,
  country: 'DE',
  timeZone: 'Europe/Berlin',
  ...change,
});

const event = (name: string, at: string, what: LeadEvent, until?: string): ScriptEntry => ({
  kind: 'event',
  lead: `${name}@${name}.test`,
  when: { at: Date.parse(at) },
  event: what,
  ...(until !== undefined && { until: Date.parse(until) }),
});
const outcome = (name: string, step: string, what: string, after: Duration): ScriptEntry => ({
  kind: 'outcome',
  lead: `${name}@${name}.test`,
  step,
  outcome: what,
  after: [after],
});
const hours = (amount: number): Duration => ({ unit: 'hours', amount });

function shipped(name: string): Pick<Play, 'sequence' | 'others'> {
  const { main, all } = readSequenceFiles(`sequences/library/${name}.yaml`);
  return { sequence: main, others: [...all.values()].filter((one) => one !== main) };
}

const plays: Play[] = [
  {
    ...shipped('classic'),
    leads: [
      lead('c-silent', {}, { phone: '+4930231251001' }),
      lead('c-voicemail', { country: 'GB', timeZone: 'Europe/London' }, { phone: '+442079460123' }),
      lead('c-accepts', { country: 'US', timeZone: 'America/New_York', preferredChannel: 'linkedin' }, { phone: '+12125550143' }),
      lead('c-replies', { country: 'JP', timeZone: 'Asia/Tokyo' }),
      lead('c-mailonly', { country: 'AU', timeZone: 'Australia/Sydney' }, { linkedin: false }),
      lead('c-leaves', { country: 'IN', timeZone: 'Asia/Kolkata' }),
      lead('c-away', { timeZone: null, country: null }),
      // Two of one company: when one answers, it is over for both.
      lead('c-first', { companyDomain: 'same.test' }),
      lead('c-second', { companyDomain: 'same.test' }),
      lead('c-meets', {}, { phone: '+4930231251009' }),
    ],
    script: () => [
      outcome('c-voicemail', 'ring', 'voicemail', hours(3)),
      event('c-accepts', '2026-03-18T21:13:07Z', 'accepted'),
      outcome('c-accepts', 'ring', 'connected', { unit: 'minutes', amount: 95 }),
      event('c-replies', '2026-03-20T04:11:13Z', 'replied'),
      event('c-leaves', '2026-03-23T11:17:19Z', 'unsubscribed'),
      event('c-away', '2026-03-17T11:23:29Z', 'out_of_office', '2026-03-25T10:00:00Z'),
      event('c-first', '2026-03-24T15:31:37Z', 'replied'),
      outcome('c-meets', 'ring', 'meeting_booked', hours(2)),
    ],
  },
  {
    ...shipped('reactivation'),
    leads: [
      lead('r-mail'),
      lead('r-sms', { preferredChannel: 'sms', country: 'TR', timeZone: 'Europe/Istanbul' }, { phone: '+905359876543' }),
      lead('r-linkedin', { preferredChannel: 'linkedin' }),
      lead('r-founder', { persona: 'founder' }),
      lead('r-replies'),
    ],
    script: () => [
      event('r-replies', '2026-03-18T12:47:53Z', 'replied'),
    ],
  },
  {
    ...shipped('recruitment'),
    leads: [
      lead('w-accepts', { consent: { status: 'given', source: 'form', at: '2026-01-01T00:00:00.000Z' } }, { phone: '+4930231251021' }),
      lead('w-ignores', { country: 'US', timeZone: 'America/Los_Angeles' }),
      lead('w-looked', { country: 'FR', timeZone: 'Europe/Paris' }),
      lead('w-nolink', {}, { linkedin: false }),
      lead('w-replies', { country: 'GB', timeZone: 'Europe/London' }),
      lead('w-other', { country: 'BR', timeZone: 'America/Sao_Paulo' }),
    ],
    script: () => [
      event('w-accepts', '2026-03-19T13:59:01Z', 'accepted'),
      outcome('w-looked', 'look-again', 'done', hours(26)),
      event('w-replies', '2026-03-27T17:03:11Z', 'replied'),
    ],
  },
]; // prettier-ignore

/** Any sequences at all, the same ones each time; every third goes on with the shipped reactivation. */
const SEEDS = Array.from({ length: 14 }, (_, index) => 1000 + index);

function generated(seed: number, index: number): Play {
  const name = `generated-${seed}`;
  const options = { name, maxSteps: 5, reactivateWith: index % 3 === 0 ? ['reactivation'] : [] };
  const [drawn] = fc.sample(arbitrarySequence(options), { seed, numRuns: 1 });
  const [full, plain] = [`g${seed}-full`, `g${seed}-plain`];
  const day = (n: number, clock: string) => `2026-03-${16 + n}T${clock}Z`;
  return {
    sequence: parseSequence(drawn!.yaml, `${name}.yaml`),
    others: [shipped('reactivation').sequence],
    leads: [
      lead(full, {}, { phone: `+49302312${51100 + index}` }),
      lead(plain, { country: 'US', timeZone: 'America/New_York', persona: 'founder' }),
    ],
    script: () => [
      ...(index % 2 === 0 ? [event(full, day(2 + (index % 4), '11:07:11'), 'accepted')] : []),
      ...(index % 3 === 1 ? [event(full, day(1 + (index % 5), '12:11:13'), 'opened')] : []),
      ...(index % 4 === 3 ? [event(plain, day(3, '15:13:17'), 'replied')] : []),
      {
        kind: 'outcome',
        lead: `${full}@${full}.test`,
        step: null,
        outcome: CALL_OUTCOMES[index % 3]!,
        after: [hours(3)],
      },
    ],
  };
}

let played: readonly Played[];

beforeAll(async () => {
  played = await begin(stack, [...plays, ...SEEDS.map(generated)]);
  await ended(
    stack,
    played.map(({ launchId }) => launchId),
    240_000,
  );
}, 300_000);

async function compare(chosen: readonly Played[]): Promise<readonly string[]> {
  const all: string[] = [];
  for (const one of chosen) {
    const expected = simulatedCalendar(one);
    expect(await realCalendar(stack, one)).toEqual(expected);
    all.push(...expected.touches);
  }
  return all;
}

test('simulator and Temporal give the same calendar of touches for every shipped sequence', async () => {
  const all = (await compare(played.slice(0, plays.length))).join('\n');
  // The scripts lead into each way of the sequences, the reactivation included.
  for (const mark of [
    ' missed ',
    ' thanks ',
    'c-silent reactivation',
    ' role ',
    ' text ',
    ' look-again ',
    'skipped',
    'cancelled',
  ])
    expect(all).toContain(mark);
});

test('simulator and Temporal give the same calendar of touches for generated sequences', async () => {
  expect((await compare(played.slice(plays.length))).length).toBeGreaterThan(60);
});

test('nothing was late, and every script was carried out', () => {
  expect(scriptFailures(stack)).toEqual([]);
  expect(stack.lapse.lag()).toBe(0);
});
