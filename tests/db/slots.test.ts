import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Db } from '../../db/db.ts';
import { busySlots, senderLimits } from '../../db/slots.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  touchNode,
  TUESDAY,
} from '../support/factories.ts';

let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());

const HOUR = 3_600_000;

test('a sender is busy with what is booked, sent, or may have been; by slot or by when it went out', async () => {
  const sender = await makeSender(db);
  const other = await makeSender(db);
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  const launch = await makeLaunch(db, { versionId: version.id });
  const lead = await makeLead(db);
  const { id } = await makeEnrollment(db, { launchId: launch.id, leadId: lead.id });
  const add = (step: string, state: string, senderId: string, slotAt: number, at: number | null = null) =>
    db.query(
      `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, sending_at, lease_until, at, local_day)
       values ($1, $2, $3, 1, 1, 'email', 'email', $4, $5, $6, $6, now(), $7, ($6::timestamptz at time zone 'UTC')::date)`,
      [id, lead.id, step, senderId, state, new Date(slotAt), at === null ? null : new Date(at)],
    );
  const counted = ['booked', 'sending', 'unconfirmed', 'task'];
  for (const [i, state] of counted.entries()) await add(state, state, sender.id, TUESDAY + i * HOUR);
  await add('sent', 'sent', sender.id, TUESDAY + 9 * HOUR, TUESDAY - HOUR);
  for (const state of ['failed', 'skipped', 'cancelled']) await add(state, state, sender.id, TUESDAY);
  await add('elsewhere', 'booked', other.id, TUESDAY);
  await add('far', 'booked', sender.id, TUESDAY + 30 * 24 * HOUR);

  const range = { senderId: sender.id, from: TUESDAY - 24 * HOUR, to: TUESDAY + 24 * HOUR };
  const busy = await db.tx((tx) => busySlots(tx, { ...range, except: null }));
  expect(busy.map(({ at }) => (at - TUESDAY) / HOUR)).toEqual([-1, 0, 1, 2, 3]);
  expect(busy[0]).toEqual({ at: TUESDAY - HOUR, action: 'email', localDay: '2026-03-10' });
  const { rows } = await db.query<{ id: string }>(`select id from touches where step_id = 'booked'`);
  expect(await db.tx((tx) => busySlots(tx, { ...range, except: rows[0]!.id }))).toHaveLength(4);
});

test('limits as stored become limits of the calendar; what is not capped is not', () => {
  const stored = { timeZone: 'Europe/Berlin', minGapSeconds: 60, jitterSeconds: 30 };
  const caps = { email: { day: 50 }, invite: { week: 100 } };
  const rampUp = { start: 5, add_per_day: 2, from: '2026-03-01' };
  expect(senderLimits({ ...stored, caps, rampUp }, 'email')).toEqual({
    timeZone: 'Europe/Berlin',
    cap: { day: 50, week: null },
    rampUp: { start: 5, addPerDay: 2, from: '2026-03-01' },
    minGapMs: 60_000,
    jitterMs: 30_000,
  });
  expect(senderLimits({ ...stored, caps, rampUp: null }, 'invite').cap).toEqual({ day: Infinity, week: 100 });
  expect(senderLimits({ ...stored, caps, rampUp: null }, 'visit')).toMatchObject({ cap: null, rampUp: null });
});
