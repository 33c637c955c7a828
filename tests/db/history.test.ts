import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createIdentityHasher } from '../../common/crypto.ts';
import { stopLead } from '../../db/controls.ts';
import type { Db } from '../../db/db.ts';
import { recordLeadEvent } from '../../db/events.ts';
import { findLead, status, timeline } from '../../db/history.ts';
import { pause, resume } from '../../db/pauses.ts';
import { suppress } from '../../db/suppressions.ts';
import { completeTask, listTasks } from '../../db/tasks.ts';
import { why } from '../../db/why.ts';
import type { PlanNode } from '../../sequences/plan.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeHost, walk, type Host } from '../support/enrollment-host.ts';
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
} from '../support/factories.ts';

const hash = createIdentityHasher(Buffer.alloc(32, 7));
const DAY = 86_400_000;
const WAIT: PlanNode = { id: 'breathe', kind: 'wait', wait: { unit: 'days', amount: 2 }, next: null };
let db: Db;
let drop: () => Promise<void>;
let host: Host;
let senderId: string;
let launchId: string;
let sequenceId: string;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  host = await makeHost(db);
  senderId = (await makeSender(db, { name: 'Grace Hopper', address: 'grace@acme.test' })).id;
  await makeSender(db, { channel: 'call' });
  const version = await makeVersion(db, {
    name: 'classic',
    plan: makePlan([touchNode('hello'), touchNode('ring', 'call'), WAIT, touchNode('bye')]),
  });
  ({ sequenceId } = version);
  launchId = (await makeLaunch(db, { versionId: version.id })).id;
});
afterAll(async () => {
  await host.activities.drain();
  await drop();
});

async function lead(options: Parameters<typeof makeLead>[1] = {}) {
  const row = await makeLead(db, { owner: 'rep@acme.test', phone: '+4930123456', ...options });
  const { id } = await makeEnrollment(db, { launchId, leadId: row.id });
  return { leadId: row.id, enrollmentId: id, email: row.email! };
}
const say = async (leadId: string) => (await why(db, hash, leadId)).sentence;

test('promise 2: the timeline of a lead tells what happened, by whom, and what comes, in order', async () => {
  const one = await lead();
  await walk(host, one.enrollmentId);
  await setTime(db, TUESDAY + 3_600_000);
  const [task] = await listTasks(db, { leadId: one.leadId });
  await completeTask(db, task!.id, { outcome: 'voicemail' });
  await recordLeadEvent(db, hash, { leadId: one.leadId, type: 'opened', channel: 'email' });
  await walk(host, one.enrollmentId);
  const told = await timeline(db, one.leadId);
  expect(told).toMatchObject({
    timeZone: 'Europe/Berlin',
    truncated: false,
    lead: { name: 'Ada Lovelace', email: one.email },
  });
  expect(told.entries.map(({ at }) => at)).toEqual(
    told.entries.map(({ at }) => at).toSorted((a, b) => a - b),
  );
  const touches = told.entries.filter((entry) => entry.what === 'touch');
  expect(touches).toMatchObject([
    {
      step: 'hello',
      channel: 'email',
      state: 'sent',
      sequence: 'classic',
      sender: 'Grace Hopper <grace@acme.test>',
      attempt: 1,
    },
    { step: 'ring', channel: 'call', state: 'sent' },
    { step: 'bye', state: 'booked' },
  ]);
  expect(told.entries.filter((entry) => entry.what === 'event')).toMatchObject([
    { state: 'opened', channel: 'email' },
  ]);
  expect(told.entries.filter((entry) => entry.what === 'task')).toMatchObject([
    { state: 'done', reason: 'voicemail', step: 'ring' },
  ]);
  expect(told.entries.filter((entry) => entry.what === 'decision')).toContainEqual(
    expect.objectContaining({ state: 'outcome', reason: 'voicemail' }),
  );
  // Page by page it is the same, also where several things happened at one instant.
  await db.query(
    `insert into decisions (enrollment_id, lead_id, at, kind, reason)
     select $1, $2, '2026-03-10T09:00:00.123456Z', 'many', n::text from generate_series(1, 15) n`,
    [one.enrollmentId, one.leadId],
  );
  const whole = (await timeline(db, one.leadId)).entries.toReversed();
  const seen: typeof whole = [];
  for (
    let page = await timeline(db, one.leadId, 3);
    ;
    page = await timeline(db, one.leadId, 3, page.earlier)
  ) {
    seen.push(...page.entries.toReversed());
    expect(page.truncated).toBe(page.earlier !== null);
    if (page.earlier === null) break;
  }
  expect(seen).toEqual(whole);
  await db.query(`delete from decisions where kind = 'many'`);
  const short = await timeline(db, one.leadId, 2);
  expect(short).toMatchObject({ truncated: true, entries: told.entries.slice(-2) });
  await setTime(db, TUESDAY);
});

