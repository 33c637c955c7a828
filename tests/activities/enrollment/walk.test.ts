import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Db } from '../../../db/db.ts';
import { listCallbacks } from '../../../db/callbacks.ts';
import { appendInbox } from '../../../db/inbox.ts';
import { readCameBack, sendAgain } from '../../../db/send-again.ts';
import { completeTask } from '../../../db/tasks.ts';
import { createTestDatabase } from '../../support/database.ts';
import { again, makeHost, walk, type Host } from '../../support/enrollment-host.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../../support/factories.ts';
import type { PlanNode, SequenceSettings, StepCopy } from '../../../sequences/plan.ts';

let db: Db;
let drop: () => Promise<void>;
let host: Host;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());
beforeEach(async () => {
  await setTime(db, TUESDAY);
  host = await makeHost(db);
});

const DAY = 86_400_000;

async function enroll(
  nodes: readonly PlanNode[],
  options: {
    lead?: Parameters<typeof makeLead>[1];
    copy?: Record<string, StepCopy>;
    settings?: Partial<SequenceSettings>;
    senderIds?: string[];
  } = {},
) {
  const sender = await makeSender(db);
  const lead = await makeLead(db, options.lead);
  const version = await makeVersion(db, {
    plan: makePlan(nodes),
    ...(options.copy && { copy: options.copy }),
    ...(options.settings && { settings: options.settings }),
  });
  const launch = await makeLaunch(db, {
    versionId: version.id,
    senderIds: [sender.id, ...(options.senderIds ?? [])],
  });
  const enrollment = await makeEnrollment(db, { launchId: launch.id, leadId: lead.id });
  return { id: enrollment.id, lead, sender, version, launch };
}

const row = async (id: string) =>
  (
    await db.query<{
      status: string;
      reason: string;
      next_action: string | null;
      next_at: Date | null;
      held: boolean;
      revision: number;
    }>('select * from enrollments where id = $1', [id])
  ).rows[0]!;
const touches = async (id: string) =>
  (
    await db.query<
      Record<string, unknown> & { state: string; step_id: string; at: Date | null; slot_at: Date }
    >('select * from touches where enrollment_id = $1 order by created_at, attempt', [id])
  ).rows;
const told = async (leadId: string) => (await listCallbacks(db, leadId)).map(({ type }) => type);

test('a sequence goes from its first touch over a wait to its end, and PostgreSQL says where it stands all the way', async () => {
  const { id, lead } = await enroll(
    [
      touchNode('hello'),
      { id: 'pause', kind: 'wait', wait: { unit: 'days', amount: 2 }, next: null },
      touchNode('again', 'email', { replyTo: 'hello' }),
    ],
    { copy: { again: { body: 'Did you see this, {{ lead.first_name }}?' } } },
  );
  const first = await walk(host, id);
  expect(first.answers.map(({ type }) => type)).toEqual(['slot', 'sent', 'slot']);
  expect(first.state).toMatchObject({ step: 'again', phase: 'booked', until: TUESDAY + 2 * DAY });
  expect(await row(id)).toMatchObject({
    status: 'running',
    reason: 'waits_for_slot',
    next_action: 'touch',
    next_at: new Date(TUESDAY + 2 * DAY),
  });
  await setTime(db, TUESDAY + 2 * DAY);
  const end = await walk(host, id);
  expect(end.ended).toBe('done');
  expect(await row(id)).toMatchObject({ status: 'finished', reason: 'completed', next_at: null });
  const [hello, reply] = host.provider.sent;
  expect(hello).toMatchObject({ to: lead.email, subject: 'Hello Ada', toName: 'Ada Lovelace' });
  expect(hello!.unsubscribeUrl).toBe(`https://cadenza.test/u/${hello!.touchId}`);
  expect(reply).toMatchObject({ subject: 'Re: Hello Ada' });
  expect(reply!.thread).toEqual([expect.stringMatching(new RegExp(`^<${hello!.touchId}@acme.test>$`))]);
  expect((await touches(id)).map(({ state, copy_revision }) => ({ state, copy_revision }))).toEqual([
    { state: 'sent', copy_revision: 1 },
    { state: 'sent', copy_revision: 1 },
  ]);
  expect(await told(lead.id)).toEqual([
    'enrollment.started',
    'touch.sent',
    'touch.sent',
    'enrollment.finished',
  ]);
});

