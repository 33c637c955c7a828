import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { listCallbacks } from '../../db/callbacks.ts';
import { reschedule, retry, skip } from '../../db/commands.ts';
import type { Db } from '../../db/db.ts';
import { settleTouch } from '../../db/settle.ts';
import { completeTask, getTask, listTasks, TASK_OUTCOMES } from '../../db/tasks.ts';
import type { Plan, PlanNode } from '../../sequences/plan.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeHost, walk, type Host } from '../support/enrollment-host.ts';
import {
  makeCompany,
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../support/factories.ts';

const HOUR = 3_600_000;
let db: Db;
let drop: () => Promise<void>;
let host: Host;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  host = await makeHost(db);
  for (const channel of ['email', 'call', 'task'] as const) await makeSender(db, { channel });
  await makeSender(db, { channel: 'linkedin', provider: 'manual' });
});
afterAll(async () => {
  await host.activities.drain();
  await drop();
});

/** A lead who has come, with the real activities, to where the plan first waits. */
async function arrive(
  nodes: readonly PlanNode[],
  stopOn: Partial<Plan['stopOn']> = {},
  by = host,
  limit = 200,
) {
  const version = await makeVersion(db, { plan: makePlan(nodes, stopOn) });
  const launch = await makeLaunch(db, { versionId: version.id });
  const company = await makeCompany(db);
  const lead = await makeLead(db, {
    companyId: company.id,
    phone: '+4930123456',
    linkedinUrl: `https://www.linkedin.com/in/${launch.id}`,
    owner: 'rep@acme.test',
  });
  const enrollment = await makeEnrollment(db, { launchId: launch.id, leadId: lead.id });
  await walk(by, enrollment.id, limit).catch((error: unknown) => {
    if (limit === 200) throw error;
  });
  const tasks = await listTasks(db, { leadId: lead.id });
  return { launch, company, leadId: lead.id, enrollmentId: enrollment.id, task: tasks[0]! };
}

const types = async (leadId: string) => (await listCallbacks(db, leadId)).map((callback) => callback.type);
const touches = async (enrollmentId: string) =>
  (
    await db.query<{ step_id: string; attempt: number; state: string; reason: string | null }>(
      'select step_id, attempt, state, reason from touches where enrollment_id = $1 order by step_id, attempt',
      [enrollmentId],
    )
  ).rows;
const enrollment = async (id: string) =>
  (
    await db.query<{ status: string; reason: string }>(
      'select status, reason from enrollments where id = $1',
      [id],
    )
  ).rows[0]!;

const RING = touchNode('ring', 'call', { outcomes: { connected: 'thanks' } });
const REST = [touchNode('thanks', 'email', { next: null })];

test('a completed call counts as sent, the CRM is told, and the sequence takes the outcome’s branch', async () => {
  const { task, leadId, enrollmentId } = await arrive([RING, touchNode('note', 'task'), ...REST]);
  expect(task).toMatchObject({
    kind: 'call',
    state: 'open',
    assignee: 'rep@acme.test',
    stepId: 'ring',
    leadName: 'Ada Lovelace',
  });
  const done = await completeTask(db, task.id, { outcome: 'connected', note: 'nice chat' });
  expect(done).toMatchObject({
    wake: [enrollmentId],
    stopped: 0,
    task: { state: 'done', outcome: 'connected', note: 'nice chat' },
  });
  expect(await touches(enrollmentId)).toEqual([{ step_id: 'ring', attempt: 1, state: 'sent', reason: null }]);
  expect(await types(leadId)).toEqual(['enrollment.started', 'task.created', 'task.completed', 'touch.sent']);
  await walk(host, enrollmentId);
  expect((await touches(enrollmentId)).map((touch) => touch.step_id)).toContain('thanks');
});

