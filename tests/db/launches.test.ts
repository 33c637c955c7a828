import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createIdentityHasher } from '../../common/crypto.ts';
import { writeConsentPolicy } from '../../db/consent.ts';
import type { Db } from '../../db/db.ts';
import { createLaunch, dryRun, enroll } from '../../db/launches.ts';
import { segmentPages } from '../../db/leads.ts';
import { pacing, startPending } from '../../db/pacing.ts';
import { pause, resume } from '../../db/pauses.ts';
import { createTestDatabase } from '../support/database.ts';
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

const hashIdentity = createIdentityHasher(Buffer.alloc(32, 7));
const deps = { hashIdentity };
let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());
beforeEach(async () => {
  await db.query('truncate leads, companies, suppressions, senders, sequence_versions, pauses cascade');
  await writeConsentPolicy(db, {});
  await setTime(db, TUESDAY);
});

const NONE = { suppressed: 0, already_active: 0, no_reachable_channel: 0, invalid: 0, no_consent: 0 };

async function emailLaunch() {
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello'), touchNode('text', 'sms')]) });
  const launch = await createLaunch(db, {
    versionId: version.id,
    name: 'spring',
    timeZone: 'Europe/Berlin',
    senderIds: null,
  });
  return { version, launch };
}

const suppress = (kind: 'email' | 'phone', value: string, channel: string | null) =>
  db.query(
    'insert into suppressions (identity_hash, kind, channel, reason, at) values ($1, $2, $3, $4, business_now())',
    [hashIdentity(kind, value), kind, channel, 'test'],
  );

test('who is enrolled and who is left out, for each reason; a dry run says the same and writes nothing', async () => {
  await makeSender(db);
  const { version, launch } = await emailLaunch();
  await writeConsentPolicy(db, { DE: ['email'] });
  const other = await makeLaunch(db, { versionId: version.id });
  const lead = (options: Parameters<typeof makeLead>[1]) => makeLead(db, options).then(({ id }) => id);
  const fine = await lead({ country: 'FR' });
  const given = await lead({ country: 'DE', consent: 'given' });
  const active = await lead({});
  await makeEnrollment(db, { launchId: other.id, leadId: active });
  const suppressed = await lead({ email: 'no@acme.test' });
  await suppress('email', 'no@acme.test', null);
  const channelSuppressed = await lead({ email: 'nomail@acme.test' });
  await suppress('email', 'nomail@acme.test', 'email');
  // There is a phone, but no sender for sms.
  const unreachable = await lead({ email: null, phone: '+493023125123' });
  const nobody = await lead({ email: null, externalId: 'x' });
  const refused = await lead({ consent: 'refused', country: 'FR' });
  const unasked = await lead({ country: 'DE' });
  const erased = await lead({});
  await db.query('update leads set erased_at = now() where id = $1', [erased]);
  const missing = '00000000-0000-4000-8000-000000000000';
  const ids = [
    fine,
    given,
    active,
    suppressed,
    channelSuppressed,
    unreachable,
    nobody,
    refused,
    unasked,
    erased,
    missing,
    fine,
  ];
  const expected = {
    enrolled: 2,
    excluded: { suppressed: 2, already_active: 1, no_reachable_channel: 2, invalid: 2, no_consent: 2 },
  };
  expect(await dryRun(db, { versionId: version.id, senderIds: null }, ids, deps)).toEqual(expected);
  expect((await db.query('select from enrollments where launch_id = $1', [launch.id])).rows).toHaveLength(0);
  expect(await enroll(db, launch.id, ids, deps)).toEqual(expected);

  const { rows } = await db.query<{ reason: string; lead_id: string | null; count: number }>(
    'select reason, lead_id, count from launch_exclusions where launch_id = $1',
    [launch.id],
  );
  const why = Object.fromEntries(rows.map(({ reason, lead_id }) => [lead_id, reason]));
  expect(why).toMatchObject({
    [active]: 'already_active',
    [suppressed]: 'suppressed',
    [channelSuppressed]: 'suppressed',
    [unreachable]: 'no_reachable_channel',
    [nobody]: 'no_reachable_channel',
    [refused]: 'no_consent',
    [unasked]: 'no_consent',
  });
  expect(rows.find(({ reason }) => reason === 'invalid')).toMatchObject({ lead_id: null, count: 2 });
});

