import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { tellStory } from '../support/analytics-story.ts';
import { openTerminal, type Terminal } from './support.ts';

// Each run is a process of its own; the machine may be busy.
jest.setTimeout(180_000);

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
  await tellStory(terminal.db);
});
afterAll(() => terminal.close());

const MARCH = ['--from', '2026-03-01', '--to', '2026-03-31', '--time-zone', 'Europe/Berlin'];

test('numbers are counted first, and are shown as tables and as JSON', async () => {
  const { run } = terminal;
  const summary = await run('analytics', 'summary', '--by', 'channel', ...MARCH);
  expect(summary.stdout).toContain('2026-03-01 to 2026-03-31, Europe/Berlin');
  expect(summary.stdout).toMatch(/CHANNEL\s+SENT\s+DELIVERED/);
  expect(summary.stdout).toMatch(/email\s+4 \(1\)\s+3 \(1\)\s+1 \(0\)/);
  expect(summary.stdout).toMatch(/total\s+6 \(1\)/);
  const [json, attribution, first, forecast, wrong, backwards] = await Promise.all([
    run('analytics', 'summary', '--by', 'rep', '--channel', 'email', '--json', ...MARCH),
    run('analytics', 'attribution', ...MARCH),
    run('analytics', 'attribution', '--model', 'first', '--json', ...MARCH),
    run('analytics', 'forecast', '--json'),
    run('analytics', 'summary', '--by', 'moon'),
    run('analytics', 'summary', '--from', '2026-02-30'),
  ]);
  expect(json.json()).toMatchObject({ by: 'rep', total: { current: { sent: 4 } } });
  expect(attribution.stdout).toMatch(/linkedin\s+0\s+1\s+1\s+1\s+5000 EUR/);
  expect(first.json()).toMatchObject({
    model: 'first',
    lookbackDays: 90,
    rows: [{ channel: 'email', sales: 2 }],
  });
  expect(forecast.json()).toMatchObject({ minimumCases: 30, steps: [], total: { active: 0, sales: null } });
  expect(wrong).toMatchObject({ code: 2 });
  expect(backwards).toMatchObject({ code: 2 });
  expect(backwards.stderr).toContain('2026-02-30 is no date');
});

test('the forecast says what it knows nothing of', async () => {
  const { run, db } = terminal;
  await db.query(
    `with one as (insert into leads (seed) values ('new') returning id)
     insert into enrollments (launch_id, lead_id, version_id, created_at)
     select l.id, one.id, l.version_id, '2026-03-30' from launches l, one`,
  );
  const few = await run('analytics', 'forecast');
  expect(few.stdout).toMatch(/story\s+hello\s+5, too few\s+1/);
  expect(few.stderr).toContain('Of 1 lead nothing is said');
  const enough = await run('analytics', 'forecast', '--minimum-cases', '5');
  expect(enough.stdout).toMatch(/story\s+hello\s+5\s+1\s+0\.2 \(0 to 0\.6\)/);
});
