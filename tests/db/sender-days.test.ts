import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Db } from '../../db/db.ts';
import { senderDays } from '../../db/sender-days.ts';
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
} from '../support/factories.ts';

let db: Db;
let drop: () => Promise<void>;
let launchId: string;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  // Half past midnight on the 11th in Berlin, still the 10th in UTC.
  await setTime(db, Date.parse('2026-03-10T23:30:00Z'));
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  launchId = (await makeLaunch(db, { versionId: version.id })).id;
});
afterAll(() => drop());

async function touch(senderId: string, day: string, state: string, delivery: string | null = null) {
  const lead = await makeLead(db);
  const { id } = await makeEnrollment(db, { launchId, leadId: lead.id });
  await db.query(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, at, delivery)
     values ($1, $2, 'hello', 1, 1, 'email', 'email', $3, $4, $5::date, $5, $5::date, $6)`,
    [id, lead.id, senderId, state, day, delivery],
  );
}

test('each of the last 14 days of the sender is there, with what went out and what went wrong', async () => {
  const { id } = await makeSender(db);
  const other = await makeSender(db);
  await touch(id, '2026-03-11', 'booked');
  await touch(id, '2026-03-10', 'sent');
  await touch(id, '2026-03-10', 'sent', 'bounced');
  await touch(id, '2026-03-10', 'sent', 'complained');
  await touch(id, '2026-03-10', 'failed', 'bounced');
  await touch(id, '2026-03-10', 'failed');
  await touch(id, '2026-03-10', 'cancelled');
  await touch(id, '2026-02-26', 'sent');
  await touch(id, '2026-02-25', 'sent');
  await touch(other.id, '2026-03-10', 'sent');
  const [found] = await senderDays(db, [id]);
  const none = { used: 0, bounced: 0, complained: 0, failed: 0 };
  expect(found!.days).toHaveLength(14);
  expect(found!.days[0]).toEqual({ ...none, day: '2026-02-26', used: 1 });
  expect(found!.days[1]).toEqual({ ...none, day: '2026-02-27' });
  expect(found!.days.at(-2)).toEqual({ day: '2026-03-10', used: 3, bounced: 2, complained: 1, failed: 1 });
  expect(found!.days.at(-1)).toEqual({ ...none, day: '2026-03-11', used: 1 });
  expect(found!.bouncedPercent).toBe(5);
  await db.query(`update senders set reputation = '{"bounced_percent": 2.5}' where id = $1`, [id]);
  expect((await senderDays(db, [id, other.id])).find(({ senderId }) => senderId === id)!.bouncedPercent).toBe(
    2.5,
  );
});

test('what went wrong is read by its own index', async () => {
  const plan = await db.tx(async (tx) => {
    await tx.query('set local enable_seqscan = off');
    return (
      await tx.query(
        `explain select local_day, state, delivery from touches where sender_id = gen_random_uuid() and local_day between '2026-03-01' and '2026-03-10'
       and (state = 'failed' or delivery in ('bounced', 'complained'))`,
      )
    ).rows;
  });
  expect(JSON.stringify(plan)).toContain('touches_sender_trouble');
});
