import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { DateTime } from 'luxon';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { addSenders, everybodyEnded, launch, repeated, standing, stepsByLead } from './world.ts';

jest.setTimeout(420_000);

const LEADS = 50;
const CAP = 5;
const GAP_SECONDS = 900;
const MINUTE = 60_000;
const ZONES = ['Europe/Berlin', 'America/New_York', 'Europe/London', 'Asia/Kolkata', 'Australia/Sydney'];
const SENDER_ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata'];

const START = new Date('2026-03-27T00:00:00Z');

let stack: TestStack;
let launching = true;

beforeAll(async () => {
  stack = await startTestStack({
    // Europe's clocks go forward on Sunday the 29th; the window is open on Sundays too.
    timeLapse: {
      startAt: START,
      msPerDay: 2000,
      // Time stands until there is a launch, and then until workers have begun with it.
      extraHold: async () => (launching ? START : null),
      patienceMs: 180_000,
    },
    behaviour: { latencyMs: [60, 200] },
    worker: false,
    crm: false,
  });
});
afterAll(() => stack.stop());

test('promises 4 and 5: with three workers, across a daylight-saving change, nobody is contacted outside the window and no sender exceeds its cap or its gap', async () => {
  const { db, sandbox } = stack;
  const caps = { email: { day: CAP } };
  const senders = SENDER_ZONES.map((timeZone) => ({
    timeZone,
    caps,
    minGapSeconds: GAP_SECONDS,
    jitterSeconds: 60,
  }));
  const senderIds = await addSenders(stack, 'email', senders);
  const launched = await launch(
    stack,
    `
name: caps-and-windows
window: { days: [mon, tue, wed, thu, fri, sat, sun], from: "09:00", to: "17:00", time_zone: lead, holidays: none }
steps:
  - id: first
    email: { subject: Hello, body: "Are you there?" }
  - wait: 1 day
  - id: second
    email: { subject: "Hello again", body: "Are you there?" }
`,
    { leads: LEADS, timeZones: ZONES },
  );
  launching = false;
  const workers = await Promise.all([1, 2, 3].map(() => stack.startWorkerProcess()));
  await everybodyEnded(stack, launched, 300_000);
  expect(await standing(stack, launched)).toEqual({ 'finished completed': LEADS });
  const steps = await stepsByLead(stack);
  expect(launched.leads.filter(({ id }) => steps.get(id)?.join() !== 'first,second')).toEqual([]);

  // Who was reached by whom is the sandbox's word; when, to the millisecond, is the ledger's, which must agree with it.
  const { rows } = await db.query<{
    id: string;
    zone: string;
    sender_id: string;
    at: Date;
    slot_at: Date;
    owner: string;
  }>(
    `select t.id, l.time_zone as zone, t.sender_id, t.at, t.slot_at, n.address as owner
     from touches t join leads l on l.id = t.lead_id join senders n on n.id = t.sender_id where t.state = 'sent'`,
  );
  const ledger = new Map(rows.map((row) => [row.id, row]));
  const received = sandbox.received();
  expect(repeated(received.map(({ touchId }) => touchId))).toEqual([]);
  const sent = received.map((mail) => {
    const touch = ledger.get(mail.touchId!)!;
    expect(mail.from).toBe(touch.owner);
    // The sandbox reads the clock now and then only.
    expect(Math.abs(Date.parse(mail.businessAt!) - touch.at.getTime())).toBeLessThan(60 * MINUTE);
    return { ...touch, ms: touch.at.getTime() };
  });
  const outside = sent.filter(({ ms, zone }) => {
    const { hour } = DateTime.fromMillis(ms, { zone });
    return hour < 9 || hour >= 17;
  });
  expect(outside).toEqual([]);
  const days = new Set<string>();
  for (const [index, senderId] of senderIds.entries()) {
    const zone = SENDER_ZONES[index]!;
    const mine = sent.filter((one) => one.sender_id === senderId);
    const perDay = new Map<string, number>();
    for (const { ms } of mine) {
      const day = DateTime.fromMillis(ms, { zone }).toISODate()!;
      perDay.set(day, (perDay.get(day) ?? 0) + 1);
      days.add(day);
    }
    expect([...perDay].filter(([, count]) => count > CAP)).toEqual([]);
    const slots = mine.map(({ slot_at }) => slot_at.getTime()).sort((a, b) => a - b);
    const gaps = slots.slice(1).map((slot, at) => slot - slots[at]!);
    expect(gaps.filter((gap) => gap < GAP_SECONDS * 1000)).toEqual([]);
  }
  // The change lies within the run, and the caps were worth keeping: it took more days than without them.
  expect([...days].sort()[0]! <= '2026-03-28' && [...days].sort().at(-1)! >= '2026-03-30').toBe(true);
  expect(days.size).toBeGreaterThanOrEqual(7);
  await Promise.all(workers.map((worker) => worker.stop()));
});
