import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Db } from '../../db/db.ts';
import { appendInbox } from '../../db/inbox.ts';
import { findExpiredLeases, findOverdue, findStranded, findUnseen, unfinished } from '../../db/sweep.ts';
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
import { bookNow, trySending } from '../support/sending.ts';

let db: Db;
let drop: () => Promise<void>;
let launchId: string;
const people: { leadId: string; enrollmentId: string }[] = [];
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  launchId = (await makeLaunch(db, { versionId: version.id })).id;
  for (let i = 0; i < 5; i++) {
    const lead = await makeLead(db);
    people.push({
      leadId: lead.id,
      enrollmentId: (await makeEnrollment(db, { launchId, leadId: lead.id })).id,
    });
  }
});
afterAll(() => drop());

test('promise 2: every overdue lead is found, however many are in front of it, and no other', async () => {
  const minutes = [-30, -20, -10, -1, 60];
  for (const [i, one] of people.entries()) {
    await db.query(
      `update enrollments set next_at = $2, next_action = 'touch', touched_wall = clock_timestamp() - interval '1 minute' where id = $1`,
      [one.enrollmentId, new Date(TUESDAY + minutes[i]! * 60_000)],
    );
  }
  const options = { graceMs: 5 * 60_000, silentMs: 5000, limit: 2 };
  const first = await findOverdue(db, options);
  const second = await findOverdue(db, { ...options, after: first.at(-1)! });
  expect([...first, ...second].map((row) => row.enrollmentId)).toEqual(
    people.slice(0, 3).map((one) => one.enrollmentId),
  );
  expect(await findOverdue(db, { ...options, after: second.at(-1)! })).toEqual([]);
  // Who was at work a moment ago is left alone.
  await db.query('update enrollments set touched_wall = clock_timestamp() where id = $1', [
    people[0]!.enrollmentId,
  ]);
  expect((await findOverdue(db, options)).map((row) => row.enrollmentId)).not.toContain(
    people[0]!.enrollmentId,
  );
});

test('promise 2: news that nobody took in is found until it is', async () => {
  const [one] = people as [(typeof people)[0]];
  await db.tx((tx) => appendInbox(tx, one.enrollmentId, { type: 'skip' }));
  expect(await findUnseen(db, { olderThanMs: 60_000 })).toEqual([]);
  expect(await findUnseen(db, { olderThanMs: 0 })).toEqual([one.enrollmentId]);
  expect(await findUnseen(db, { olderThanMs: 0, after: one.enrollmentId })).toEqual([]);
  await db.query('update enrollments set seen = inbox_seq where id = $1', [one.enrollmentId]);
  expect(await findUnseen(db, { olderThanMs: 0 })).toEqual([]);
});

test('promise 1: sends whose lease is over are found', async () => {
  const [one] = people as [(typeof people)[0]];
  const senderId = (await makeSender(db)).id;
  const touch = await bookNow(db, { ...one, launchId, companyId: null, senderId });
  await trySending(db, touch);
  expect(await findExpiredLeases(db)).toEqual([]);
  await db.query(`update touches set lease_until = clock_timestamp() - interval '1 s' where id = $1`, [
    touch.touchId,
  ]);
  expect(await findExpiredLeases(db)).toMatchObject([
    { touchId: touch.touchId, enrollmentId: one.enrollmentId },
  ]);
});

test('half done stops are seen', async () => {
  expect(await unfinished(db)).toEqual({ pauses: 0, stops: false });
  await db.query(`update launches set status = 'stopped' where id = $1`, [launchId]);
  expect(await unfinished(db)).toEqual({ pauses: 0, stops: true });
  await db.query(`update launches set status = 'running' where id = $1`, [launchId]);
});

test('the sweep reads by index, however many leads there are', async () => {
  await db.query(
    `with made as (insert into leads (seed) select 'bulk-' || n from generate_series(1, 20000) n returning id)
     insert into enrollments (launch_id, lead_id, version_id, status, created_at, next_at, next_action)
     select $1, m.id, l.version_id, 'running', business_now(), business_now() + interval '1 day', 'touch' from made m, launches l where l.id = $1`,
    [launchId],
  );
  await db.query(
    `insert into inbox (enrollment_id, event, at) select id, '{"type": "skip"}', business_now() from enrollments`,
  );
  await db.query(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day)
     select id, lead_id, 'done', 1, 1, 'email', 'email', 'sent', business_now(), '2026-03-10' from enrollments`,
  );
  await db.query('analyze enrollments; analyze leads; analyze inbox; analyze touches');
  const plans: string[] = [];
  const spy: Pick<Db, 'query'> = {
    async query(text, values) {
      const { rows } = await db.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
      return db.query(text, values);
    },
  };
  await findOverdue(spy, { graceMs: 1000 });
  await findUnseen(spy, { olderThanMs: 1000 });
  await findStranded(spy, { silentMs: 1000 });
  await findExpiredLeases(spy);
  expect(plans).toHaveLength(4);
  expect(plans.join('\n')).not.toMatch(/Seq Scan on (enrollments|touches|inbox)/);
});
