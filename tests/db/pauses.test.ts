import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { listCallbacks } from '../../db/callbacks.ts';
import type { Db } from '../../db/db.ts';
import { announcePauses, nextToWake, pause, resume, wakeStranded } from '../../db/pauses.ts';
import { SCOPES } from '../../db/scopes.ts';
import { findStranded, unfinished } from '../../db/sweep.ts';
import { createTestDatabase } from '../support/database.ts';
import { countRetries } from '../support/sending.ts';
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
let versionId: string;
let sequenceId: string;
let senderId: string;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  ({ id: versionId, sequenceId } = await makeVersion(db, { plan: makePlan([touchNode('hello')]) }));
  senderId = (await makeSender(db)).id;
  host = await makeHost(db);
});
afterEach(() =>
  db.query(`delete from pauses; update enrollments set status = 'finished' where status = 'running'`),
);
afterAll(async () => {
  await host.activities.drain();
  await drop();
});

async function crowd(size: number) {
  const launch = await makeLaunch(db, { versionId });
  const company = await makeCompany(db);
  const people: { leadId: string; enrollmentId: string }[] = [];
  for (let i = 0; i < size; i++) {
    const lead = await makeLead(db, { companyId: company.id });
    const enrollment = await makeEnrollment(db, { launchId: launch.id, leadId: lead.id });
    people.push({ leadId: lead.id, enrollmentId: enrollment.id });
  }
  return { launch, company, people };
}

const walkAll = (people: readonly { enrollmentId: string }[]) =>
  Promise.all(people.map((one) => walk(host, one.enrollmentId)));

async function wakeAll(page: number): Promise<string[]> {
  const woken: string[] = [];
  for (let i = 0; i < 100; i++) {
    const { wake, done } = await nextToWake(db, page);
    if (done) return woken;
    expect(wake.length).toBeLessThanOrEqual(page);
    woken.push(...wake);
  }
  throw new Error('the pages do not end');
}

test.each(SCOPES)('promise 6: pausing by %s sends nothing, and resuming loses nobody', async (scope) => {
  const { launch, company, people } = await crowd(scope === 'lead' ? 1 : 5);
  const id = {
    all: null,
    sequence: sequenceId,
    launch: launch.id,
    sender: senderId,
    company: company.id,
    lead: people[0]!.leadId,
  }[scope];
  const taken = host.provider.sent.length;
  const first = await pause(db, { scope, scopeId: id, reason: 'fair' });
  expect(first).toMatchObject({ already: false, reason: 'fair', sending: [] });
  expect(await pause(db, { scope, scopeId: id, reason: 'again' })).toMatchObject({
    already: true,
    pauseId: first.pauseId,
    reason: 'fair',
  });
  for (const walked of await walkAll(people)) expect(walked.state?.phase).toBe('paused');
  expect(host.provider.sent).toHaveLength(taken);

  expect(await resume(db, { scope, scopeId: id })).toEqual({ resumed: true, waking: people.length });
  expect(await resume(db, { scope, scopeId: id })).toEqual({ resumed: false, waking: 0 });
  expect((await wakeAll(2)).sort()).toEqual(people.map((one) => one.enrollmentId).sort());
  await walkAll(people);
  expect(host.provider.sent).toHaveLength(taken + people.length);
  expect(await unfinished(db)).toEqual({ pauses: 0, stops: false });
});

test('promise 6: a paused sequence covers its other versions and those who came from another sequence’s launch, and nobody else', async () => {
  const name = 'of-two-versions';
  const hello = makePlan([touchNode('hello')]);
  const [old, newer] = [
    await makeVersion(db, { plan: hello, name }),
    await makeVersion(db, { plan: hello, name }),
  ];
  expect(newer.sequenceId).toBe(old.sequenceId);
  const [first, second, other] = [
    await makeLaunch(db, { versionId: old.id }),
    await makeLaunch(db, { versionId: newer.id }),
    await makeLaunch(db, { versionId }),
  ];
  const into = async (launchId: string, version?: string) => {
    const { id: enrollmentId } = await makeEnrollment(db, { launchId, leadId: (await makeLead(db)).id });
    if (version)
      await db.query('update enrollments set version_id = $2 where id = $1', [enrollmentId, version]);
    return { enrollmentId };
  };
  const covered = [await into(first.id), await into(second.id), await into(other.id, newer.id)];
  const free = [await into(other.id), await into(first.id, versionId)];
  const taken = host.provider.sent.length;
  await pause(db, { scope: 'sequence', scopeId: old.sequenceId, reason: 'fair' });
  for (const { state } of await walkAll(covered)) expect(state?.phase).toBe('paused');
  await walkAll(free);
  expect(host.provider.sent).toHaveLength(taken + free.length);

  // One that is made meanwhile waits too, and one launch alone cannot be let go on.
  const late = await into((await makeLaunch(db, { versionId: newer.id })).id);
  await resume(db, { scope: 'launch', scopeId: first.id });
  for (const { state } of await walkAll([late, covered[0]!])) expect(state?.phase).toBe('paused');
  await resume(db, { scope: 'sequence', scopeId: old.sequenceId });
  const ids = [...covered, late].map(({ enrollmentId }) => enrollmentId);
  expect((await wakeAll(2)).sort()).toEqual(ids.sort());
  await walkAll([...covered, late]);
  expect(host.provider.sent).toHaveLength(taken + free.length + ids.length);
});

