import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { holidaysOf } from '../../../sequences/calendar/holidays.ts';
import { dayNumber } from '../../../sequences/calendar/zone.ts';
import { parseSequence } from '../../../sequences/language/index.ts';
import { LEAD_EVENTS, type LeadEvent } from '../../../sequences/plan.ts';
import { simulationSender } from '../../../sequences/simulate/index.ts';
import type { ScriptEntry } from '../../../sequences/simulate/index.ts';
import { arbitrarySequence } from '../../support/arbitrary-sequence.ts';
import { days, play, someone } from '../../support/simulation.ts';

const leads = [
  someone('ada'),
  someone('bob', { country: 'US', timeZone: 'America/New_York', phones: [], companyDomain: 'x.test' }),
  someone('eve', { country: 'JP', timeZone: 'Asia/Tokyo', linkedinUrl: null, companyDomain: 'x.test' }),
  someone('kim', { country: null, timeZone: null, emails: [], persona: 'founder' }),
];
const senders = (['email', 'linkedin', 'sms', 'call'] as const).map((channel) =>
  simulationSender({
    channel, timeZone: 'Europe/Paris', minGapMs: 60_000, jitterMs: 120_000,
    caps: { [channel]: { day: 3, week: null }, invite: { day: 2, week: 4 } },
  }),
); // prettier-ignore

const script: fc.Arbitrary<ScriptEntry[]> = fc.array(
  fc.record({
    kind: fc.constant('event' as const),
    lead: fc.constantFrom('ada', 'bob', 'eve', 'kim'),
    when: fc.integer({ min: 1, max: 20 }).map((amount) => ({ after: [days(amount)] })),
    event: fc.constantFrom<LeadEvent>(...LEAD_EVENTS),
  }),
  { maxLength: 4 },
);

test('promises 2, 4 and 5 for sequences at random: all ends well, inside the window, within the cap', () => {
  fc.assert(
    fc.property(arbitrarySequence(), script, (generated, events) => {
      const sequence = parseSequence(generated.yaml, 'generated.yaml');
      const result = play(sequence, events, { leads, senders });
      // Nobody is stuck: no step of these needs a person for ever.
      for (const lead of result.leads) expect(['finished', 'stopped']).toContain(lead.state);
      const { window } = sequence.settings;
      const perDay = new Map<string, number>();
      for (const touch of result.touches) {
        expect(['sent', 'skipped', 'cancelled']).toContain(touch.state);
        if (touch.state !== 'sent') continue;
        const time = DateTime.fromMillis(touch.at, { zone: touch.zone });
        const clock = time.toFormat('HH:mm');
        expect(clock >= window.from && clock < window.to && window.days.includes(time.weekday)).toBe(true);
        const { country } = leads.find(({ profile }) => profile.id === touch.leadId)!.profile;
        expect(holidaysOf(window.holidays, country)(dayNumber(time.toISODate()!))).toBe(false);
        const day = `${touch.action} ${touch.sender} ${DateTime.fromMillis(touch.at, { zone: 'Europe/Paris' }).toISODate()}`;
        perDay.set(day, (perDay.get(day) ?? 0) + 1);
        // Promise 1: each attempt once.
        const key = [touch.leadId, touch.stepId, touch.visit, touch.attempt].join();
        expect(perDay.set(key, (perDay.get(key) ?? 0) + 1).get(key)).toBe(1);
      }
      for (const [key, count] of perDay) {
        if (/^(email|sms|call) /.test(key)) expect(count).toBeLessThanOrEqual(3);
        if (key.startsWith('invite ')) expect(count).toBeLessThanOrEqual(2);
      }
      expect(play(sequence, events, { leads, senders })).toEqual(result);
    }),
    { numRuns: 60 },
  );
});

test('generated sequences are valid, also with a reactivation at their end', () => {
  fc.assert(
    fc.property(arbitrarySequence({ reactivateWith: ['other'], maxSteps: 12 }), ({ yaml }) => {
      expect(parseSequence(yaml, 'generated.yaml').name).toBe('generated');
    }),
    { numRuns: 150 },
  );
});