test('leads are added to a running launch; nobody is in it twice, not even after having finished it', async () => {
  await makeSender(db);
  const { launch } = await emailLaunch();
  const first = await makeLead(db);
  const second = await makeLead(db);
  expect(await enroll(db, launch.id, [first.id], deps)).toMatchObject({ enrolled: 1 });
  await db.query(`update enrollments set status = 'finished' where lead_id = $1`, [first.id]);
  expect(await enroll(db, launch.id, [first.id, second.id], deps)).toEqual({
    enrolled: 1,
    excluded: { ...NONE, already_active: 1 },
  });
  expect((await db.query('select from launch_exclusions')).rows).toHaveLength(0);
  await db.query(`update launches set status = 'stopped' where id = $1`, [launch.id]);
  await expect(enroll(db, launch.id, [second.id], deps)).rejects.toMatchObject({ code: 'not_running' });
});

test('two launches that take the same leads at once: each lead is in one of them', async () => {
  await makeSender(db);
  const { launch: one, version } = await emailLaunch();
  const two = await makeLaunch(db, { versionId: version.id });
  const ids = await Promise.all(Array.from({ length: 200 }, () => makeLead(db).then(({ id }) => id)));
  const [a, b] = await Promise.all([
    enroll(db, one.id, ids, deps),
    enroll(db, two.id, [...ids].reverse(), deps),
  ]);
  expect(a.enrolled + b.enrolled).toBe(200);
  expect(a.excluded.already_active + b.excluded.already_active).toBe(200);
});

test('a segment is enrolled page by page', async () => {
  await makeSender(db);
  const { launch } = await emailLaunch();
  for (let i = 0; i < 25; i++) await makeLead(db, { attributes: { size: i } });
  const pages = segmentPages(db, (lead) => Number(lead.attributes.size) >= 10, 10);
  expect(await enroll(db, launch.id, pages, deps)).toMatchObject({ enrolled: 15 });
});

test('a task-only sequence reaches everybody', async () => {
  const version = await makeVersion(db, { plan: makePlan([touchNode('ring', 'task')]) });
  const launch = await makeLaunch(db, { versionId: version.id });
  const lead = await makeLead(db, { email: null, externalId: 'x' });
  expect(await enroll(db, launch.id, [lead.id], deps)).toMatchObject({ enrolled: 1 });
  expect(await pacing(db, launch.id)).toMatchObject({ pending: 1, startable: 1 });
});

test('promise 5: as many leads may start as today has capacity for, over all senders, ramp-up and weekly cap included', async () => {
  const sender = await makeSender(db, { caps: { email: { day: 3 } } });
  await makeSender(db, {
    caps: { email: { day: 50 } },
    rampUp: { start: 1, add_per_day: 2, from: '2026-03-09' },
  });
  const weekly = await makeSender(db, { caps: { email: { day: 50, week: 4 } } });
  const broken = await makeSender(db);
  await db.query('update senders set broken_at = now() where id = $1', [broken.id]);
  await makeSender(db, { channel: 'sms', address: '+493023125000' });
  const { launch } = await emailLaunch();
  const ids = await Promise.all(Array.from({ length: 20 }, () => makeLead(db).then(({ id }) => id)));
  await enroll(db, launch.id, ids, deps);
  const other = await makeLead(db);
  const { id: enrollmentId } = await makeEnrollment(db, { launchId: launch.id, leadId: other.id });
  await db.query(`update enrollments set engine = '{}' where id = $1`, [enrollmentId]);
  const use = (senderId: string, day: string, attempt: number) =>
    db.query(
      `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day)
       values ($1, $2, 'hello', 1, $3, 'email', 'email', $4, 'booked', now(), $5)`,
      [enrollmentId, other.id, attempt, senderId, day],
    );
  await use(sender.id, '2026-03-10', 1);
  await use(weekly.id, '2026-03-05', 2);
  await use(weekly.id, '2026-03-02', 3);
  // 3 − 1, 1 + 2, 4 − 1 in the last seven days.
  expect(await pacing(db, launch.id)).toEqual({ pending: 20, startable: 8, lookAt: TUESDAY, reason: null });

  const started = await startPending(db, launch.id, 8);
  expect(started).toHaveLength(8);
  expect(await pacing(db, launch.id)).toMatchObject({
    pending: 12,
    startable: 0,
    reason: 'no_capacity',
    lookAt: TUESDAY + 1000,
  });
  // They have booked elsewhere: the day is full, the next begins at midnight in Berlin.
  await db.query(`update enrollments set engine = '{}' where status = 'running'`);
  await db.query(`update senders set caps = '{"email": {"day": 0}}' where broken_at is null`);
  expect(await pacing(db, launch.id)).toMatchObject({
    startable: 0,
    lookAt: Date.parse('2026-03-10T23:00:00Z'),
  });
});

