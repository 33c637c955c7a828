import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { enroll } from '../../db/launches.ts';
import { addSender } from '../../db/senders.ts';
import { makeLaunch, makeLead, makePlan, makeVersion, touchNode } from '../support/factories.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

jest.setTimeout(120_000);

let stack: TestStack;

beforeAll(async () => {
  stack = await startTestStack({ timeLapse: { startAt: new Date('2026-03-09T07:00:00Z') }, worker: false });
});
afterAll(() => stack.stop());

test('a launch goes through Temporal and the sandbox, from a worker in this process and one in another', async () => {
  const { db, services, sandbox } = stack;
  for (const name of ['Rosa', 'Sam']) {
    await addSender(
      db,
      {
        channel: 'email',
        name,
        address: `${name}@acme.test`,
        owner: null,
        timeZone: 'Europe/Berlin',
        ...sandbox.senderSettings('email'),
      },
      services.secrets,
    );
  }
  const { id: versionId } = await makeVersion(db, {
    plan: makePlan([
      touchNode('a'),
      { id: 'w', kind: 'wait', wait: { unit: 'days', amount: 2 }, next: null },
      touchNode('b'),
    ]),
  });
  const { id: launchId } = await makeLaunch(db, { versionId });
  const leads = await Promise.all(Array.from({ length: 6 }, () => makeLead(db)));
  await enroll(
    db,
    launchId,
    leads.map(({ id }) => id),
    { hashIdentity: services.hashIdentity },
  );
  const other = await stack.startWorkerProcess();
  await stack.startWorker();
  await (await services.waker()).launch(launchId);

  await stack.until(
    async () =>
      (await db.query(`select 1 from enrollments where status in ('pending', 'running')`)).rowCount === 0,
    'every lead is through',
    60_000,
  );
  expect(sandbox.received().map(({ to, touchId }) => `${to} ${touchId}`)).toHaveLength(12);
  expect(new Set(sandbox.received().map(({ touchId }) => touchId)).size).toBe(12);
  await stack.until(
    async () => (await db.query(`select 1 from deliveries where state = 'pending'`)).rowCount === 0,
    'the CRM has every callback',
  );
  expect(sandbox.callbacks().filter(({ type }) => type === 'touch.sent')).toHaveLength(12);
  expect(sandbox.callbacks().every(({ verified }) => verified)).toBe(true);
  expect(stack.lapse.lag()).toBe(0);
  await other.stop();
});
