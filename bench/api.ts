/**
 * How long every page's questions to the API take on a workspace of a year: `npm run bench:api -- [--leads 100000] [--touches 1000000]
 * [--times 60] [--at-once 2] [--limit 200] [--only PART] [--json]`. Starts a PostgreSQL of its own, fills it, asks the real server over
 * loopback as rep, manager and admin, so many requests together, and leaves nothing behind. Prints the figures in ms and the plans of the slowest five; ends with 1 when a 95th
 * percentile is above the limit. `--writes` measures before what keeping answers quick costs when touches and events are written.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { createDb } from '../db/db.ts';
import { migrate } from '../db/migrate.ts';
import { startPostgres } from '../worker/local/postgres.ts';
import { measure, type Measured } from './api/measure.ts';
import { seed } from './api/seed.ts';
import { measureWrites } from './api/writes.ts';

const { values } = parseArgs({
  options: {
    leads: { type: 'string', default: '100000' },
    touches: { type: 'string' },
    times: { type: 'string', default: '60' },
    'at-once': { type: 'string', default: '2' },
    limit: { type: 'string', default: '200' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    writes: { type: 'boolean', default: false },
  },
});
const leads = Number(values.leads);
const touches = Number(values.touches ?? leads * 10);
const limit = Number(values.limit);
const say = (sentence: string) => console.error(sentence);

const folder = await mkdtemp(join(tmpdir(), 'cadenza-bench-'));
// As root PostgreSQL runs as another user, who must be able to get in.
await chmod(folder, 0o755);
try {
  const postgres = await startPostgres({ folder, password: 'cadenza', durable: false });
  try {
    const url = await postgres.database('bench');
    await migrate(url);
    const started = performance.now();
    const db = createDb(url, { statementTimeoutMs: 0 });
    await seed(db, { leads, touches });
    say(`${leads} leads and ${touches} touches in ${Math.round((performance.now() - started) / 1000)} s`);
    if (values.writes) {
      const { touches: written, withThem, without } = await measureWrites(db);
      say(
        `${written} touches through booked, sending and sent, each with an event: ${withThem.toFixed(0)} ms; ` +
          `${without.toFixed(0)} ms without what lists and analytics added (${(withThem / without).toFixed(2)} times)`,
      );
    }
    await db.close();
    const measured = await measure(url, {
      times: Number(values.times),
      atOnce: Number(values['at-once']),
      only: values.only ?? null,
      explained: 5,
    });
    if (values.json)
      console.log(JSON.stringify({ leads, touches, cores: cpus().length, limit, ...measured }));
    else print(measured);
    if (measured.failures.length > 0 || measured.figures.some(({ p95 }) => p95 > limit)) process.exitCode = 1;
  } finally {
    await postgres.stop();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

function print({ figures, plans, failures }: Measured): void {
  const table = new Table({
    head: ['operation', 'role', 'p50', 'p95', 'p99', 'max', ''],
    style: { head: [], border: [] },
  });
  for (const { operation, role, p50, p95, p99, max } of figures)
    table.push([
      operation,
      role,
      ...[p50, p95, p99, max].map((ms) => ms.toFixed(0)),
      p95 > limit ? 'too slow' : '',
    ]);
  console.log(table.toString());
  for (const failure of failures) console.log(`FAILED ${failure}`);
  for (const { operation, role, path, ms, statement, plan } of plans)
    console.log(`\n${operation} (${role}) ${path}: ${ms.toFixed(0)} ms\n${statement.trim()}\n${plan}`);
  console.log(
    `${cpus().length} cores, ${leads} leads, ${touches} touches; milliseconds, two requests at a time`,
  );
}
