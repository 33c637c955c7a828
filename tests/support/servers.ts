import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { migrate } from '../../db/migrate.ts';
import { startPostgres } from '../../worker/local/postgres.ts';
import type { Reporter } from '../../worker/local/temporal-binary.ts';
import { startTemporal } from '../../worker/local/temporal-server.ts';

type Closing = (() => Promise<unknown>)[];
// jest loads each project's set-up as a module of its own; what they share hangs on the process.
const shared = globalThis as {
  __cadenzaServers?: { closing: Closing; folder?: Promise<string>; postgres?: Promise<void> };
};

function state() {
  shared.__cadenzaServers ??= { closing: [] };
  return shared.__cadenzaServers;
}

/** A report that only shows what takes long. */
export const quiet: Reporter = {
  say: (sentence) => process.stderr.write(`${sentence}\n`),
  progress: () => {},
};

async function folder(): Promise<string> {
  const { closing } = state();
  state().folder ??= (async () => {
    const made = await mkdtemp(join(tmpdir(), 'cadenza-test-'));
    // As root PostgreSQL runs as another user, who must be able to get there.
    await chmod(made, 0o755);
    closing.unshift(() => rm(made, { recursive: true, force: true }));
    return made;
  })();
  return state().folder!;
}

/** Starts PostgreSQL and makes the template; the second call of a run does nothing. Sets CADENZA_TEST_DATABASE_SERVER. */
export async function startTestDatabaseServer(): Promise<void> {
  state().postgres ??= (async () => {
    const postgres = await startPostgres({
      folder: await folder(),
      password: 'cadenza',
      durable: false,
      maxConnections: 300,
    });
    state().closing.push(() => postgres.stop());
    await migrate(await postgres.database('cadenza_template'));
    const admin = new pg.Client({ connectionString: `${postgres.server}/postgres` });
    await admin.connect();
    await admin.query('alter database cadenza_template with is_template true');
    await admin.end();
    process.env.CADENZA_TEST_DATABASE_SERVER = postgres.server;
  })();
  await state().postgres;
}

/** Starts a Temporal server that keeps nothing. Sets CADENZA_TEST_TEMPORAL. */
export async function startTestTemporal(): Promise<void> {
  const temporal = await startTemporal({ folder: await folder(), keep: false, report: quiet });
  state().closing.push(() => temporal.stop());
  process.env.CADENZA_TEST_TEMPORAL = temporal.address;
}

/** Bundles the workflows once for all files. Sets CADENZA_WORKFLOW_BUNDLE. */
export async function bundleTestWorkflows(): Promise<void> {
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  const silent = () => {};
  const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };
  const { code } = await bundleWorkflowCode({ workflowsPath, logger });
  const file = join(await folder(), 'workflow-bundle.cjs');
  await writeFile(file, code);
  process.env.CADENZA_WORKFLOW_BUNDLE = file;
}

/** Ends everything, last started first, and removes the folder at the end. */
export async function stopTestServers(): Promise<void> {
  const { closing } = state();
  while (closing.length > 0) await closing.pop()!();
  delete shared.__cadenzaServers;
}
