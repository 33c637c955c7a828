import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { unwatchedSenderIds } from '../../db/mailboxes.ts';
import { enrollmentWorkflowId } from '../../workflows/messages.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  setTime,
  touchNode,
} from '../support/factories.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { addSenders } from './support/real-run.ts';

jest.setTimeout(150_000);

let stack: TestStack;
const START = Date.parse('2026-03-09T08:00:00Z');
const TOUCHES = 5;
/** How long the provider takes, by touch, in wall milliseconds. */
const SLOW: Readonly<Record<number, number>> = { 3: 1000, 4: 4800 };
const TIMER_FIRED = 18;

beforeAll(async () => {
  // A sweep that finds a busy machine late would wake the lead, which costs events of its own.
  stack = await startTestStack({ worker: { sweepMs: 600_000 }, crm: false });
  await addSenders(stack, {}, ['email']);
  const waker = await stack.services.waker();
  for (const id of await unwatchedSenderIds(stack.db)) await waker.missingMailbox(id);
});
afterAll(() => stack?.stop());

test('an automatic touch that takes under five seconds costs at most eight history events', async () => {
  const { db, services, client, sandbox, until } = stack;
  // A business day takes about seven seconds of the wall; nothing else slows it down or holds it.
  await setTime(db, START, 12_000);
  await services.clock.refresh();
  const steps = Array.from({ length: TOUCHES }, (_, index) => index + 1);
  const { id: versionId } = await makeVersion(db, {
    plan: makePlan(
      steps.flatMap((n) => [
        touchNode(`t${n}`),
        { id: `w${n}`, kind: 'wait' as const, wait: { unit: 'days' as const, amount: 1 }, next: null },
      ]),
    ),
    settings: { window: { days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '23:59', timeZone: 'UTC', holidays: [] } },
  });
  const { id: launchId } = await makeLaunch(db, { versionId });
  const { id: leadId } = await makeLead(db);
  const { id } = await makeEnrollment(db, { launchId, leadId });
  // Each touch takes as long as the table says: the next one's time is set when one has arrived.
  const pace = setInterval(() => {
    const latency = SLOW[sandbox.received().length + 1] ?? 0;
    sandbox.control({ latencyMs: [latency, latency] });
  }, 50);
  await (await services.waker()).enrollments([id]);

  const handle = client.workflow.getHandle(enrollmentWorkflowId(id));
  await until(
    async () => (await handle.describe()).status.name === 'COMPLETED',
    'the sequence is over',
    90_000,
  ).finally(() => clearInterval(pace));
  const { rows } = await db.query(`select state from touches where enrollment_id = $1`, [id]);
  expect(rows.map(({ state }) => state)).toEqual(steps.map(() => 'sent'));

  const { events } = await handle.fetchHistory();
  const fired = events!.flatMap((event, index) => (event.eventType === TIMER_FIRED ? [index] : []));
  // From the timer of one touch to that of the next; the first touch needs none, the last timer is the last wait's.
  const costs = fired.slice(1).map((index, n) => index - fired[n]!);
  console.log(`history events a touch: ${costs.join(', ')} (with 1 s and 4.8 s for the second and third); ${events!.length} for all`);
  expect(fired).toHaveLength(TOUCHES);
  for (const cost of costs) expect(cost).toBeLessThanOrEqual(8);
}); // prettier-ignore
