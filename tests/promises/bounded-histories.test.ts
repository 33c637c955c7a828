import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { recordLeadEvent } from '../../db/events.ts';
import { parseSequence } from '../../sequences/language/index.ts';
import { enrollmentWorkflowId, PROGRESS, type Progress } from '../../workflows/messages.ts';
import { makeVersion } from '../support/factories.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { addSenders, launch, repeated } from './world.ts';

jest.setTimeout(240_000);

const ROUNDS = 12;

let stack: TestStack;

beforeAll(async () => {
  stack = await startTestStack({
    timeLapse: { startAt: new Date('2026-03-09T07:00:00Z'), msPerDay: 800 },
    crm: false,
  });
});
afterAll(() => stack.stop());

const loop = (name: string, next: string) => `
name: ${name}
steps:
  - id: ${name}-mail
    email: { subject: "${name}", body: "Are you there?" }
  - reactivate: { after: 1 day, with: ${next} }
`;

test('promise 2: sequences that reactivate each other go round and round with bounded histories, say where the lead stands, and end on a reply', async () => {
  const { db, client, services, sandbox } = stack;
  await addSenders(stack, 'email', [{}]);
  await makeVersion(db, parseSequence(loop('pong', 'ping'), 'pong.yaml'));
  const { leads } = await launch(stack, loop('ping', 'pong'), { leads: 2 });
  const leadIds = leads.map(({ id }) => id);
  const rounds = async (leadId: string) =>
    (
      await db.query<{ id: string; status: string; reason: string }>(
        'select id, status, reason from enrollments where lead_id = $1 order by created_at',
        [leadId],
      )
    ).rows;

  await stack.until(async () => sandbox.received().length > 0, 'it has begun', 60_000);
  const progress = await stack.until(
    async () => {
      const { id } = (await rounds(leadIds[0]!)).at(-1)!;
      const handle = client.workflow.getHandle(enrollmentWorkflowId(id));
      // The next round's workflow may not have been started yet.
      const seen = await handle.query<Progress>(PROGRESS).catch(() => null);
      return seen?.phase === 'sleeping' ? seen : null;
    },
    'the workflow says that the lead sleeps',
    60_000,
  );
  expect(progress.step).toMatch(/^reactivate/);
  expect(progress.until).toBeGreaterThan(Date.parse('2026-03-09T07:00:00Z'));

  await stack.until(
    async () => (await Promise.all(leadIds.map(rounds))).every((all) => all.length > ROUNDS),
    `${ROUNDS} rounds`,
    150_000,
  );
  for (const leadId of leadIds) {
    const { wake } = await recordLeadEvent(db, services.hashIdentity, {
      leadId,
      type: 'replied',
      channel: 'email',
    });
    await (await services.waker()).enrollments(wake);
  }
  for (const leadId of leadIds) {
    const all = await rounds(leadId);
    const last = all.pop()!;
    expect(last).toMatchObject({ status: 'stopped', reason: 'replied' });
    expect(all.map(({ status, reason }) => `${status} ${reason}`)).toEqual(
      all.map(() => 'finished reactivated'),
    );
    for (const { id } of [...all, last]) {
      const handle = client.workflow.getHandle(enrollmentWorkflowId(id));
      await handle.result();
      expect((await handle.describe()).historyLength).toBeLessThan(100);
    }
  }
  const before = sandbox.received().length;
  const now = stack.lapse.now();
  await stack.until(async () => stack.lapse.now() > now + 5 * 86_400_000, 'five days pass', 60_000);
  expect(sandbox.received()).toHaveLength(before);
  expect(repeated(sandbox.received().map(({ touchId }) => touchId))).toEqual([]);
  expect(before).toBeGreaterThanOrEqual(2 * ROUNDS);
});