test('promise 10: a touch is written with the copy of the day, and records its revision', async () => {
  const { id, version } = await enroll([touchNode('hello')]);
  await db.query(
    `insert into copy_revisions (version_id, revision, copy, copy_hash, source)
     values ($1, 2, '{"steps": {"hello": {"subject": "New words", "body": "New"}}, "unsubscribeFooter": null}', 'x', '')`,
    [version.id],
  );
  await walk(host, id);
  expect(host.provider.sent[0]).toMatchObject({ subject: 'New words' });
  expect((await touches(id))[0]).toMatchObject({ copy_revision: 2, content: { subject: 'New words' } });
});

test('promise 7: a missing variable holds the lead, is told once, and goes on when it is there', async () => {
  const { id, lead } = await enroll([touchNode('hello')], { lead: { firstName: null } });
  const held = await walk(host, id);
  expect(held.answers.at(-1)).toMatchObject({ type: 'held', reason: 'missing_variable:lead.first_name' });
  expect(held.state).toMatchObject({ phase: 'held', until: null });
  expect(await row(id)).toMatchObject({
    held: true,
    next_at: null,
    reason: 'missing_variable:lead.first_name',
  });
  expect((await touches(id))[0]).toMatchObject({ state: 'cancelled' });
  // A workflow that starts again finds the same, without saying it twice.
  const still = await walk(host, id);
  expect(still.answers.map(({ type }) => type)).toEqual(['held']);
  expect(await told(lead.id)).toEqual(['enrollment.started', 'enrollment.held']);
  const decisions = await db.query('select * from decisions where enrollment_id = $1', [id]);
  expect(decisions.rows).toHaveLength(1);
  expect(host.provider.sent).toHaveLength(0);

  await db.query(`update leads set first_name = 'Ada' where id = $1`, [lead.id]);
  await db.tx((tx) => appendInbox(tx, id, { type: 'resume' }));
  expect((await walk(host, id)).ended).toBe('done');
  expect(host.provider.sent).toHaveLength(1);
});

test('a step whose wait names a field that the lead lacks is held', async () => {
  const { id } = await enroll([
    { id: 'w', kind: 'wait', wait: { unit: 'field', field: 'renewal_date' }, next: null },
    touchNode('hello'),
  ]);
  expect((await walk(host, id)).answers.at(-1)).toMatchObject({
    type: 'held',
    reason: 'missing_field:renewal_date',
  });
  const dated = await enroll(
    [
      { id: 'w', kind: 'wait', wait: { unit: 'field', field: 'renewal_date' }, next: null },
      touchNode('hello'),
    ],
    { lead: { attributes: { renewal_date: '2026-03-20' } } },
  );
  // Friday the 20th, when the window opens in Berlin.
  expect((await walk(host, dated.id)).state).toMatchObject({ until: Date.parse('2026-03-20T08:00:00Z') });
});

test('tasks: a call opens a task, its outcome leads on, and nothing is opened twice', async () => {
  const call = touchNode('ring', 'call', {
    outcomes: { connected: null },
    giveUpAfter: { unit: 'days', amount: 3 },
    due: { unit: 'hours', amount: 4 },
  });
  const line = await makeSender(db, { channel: 'call', address: '+4930123456', owner: 'grace' });
  const { id, lead } = await enroll([call, touchNode('after')], {
    lead: { phone: '+491701234567' },
    senderIds: [line.id],
    copy: { ring: { title: 'Ring {{ lead.first_name }}', body: 'Say hello' } },
  });
  const opened = await walk(host, id);
  expect(opened.answers.at(-1)).toMatchObject({ type: 'task_open', giveUpAt: TUESDAY + 3 * DAY });
  expect(await again(host, id)).toMatchObject({ answer: { type: 'task_open', giveUpAt: TUESDAY + 3 * DAY } });
  const tasks = (await db.query('select * from tasks where enrollment_id = $1', [id])).rows;
  expect(tasks).toMatchObject([
    {
      kind: 'call',
      title: 'Ring Ada',
      body: 'Say hello',
      link: 'tel:+491701234567',
      assignee: 'grace',
      due_at: new Date(TUESDAY + 4 * 3_600_000),
    },
  ]);
  expect(await told(lead.id)).toEqual(['enrollment.started', 'task.created']);
  expect(await row(id)).toMatchObject({ reason: 'task_open', next_action: 'give_up' });
});

