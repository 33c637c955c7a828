import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { measure, type Measured } from '../../bench/api/measure.ts';
import { OPERATIONS } from '../../bench/api/operations.ts';
import { seed } from '../../bench/api/seed.ts';
import { globSync } from '../../scripts/files.mjs';
import { createTestDatabase } from '../support/database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let measured: Measured;
beforeAll(async () => {
  database = await createTestDatabase();
  await seed(database.db, { leads: 2000, touches: 20_000 });
  measured = await measure(database.url, { times: 2, only: null, explained: 2 });
}, 180_000);
afterAll(() => database.drop());

test('the benchmark of the API asks everything that it means to, and gets an answer', () => {
  expect(measured.failures).toEqual([]);
  const asked = new Set(measured.figures.map(({ operation }) => operation));
  expect(OPERATIONS.map(({ name }) => name).filter((name) => !asked.has(name))).toEqual([]);
  for (const { p50, p95, max } of measured.figures) expect([p50, p95, max].toSorted((a, b) => a - b)).toEqual([p50, p95, max]);
  expect(measured.plans).toHaveLength(2);
  expect(measured.plans[0]!.plan).toContain('Execution Time');
}); // prettier-ignore

test('what it fills the database with is as much as it says', async () => {
  const { rows } = await database.db.query<Record<string, number>>(
    `select (select count(*) from leads) as leads, (select count(*) from touches) as touches, (select count(*) from tasks where state = 'open') as tasks,
       (select count(*) from messages where not settled) as waiting, (select count(*) from analytics_touches) as counted,
       (select count(*) from touches t where not exists (select from enrollments e where e.id = t.enrollment_id and e.lead_id = t.lead_id)) as lost`,
  );
  const { leads, touches, tasks, waiting, counted, lost } = rows[0]!;
  expect(leads).toBe(2000);
  expect(touches).toBeGreaterThan(18_000);
  expect(lost).toBe(0);
  for (const some of [tasks, waiting, counted]) expect(some).toBeGreaterThan(50);
});

test('every question of the web app is in it', () => {
  const { paths } = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
    paths: Record<string, { get?: { operationId: string } }>;
  };
  const questions = new Set(Object.values(paths).flatMap(({ get }) => (get ? [get.operationId] : [])));
  const asked = globSync('web/src', '.tsx').flatMap((file: string) =>
    [...readFileSync(file, 'utf8').matchAll(/\bcall\(\s*'([\w.]+)'/g)].map(([, id]) => id!),
  );
  expect(asked.length).toBeGreaterThan(50);
  const known = new Set(OPERATIONS.map(({ name }) => name.split(' ')[0]));
  expect(asked.filter((id) => questions.has(id) && !known.has(id))).toEqual([]);
});
