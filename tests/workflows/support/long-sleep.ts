import { enrollmentWorkflowId } from '../../../workflows/messages.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../../support/factories.ts';
import type { TestStack } from '../../support/stack.ts';
import { addSenders } from './real-run.ts';

const DAY = 86_400_000;

/**
 * A lead who is written to, sleeps for twenty days at the speed of the wall, and is written to again: nobody waits for it, business
 * time jumps. `asleep` is called while the lead sleeps. The stack has no time-lapse.
 */
export async function sleepLong(
  stack: TestStack,
  asleep: (workflowId: string) => Promise<void> = async () => {},
): Promise<string> {
  const { db, services, until } = stack;
  await setTime(db, TUESDAY, 1);
  await services.clock.refresh();
  await addSenders(stack, {}, ['email']);
  const plan = makePlan([
    touchNode('first'),
    { id: 'w', kind: 'wait', wait: { unit: 'days', amount: 20 }, next: null },
    touchNode('second'),
  ]);
  const { id: versionId } = await makeVersion(db, { plan });
  const { id: launchId } = await makeLaunch(db, { versionId });
  const { id: leadId } = await makeLead(db);
  const { id } = await makeEnrollment(db, { launchId, leadId });
  await (await services.waker()).enrollments([id]);
  const sent = async (count: number) =>
    (await db.query(`select 1 from touches where enrollment_id = $1 and state = 'sent'`, [id])).rowCount ===
    count;
  await until(() => sent(1), 'the first mail');
  const booked = async () =>
    (await db.query(`select 1 from touches where enrollment_id = $1 and state = 'booked'`, [id])).rowCount ===
    1;
  await until(booked, 'the second is booked');
  await asleep(enrollmentWorkflowId(id));
  await setTime(db, TUESDAY + 20 * DAY + 5 * 60_000, 1);
  await services.clock.refresh();
  await (await services.waker()).enrollments([id]);
  await until(() => sent(2), 'the second mail');
  const over = async () =>
    (await db.query(`select 1 from enrollments where id = $1 and status = 'finished'`, [id])).rowCount === 1;
  await until(over, 'the end');
  return enrollmentWorkflowId(id);
}