test('a task that nobody does is given up: cancelled, skipped, told', async () => {
  const { id, lead } = await enroll([
    touchNode('work', 'task', { giveUpAfter: { unit: 'days', amount: 1 } }),
  ]);
  await walk(host, id);
  await setTime(db, TUESDAY + DAY);
  expect((await walk(host, id)).ended).toBe('done');
  expect(await touches(id)).toMatchObject([{ state: 'skipped', reason: 'gave_up' }]);
  expect((await db.query('select state from tasks where enrollment_id = $1', [id])).rows).toEqual([
    { state: 'cancelled' },
  ]);
  expect(await told(lead.id)).toContain('touch.skipped');
});

test('manual LinkedIn steps become tasks with the profile in them', async () => {
  const account = await makeSender(db, { channel: 'linkedin', provider: 'manual' });
  const linkedinUrl = 'https://linkedin.com/in/ada';
  const { id } = await enroll([touchNode('li', 'linkedin', { action: 'invite' })], {
    lead: { linkedinUrl },
    senderIds: [account.id],
    copy: { li: { body: 'Hello {{ lead.first_name }}' } },
  });
  await walk(host, id);
  expect((await db.query('select * from tasks where enrollment_id = $1', [id])).rows).toMatchObject([
    { kind: 'linkedin', link: linkedinUrl, body: 'Hello Ada', title: 'LinkedIn: invite Ada Lovelace' },
  ]);
});

test('a launch whose first messages are reviewed: the reviewer has the first, the second goes by itself', async () => {
  const { id, launch } = await enroll([touchNode('hello'), touchNode('again')]);
  await db.query(`update launches set review = 'first', reviewer = 'mia@acme.test' where id = $1`, [
    launch.id,
  ]);
  expect((await walk(host, id)).answers.at(-1)).toMatchObject({ type: 'task_open' });
  expect(host.provider.sent).toHaveLength(0);
  const { rows } = await db.query<{ id: string; kind: string; assignee: string }>(
    'select id, kind, assignee from tasks where enrollment_id = $1',
    [id],
  );
  expect(rows).toMatchObject([{ kind: 'review', assignee: 'mia@acme.test' }]);
  await completeTask(db, rows[0]!.id, { outcome: 'approved' });
  await walk(host, id);
  expect(host.provider.sent).toHaveLength(2);
});

test('review: a person sees the text first, and what they approved is what goes', async () => {
  const { id } = await enroll([touchNode('hello', 'email', { review: true })]);
  expect((await walk(host, id)).answers.at(-1)).toMatchObject({ type: 'task_open', giveUpAt: null });
  expect(host.provider.sent).toHaveLength(0);
  await db.query(
    `update touches set content = content - 'html' || '{"text": "As edited"}' where enrollment_id = $1`,
    [id],
  );
  await db.query(
    `update tasks set state = 'done', outcome = 'approved', done_at = business_now() where enrollment_id = $1`,
    [id],
  );
  await db.tx((tx) => appendInbox(tx, id, { type: 'approved', step: 'hello', visit: 1 }));
  expect((await walk(host, id)).ended).toBe('done');
  expect(host.provider.sent).toMatchObject([{ text: 'As edited', subject: 'Hello Ada' }]);
  expect(host.provider.sent[0]!.html).toBeUndefined();
});

