/** What commands that need the stack work with: the database, the keys, and the workflows that are told. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isProduction, loadConfig, stackFile, type Config } from '../common/config.ts';
import { readEnvironment } from '../common/read-environment.ts';
import {
  createIdentityHasher,
  createSecrets,
  createUnsubscribeTokens,
  type IdentityHasher,
  type Secrets,
  type UnsubscribeTokens,
} from '../common/crypto.ts';
import { createDb, type Db } from '../db/db.ts';
import { CliError } from './errors.ts';
import type { Output } from './output/output.ts';

/** Whose workflows should look into the database. */
export interface Wake {
  readonly enrollments?: readonly string[];
  readonly launches?: readonly string[];
  readonly endpoints?: readonly string[];
  /** Enrollments of erased leads, whose workflows end. */
  readonly terminate?: readonly string[];
}

export interface Session {
  readonly config: Config;
  readonly db: Db;
  readonly secrets: Secrets;
  readonly hashIdentity: IdentityHasher;
  readonly tokens: UnsubscribeTokens;
  /**
   * Tells workflows to look. What was commanded is stored and in force already, so a failure only warns: the sweep looks within a
   * minute.
   */
  wake(who: Wake): Promise<void>;
}

const WAKE_MS = 10_000;

/** Opens the stack for one command and closes it afterwards. @throws ConfigError, CliError when nothing runs */
export async function withSession<T>(out: Output, work: (session: Session) => Promise<T>): Promise<T> {
  const env = readEnvironment();
  if (env.CADENZA_URL)
    throw new CliError(
      'This command works on the database only. Unset CADENZA_URL to run it where Cadenza runs.',
      2,
      'not_remote',
    );
  const file = stackFile(resolve(env.CADENZA_DATA_DIR ?? '.cadenza'));
  if (!isProduction(env) && !existsSync(file)) {
    throw new CliError(
      'No stack is running here. Start one with "npm start" (it stays up; use another terminal), or set DATABASE_URL and TEMPORAL_ADDRESS to use one that runs elsewhere.',
      1,
      'not_running',
    );
  }
  const config = loadConfig(env);
  const db = createDb(config.databaseUrl, {
    name: 'cadenza-cli',
    max: Math.min(config.databaseConnections, 4),
  });
  try {
    await checkDatabase(config, db);
    return await work({
      config,
      db,
      secrets: createSecrets(config.encryptionKeys),
      hashIdentity: createIdentityHasher(config.hashKey),
      tokens: createUnsubscribeTokens([config.tokenKey]),
      wake: (who) => wake(out, config, who),
    });
  } finally {
    await db.close();
  }
}

async function checkDatabase(config: Config, db: Db): Promise<void> {
  const { host } = new URL(config.databaseUrl);
  const rows = await db
    .query<{ there: boolean }>(`select to_regclass('enrollments') is not null as there`)
    .then(
      (result) => result.rows,
      (error: NodeJS.ErrnoException & { errors?: readonly NodeJS.ErrnoException[] }) => {
        const code = error.code ?? error.errors?.[0]?.code ?? '';
        if (!code.startsWith('E')) throw error;
        throw new CliError(
          config.mode === 'local'
            ? `The local stack is not running any more (PostgreSQL at ${host} does not answer). Start it with "npm start".`
            : `PostgreSQL at ${host} does not answer (${code}). Check DATABASE_URL and that the server runs.`,
          1,
          'not_running',
        );
      },
    );
  if (!rows[0]?.there) {
    throw new CliError(
      `The database at ${host} has no Cadenza tables yet. "cadenza up" makes them.`,
      1,
      'not_migrated',
    );
  }
}

async function wake(out: Output, config: Config, who: Wake): Promise<void> {
  const { enrollments = [], launches = [], endpoints = [], terminate = [] } = who;
  if (enrollments.length + launches.length + endpoints.length + terminate.length === 0) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${WAKE_MS / 1000} s`)), WAKE_MS);
  });
  try {
    await Promise.race([tell(config, { enrollments, launches, endpoints, terminate }), late]);
  } catch (error) {
    const why = error instanceof Error ? error.message.split(/\.\s|\n/)[0] : String(error);
    out.warn(
      `It is stored and in force, but the workflows could not be told; they will look within a minute. (${why}.)`,
    );
  } finally {
    clearTimeout(timer);
  }
}

async function tell(config: Config, who: Required<Wake>): Promise<void> {
  const [{ connectTemporal }, { createWaker }] = await Promise.all([
    import('../common/temporal.ts'),
    import('../activities/waker.ts'),
  ]);
  const temporal = await connectTemporal(config.temporal, { timeoutMs: WAKE_MS / 2 });
  try {
    const waker = createWaker(temporal.client, config.taskQueue);
    if (who.terminate.length > 0) await waker.terminate(who.terminate);
    if (who.enrollments.length > 0) await waker.enrollments(who.enrollments);
    for (const id of who.launches) await waker.launch(id);
    for (const id of who.endpoints) await waker.endpoint(id);
  } finally {
    await temporal.close();
  }
}
