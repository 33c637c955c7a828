import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTimeLapse, type TimeLapse } from '../../worker/time-lapse.ts';
import { createTestDatabase } from '../support/database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let lapse: TimeLapse | undefined;
const START = new Date('2026-03-02T08:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const after = (ms: number) => new Date(START.getTime() + ms);

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await lapse?.stop();
  lapse = undefined;
  await database.drop();
});

const businessNow = async () =>
  (await database.db.query<{ t: Date }>('select business_now() t')).rows[0]!.t.getTime();

async function enroll(nextAt: Date | null): Promise<string> {
  const { rows } = await database.db.query<{ id: string }>(
    `with v as (insert into sequence_versions (name, title, structure_hash, plan, settings)
       values ('s', 's', gen_random_uuid()::text, '{}', '{}') returning id),
     l as (insert into launches (version_id, name, time_zone, created_at) select id, 'l', 'UTC', now() from v returning id),
     p as (insert into leads (seed) values ('x') returning id)
     insert into enrollments (launch_id, lead_id, version_id, status, next_action, next_at, created_at)
     select l.id, p.id, v.id, 'running', 'email', $1, now() from v, l, p returning id`,
    [nextAt],
  );
  return rows[0]!.id;
}

async function reaches(instant: Date, withinMs: number): Promise<boolean> {
  for (let waited = 0; waited < withinMs; waited += 20) {
    if ((await businessNow()) >= instant.getTime()) return true;
    await sleep(20);
  }
  return false;
}

test('with nothing due a day lasts about as long as asked', async () => {
  lapse = await startTimeLapse(database.db, { startAt: START, msPerDay: 500 });
  const begun = performance.now();
  expect(await reaches(after(2 * DAY), 8000)).toBe(true);
  const took = performance.now() - begun;
  expect(took).toBeGreaterThan(900);
  expect(took).toBeLessThan(4000);
});

test('promise 4: business time does not pass what is due by more than the allowance, and goes on once it is done', async () => {
  const id = await enroll(after(6 * HOUR));
  lapse = await startTimeLapse(database.db, { startAt: START, msPerDay: 500 });
  expect(await reaches(after(6 * HOUR), 5000)).toBe(true);
  await sleep(300);
  expect(await businessNow()).toBeLessThanOrEqual(after(6 * HOUR + 60_000).getTime());
  await database.db.query('update enrollments set next_at = $2, revision = revision + 1 where id = $1', [
    id,
    after(9 * HOUR),
  ]);
  expect(await reaches(after(9 * HOUR), 5000)).toBe(true);
  await sleep(200);
  expect(await businessNow()).toBeLessThanOrEqual(after(9 * HOUR + 60_000).getTime());
  await database.db.query(`update enrollments set status = 'finished', next_at = null where id = $1`, [id]);
  expect(await reaches(after(2 * DAY), 5000)).toBe(true);
  expect(lapse.lag()).toBe(0);
});

test('an inbox entry that nobody has taken in holds the time', async () => {
  const id = await enroll(null);
  const { rows } = await database.db.query<{ seq: number }>(
    `insert into inbox (enrollment_id, event, at) values ($1, '{}', now()) returning seq`,
    [id],
  );
  lapse = await startTimeLapse(database.db, { startAt: START, msPerDay: 500 });
  await sleep(300);
  expect(await businessNow()).toBe(START.getTime());
  await database.db.query('update enrollments set seen = $2 where id = $1', [id, rows[0]!.seq]);
  expect(await reaches(after(DAY), 5000)).toBe(true);
});

test('a touch on its way holds the time', async () => {
  const id = await enroll(null);
  await database.db.query(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day, sending_at, lease_until)
     select id, lead_id, 'a', 1, 1, 'webhook', 'webhook', 'sending', now(), '2026-03-02', now(), now() from enrollments where id = $1`,
    [id],
  );
  lapse = await startTimeLapse(database.db, { startAt: START, msPerDay: 500 });
  await sleep(300);
  expect(await businessNow()).toBe(START.getTime());
  await database.db.query(`update touches set state = 'sent'`);
  expect(await reaches(after(DAY), 5000)).toBe(true);
});

test('time goes on without what does not move, says so, and waits for it again once it has moved', async () => {
  const id = await enroll(after(HOUR));
  const told: string[] = [];
  lapse = await startTimeLapse(database.db, {
    startAt: START,
    msPerDay: 500,
    patienceMs: 400,
    onLag: (keys) => told.push(...keys),
  });
  expect(await reaches(after(3 * HOUR), 5000)).toBe(true);
  expect(lapse.lag()).toBe(1);
  expect(told[0]).toContain(id);
  const next = new Date((await businessNow()) + 2 * DAY);
  await database.db.query('update enrollments set next_at = $2, revision = revision + 1 where id = $1', [
    id,
    next,
  ]);
  expect(await reaches(next, 5000)).toBe(true);
  await sleep(100);
  expect(await businessNow()).toBeLessThanOrEqual(next.getTime() + 60_000);
});

test('scripted events happen at their time, in order, and time waits for them', async () => {
  const seen: [string, number][] = [];
  lapse = await startTimeLapse(database.db, { startAt: START, msPerDay: 500 });
  lapse.at(after(20 * HOUR), (now) => void seen.push(['second', now.getTime()]));
  lapse.at(after(10 * HOUR), async (now) => {
    await sleep(200);
    expect(await businessNow()).toBe(after(10 * HOUR).getTime());
    seen.push(['first', now.getTime()]);
  });
  expect(await reaches(after(22 * HOUR), 6000)).toBe(true);
  expect(seen).toEqual([
    ['first', after(10 * HOUR).getTime()],
    ['second', after(20 * HOUR).getTime()],
  ]);
});

test('another hold counts too', async () => {
  let hold: Date | null = after(HOUR);
  lapse = await startTimeLapse(database.db, { startAt: START, msPerDay: 500, extraHold: async () => hold });
  await sleep(400);
  expect(await businessNow()).toBe(after(HOUR + 60_000).getTime());
  hold = null;
  expect(await reaches(after(DAY), 5000)).toBe(true);
});

test('stopped it stands, or is real time again; a failed script is not swallowed', async () => {
  lapse = await startTimeLapse(database.db, { startAt: START, msPerDay: 500 });
  await sleep(100);
  await lapse.stop('frozen');
  await sleep(100);
  const stood = await businessNow();
  await sleep(100);
  expect(await businessNow()).toBe(stood);

  lapse = await startTimeLapse(database.db, { startAt: START, msPerDay: 500 });
  await lapse.stop('real');
  expect(Math.abs((await businessNow()) - Date.now())).toBeLessThan(5000);

  const failing = await startTimeLapse(database.db, { startAt: START });
  lapse = undefined;
  failing.at(START, () => {
    throw new Error('script');
  });
  await sleep(100);
  await expect(failing.stop()).rejects.toThrow('script');
});
