import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { addAbsence, changeAbsence, coveredBy, endAbsence } from '../../db/absences.ts';
import { addUser, type User } from '../../db/access/users.ts';
import { listCallbacks } from '../../db/callbacks.ts';
import type { Db } from '../../db/db.ts';
import { readGround } from '../../db/enrollments.ts';
import { recordLeadEvent } from '../../db/events.ts';
import { timeline } from '../../db/history.ts';
import { lockChain } from '../../db/locks.ts';
import { startPending } from '../../db/pacing.ts';
import { announcePauses, endDuePauses, nextToWake } from '../../db/pauses.ts';
import { findStranded, unfinished } from '../../db/sweep.ts';
import { why } from '../../db/why.ts';
import { createTestDatabase } from '../support/database.ts';
import { identityHash, makeHost, walk, type Host } from '../support/enrollment-host.ts';
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

const DAY = 86_400_000;
let db: Db;
let drop: () => Promise<void>;
let host: Host;
let launchId: string;
let versionId: string;
let senderId: string;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  ({ id: versionId } = await makeVersion(db, {
    plan: makePlan([
      { id: 'wait', kind: 'wait', wait: { unit: 'days', amount: 1 }, next: null },
      touchNode('hello'),
      touchNode('again'),
    ]),
  }));
  senderId = (await makeSender(db)).id;
  launchId = (await makeLaunch(db, { versionId, senderIds: [senderId] })).id;
  host = await makeHost(db);
});
afterAll(async () => {
  await host.activities.drain();
  await drop();
});

let people = 0;
const rep = (team: string | null = null) =>
  addUser(db, { email: `rep${++people}@acme.test`, name: `Rep ${people}`, role: 'rep', team });
async function leadOf(owner: User) {
  const lead = await makeLead(db, { owner: owner.email });
  const { id } = await makeEnrollment(db, { launchId, leadId: lead.id });
  return { leadId: lead.id, enrollmentId: id };
}
const leave = (from: string, to: string, colleagueId: string | null = null) => ({
  from,
  to,
  timeZone: 'Europe/Berlin',
  colleagueId,
});
async function sent(leadId: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    `select count(*)::int as n from touches where lead_id = $1 and state = 'sent'`,
    [leadId],
  );
  return rows[0]!.n;
}
async function wakeAll(): Promise<string[]> {
  const woken: string[] = [];
  for (;;) {
    const { wake, done } = await nextToWake(db);
    woken.push(...wake);
    if (done) return woken;
  }
}
async function go(at: number, enrollmentId: string) {
  await setTime(db, at);
  await endDuePauses(db);
  await wakeAll();
  return walk(host, enrollmentId);
}

test('promise 6: a touch that is due within a leave is not sent, is sent after it, and nobody is lost', async () => {
  await setTime(db, TUESDAY);
  const [ayse, other] = [await rep(), await rep()];
  const hers = await leadOf(ayse);
  const his = await leadOf(other);
  for (const one of [hers, his]) await walk(host, one.enrollmentId);
  // Wednesday to Friday; both touches have slots on Wednesday.
  await addAbsence(db, ayse.id, leave('2026-03-11', '2026-03-13'));
  expect(await unfinished(db)).toEqual({ pauses: 0, stops: false });
  await walk(host, hers.enrollmentId);
  expect((await why(db, identityHash, hers.leadId)).sentence).not.toContain('leave');

  for (const day of [1, 2, 3]) {
    expect((await go(TUESDAY + day * DAY, hers.enrollmentId)).state?.phase).toBe('paused');
    await walk(host, his.enrollmentId);
    expect(await sent(hers.leadId)).toBe(0);
    await announcePauses(db);
  }
  expect(await sent(his.leadId)).toBe(2);
  expect((await why(db, identityHash, hers.leadId)).blocks).toContainEqual(
    expect.objectContaining({ kind: 'on_leave', leave: { name: ayse.name, to: '2026-03-13' } }),
  );
  expect((await why(db, identityHash, hers.leadId)).sentence).toContain(
    `${ayse.name} is on leave until 13 March.`,
  );
  expect(await findStranded(db, { silentMs: -1000 })).toEqual([]);

  // Saturday, shut: the new slot is on Monday.
  expect((await go(TUESDAY + 4 * DAY, hers.enrollmentId)).state?.phase).toBe('booked');
  expect(await sent(hers.leadId)).toBe(0);
  await go(TUESDAY + 6 * DAY, hers.enrollmentId);
  expect(await sent(hers.leadId)).toBe(2);
  const told = (await listCallbacks(db, hers.leadId)).filter(({ type }) => /paused|resumed/.test(type));
  expect(told.map(({ type }) => type)).toEqual(['enrollment.paused', 'enrollment.resumed']);
  expect(told[0]!.payload).toMatchObject({ data: { scope: 'absence' } });
  const paused = (await timeline(db, hers.leadId)).entries.filter(({ state }) => state === 'paused');
  expect(paused.length).toBeGreaterThan(0);
  expect(await unfinished(db)).toEqual({ pauses: 0, stops: false });
});

