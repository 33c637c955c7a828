/** That what is kept for analytics follows what happens, and is what counting everything at once would come to. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { attribute } from '../../db/analytics/attribution.ts';
import { FLAGS } from '../../db/analytics/flags.ts';
import { isCounted, recount, recountAll } from '../../db/analytics/recount.ts';
import { summarize, type Group } from '../../db/analytics/summary.ts';
import type { TouchFilter } from '../../db/analytics/scope.ts';
import type { Db } from '../../db/db.ts';
import { eraseLead } from '../../db/erase.ts';
import { BEN, ROSA, tellStory, type Story } from '../support/analytics-story.ts';
import { createTestDatabase } from '../support/database.ts';
import { identityHash } from '../support/enrollment-host.ts';

let db: Db;
let drop: () => Promise<void>;
let story: Story;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  story = await tellStory(db);
  await recountAll(db);
});
afterAll(() => drop());

const EVERYTHING = { owners: null, unowned: true } as const;
const MARCH = { from: '2026-03-01', to: '2026-03-31', timeZone: 'Europe/Berlin' };
const TABLES = ['touches', 'slots', 'days', 'weeks', 'passed', 'cohorts', 'chosen', 'arms', 'conversions'];

/** Every row that is kept, names instead of numbers that depend on the order in which they were met. */
async function kept(): Promise<Record<string, readonly string[]>> {
  const tables: Record<string, readonly string[]> = {};
  for (const table of TABLES) {
    const { rows } = await db.query<{ row: string }>(
      `select to_jsonb(t)::text as row from analytics_${table} t order by 1 limit 10000`,
    );
    tables[table] = rows.map(({ row }) => row);
  }
  return tables;
}
const flagsOf = async (lead: string) =>
  (
    await db.query<{ flags: number }>(
      'select flags from analytics_touches where lead_id = $1 order by minute',
      [lead],
    )
  ).rows.map(({ flags }) => flags);

test('whatever changes what is counted makes the lead be counted anew', async () => {
  const { leads, enrollments } = story;
  const touch = async (step: string, lead: string) =>
    (
      await db.query<{ id: string }>('select id from touches where step_id = $1 and lead_id = $2', [
        step,
        lead,
      ])
    ).rows[0]!.id;
  const cold = await touch('hello', leads.cy);
  const changes: [string, unknown[], (flags: readonly number[]) => void][] = [
    [`update touches set delivery = 'complained' where id = $1`, [cold], () => {}],
    [
      `update touches set delivery = 'undelivered' where id = $1`,
      [cold],
      ([first]) => expect(first! & FLAGS.delivered).toBe(0),
    ],
    [
      `insert into hits (touch_id, lead_id, kind, link, at, last_at) values ($1, $2, 'click', 1, '2026-03-04', '2026-03-04')`,
      [cold, leads.cy],
      () => {},
    ],
    [
      `update hits set by = 'person' where touch_id = $1 and kind = 'click'`,
      [cold],
      ([first]) => expect(first! & FLAGS.clicked).toBeTruthy(),
    ],
    [
      `update messages set class = 'interested' where lead_id = $1`,
      [leads.cy],
      ([first]) => expect(first! & FLAGS.positive).toBeTruthy(),
    ],
    [
      `update messages set class = 'out_of_office' where lead_id = $1`,
      [leads.cy],
      ([first]) => expect(first! & FLAGS.answered).toBe(0),
    ],
    [
      `insert into lead_events (lead_id, enrollment_id, type, at) values ($1, $2, 'meeting_booked', '2026-03-30')`,
      [leads.cy, enrollments.cy],
      ([, call]) => expect(call! & FLAGS.meetings).toBeTruthy(),
    ],
    [`update leads set owner = $2 where id = $1`, [leads.cy, ROSA], () => {}],
    [
      `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day, at)
       values ($2, $1, 'late', 1, 1, 'sms', 'sms', 'sent', '2026-03-29', '2026-03-29', '2026-03-29')`,
      [leads.cy, enrollments.cy],
      (flags) => expect(flags).toHaveLength(3),
    ],
  ];
  for (const [statement, values, check] of changes) {
    await db.query(statement, values);
    // A click is nobody's until it is understood.
    if (statement.startsWith('insert into hits')) expect(await isCounted(db)).toBe(true);
    else {
      expect(await isCounted(db)).toBe(false);
      await recountAll(db);
      check(await flagsOf(leads.cy));
    }
    expect(await isCounted(db)).toBe(true);
  }
  // The meeting belongs to what was last before it.
  expect((await flagsOf(leads.cy)).map((flags) => (flags & FLAGS.meetings) > 0)).toEqual([
    false,
    false,
    true,
  ]);
});