test('promise 6: the CRM is told of a pause and of its end, each once, whatever crashes between the pages', async () => {
  const { launch, people } = await crowd(5);
  await setTime(db, TUESDAY + 1);
  await pause(db, { scope: 'launch', scopeId: launch.id, reason: 'fair' });
  await announcePauses(db, 2);
  // The process died here; another one goes on, two at once.
  for (let i = 0; i < 4; i++) await Promise.all([announcePauses(db, 2), announcePauses(db, 2)]);
  expect(await announcePauses(db, 2)).toEqual({ announced: 0, done: true });
  await walkAll(people);
  await resume(db, { scope: 'launch', scopeId: launch.id });
  const woken: string[] = [];
  for (let i = 0; i < 5; i++) {
    for (const page of await Promise.all([nextToWake(db, 2), nextToWake(db, 2)])) woken.push(...page.wake);
  }
  expect(woken.sort()).toEqual(people.map((one) => one.enrollmentId).sort());
  for (const { leadId } of people) {
    const told = (await listCallbacks(db, leadId)).filter((callback) => /paused|resumed/.test(callback.type));
    expect(told.map((callback) => callback.type)).toEqual(['enrollment.paused', 'enrollment.resumed']);
    expect(told[0]!.payload).toMatchObject({ data: { scope: 'launch' } });
  }
});

test('promise 6: a pause that ends before it was announced is not announced, and those under another pause stay', async () => {
  const { launch, people } = await crowd(3);
  await setTime(db, TUESDAY + 2);
  const [alone] = people as [(typeof people)[0]];
  await pause(db, { scope: 'launch', scopeId: launch.id, reason: 'fair' });
  await pause(db, { scope: 'lead', scopeId: alone.leadId, reason: 'asked for time' });
  await walkAll(people);
  await resume(db, { scope: 'launch', scopeId: launch.id });
  expect((await wakeAll(10)).sort()).toEqual(
    people
      .slice(1)
      .map((one) => one.enrollmentId)
      .sort(),
  );
  expect((await listCallbacks(db, people[1]!.leadId)).filter((c) => /paused|resumed/.test(c.type))).toEqual(
    [],
  );
  await resume(db, { scope: 'lead', scopeId: alone.leadId });
  expect(await wakeAll(10)).toEqual([alone.enrollmentId]);
});

test('promise 6: a lead that stopped at a pause just as it ended is found and goes on', async () => {
  const { launch, people } = await crowd(1);
  const one = people[0]!;
  await pause(db, { scope: 'launch', scopeId: launch.id, reason: 'fair' });
  // The pause ends and its pages are turned while the transaction that met it has not committed yet.
  await resume(db, { scope: 'launch', scopeId: launch.id });
  await wakeAll(10);
  await db.query(`update enrollments set reason = 'paused_launch', next_at = null where id = $1`, [
    one.enrollmentId,
  ]);
  expect(await findStranded(db, { silentMs: 60_000 })).toEqual([]);
  expect(await findStranded(db, { silentMs: 0 })).toEqual([one.enrollmentId]);
  expect(await wakeStranded(db, [one.enrollmentId])).toEqual([one.enrollmentId]);
  // However often the sweep comes by before the workflow does, one `resume` is enough.
  await wakeStranded(db, [one.enrollmentId]);
  expect(
    (await db.query('select event from inbox where enrollment_id = $1', [one.enrollmentId])).rows,
  ).toEqual([{ event: { type: 'resume' } }]);
});

test('promise 6: who stopped at a broken sender stands still until it is mended', async () => {
  const { people } = await crowd(1);
  const one = people[0]!;
  await walk(host, one.enrollmentId);
  await db.query(
    `update enrollments set status = 'running', ended_at = null, reason = 'paused_sender', next_at = null where id = $1`,
    [one.enrollmentId],
  );
  await db.query(
    `update senders set broken_at = business_now(), broken_reason = 'credentials' where id = $1`,
    [senderId],
  );
  expect(await findStranded(db, { silentMs: 0 })).toEqual([]);
  await db.query('update senders set broken_at = null where id = $1', [senderId]);
  expect(await findStranded(db, { silentMs: 0 })).toEqual([one.enrollmentId]);
});

test('promise 6: resuming the lead while its page is turned deadlocks nobody', async () => {
  const { launch, people } = await crowd(6);
  await setTime(db, TUESDAY + HOUR);
  const counted = countRetries(db);
  for (let round = 0; round < 5; round++) {
    await Promise.all([
      pause(counted.db, { scope: 'launch', scopeId: launch.id, reason: 'fair' }),
      ...people.map((one) => pause(counted.db, { scope: 'lead', scopeId: one.leadId, reason: 'fair' })),
      announcePauses(counted.db, 3),
      nextToWake(counted.db, 3),
    ]);
    await Promise.all([
      resume(counted.db, { scope: 'launch', scopeId: launch.id }),
      ...people.map((one) => resume(counted.db, { scope: 'lead', scopeId: one.leadId })),
      announcePauses(counted.db, 3),
      nextToWake(counted.db, 3),
    ]);
  }
  await wakeAll(3);
  expect(counted.retries()).toBe(0);
});