test('promise 2: the timeline tells what was said: by us, by the lead, by the rep', async () => {
  const one = await lead();
  await walk(host, one.enrollmentId);
  const long = 'x'.repeat(1500);
  await db.query(
    `with m as (insert into messages (lead_id, channel, sender_id, at, address, body, class, class_by)
       values ($1, 'email', $2, business_now(), 'ada@lead.example', $3, 'interested', 'rule') returning id, at),
     e as (insert into lead_events (lead_id, type, channel, at) select $1, 'replied', 'email', at from m),
     r as (insert into replies (lead_id, answers, channel, sender_id, state, body, sending_at, at)
       select $1, id, 'email', $2, 'sent', 'Gladly, on Monday.', at, at from m returning id)
     insert into lead_events (lead_id, type, channel, at, data)
     select $1, 'answered', 'email', business_now(), jsonb_build_object('replyId', id) from r`,
    [one.leadId, senderId, `Tell me more. ${long}`],
  );
  const [task] = await listTasks(db, { leadId: one.leadId });
  await completeTask(db, task!.id, { outcome: 'connected', note: 'Wants a demo.' });
  const { entries } = await timeline(db, one.leadId);
  const of = (state: string, what: string) =>
    entries.find((entry) => entry.state === state && entry.what === what);
  const sent = (
    await db.query<{ text: string }>(
      `select (content->>'subject') || E'\n' || (content->>'text') as text from touches where lead_id = $1 and state = 'sent' and channel = 'email'`,
      [one.leadId],
    )
  ).rows[0]!.text;
  expect(sent.length).toBeGreaterThan(5);
  expect(entries.find(({ what, step }) => what === 'touch' && step === 'hello')!.text).toBe(sent);
  expect(of('replied', 'event')!.text).toBe(`Tell me more. ${long}`.slice(0, 1000));
  expect(of('answered', 'event')).toMatchObject({
    text: 'Gladly, on Monday.',
    sender: 'Grace Hopper <grace@acme.test>',
  });
  expect(of('done', 'task')!.text).toBe('Wants a demo.');
  // What a script says was not said by that.
  expect(entries.filter(({ what, channel }) => what === 'touch' && channel === 'call')).toMatchObject([
    { text: null },
  ]);
});

test('promise 2: why says what comes next and when, in the lead’s own time', async () => {
  const one = await lead({ timeZone: 'America/New_York' });
  await walk(host, one.enrollmentId);
  const told = await why(db, hash, one.leadId);
  expect(told).toMatchObject({
    timeZone: 'America/New_York',
    enrollment: { sequence: 'classic', status: 'running', step: 'hello' },
    next: { action: 'touch', at: Date.parse('2026-03-10T13:00:00Z') },
    blocks: [],
  });
  expect(told.sentence).toBe(
    'Ada Lovelace is at step hello of classic. Next: email, Tue, 10 Mar 2026, 09:00 (America/New_York).',
  );
  // A time that the pause would not let it keep is not promised.
  await pause(db, { scope: 'lead', scopeId: one.leadId, reason: 'fair' });
  expect((await why(db, hash, one.leadId)).sentence).toBe(
    'Ada Lovelace is at step hello of classic. This lead is paused: fair. After the pause: email, in a new slot.',
  );
  await resume(db, { scope: 'lead', scopeId: one.leadId });
});

