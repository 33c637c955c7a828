/** The real stack for one test file: PostgreSQL, Temporal, the sandbox, and workers in this process or in others. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Client } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { parseConfig, type Config } from '../../common/config.ts';
import { createLogger } from '../../common/log.ts';
import { addEndpoint } from '../../db/endpoints.ts';
import type { Db } from '../../db/db.ts';
import type { Behaviour } from '../../providers/sandbox/behaviour.ts';
import { startSandbox, type Sandbox } from '../../providers/sandbox/sandbox.ts';
import { newSecrets } from '../../worker/local/secrets.ts';
import { startTemporal, type LocalTemporal } from '../../worker/local/temporal-server.ts';
import { openServices, type Services } from '../../worker/services.ts';
import { startTimeLapse, type TimeLapse, type TimeLapseOptions } from '../../worker/time-lapse.ts';
import { startWorker, type RunningWorker, type WorkerOptions } from '../../worker/worker.ts';
import { createTestDatabase } from './database.ts';
import { quiet } from './servers.ts';
import { until } from './until.ts';

export { until };

export interface TestStackOptions {
  /** Business time runs fast from `startAt`; absent: it is the wall clock. */
  readonly timeLapse?: TimeLapseOptions;
  readonly behaviour?: Partial<Behaviour>;
  /** false: no worker yet. Default: one in this process. */
  readonly worker?: WorkerOptions | false;
  /** A Temporal server of its own, which `loseTemporal` can empty. */
  readonly ownTemporal?: boolean;
  /** The sandbox's CRM is registered for every callback. Default true. */
  readonly crm?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export interface TestStack {
  readonly config: Config;
  readonly services: Services;
  readonly db: Db;
  readonly client: Client;
  readonly sandbox: Sandbox;
  /** Only with `timeLapse`. */
  readonly lapse: TimeLapse;
  /** Another worker in this process. */
  startWorker(options?: WorkerOptions): Promise<RunningWorker>;
  /** A worker in a process of its own, to be killed. */
  startWorkerProcess(): Promise<WorkerProcess>;
  /** Ends the stack's own Temporal server with all it knows, and starts an empty one at the same address. Needs `ownTemporal`. */
  loseTemporal(): Promise<void>;
  /** Waits until `look` answers something true, at most `withinMs` (default 30 s). */
  until<T>(look: () => Promise<T>, what: string, withinMs?: number): Promise<NonNullable<T>>;
  /** Ends everything; throws what time-lapse scripts threw. */
  stop(): Promise<void>;
}

export interface WorkerProcess {
  readonly pid: number;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
  /** Asks it to end, and waits. */
  stop(): Promise<void>;
}

/** Machines that run tests are busy: nothing is given up early. */
const PATIENCE_MS = 60_000;

let installed = false;

export async function startTestStack(options: TestStackOptions = {}): Promise<TestStack> {
  if (!installed) Runtime.install({ logger: new DefaultLogger('ERROR') });
  installed = true;
  const closing: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    const failures: unknown[] = [];
    while (closing.length > 0) await closing.pop()!().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'cadenza-stack-'));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const database = await createTestDatabase();
    closing.push(() => database.drop());
    let own: LocalTemporal | undefined;
    const startOwn = async (port?: number) =>
      startTemporal({ folder, keep: false, report: quiet, ...(port && { port }) });
    if (options.ownTemporal) {
      own = await startOwn();
      closing.push(async () => own?.stop());
    }
    const secrets = newSecrets();
    const env = {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: own?.address ?? process.env.CADENZA_TEST_TEMPORAL!,
      // Files share the server; whoever listens to another queue never meets this file's workflows.
      CADENZA_TASK_QUEUE: `test-${randomUUID()}`,
      CADENZA_ENCRYPTION_KEYS: secrets.encryptionKeys,
      CADENZA_HASH_KEY: secrets.hashKey,
      CADENZA_TOKEN_KEY: secrets.tokenKey,
      CADENZA_PUBLIC_URL: 'http://127.0.0.1:9',
      CADENZA_ALLOW_PRIVATE_ENDPOINTS: 'true',
      CADENZA_WORKFLOW_BUNDLE: process.env.CADENZA_WORKFLOW_BUNDLE!,
      CADENZA_LOG_LEVEL: process.env.CADENZA_TEST_LOG_LEVEL ?? 'silent',
      CADENZA_SWEEP_SECONDS: '2',
      ...options.env,
    };
    const config = parseConfig(env, 'production');
    const lapseOn = options.timeLapse;
    const services = await openServices(config, {
      name: 'cadenza-test-stack',
      log: createLogger({ level: config.logLevel }),
    });
    closing.push(() => services.close());
    const lapse = lapseOn
      ? await startTimeLapse(services.db, { patienceMs: PATIENCE_MS, ...lapseOn })
      : undefined;
    if (lapse) closing.push(() => lapse.stop());
    await services.clock.refresh();
    const sandbox = await startSandbox({
      dir: folder,
      businessNow: () => services.clock.now(),
      ...(options.behaviour && { behaviour: options.behaviour }),
    });
    closing.push(() => sandbox.close());
    if (options.crm !== false) {
      const { secret } = await addEndpoint(
        services.db,
        services.secrets,
        { url: sandbox.crm.url },
        { allowPrivate: true },
      );
      sandbox.control({ crm: { secrets: [secret] } });
    }
    const { client } = await services.temporal();
    const another = async (workerOptions?: WorkerOptions) => {
      const worker = await startWorker(services, { sweepMs: 1000, ...workerOptions });
      closing.push(() => worker.stop());
      return worker;
    };
    if (options.worker !== false) await another(options.worker);
    return {
      config,
      services,
      db: services.db,
      client,
      sandbox,
      get lapse() {
        if (!lapse) throw new Error('this test stack was started without timeLapse');
        return lapse;
      },
      startWorker: another,
      async startWorkerProcess() {
        const started = await workerProcess(env);
        closing.push(() => started.stop());
        return started;
      },
      async loseTemporal() {
        if (!own) throw new Error('this test stack was started without ownTemporal');
        const port = Number(own.address.split(':')[1]);
        await own.stop();
        own = await startOwn(port);
      },
      until,
      stop,
    };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

async function workerProcess(env: Readonly<Record<string, string>>): Promise<WorkerProcess> {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', resolve('node_modules/tsx/dist/loader.mjs'), resolve('tests/support/worker-process.ts')],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '', ...env } },
  );
  const ended = once(child, 'exit');
  const first = await Promise.race([once(child.stdout!, 'data'), ended.then(() => null)]);
  if (!first) throw new Error('the worker process ended before it was ready');
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  return { pid: child.pid!, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}