test('a leave covers what goes out from the rep’s senders, and ends early or later', async () => {
  await setTime(db, TUESDAY);
  const ayse = await rep();
  await db.query('update senders set owner = $2 where id = $1', [senderId, ayse.name]);
  const one = await leadOf(await rep());
  const absence = await addAbsence(db, ayse.id, leave('2026-03-10', '2026-03-20'));
  expect(absence).toMatchObject({ state: 'now', version: 1 });
  await walk(host, one.enrollmentId);
  expect((await go(TUESDAY + DAY, one.enrollmentId)).state?.phase).toBe('paused');
  // Longer, then over at once.
  const longer = await changeAbsence(db, absence.id, { to: '2026-03-24' }, 1);
  expect(longer).toMatchObject({ to: '2026-03-24', version: 2 });
  await expect(changeAbsence(db, absence.id, { to: '2026-03-25' }, 1)).rejects.toMatchObject({
    code: 'changed_meanwhile',
  });
  expect((await go(TUESDAY + 13 * DAY, one.enrollmentId)).state?.phase).toBe('paused');
  await endAbsence(db, absence.id);
  expect(await wakeAll()).toEqual([one.enrollmentId]);
  await walk(host, one.enrollmentId);
  expect(await sent(one.leadId)).toBe(2);
  await expect(endAbsence(db, absence.id)).rejects.toMatchObject({ code: 'already_done' });
  await db.query('update senders set owner = null where id = $1', [senderId]);
});

test('what is changed to a colleague goes on, and a leave that has not begun leaves no trace', async () => {
  await setTime(db, TUESDAY);
  const [ayse, rosa] = [await rep(), await rep()];
  const one = await leadOf(ayse);
  const absence = await addAbsence(db, ayse.id, leave('2026-03-10', '2026-03-20'));
  await walk(host, one.enrollmentId);
  expect((await go(TUESDAY + DAY, one.enrollmentId)).state?.phase).toBe('paused');
  expect(await coveredBy(db, ayse.email)).toBeNull();
  await changeAbsence(db, absence.id, { colleagueId: rosa.id }, null);
  expect(await coveredBy(db, ayse.name)).toBe(rosa.email);
  expect(await wakeAll()).toEqual([one.enrollmentId]);
  await walk(host, one.enrollmentId);
  expect(await sent(one.leadId)).toBe(2);

  const later = await addAbsence(db, ayse.id, leave('2026-04-01', '2026-04-03'));
  await endAbsence(db, later.id);
  const { rowCount } = await db.query(`select from pauses where scope_id = $1`, [later.id]);
  expect(rowCount).toBe(0);
});

