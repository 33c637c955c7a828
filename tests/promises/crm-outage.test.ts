import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { addEndpoint } from '../../db/endpoints.ts';
import { startReceiver, type Answer, type ReceivedPost } from '../support/crm-receiver.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { addSenders, everybodyEnded, launch, standing } from './world.ts';

jest.setTimeout(300_000);

const LEADS = 24;

let stack: TestStack;

beforeAll(async () => {
  stack = await startTestStack({
    timeLapse: { startAt: new Date('2026-03-09T07:00:00Z'), msPerDay: 1500 },
    behaviour: { latencyMs: [10, 100] },
    crm: false,
  });
});
afterAll(() => stack.stop());

test('promise 9: while the CRM refuses, hangs and is gone, sequences go on unslowed; afterwards it has every callback, verified, in order per lead', async () => {
  const { db, services, sandbox } = stack;
  let answer: () => Answer = () => 503;
  const before = await startReceiver(() => answer());
  const { secret } = await addEndpoint(db, services.secrets, { url: before.url }, { allowPrivate: true });
  await addSenders(stack, 'email', [{ minGapSeconds: 60 }, { minGapSeconds: 60 }]);
  const launched = await launch(
    stack,
    `
name: outage
steps:
  - id: first
    email: { subject: Hello, body: "Are you there?" }
  - wait: 2 days
  - id: second
    email: { subject: "Hello again", body: "Are you there?" }
  - wait: 3 days
  - id: last
    email: { subject: Last, body: "Last one." }
`,
    { leads: LEADS },
  );
  const touched = (count: number) =>
    stack.until(async () => sandbox.received().length >= count, `${count} touches`, 90_000);
  await touched(LEADS / 2);
  await stack.until(async () => before.posts.length > 0, 'the CRM refused something', 60_000);
  let hanging = 0;
  answer = () => () => void hanging++;
  await touched(LEADS);
  await stack.until(async () => hanging > 0, 'the CRM keeps somebody waiting', 60_000);
  await before.close();
  await everybodyEnded(stack, launched, 120_000);

  // Not one callback was taken so far, and nobody was a minute late for it.
  expect(await standing(stack, launched)).toEqual({ 'finished completed': LEADS });
  const state = async () =>
    (await db.query(`select state, count(*)::int as n from deliveries group by state order by state`)).rows;
  const { rows: callbacks } = await db.query<{ lead_id: string; lead_seq: number; event_id: string }>(
    'select lead_id, lead_seq, event_id from callbacks order by lead_id, lead_seq',
  );
  expect(await state()).toEqual([{ state: 'pending', n: callbacks.length }]);
  expect(callbacks.length).toBeGreaterThanOrEqual(LEADS * 5);
  const { rows: late } = await db.query(
    `select id from touches where sending_at > slot_at + interval '2 minutes'`,
  );
  expect(late).toEqual([]);
  expect(stack.lapse.lag()).toBe(0);

  const after = await startReceiver(() => 204, before.port);
  try {
    await stack.until(
      async () =>
        (await db.query(`select from deliveries where state <> 'delivered' limit 1`)).rowCount === 0,
      'every callback has arrived',
      120_000,
    );
    const verifies = ({ text, headers }: ReceivedPost) =>
      new Webhook(secret).verify(text, headers as Record<string, string>);
    for (const post of [...before.posts, ...after.posts]) expect(() => verifies(post)).not.toThrow();
    // Each once by its id, and each lead's in the order of their numbers, without a gap.
    expect(new Set(after.posts.map(({ id }) => id))).toEqual(new Set(callbacks.map((one) => one.event_id)));
    const wanted = new Map<string, number[]>();
    for (const { lead_id, lead_seq } of callbacks) {
      wanted.set(lead_id, [...(wanted.get(lead_id) ?? []), Number(lead_seq)]);
    }
    expect(after.taken()).toEqual(wanted);
    for (const numbers of wanted.values()) expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  } finally {
    await after.close();
  }
});