test('promise 2: why names everything that keeps a lead, and who has to do something', async () => {
  const one = await lead();
  await walk(host, one.enrollmentId);
  expect(await say(one.leadId)).toMatch(
    /A task is open: “Do ring”; rep@acme\.test has it, due Wed, 11 Mar 2026/,
  );

  const held = await lead();
  await walk(host, held.enrollmentId);
  await db.query(
    `update enrollments set held = true, reason = 'missing_variable:lead.title', next_at = null where id = $1`,
    [held.enrollmentId],
  );
  expect((await why(db, hash, held.leadId)).blocks).toContainEqual(expect.objectContaining({ kind: 'held' }));
  expect(await say(held.leadId)).toMatch(
    /Held: This lead lacks what a text names; fill it in, then retry \(lead\.title\)\./,
  );

  const unsure = await lead();
  await walk(host, unsure.enrollmentId);
  await db.query(`update touches set state = 'unconfirmed' where enrollment_id = $1 and step_id = 'hello'`, [
    unsure.enrollmentId,
  ]);
  expect(await say(unsure.leadId)).toMatch(/not known whether step hello \(email\) went out.*touches settle/);

  const scopes = [
    ['all', null, 'Everything is paused: fair.'],
    ['sequence', sequenceId, 'Its sequence is paused: fair.'],
    ['launch', launchId, 'Its launch is paused: fair.'],
    ['lead', one.leadId, 'This lead is paused: fair.'],
    ['sender', senderId, 'Its sender is paused: fair.'],
  ] as const;
  for (const [scope, scopeId, sentence] of scopes) {
    await pause(db, { scope, scopeId, reason: 'fair' });
    expect(await say(one.leadId)).toContain(sentence);
    await resume(db, { scope, scopeId });
  }
  await db.query(
    `update senders set broken_at = business_now(), broken_reason = 'credentials_refused' where id = $1`,
    [senderId],
  );
  expect(await say(one.leadId)).toContain('The sender Grace Hopper is broken (credentials refused).');
  await db.query('update senders set broken_at = null where id = $1', [senderId]);
  await suppress(db, hash, { kind: 'email', value: one.email }, { channel: 'email', reason: 'asked' });
  expect(await say(one.leadId)).toContain('must not be contacted on email');

  const pending = await lead();
  await db.query(`update enrollments set status = 'pending' where id = $1`, [pending.enrollmentId]);
  expect(await say(pending.leadId)).toBe(
    'Ada Lovelace has not started on classic. It waits until its senders have room for new leads.',
  );
  await stopLead(db, pending.leadId);
  expect(await say(pending.leadId)).toMatch(
    /^Ada Lovelace left classic Tue, 10 Mar 2026.*Somebody stopped it\.$/,
  );
  const nobody = await makeLead(db, { firstName: null, lastName: null });
  expect(await say(nobody.id)).toBe(`${nobody.email} is in no sequence.`);
  await expect(why(db, hash, launchId)).rejects.toMatchObject({ code: 'not_found' });
});

test('a lead is found by id, address, external id, LinkedIn URL or a name that only it has', async () => {
  const url = 'https://www.linkedin.com/in/hedy-l';
  const hedy = await makeLead(db, {
    firstName: 'Hedy',
    lastName: 'Lamarr',
    email: 'hedy@film.test',
    externalId: 'CRM-9',
    linkedinUrl: url,
  });
  for (const text of [hedy.id, 'Hedy@Film.test', 'CRM-9', url, 'hedy  lamarr']) {
    expect((await findLead(db, text)).id).toBe(hedy.id);
  }
  await expect(findLead(db, 'Ada Lovelace')).rejects.toMatchObject({
    code: 'ambiguous',
    message: expect.stringContaining('@example.test'),
  });
  await expect(findLead(db, `nobody' or 1=1`)).rejects.toMatchObject({ code: 'not_found' });
});

test('the status counts who is where, what was touched, and what comes', async () => {
  const all = await status(db);
  const of = await status(db, launchId);
  expect(of.enrollments.running).toBeGreaterThan(0);
  expect(all.enrollments.running).toBeGreaterThanOrEqual(of.enrollments.running);
  expect(of.touches).toContainEqual(
    expect.objectContaining({ step: 'hello', channel: 'email', state: 'sent' }),
  );
  expect(of.held).toBe(1);
  expect(of.openTasks).toBeGreaterThan(0);
  expect(of.next.map((next) => next.at)).toEqual(of.next.map((next) => next.at).toSorted((a, b) => a - b));
  expect(of.next[0]).toMatchObject({ lead: 'Ada Lovelace', action: expect.any(String) });
  await expect(status(db, senderId)).rejects.toMatchObject({ code: 'not_found' });
  await setTime(db, TUESDAY + DAY);
});
