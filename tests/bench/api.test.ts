import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { measure, type Measured } from '../../bench/api/measure.ts';
import { OPERATIONS, type Known } from '../../bench/api/operations.ts';
import { seed } from '../../bench/api/seed.ts';
import { globSync } from '../../scripts/files.mjs';
import { FILTERS } from '../../web/src/pages/leads/filter.ts';
import { measureWrites } from '../../bench/api/writes.ts';
import { createTestDatabase } from '../support/database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let measured: Measured;
beforeAll(async () => {
  database = await createTestDatabase();
  await seed(database.db, { leads: 2000, touches: 20_000 });
  measured = await measure(database.url, { times: 2, atOnce: 2, only: null, explained: 2 });
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

test('what it costs to write is measured, and taken back', async () => {
  const { withThem, without } = await measureWrites(database.db, 1);
  expect(withThem).toBeGreaterThan(0);
  expect(without).toBeLessThan(Infinity);
  const { rows } = await database.db.query<{ left: number }>(
    `select count(*) + (select 1 - count(*) from pg_indexes where indexname = 'touches_open_lead') as left from touches where step_id = 'bench'`,
  );
  expect(rows[0]!.left).toBe(0);
}, 60_000);

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

/** What the app asks that is no answer to a page: streams, a file of everybody, one stored file or mail, signing in elsewhere. */
const NOT_MEASURED = [
  'me.stream',
  'launches.progress',
  'leads.csv',
  'imports.rejects',
  'inbox.html',
  'session.oidc',
];

test('every question of the web app is in it', () => {
  const { paths } = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
    paths: Record<string, { get?: { operationId: string } }>;
  };
  const questions = new Set(Object.values(paths).flatMap(({ get }) => (get ? [get.operationId] : [])));
  const files = ['.ts', '.tsx'].flatMap((end) => globSync('web/src', end) as string[]);
  const asked = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\b(?:call|tagged|addressOf)\(\s*'([\w.]+)'/g)].map(
      ([, id]) => id!,
    ),
  );
  expect(asked.length).toBeGreaterThan(150);
  expect(NOT_MEASURED.filter((id) => !asked.includes(id))).toEqual([]);
  const known = new Set([...NOT_MEASURED, ...OPERATIONS.map(({ name }) => name.split(' ')[0])]);
  expect([...new Set(asked)].filter((id) => questions.has(id) && !known.has(id))).toEqual([]);
});

const ids = ['id'];
const ANY: Known = {
  leads: ids,
  conversations: ids,
  tasks: ids,
  launches: ids,
  senders: ids,
  versions: ids,
  endpoints: ids,
  imports: ids,
  reps: ids,
};

test('every filter of the list of leads, and every way to group and filter a summary, is in it', () => {
  const asked = OPERATIONS.flatMap(({ name, path }) =>
    Array.from({ length: 40 }, (_, n) => [name.split(' ')[0]!, path(n, ANY) ?? ''] as const),
  );
  const parametersOf = (id: string) =>
    new Set(
      asked
        .filter(([name]) => name === id)
        .flatMap(([, path]) => [...new URLSearchParams(path.split('?')[1]).keys()]),
    );
  const pages = {
    'leads.list': FILTERS,
    'leads.count': FILTERS,
    'inbox.list': ['state', 'channel', 'class'],
    'tasks.list': ['due', 'kind', 'sort'],
    'launches.list': ['status', 'sequence'],
    'analytics.summary': ['from', 'to', 'timeZone', 'by', 'channel', 'sequence', 'senderId', 'rep'],
  };
  for (const [id, parameters] of Object.entries(pages)) {
    const found = parametersOf(id);
    expect([id, parameters.filter((name) => !found.has(name))]).toEqual([id, []]);
  }
});