test('starting is in the order of enrollment, tells the CRM, and starts nobody twice', async () => {
  await makeSender(db);
  const { launch } = await emailLaunch();
  const ids = await Promise.all(Array.from({ length: 30 }, () => makeLead(db).then(({ id }) => id)));
  await enroll(db, launch.id, ids, deps);
  const first = await startPending(db, launch.id, 10);
  expect(new Set(first.map(({ leadId }) => leadId))).toEqual(new Set(ids.slice(0, 10)));
  const rest = await Promise.all([
    startPending(db, launch.id, 20),
    startPending(db, launch.id, 20),
    startPending(db, launch.id, 20),
  ]);
  for (let more = rest.flat().length; more < 20;) more += (await startPending(db, launch.id, 20)).length;
  const { rows } = await db.query<{
    status: string;
    reason: string;
    next_action: string;
    next_at: Date;
    told: number;
  }>(
    `select e.status, e.reason, e.next_action, e.next_at,
       (select count(*)::int from callbacks c where c.lead_id = e.lead_id and c.type = 'enrollment.started') as told from enrollments e`,
  );
  expect(rows).toHaveLength(30);
  for (const row of rows) {
    expect(row).toEqual({
      status: 'running',
      reason: 'starting',
      next_action: 'begin',
      next_at: new Date(TUESDAY),
      told: 1,
    });
  }
});

test('promise 6: nobody starts while everything, the sequence, the launch, the lead or its company is paused, nor in a stopped launch', async () => {
  await makeSender(db);
  const { launch, version } = await emailLaunch();
  const [one, two, three] = [await makeLead(db), await makeLead(db), await makeLead(db)];
  const { rows } = await db.query<{ id: string }>(`insert into companies (name) values ('x') returning id`);
  await db.query('update leads set company_id = $1 where id = $2', [rows[0]!.id, two.id]);
  await enroll(db, launch.id, [one.id, two.id, three.id], deps);
  for (const scope of [
    { scope: 'all', scopeId: null },
    { scope: 'sequence', scopeId: version.sequenceId },
    { scope: 'launch', scopeId: launch.id },
  ] as const) {
    await pause(db, { ...scope, reason: 'test' });
    expect(await startPending(db, launch.id, 10)).toEqual([]);
    expect(await pacing(db, launch.id)).toMatchObject({ startable: 0, reason: 'paused', lookAt: null });
    await resume(db, scope);
  }
  await pause(db, { scope: 'lead', scopeId: one.id, reason: 'test' });
  await pause(db, { scope: 'company', scopeId: rows[0]!.id, reason: 'test' });
  expect((await startPending(db, launch.id, 1)).map(({ leadId }) => leadId)).toEqual([three.id]);
  expect(await startPending(db, launch.id, 10)).toEqual([]);
  await resume(db, { scope: 'lead', scopeId: one.id });
  await db.query(`update launches set status = 'stopped'`);
  expect(await startPending(db, launch.id, 10)).toEqual([]);
});

test('a launch of a zone, version or sender that is not there says so', async () => {
  const { version } = await emailLaunch();
  const launch = { versionId: version.id, name: 'x', timeZone: 'Europe/Berlin', senderIds: null };
  await expect(createLaunch(db, { ...launch, timeZone: 'Berlin' })).rejects.toMatchObject({
    code: 'bad_time',
  });
  await expect(createLaunch(db, { ...launch, versionId: crypto.randomUUID() })).rejects.toMatchObject({
    code: 'not_found',
  });
  await expect(createLaunch(db, { ...launch, senderIds: [crypto.randomUUID()] })).rejects.toMatchObject({
    code: 'not_found',
  });
});