test('a condition looks at the lead and at what happened; one that cannot be answered holds', async () => {
  const nodes: PlanNode[] = [
    touchNode('hello'),
    {
      id: 'check',
      kind: 'if',
      condition: 'sent["hello"] && lead.attributes.tier == "gold"',
      then: 'gold',
      otherwise: null,
    },
    touchNode('gold'),
  ];
  const gold = await enroll(nodes, { lead: { attributes: { tier: 'gold' } } });
  expect((await walk(host, gold.id)).ended).toBe('done');
  expect((await touches(gold.id)).map(({ step_id }) => step_id)).toEqual(['hello', 'gold']);
  const iron = await enroll(nodes, { lead: { attributes: { tier: 'iron' } } });
  await walk(host, iron.id);
  expect(await touches(iron.id)).toHaveLength(1);
});

test('reactivation ends one enrollment and starts the next in the same transaction', async () => {
  const next = await makeVersion(db, { plan: makePlan([touchNode('back')]), name: `back-${Date.now()}` });
  const { id, lead } = await enroll([
    touchNode('hello'),
    { id: 're', kind: 'reactivate', after: { unit: 'days', amount: 21 }, with: next.name },
  ]);
  await walk(host, id);
  await setTime(db, TUESDAY + 21 * DAY);
  await walk(host, id);
  const [successor] = host.started;
  expect(await row(id)).toMatchObject({ status: 'finished', reason: 'reactivated' });
  expect((await db.query('select * from enrollments where id = $1', [successor])).rows[0]).toMatchObject({
    lead_id: lead.id,
    version_id: next.id,
    reactivated_from: id,
    status: 'running',
  });
  expect((await walk(host, successor!)).ended).toBe('done');
  expect(host.provider.sent).toHaveLength(2);
  expect(await again(host, id)).toEqual({ kind: 'ended', reason: 'reactivated' });
  expect(await told(lead.id)).toEqual([
    'enrollment.started',
    'touch.sent',
    'enrollment.finished',
    'enrollment.started',
    'touch.sent',
    'enrollment.finished',
  ]);
});

test('a touch that cannot be sent keeps its time and is skipped then: delays are not shortened (promise 4)', async () => {
  const { id, lead } = await enroll([
    touchNode('sms', 'sms'),
    { id: 'w', kind: 'wait', wait: { unit: 'days', amount: 2 }, next: null },
    touchNode('hello'),
  ]);
  const walked = await walk(host, id);
  expect(walked.answers.map(({ type }) => type)).toEqual(['slot', 'skipped', 'slot']);
  expect(walked.state).toMatchObject({ until: TUESDAY + 2 * DAY });
  expect(await touches(id)).toMatchObject([
    { state: 'skipped', reason: 'no_phone', sender_id: null },
    { state: 'booked' },
  ]);
  expect(await told(lead.id)).toEqual(['enrollment.started', 'touch.skipped']);
});

test('webhook steps post their data under an id that no attempt changes', async () => {
  const { id } = await enroll([touchNode('hook', 'webhook')], {
    copy: { hook: { url: 'https://crm.test/in', data: { who: '{{ lead.email }}' } } },
  });
  await setTime(db, Date.parse('2026-03-14T22:00:00Z'));
  expect((await walk(host, id)).ended).toBe('done');
  expect(host.posted).toEqual([
    {
      url: 'https://crm.test/in',
      body: { who: expect.stringContaining('@example.test') },
      id: `${id}:hook:1`,
    },
  ]);
});