test('completing twice, at once or late, is refused and says what was done; so is a cancelled or unknown task', async () => {
  const { task, leadId, enrollmentId } = await arrive([touchNode('note', 'task'), ...REST]);
  const both = await Promise.allSettled(
    Array.from({ length: 8 }, () => completeTask(db, task.id, { outcome: 'done' })),
  );
  expect(both.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
  await expect(completeTask(db, task.id, { outcome: 'skipped' })).rejects.toMatchObject({
    code: 'already_done',
    message: expect.stringContaining('"done"'),
  });
  expect((await db.query('select from inbox where enrollment_id = $1', [enrollmentId])).rowCount).toBe(1);
  expect((await types(leadId)).filter((type) => type === 'task.completed')).toHaveLength(1);
  const other = await arrive([touchNode('note', 'task')]);
  await skip(db, other.enrollmentId);
  await expect(completeTask(db, other.task.id, { outcome: 'done' })).rejects.toMatchObject({
    code: 'cancelled',
  });
  await expect(completeTask(db, leadId, { outcome: 'done' })).rejects.toMatchObject({ code: 'not_found' });
});

test('each kind of task takes its own outcomes only', async () => {
  const { task } = await arrive([touchNode('note', 'task')]);
  await expect(completeTask(db, task.id, { outcome: 'connected' })).rejects.toMatchObject({
    code: 'bad_outcome',
    message: expect.stringContaining('done, skipped'),
  });
  await expect(completeTask(db, task.id, { outcome: 'done', edited: { text: 'x' } })).rejects.toMatchObject({
    code: 'bad_text',
  });
  expect(TASK_OUTCOMES.call).toContain('voicemail');
  expect((await getTask(db, task.id)).state).toBe('open');
});

test('promise 3: “not interested” stops the lead where no branch is for it, and follows the branch where one is', async () => {
  const plain = await arrive([touchNode('ring', 'call'), ...REST]);
  expect(await completeTask(db, plain.task.id, { outcome: 'not_interested' })).toMatchObject({ stopped: 1 });
  expect(await enrollment(plain.enrollmentId)).toEqual({ status: 'stopped', reason: 'not_interested' });
  expect(await types(plain.leadId)).toEqual([
    'enrollment.started',
    'task.created',
    'task.completed',
    'touch.sent',
    'enrollment.stopped',
  ]);
  const branched = await arrive([
    touchNode('ring', 'call', { outcomes: { not_interested: 'thanks' } }),
    ...REST,
  ]);
  expect(await completeTask(db, branched.task.id, { outcome: 'not_interested' })).toMatchObject({
    stopped: 0,
  });
  expect((await enrollment(branched.enrollmentId)).status).toBe('running');
});

test('promise 3: a meeting booked on the phone stops the lead and, by the rule, everybody at the company', async () => {
  const one = await arrive([touchNode('ring', 'call'), ...REST], { meeting_booked: 'company' });
  const colleague = await makeLead(db, { companyId: one.company.id });
  const other = await makeEnrollment(db, { launchId: one.launch.id, leadId: colleague.id });
  const done = await completeTask(db, one.task.id, { outcome: 'meeting_booked' });
  expect(done.stopped).toBe(2);
  expect(done.wake.toSorted()).toEqual([one.enrollmentId, other.id].sort());
  expect(await enrollment(one.enrollmentId)).toEqual({ status: 'stopped', reason: 'meeting_booked' });
  expect(await enrollment(other.id)).toEqual({ status: 'stopped', reason: 'company_meeting_booked' });
  const events = await db.query('select type, channel from lead_events where lead_id = $1', [one.leadId]);
  expect(events.rows).toEqual([{ type: 'meeting_booked', channel: 'call' }]);

  const lenient = await arrive([touchNode('ring', 'call'), ...REST], { meeting_booked: 'none' });
  expect(await completeTask(db, lenient.task.id, { outcome: 'meeting_booked' })).toMatchObject({
    stopped: 0,
    wake: [lenient.enrollmentId],
  });
  await walk(host, lenient.enrollmentId);
  expect((await touches(lenient.enrollmentId)).map((touch) => touch.step_id)).toContain('thanks');
});

test('an approved review sends the edited text, once; a rejected one sends nothing', async () => {
  const review = [touchNode('hello', 'email', { review: true })];
  const approved = await arrive(review);
  expect(approved.task.kind).toBe('review');
  await expect(
    completeTask(db, approved.task.id, { outcome: 'approved', edited: { text: ' ' } }),
  ).rejects.toMatchObject({ code: 'bad_text' });
  await expect(
    completeTask(db, approved.task.id, { outcome: 'approved', edited: { subject: 'a\r\nBcc: x@y.z' } }),
  ).rejects.toMatchObject({ code: 'bad_text' });
  await expect(
    completeTask(db, approved.task.id, { outcome: 'approved', edited: { text: 'Hi {{ lead.first_name }}' } }),
  ).rejects.toMatchObject({ code: 'bad_text' });
  const footer = 'No more? Unsubscribe (https://u.test/x?t=1).';
  await db.query('update touches set content = content || $2 where id = $1', [
    approved.task.touchId,
    { footer },
  ]);
  await completeTask(db, approved.task.id, {
    outcome: 'approved',
    edited: { subject: 'Better', text: 'Dear Ada' },
  });
  const before = host.provider.sent.length;
  await walk(host, approved.enrollmentId);
  expect(host.provider.sent.slice(before)).toEqual([
    expect.objectContaining({ subject: 'Better', text: `Dear Ada\n\n${footer}` }),
  ]);
  expect(host.provider.sent.at(-1)!.html ?? '').not.toContain('Step hello');

  const rejected = await arrive(review);
  await completeTask(db, rejected.task.id, { outcome: 'rejected' });
  await walk(host, rejected.enrollmentId);
  expect(host.provider.sent.slice(before)).toHaveLength(1);
  expect(await touches(rejected.enrollmentId)).toEqual([
    { step_id: 'hello', attempt: 1, state: 'skipped', reason: 'review_rejected' },
  ]);
  expect(await types(rejected.leadId)).toContain('touch.skipped');
});

test('a failed touch that became a task can be tried again', async () => {
  host.provider.respond = () => ({ kind: 'failed', code: 'refused', detail: 'no' });
  const one = await arrive([touchNode('hello', 'email', { onFailure: 'task' })]);
  expect(one.task.kind).toBe('failed');
  host.provider.respond = () => ({ kind: 'sent', providerId: 'p' });
  const before = host.provider.sent.length;
  await completeTask(db, one.task.id, { outcome: 'retry' });
  await walk(host, one.enrollmentId);
  expect(host.provider.sent).toHaveLength(before + 1);
});

test('promise 1: an unconfirmed touch is settled once, by a person, and only then goes on', async () => {
  const brief = await makeHost(db, { leaseMs: 300, inFlightAfterMs: 50, sendTimeoutMs: 250 });
  brief.provider.respond = () => ({ kind: 'unknown', code: 'timeout', detail: 'no answer' });
  const settle = async () => {
    const one = await arrive([touchNode('hello'), ...REST], {}, brief, 3);
    await sleep(450);
    await walk(brief, one.enrollmentId);
    const { rows } = await db.query<{ id: string; state: string }>(
      'select id, state from touches where enrollment_id = $1',
      [one.enrollmentId],
    );
    expect(rows).toMatchObject([{ state: 'unconfirmed' }]);
    return { ...one, touchId: rows[0]!.id };
  };
  const sent = await settle();
  const failed = await settle();
  brief.provider.respond = () => ({ kind: 'sent', providerId: 'p' });
  expect(await settleTouch(db, sent.touchId, true)).toEqual({
    leadId: sent.leadId,
    wake: [sent.enrollmentId],
  });
  await expect(settleTouch(db, sent.touchId, false)).rejects.toMatchObject({ code: 'not_unconfirmed' });
  expect(await touches(sent.enrollmentId)).toMatchObject([{ state: 'sent' }]);
  expect((await types(sent.leadId)).at(-1)).toBe('touch.sent');
  await settleTouch(db, failed.touchId, false);
  expect(await touches(failed.enrollmentId)).toMatchObject([{ state: 'failed', reason: 'settled_not_sent' }]);
  expect((await types(failed.leadId)).at(-1)).toBe('touch.failed');
  await expect(settleTouch(db, sent.leadId, true)).rejects.toMatchObject({ code: 'not_found' });
  await walk(brief, sent.enrollmentId);
  await walk(brief, failed.enrollmentId);
  expect(await touches(sent.enrollmentId)).toMatchObject([
    { step_id: 'hello' },
    { step_id: 'thanks', state: 'sent' },
  ]);
  expect(await touches(failed.enrollmentId)).toMatchObject([
    { step_id: 'hello', attempt: 1, state: 'failed' },
    { step_id: 'hello', attempt: 2, state: 'sent' },
    { step_id: 'thanks', state: 'sent' },
  ]);
  await brief.activities.drain();
});

const LATER: PlanNode = { id: 'pause', kind: 'wait', wait: { unit: 'days', amount: 1 }, next: null };

test('promise 3: a skipped touch does not go out although its workflow has not heard of it, and the next one comes', async () => {
  const one = await arrive([LATER, touchNode('hello'), LATER_2, ...REST]);
  expect(await skip(db, one.enrollmentId)).toEqual({
    enrollmentId: one.enrollmentId,
    leadId: one.leadId,
    wake: [one.enrollmentId],
  });
  expect(await touches(one.enrollmentId)).toMatchObject([{ step_id: 'hello', state: 'cancelled' }]);
  const before = host.provider.sent.length;
  await setTime(db, TUESDAY + 30 * HOUR);
  await walk(host, one.enrollmentId);
  expect(host.provider.sent).toHaveLength(before);
  expect(await touches(one.enrollmentId)).toMatchObject([
    { step_id: 'hello', state: 'skipped', reason: 'skipped_by_person' },
    { step_id: 'thanks', state: 'booked' },
  ]);
  await setTime(db, TUESDAY);
});

const LATER_2: PlanNode = { ...LATER, id: 'pause-2' };

test('promise 3: a rescheduled touch waits from the commit on', async () => {
  const one = await arrive([LATER, touchNode('hello')]);
  const to = TUESDAY + 72 * HOUR;
  for (const wrong of [TUESDAY - 1, Number.NaN, TUESDAY + 400 * 24 * HOUR]) {
    await expect(reschedule(db, one.enrollmentId, wrong)).rejects.toMatchObject({ code: 'bad_time' });
  }
  await reschedule(db, one.enrollmentId, to);
  await walk(host, one.enrollmentId);
  const { rows } = await db.query<{ slot_at: Date }>('select slot_at from touches where enrollment_id = $1', [
    one.enrollmentId,
  ]);
  expect(rows[0]!.slot_at.getTime()).toBeGreaterThanOrEqual(to);
  const withTask = await arrive([touchNode('note', 'task')]);
  await expect(reschedule(db, withTask.enrollmentId, to)).rejects.toMatchObject({ code: 'nothing_to_move' });
});

test('commands that make no sense are refused in words that help', async () => {
  const one = await arrive([LATER, touchNode('hello')]);
  await expect(retry(db, one.enrollmentId)).rejects.toMatchObject({ code: 'not_held' });
  await expect(skip(db, one.leadId)).rejects.toMatchObject({ code: 'not_found' });
  await db.query(`update touches set state = 'unconfirmed' where enrollment_id = $1`, [one.enrollmentId]);
  await expect(skip(db, one.enrollmentId)).rejects.toMatchObject({
    code: 'unconfirmed',
    message: expect.stringContaining('touches settle'),
  });
  await db.query(`update enrollments set status = 'stopped', reason = 'replied' where id = $1`, [
    one.enrollmentId,
  ]);
  await expect(skip(db, one.enrollmentId)).rejects.toMatchObject({
    code: 'not_running',
    message: expect.stringContaining('replied'),
  });
});

test('a held lead is tried again at a person’s word', async () => {
  const one = await arrive([LATER, touchNode('hello')]);
  await db.query(
    `update enrollments set held = true, reason = 'missing_variable', next_at = null where id = $1`,
    [one.enrollmentId],
  );
  expect(await retry(db, one.enrollmentId)).toMatchObject({ wake: [one.enrollmentId] });
  expect((await types(one.leadId)).at(-1)).toBe('enrollment.resumed');
  await expect(retry(db, one.enrollmentId)).rejects.toMatchObject({ code: 'not_held' });
});

test('tasks are listed by when they are due, filtered and page by page', async () => {
  const first = await arrive([touchNode('note', 'task')]);
  const second = await arrive([touchNode('ring', 'call')]);
  await db.query(`update tasks set due_at = due_at - interval '1 day' where id = $1`, [second.task.id]);
  const mine = await listTasks(db, { launchId: first.launch.id, assignee: 'rep@acme.test' });
  expect(mine.map((task) => task.id)).toEqual([first.task.id]);
  expect(await listTasks(db, { leadId: first.leadId, kind: 'call' })).toEqual([]);
  const all = await listTasks(db);
  expect(all.findIndex((task) => task.id === second.task.id)).toBeLessThan(
    all.findIndex((task) => task.id === first.task.id),
  );
  const paged = [...(await listTasks(db, { limit: 1 })), ...(await listTasks(db, { after: all[0]! }))];
  expect(paged.map((task) => task.id)).toEqual(all.map((task) => task.id));
  expect(await listTasks(db, { dueBefore: TUESDAY - 30 * 24 * HOUR })).toEqual([]);
});