test('new tasks are the colleague’s while somebody is on leave', async () => {
  await setTime(db, TUESDAY);
  const [ayse, rosa] = [await rep(), await rep()];
  const { id: versionId } = await makeVersion(db, { plan: makePlan([touchNode('ring', 'task')]) });
  const launch = await makeLaunch(db, { versionId });
  const assignee = async () => {
    const lead = await makeLead(db, { owner: ayse.email });
    await walk(host, (await makeEnrollment(db, { launchId: launch.id, leadId: lead.id })).id);
    const { rows } = await db.query<{ assignee: string }>('select assignee from tasks where lead_id = $1', [
      lead.id,
    ]);
    return rows.map((row) => row.assignee);
  };
  const absence = await addAbsence(db, ayse.id, leave('2026-03-10', '2026-03-20', rosa.id));
  expect(await assignee()).toEqual([rosa.email]);
  await endAbsence(db, absence.id);
  expect(await assignee()).toEqual([ayse.email]);
});

test('answers stop everything during a leave, and nobody of the rep’s starts', async () => {
  await setTime(db, TUESDAY);
  const ayse = await rep();
  const one = await leadOf(ayse);
  const pending = await makeLead(db, { owner: ayse.email });
  await makeEnrollment(db, { launchId, leadId: pending.id, status: 'pending' });
  const absence = await addAbsence(db, ayse.id, leave('2026-03-10', '2026-03-20'));
  expect(await startPending(db, launchId, 10)).toEqual([]);
  await walk(host, one.enrollmentId);
  const effect = await recordLeadEvent(db, identityHash, {
    leadId: one.leadId,
    type: 'replied',
    channel: 'email',
  });
  expect(effect.stopped).toHaveLength(1);
  await endAbsence(db, absence.id);
  expect(await startPending(db, launchId, 10)).toHaveLength(1);
});

test('promise 6: a leave is in force only when what was about to be sent has been decided', async () => {
  await setTime(db, TUESDAY);
  const ayse = await rep();
  const { leadId, enrollmentId } = await leadOf(ayse);
  let inForce = false;
  let adding: Promise<unknown> = Promise.resolve();
  await db.tx(async (tx) => {
    const scopes = { versionId, launchId, companyId: null, companyAlone: false };
    await lockChain(tx, { leadId, enrollmentId, senderId, scopes });
    expect((await readGround(tx, { enrollmentId, senderId }))?.paused).toBeNull();
    adding = addAbsence(db, ayse.id, leave('2026-03-10', '2026-03-12')).then(() => (inForce = true));
    await sleep(150);
    expect(inForce).toBe(false);
  });
  await adding;
  const paused = await db.tx(async (tx) => (await readGround(tx, { enrollmentId, senderId }))?.paused);
  expect(paused).toBe('absence');
});

test('days that cannot be are refused', async () => {
  await setTime(db, TUESDAY);
  const [ayse, rosa] = [await rep(), await rep()];
  const add = (from: string, to: string, colleagueId: string | null = null) =>
    addAbsence(db, ayse.id, leave(from, to, colleagueId));
  await add('2026-03-16', '2026-03-20');
  for (const [from, to] of [
    ['2026-03-12', '2026-03-11'],
    ['2026-03-02', '2026-03-09'],
    ['2026-03-20', '2026-03-22'],
    ['2026-04-01', '2027-06-01'],
    ['2029-01-01', '2029-01-02'],
  ] as const)
    await expect(add(from, to)).rejects.toMatchObject({ code: 'bad_time' });
  await expect(add('2026-05-01', '2026-05-02', ayse.id)).rejects.toMatchObject({ code: 'bad_colleague' });
  await addAbsence(db, rosa.id, leave('2026-05-02', '2026-05-09'));
  await expect(add('2026-05-01', '2026-05-02', rosa.id)).rejects.toMatchObject({ code: 'bad_colleague' });
  await expect(
    addAbsence(db, ayse.id, { ...leave('2026-06-01', '2026-06-02'), timeZone: 'Mars/Base' }),
  ).rejects.toMatchObject({ name: 'UnknownZone' });
});
