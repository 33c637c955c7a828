import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClock } from '../../common/clock.ts';
import { beginTimeLapse, raiseCeiling, realTime } from '../../db/clock.ts';
import { createTestDatabase } from '../support/database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
const START = new Date('2026-03-02T08:00:00Z');

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(() => realTime(database.db));

const businessNow = async () =>
  (await database.db.query<{ t: Date }>('select business_now() t')).rows[0]!.t.getTime();

test('in real time it is the wall clock of PostgreSQL', async () => {
  const clock = await createClock(database.db);
  expect(clock.speed()).toBe(1);
  expect(Math.abs(clock.now() - (await businessNow()))).toBeLessThan(1000);
  clock.close();
});

test('it stands at the ceiling, goes on from there and does not catch up', async () => {
  await beginTimeLapse(database.db, START, 43_200);
  const clock = await createClock(database.db, { refreshMs: 10 });
  expect(clock.now()).toBe(START.getTime());
  await sleep(100);
  await clock.refresh();
  expect(clock.now()).toBe(START.getTime());
  await raiseCeiling(database.db, new Date(START.getTime() + 60_000));
  await sleep(50);
  await clock.refresh();
  expect(clock.now()).toBe(START.getTime() + 60_000);
  await raiseCeiling(database.db, new Date(START.getTime() + 86_400_000));
  const after = await businessNow();
  expect(after).toBeLessThan(START.getTime() + 3_600_000);
  clock.close();
});

test('it is never ahead of business_now() and never goes back, while the ceiling moves', async () => {
  await beginTimeLapse(database.db, START, 43_200);
  const clock = await createClock(database.db, { refreshMs: 7 });
  let previous = 0;
  for (let i = 1; i < 120; i++) {
    if (i % 3 === 0) await raiseCeiling(database.db, new Date(START.getTime() + i * 400_000));
    const here = clock.now();
    expect(here).toBeGreaterThanOrEqual(previous);
    expect(here).toBeLessThanOrEqual(await businessNow());
    previous = here;
    if (i % 10 === 0) await sleep(5);
  }
  expect(previous).toBeGreaterThan(START.getTime() + 3_600_000);
  clock.close();
});

test('a ceiling never comes down', async () => {
  await beginTimeLapse(database.db, START, 43_200);
  await raiseCeiling(database.db, new Date(START.getTime() + 60_000));
  await raiseCeiling(database.db, new Date(START.getTime() + 10_000));
  await sleep(20);
  expect(await businessNow()).toBe(START.getTime() + 60_000);
});

test('back in real time it follows at once', async () => {
  await beginTimeLapse(database.db, new Date('2040-01-01T00:00:00Z'), 43_200);
  const clock = await createClock(database.db, { refreshMs: 5 });
  expect(clock.now()).toBe(Date.parse('2040-01-01T00:00:00Z'));
  await realTime(database.db);
  await clock.refresh();
  expect(Math.abs(clock.now() - (await businessNow()))).toBeLessThan(1000);
  clock.close();
});
