import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DateTime } from 'luxon';
import { parseSequence } from '../../sequences/language/index.ts';
import type { TestStack } from '../support/stack.ts';
import {
  addSenders,
  begin,
  ended,
  realTouches,
  startRealRun,
  type Played,
  type RealTouch,
} from '../workflows/support/real-run.ts';

/** A Thursday; Berlin and London set their clocks back on the Sunday after, New York a week later. */
const START = Date.parse('2026-10-22T06:00:00Z');
const ZONES = ['Europe/Berlin', 'Europe/London', 'America/New_York'] as const;
const CAP = 5;
const GAP_MS = 60_000;

const sequence = parseSequence(
  `
name: competing
window: { days: [mon, tue, wed, thu, fri, sat, sun], from: '09:00', to: '17:00', time_zone: lead, holidays: none }
steps:
  - id: first
    email: { subject: Hello, body: Hello }
  - wait: 2 days
  - id: german
    if: lead.country == "DE"
    then:
      - id: second
        email: { subject: Again, body: Again }
`,
  'competing.yaml',
);

let stack: TestStack;
let played: Played;

beforeAll(async () => {
  stack = await startRealRun(START);
  for (const [index, timeZone] of ZONES.entries()) {
    const change = { address: `sam${index}@acme.test`, caps: { email: { day: CAP } } };
    await addSenders(stack, { ...change, timeZone, minGapSeconds: GAP_MS / 1000, jitterSeconds: 120 }, [
      'email',
    ]);
  }
  const leads = Array.from({ length: 50 }, (_, n) => ({
    externalId: `lead-${n}`,
    emails: [`lead@company-${n}.test`],
    country: n % 2 === 0 ? 'DE' : 'US',
    timeZone: ZONES[n % 3]!,
  }));
  [played] = (await begin(stack, [{ sequence, leads }])) as [Played];
  await ended(stack, [played.launchId], 200_000);
}, 260_000);
afterAll(() => stack?.stop());

/** What breaks a window, a cap or a gap, worked out anew from the touches alone. */
function broken(touches: readonly RealTouch[]): string[] {
  const problems: string[] = [];
  const zoneOf = new Map(played.leads.map(({ id, timeZone }) => [id, timeZone!]));
  const senderZone = (sender: string | null) => ZONES[Number(/\d/.exec(sender ?? '')![0])]!;
  const perDay = new Map<string, number>();
  const last = new Map<string, number>();
  for (const { leadId, at, sender, state } of touches.toSorted((a, b) => a.at - b.at)) {
    if (state !== 'sent') problems.push(`${leadId} ${state}`);
    const local = DateTime.fromMillis(at, { zone: zoneOf.get(leadId)! });
    if (local.hour < 9 || local.hour >= 17) problems.push(`${leadId} at ${local.toISO()}`);
    const day = `${sender} ${DateTime.fromMillis(at, { zone: senderZone(sender) }).toISODate()}`;
    perDay.set(day, (perDay.get(day) ?? 0) + 1);
    if (at - (last.get(sender!) ?? 0) < GAP_MS) problems.push(`${sender} twice within a minute at ${local.toISO()}`);
    last.set(sender!, at);
  }
  for (const [day, count] of perDay) if (count > CAP) problems.push(`${count} on ${day}`);
  return problems;
} // prettier-ignore

function stepsPerLead(touches: readonly { leadId: string; stepId: string; channel: string; state: string; at: number }[]) {
  const steps = new Map<string, string[]>();
  for (const { leadId, stepId, channel, state } of touches.toSorted((a, b) => a.at - b.at)) {
    steps.set(leadId, [...(steps.get(leadId) ?? []), `${stepId} ${channel} ${state}`]);
  }
  return Object.fromEntries(steps);
} // prettier-ignore

test('fifty leads compete for three senders across a change of the clocks: the same steps per lead on both hosts', async () => {
  const real = await realTouches(stack, played);
  expect(stepsPerLead(real)).toEqual(stepsPerLead(played.simulated.touches));
  expect(real).toHaveLength(75);
});

test('promises 4 and 5: windows, caps and gaps hold in both', async () => {
  const real = await realTouches(stack, played);
  expect(broken(real)).toEqual([]);
  expect(broken(played.simulated.touches)).toEqual([]);
  // It went on beyond the change, and the cap was what held it back.
  expect(Math.max(...real.map(({ at }) => at))).toBeGreaterThan(Date.parse('2026-10-26T00:00:00Z'));
  expect(stack.lapse.lag()).toBe(0);
});