test('a command that a person gave is taken in before anything goes out', async () => {
  const { id } = await enroll([touchNode('hello')]);
  const first = await host.activities.load({ enrollmentId: id });
  if (first.kind !== 'run') throw new Error('it runs');
  // Booked for tomorrow; then somebody skips it, and the timer fires before the workflow has read that.
  await setTime(db, TUESDAY + 10 * 3_600_000);
  await walk(host, id);
  await setTime(db, TUESDAY + DAY);
  const loaded = await host.activities.load({ enrollmentId: id });
  if (loaded.kind !== 'run') throw new Error('it runs');
  await db.tx((tx) => appendInbox(tx, id, { type: 'skip' }));
  const state = { ...loaded.state!, phase: 'performing' as const };
  const result = await host.activities.execute({
    enrollmentId: id,
    revision: loaded.revision,
    state,
    command: { kind: 'perform', step: 'hello', visit: 1, attempt: 1, asTask: false },
    decisions: [],
  });
  expect(result).toMatchObject({ answer: { type: 'early' }, news: [{ type: 'skip' }] });
  expect(host.provider.sent).toHaveLength(0);
});

test('what Temporal gets to see names no lead, also when the database fails (promise 8)', async () => {
  const { id } = await enroll([touchNode('hello')]);
  const broken = await makeHost(
    new Proxy(db, {
      get: (target, name) =>
        name === 'tx'
          ? () => Promise.reject(Object.assign(new Error('ada@example.test is bad'), { code: '22P02' }))
          : Reflect.get(target, name),
    }),
  );
  const failure = await walk(broken, id).catch((error: unknown) => error);
  expect(String(failure)).not.toContain('ada@');
  expect(failure).toMatchObject({ type: 'database_22p02', message: 'database_22p02' });
});

test('promise 1: what came back undelivered is sent again as the next attempt, and what was booked after it waits its turn', async () => {
  const { id, lead } = await enroll(
    [
      touchNode('hello'),
      { id: 'pause', kind: 'wait', wait: { unit: 'days', amount: 2 }, next: null },
      touchNode('again', 'email', { replyTo: 'hello' }),
    ],
    { copy: { again: { body: 'Did you see this?' } } },
  );
  await walk(host, id);
  const [hello] = await touches(id);
  await db.tx(async (tx) => {
    const back = await readCameBack(tx, String(hello!.id));
    expect(await sendAgain(tx, back!, TUESDAY + DAY)).toBe(id);
  });
  await walk(host, id);
  expect((await touches(id)).map((touch) => [touch.step_id, touch.attempt, touch.state])).toEqual([
    ['hello', 1, 'sent'],
    ['again', 1, 'cancelled'],
    ['hello', 2, 'booked'],
  ]);
  await setTime(db, TUESDAY + DAY);
  await walk(host, id);
  await setTime(db, TUESDAY + 3 * DAY);
  expect((await walk(host, id)).ended).toBe('done');
  expect(host.provider.sent.map(({ touchId }) => touchId)).toHaveLength(3);
  const [, again, second] = await touches(id);
  expect(again).toMatchObject({ state: 'sent', at: new Date(TUESDAY + 3 * DAY) });
  expect(host.provider.sent.at(-1)!.thread).toEqual([second!.message_id]);
  expect(await told(lead.id)).toContain('enrollment.finished');
});

test('an address that does not exist gives way to the lead’s next one at once', async () => {
  const { id, lead } = await enroll([touchNode('hello')]);
  const emails = ['gone@two.example', 'here@two.example'];
  await db.query('update leads set emails = $2 where id = $1', [lead.id, emails]);
  host.provider.respond = ({ to }) =>
    to === emails[0]
      ? { kind: 'failed', code: 'no_such_mailbox', detail: '550 5.1.1', addressBad: true }
      : { kind: 'sent', providerId: 'p-1' };
  await db.query(
    `update sequence_versions set plan = jsonb_set(plan, '{stopOn,bounced}', '"none"') where id = (select version_id from enrollments where id = $1)`,
    [id],
  );
  await walk(host, id);
  await setTime(db, TUESDAY + 3_600_000);
  await walk(host, id);
  expect(host.provider.sent.map(({ to }) => to)).toEqual([emails[1]]);
  expect((await touches(id)).map((touch) => [touch.attempt, touch.state, touch.recipient])).toEqual([
    [1, 'failed', emails[0]],
    [2, 'sent', emails[1]],
  ]);
  expect((await row(id)).status).toBe('finished');
});
