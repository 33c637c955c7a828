import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { PROGRESS, WAKE, type Progress } from '../../workflows/messages.ts';
import { TUESDAY } from '../support/factories.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { sleepLong } from './support/long-sleep.ts';

jest.setTimeout(120_000);

let stack: TestStack;
/** What was seen of the workflow while its lead slept. */
const asleep: { history: number; progress?: Progress; runs: string[]; conflict?: unknown } = {
  history: 0,
  runs: [],
};
let workflowId: string;
const DAY = 86_400_000;

beforeAll(async () => {
  // Without a cache each workflow task replays its history from the start.
  stack = await startTestStack({ worker: { maxCachedWorkflows: 0 } });
  const { client, config, until } = stack;
  workflowId = await sleepLong(stack, async (id) => {
    const handle = client.workflow.getHandle(id);
    const continued = async () =>
      (await handle.fetchHistory()).events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    await until(continued, 'it continues as new before its long sleep');
    await until(async () => (await handle.fetchHistory()).events!.some((event) => event.timerStartedEventAttributes), 'it sleeps');
    asleep.history = (await handle.fetchHistory()).events!.length;
    asleep.progress = await handle.query<Progress>(PROGRESS);
    const options = { workflowId: id, taskQueue: config.taskQueue, args: [{ enrollmentId: id.split('/')[1] }] };
    asleep.conflict = await client.workflow.start('enrollment', options).catch((error: unknown) => error);
    const woken = await Promise.all(
      Array.from({ length: 8 }, () =>
        client.workflow.signalWithStart('enrollment', { ...options, signal: WAKE, signalArgs: [] }),
      ),
    );
    asleep.runs = woken.map((one) => one.signaledRunId);
  });
}); // prettier-ignore
afterAll(() => stack?.stop());

test('before a wait of more than two weeks the workflow continues as new, and sleeps with a short history', () => {
  // Started, one task, what was loaded, one timer, and what woke it meanwhile.
  expect(asleep.history).toBeLessThanOrEqual(8);
});

test('the progress of a sleeping lead can be asked for', () => {
  expect(asleep.progress).toMatchObject({ step: 'second', phase: 'booked' });
  expect(asleep.progress!.until).toBeGreaterThan(TUESDAY + 19 * DAY);
  expect(asleep.progress!.until).toBeLessThan(TUESDAY + 21 * DAY);
});

test('an enrollment has one workflow: starting it again is refused, waking it finds the one that runs', () => {
  expect(asleep.conflict).toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
  expect(new Set(asleep.runs).size).toBe(1);
});

test('the history of the whole walk replays without a cache, and nothing was sent twice', async () => {
  const { db, sandbox } = stack;
  expect(sandbox.received().map(({ touchId }) => touchId)).toHaveLength(2);
  const { rows } = await db.query<{ state: string }>('select state from touches');
  expect(rows.map(({ state }) => state)).toEqual(['sent', 'sent']);
});

test('waking an enrollment that is over does nothing', async () => {
  const { client, db, services, sandbox } = stack;
  const state = 'select status, reason, revision, engine from enrollments';
  const before = (await db.query(state)).rows;
  await (await services.waker()).enrollments([workflowId.split('/')[1]!]);
  expect(await client.workflow.getHandle(workflowId).result()).toEqual({ reason: before[0]!.reason });
  expect((await db.query(state)).rows).toEqual(before);
  expect(sandbox.received()).toHaveLength(2);
  // Somebody who never was enrolled, or was erased.
  const stranger = '00000000-0000-4000-8000-000000000000';
  await (await services.waker()).enrollments([stranger]);
  expect(await client.workflow.getHandle(`enrollment/${stranger}`).result()).toEqual({ reason: 'erased' });
});
