/**
 * Touches a second of the enrollment workflow, beside those of the textbook pattern (an activity and a timer a touch) on the same
 * servers: `npm run bench [LEADS] [TOUCHES]` (default 60 leads, 5 touches). Starts a PostgreSQL and a Temporal of its own and leaves
 * nothing behind. The provider takes no time; the textbook activity writes two statements where ours books, checks and records.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createLogger } from '../common/log.ts';
import { createLaunch, enroll } from '../db/launches.ts';
import { saveLead } from '../db/leads.ts';
import { addSender } from '../db/senders.ts';
import { publish } from '../db/sequences.ts';
import type { Provider } from '../providers/ports.ts';
import { parseSequence } from '../sequences/language/index.ts';
import { startLocalStack } from '../worker/local/stack.ts';
import { openServices, type Services } from '../worker/services.ts';
import { startWorker } from '../worker/worker.ts';
import type { TextbookActivities } from './textbook-workflow.ts';

const LEADS = Number(process.argv[2] ?? 60);
const TOUCHES = Number(process.argv[3] ?? 5);
/** Business minutes are wall milliseconds here: two hours before each touch are the textbook's timer. */
const SPEED = 60_000;
const WAIT_MS = 120;
const LIMIT_MS = 120_000;

const instant: Provider = {
  id: 'email/instant',
  mode: 'wire',
  send: async () => ({ kind: 'sent', providerId: null }),
  find: async () => ({ kind: 'cannot_say' }),
  check: async () => [],
  close: async () => {},
};

interface Measured {
  readonly seconds: number;
  readonly eventsPerTouch: number;
}

async function done(what: string, look: () => Promise<boolean>): Promise<number> {
  const started = performance.now();
  while (!(await look())) {
    if (performance.now() - started > LIMIT_MS)
      throw new Error(`${what} took more than ${LIMIT_MS / 1000} s`);
    await pause(50);
  }
  return (performance.now() - started) / 1000;
}

async function ours(services: Services): Promise<Measured> {
  const { db, hashIdentity, secrets } = services;
  await db.query(
    `update clock set wall_anchor = clock_timestamp(), business_anchor = '2026-03-10T09:00:00Z', speed = ${SPEED}, ceiling = null`,
  );
  await services.clock.refresh();
  await addSender(
    db,
    { channel: 'email', provider: 'instant', name: 'Ada', address: 'ada@acme.test', timeZone: 'UTC', caps: {}, minGapSeconds: 0, jitterSeconds: 0 },
    secrets,
  ); // prettier-ignore
  const steps = Array.from({ length: TOUCHES }, () => ['  - wait: 2 hours', '  - email: { subject: Hello, body: Hello }']);
  const source = [
    'name: bench',
    'window: { days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "23:59", time_zone: launch, holidays: none }',
    'steps:',
    ...steps.flat(),
  ].join('\n'); // prettier-ignore
  const { versionId } = await publish(db, parseSequence(source, 'bench.yaml'));
  const ids: string[] = [];
  for (let n = 0; n < LEADS; n++) ids.push(await saveLead(db, { emails: [`lead${n}@lead${n}.test`] }));
  const { id } = await createLaunch(db, { versionId, name: 'bench', timeZone: 'UTC', senderIds: null });
  await enroll(db, id, ids, { hashIdentity });
  const worker = await startWorker(services, { replace: [instant], sweepMs: 60_000 });
  try {
    await (await services.waker()).launch(id);
    const seconds = await done('the enrollment workflow', async () => {
      const { rows } = await db.query(`select 1 from enrollments where status in ('pending', 'running') limit 1`);
      return rows.length === 0;
    });
    const { rows } = await db.query<{ sent: number; one: string }>(
      `select count(*)::int as sent, min(enrollment_id::text) as one from touches where state = 'sent'`,
    );
    if (rows[0]!.sent !== LEADS * TOUCHES) throw new Error(`${rows[0]!.sent} of ${LEADS * TOUCHES} touches were sent`);
    return { seconds, eventsPerTouch: (await events(services, `enrollment/${rows[0]!.one}`)) / TOUCHES };
  } finally {
    await worker.stop();
  }
} // prettier-ignore

async function textbook(services: Services): Promise<Measured> {
  const { db, config } = services;
  const { client, connection } = await services.temporal();
  await db.query('create table textbook_touches (lead_id text, step int, state text, primary key (lead_id, step))');
  const activities: TextbookActivities = {
    async touch({ leadId, step }) {
      await db.query(`insert into textbook_touches values ($1, $2, 'sending') on conflict do nothing`, [leadId, step]);
      await db.query(`update textbook_touches set state = 'sent' where lead_id = $1 and step = $2`, [leadId, step]);
    },
  };
  const taskQueue = `${config.taskQueue}-textbook`;
  const workflowsPath = fileURLToPath(new URL('textbook-workflow.ts', import.meta.url));
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  const { namespace } = config.temporal;
  const worker = await Worker.create({ connection, namespace, taskQueue, workflowBundle, activities: { ...activities } });
  return worker.runUntil(async () => {
    const input = (n: number) => ({ leadId: `lead-${n}`, touches: TOUCHES, waitMs: WAIT_MS });
    const started = performance.now();
    for (let n = 0; n < LEADS; n += 20) {
      await Promise.all(
        Array.from({ length: Math.min(20, LEADS - n) }, (_, index) =>
          client.workflow.start('textbook', { taskQueue, workflowId: `textbook/${n + index}`, args: [input(n + index)] }),
        ),
      );
    }
    await done('the textbook workflow', async () => {
      const { rows } = await db.query<{ sent: number }>(`select count(*)::int as sent from textbook_touches where state = 'sent'`);
      return rows[0]!.sent === LEADS * TOUCHES;
    });
    const seconds = (performance.now() - started) / 1000;
    await client.workflow.getHandle('textbook/0').result();
    return { seconds, eventsPerTouch: (await events(services, 'textbook/0')) / TOUCHES };
  });
} // prettier-ignore

async function events(services: Services, workflowId: string): Promise<number> {
  const { client } = await services.temporal();
  return (await client.workflow.getHandle(workflowId).fetchHistory()).events?.length ?? 0;
}

const report = { say: (sentence: string) => console.error(sentence), progress: () => {} };
Runtime.install({ logger: new DefaultLogger('ERROR') });
const stack = await startLocalStack({ folder: null, report, env: { CADENZA_LOG_LEVEL: 'error' } });
try {
  const services = await openServices(stack.config, { name: 'cadenza-bench', log: createLogger({ level: 'error' }) });
  try {
    const [baseline, own] = [await textbook(services), await ours(services)];
    const touches = LEADS * TOUCHES;
    const line = (name: string, { seconds, eventsPerTouch }: Measured) =>
      console.log(`${name}: ${(touches / seconds).toFixed(1)} touches/s, ${eventsPerTouch.toFixed(1)} history events a touch`);
    console.log(`${LEADS} leads, ${TOUCHES} touches each`);
    line('textbook pattern   ', baseline);
    line('enrollment workflow', own);
    console.log(`ratio: ${(baseline.seconds / own.seconds).toFixed(2)}`);
  } finally {
    await services.close();
  }
} finally {
  await stack.stop();
} // prettier-ignore
