import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Db } from '../../db/db.ts';
import { createTestDatabase } from '../support/database.ts';

let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());

test('business_now() is the wall clock until a time-lapse is set, and never passes its ceiling', async () => {
  const real = await db.query<{ lag: number }>(
    'select abs(extract(epoch from clock_timestamp() - business_now()))::float8 as lag',
  );
  expect(real.rows[0]!.lag).toBeLessThan(1);
  await db.query(
    `update clock set business_anchor = '2026-03-01T00:00:00Z', wall_anchor = clock_timestamp() - interval '10 s', speed = 86400, ceiling = '2026-03-04T12:00:00Z'`,
  );
  const lapsed = await db.query<{ now: Date }>('select business_now() as now');
  expect(lapsed.rows[0]!.now.toISOString()).toBe('2026-03-04T12:00:00.000Z');
});
