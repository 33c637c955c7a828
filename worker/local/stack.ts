import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig, stackFile, type Config } from '../../common/config.ts';
import type { Environment } from '../../common/read-environment.ts';
import { migrate } from '../../db/migrate.ts';
import { LocalStackError } from './errors.ts';
import { createExclusive } from './exclusive.ts';
import { freePort, keptPorts, type KeptPorts } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { commandLine } from './processes.ts';
import { localSecrets, newSecrets } from './secrets.ts';
import type { Reporter } from './temporal-binary.ts';
import { startTemporal } from './temporal-server.ts';

/** PostgreSQL (migrated) and Temporal on this machine, and the configuration that leads to them. */
export interface LocalStack {
  readonly config: Config;
  /** The same as environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** The server without a database's name. */
  readonly databaseServer: string;
  readonly temporalUi: string | null;
  readonly folder: string;
  /** Ports that stay the same for this folder; a stack that is thrown away has free ones. */
  readonly ports: KeptPorts;
  /** Resolves with a server's name if it ends before `stop`. */
  readonly ended: Promise<string>;
  /** Of PostgreSQL and of Temporal. */
  readonly pids: readonly number[];
  /** Writes down where the stack is, for `npx cadenza …` in other terminals. Call it when the stack takes work. */
  announce(): Promise<void>;
  stop(): Promise<void>;
}

export interface LocalStackOptions {
  /** Where it keeps its data from one start to the next; null: in a folder of its own that is removed at the end. */
  readonly folder: string | null;
  /** Settings that are not the stack's to choose. */
  readonly env?: Environment;
  readonly report: Reporter;
  /** With Temporal's web interface. */
  readonly ui?: boolean;
}

/** The ports the kept stack would like, so that addresses stay the same from one start to the next. */
const PORTS = { postgres: 54_329, temporal: 7233, ui: 8233 };

/** Starts both servers. Throws when another stack runs on the same folder. Call `stop` even after a failure of your own. */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const { report } = options;
  const keep = options.folder !== null;
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'cadenza-')));
  // As root PostgreSQL runs as another user, who must be able to get in; what is secret has its own mode.
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  const closing: (() => Promise<unknown>)[] = keep
    ? [await lock(folder)]
    : [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    while (closing.length > 0) await closing.pop()!();
  };
  try {
    const secrets = keep ? await localSecrets(folder) : newSecrets();
    const [postgres, temporal] = await both(
      startPostgres({
        folder,
        password: secrets.databasePassword,
        durable: keep,
        say: (sentence) => report.say(sentence),
        ...(keep && { port: PORTS.postgres }),
      }),
      startTemporal({
        folder,
        keep,
        report,
        ...(keep && { port: PORTS.temporal }),
        ...(options.ui && { uiPort: keep ? PORTS.ui : 0 }),
      }),
      closing,
    );
    const databaseUrl = await postgres.database('cadenza');
    await migrate(databaseUrl);
    const ports = keep ? await keptPorts(folder) : { http: await freePort(), sandbox: 0, sandboxSmtp: 0 };
    const httpPort = options.env?.CADENZA_HTTP_PORT ?? String(ports.http);
    const env = {
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: 'default',
      CADENZA_ENCRYPTION_KEYS: secrets.encryptionKeys,
      CADENZA_HASH_KEY: secrets.hashKey,
      CADENZA_TOKEN_KEY: secrets.tokenKey,
      CADENZA_HTTP_PORT: httpPort,
      CADENZA_PUBLIC_URL: options.env?.CADENZA_PUBLIC_URL ?? `http://127.0.0.1:${httpPort}`,
      // The sandbox's CRM listens on this machine.
      CADENZA_ALLOW_PRIVATE_ENDPOINTS: options.env?.CADENZA_ALLOW_PRIVATE_ENDPOINTS ?? 'true',
      CADENZA_DATA_DIR: folder,
    };
    return {
      env,
      config: parseConfig({ ...options.env, ...env }, 'local'),
      databaseServer: postgres.server,
      temporalUi: temporal.ui,
      folder,
      ports,
      ended: Promise.race([
        postgres.ended.then(() => 'PostgreSQL'),
        temporal.ended.then(() => 'The Temporal server'),
      ]),
      pids: [postgres.pid, temporal.pid],
      async announce() {
        const file = stackFile(folder);
        await writeFile(`${file}.new`, JSON.stringify({ env }, null, 2), { mode: 0o600 });
        await rename(`${file}.new`, file);
        closing.push(() => rm(file, { force: true }));
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for both, and notes how to end each as soon as it runs, so that the failure of one doesn't leave the other behind. */
async function both<A extends Stoppable, B extends Stoppable>(
  a: Promise<A>,
  b: Promise<B>,
  closing: (() => Promise<unknown>)[],
) {
  const note = (started: Stoppable) => closing.push(() => started.stop());
  const settled = await Promise.allSettled([a, b]);
  for (const one of settled) if (one.status === 'fulfilled') note(one.value);
  for (const one of settled) if (one.status === 'rejected') throw one.reason;
  return [await a, await b] as const;
}

interface Stoppable {
  stop(): Promise<void>;
}

/** One stack a folder. A lock whose process has ended, or whose id belongs to something else now, is taken over. */
async function lock(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'lock.json');
  const mine = { pid: process.pid, command: commandLine(process.pid) };
  for (let attempt = 0; attempt < 2; attempt++) {
    if (await createExclusive(file, JSON.stringify(mine))) return () => rm(file, { force: true });
    const held = await readFile(file, 'utf8')
      .then(
        (text) => JSON.parse(text) as typeof mine,
        () => null,
      )
      .catch(() => null);
    if (held && held.pid !== process.pid && held.command && commandLine(held.pid) === held.command) {
      throw new LocalStackError(
        `Cadenza already runs on ${folder} (process ${held.pid}). Use that one, or end it first.`,
      );
    }
    await rm(file, { force: true });
  }
  throw new LocalStackError(`Cadenza is being started on ${folder} by somebody else right now.`);
}