test('counting by and by comes to what counting everything at once does', async () => {
  const before = await kept();
  expect(before.slots).not.toEqual([]);
  await db.query(`truncate ${TABLES.map((table) => `analytics_${table}`).join(', ')}`);
  await db.query('insert into analytics_due (lead_id) select id from leads');
  await recountAll(db);
  expect(await kept()).toEqual(before);
  // Once more changes nothing.
  await db.query('insert into analytics_due (lead_id) select id from leads union all select id from leads');
  await recountAll(db);
  expect(await kept()).toEqual(before);
});

test('sums that are kept are those of the rows, in every zone and for ranges that begin anywhere', async () => {
  // A touch every seven hours for 60 days, some whole weeks, some not; and where clocks in London go forward at midnight in UTC.
  await db.query(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day, at)
     select $1, $2, 'step' || n % 3, n, 1, (array['email', 'sms'])[1 + n % 2], 'email', 'sent', at, at::date, at
     from generate_series(1, 240) n cross join lateral (
       select case when n <= 200 then timestamptz '2025-09-01T00:00Z' + n * interval '7 hours'
         else timestamptz '2025-03-20T00:00Z' + (n - 200) * interval '7 hours' end as at) x`,
    [story.enrollments.bo, story.leads.bo],
  );
  await recountAll(db);
  const { rows: launches } = await db.query<{ id: string }>(
    'select launch_id as id from enrollments where id = $1',
    [story.enrollments.bo],
  );
  const launch = launches[0]!.id;
  const total = async (
    by: Group,
    range: typeof MARCH,
    filter: TouchFilter = {},
    sight: { owners: string[] | null; unowned: boolean } = EVERYTHING,
  ) => summarize(db, { range, by, filter, sight });
  for (const timeZone of ['UTC', 'Europe/London', 'America/New_York', 'Asia/Kathmandu'])
    for (const [from, to] of [
      ['2025-09-01', '2025-10-31'],
      ['2025-09-10', '2025-09-12'],
      ['2025-09-18', '2025-10-01'],
      ['2025-09-17', '2025-10-08'],
      ['2025-03-29', '2025-04-01'],
    ] as const)
      for (const by of ['day', 'week', 'channel', 'step', 'sequence', 'sender', 'rep'] as const) {
        const range = { from, to, timeZone };
        // Of a launch there are no sums: it is counted row by row.
        const rows = await total(by, range, { launch });
        expect(rows.total.current.sent).toBeGreaterThan(0);
        expect(await total(by, range)).toEqual(rows);
        // Whoever sees everybody by name is counted by other sums.
        expect(await total(by, range, {}, { owners: [ROSA, BEN], unowned: true })).toEqual(rows);
        const sms = await total(by, range, { launch, channel: 'sms' });
        expect(sms.total).not.toEqual(rows.total);
        expect(await total(by, range, { channel: 'sms' })).toEqual(sms);
        const step = await total(by, range, { launch, step: 'step1' });
        expect(step.total).not.toEqual(rows.total);
        expect(await total(by, range, { step: 'step1' })).toEqual(step);
      }
  const { rows } = await total('channel', { from: '2025-09-17', to: '2025-10-08', timeZone: 'UTC' });
  const { rows: byHand } = await db.query<{ channel: string; n: number }>(
    `select channel, count(*) as n from touches where at >= '2025-09-17T00:00Z' and at < '2025-10-09T00:00Z' group by 1 order by 1`,
  );
  expect(Object.fromEntries(rows.map(({ key, current }) => [key, current.sent]))).toEqual(
    Object.fromEntries(byHand.map(({ channel, n }) => [channel, n])),
  );
});

test('one process counts at a time', async () => {
  await db.query('insert into analytics_due (lead_id) values ($1)', [story.leads.ada]);
  await db.tx(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtext('cadenza analytics'))`);
    expect(await recount(db)).toBe(false);
    expect(await isCounted(db)).toBe(false);
  });
  await recount(db);
  expect(await isCounted(db)).toBe(true);
});

test('promise 8: an erased lead still counts, as nobody’s and without the amount', async () => {
  await eraseLead(db, story.leads.ada, { hashIdentity: identityHash });
  const sales = async () =>
    (await attribute(db, { range: MARCH, lookback: 90, model: 'last', sight: EVERYTHING })).find(
      ({ channel }) => channel === 'linkedin',
    );
  expect(await sales()).toMatchObject({ sales: 1, amounts: [] });
  await recountAll(db);
  expect(await sales()).toMatchObject({ sales: 1, amounts: [], qualified: 1 });
  const reps = await summarize(db, {
    range: MARCH,
    by: 'rep',
    filter: { channel: 'linkedin' },
    sight: EVERYTHING,
  });
  expect(reps.rows).toMatchObject([
    { key: null, current: { sent: 1, answered: 1, positive: 1, meetings: 1 } },
  ]);
  const opened = await summarize(db, {
    range: MARCH,
    by: 'channel',
    filter: { channel: 'email' },
    sight: EVERYTHING,
  });
  expect(opened.total.current).toMatchObject({ opened: 1 });
});
