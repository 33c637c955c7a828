import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectTemporal } from '../../common/temporal.ts';
import { LocalStackError } from './errors.ts';
import { freePort } from './ports.ts';
import { endLeftover, startGuarded, type GuardedProcess } from './processes.ts';
import { temporalBinary, type Reporter } from './temporal-binary.ts';

/** A Temporal dev server of our own on the loopback interface. */
export interface LocalTemporal {
  readonly address: string;
  readonly pid: number;
  /** Address of its web interface, if asked for. */
  readonly ui: string | null;
  /** Resolves when it has ended, by `stop` or by itself. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface TemporalOptions {
  /** Logs, the process id and, when `keep` is set, the data go here. */
  readonly folder: string;
  /** Whether its data outlive it (`<folder>/temporal.db`); else they are in memory. */
  readonly keep: boolean;
  /** Taken if it is free. */
  readonly port?: number;
  /** Taken if it is free; absent: no web interface. */
  readonly uiPort?: number;
  readonly report: Reporter;
}

/** Starts the dev server, ended first if an earlier run left one on the same folder, and waits until it takes work. */
export async function startTemporal(options: TemporalOptions): Promise<LocalTemporal> {
  const binary = await temporalBinary(options.report);
  await mkdir(options.folder, { recursive: true });
  const pidFile = join(options.folder, 'temporal.pid');
  if (existsSync(pidFile)) await endEarlier(pidFile);
  const port = await freePort(options.port);
  const uiPort = options.uiPort === undefined ? null : await freePort(options.uiPort);
  const logFile = join(options.folder, 'temporal.log');
  const marks = ['server', 'start-dev', '--port', String(port)];
  const guarded = await startGuarded({
    command: binary,
    args: [
      ...marks,
      '--ip',
      '127.0.0.1',
      '--log-level',
      'warn',
      ...uiArguments(uiPort),
      ...storeArguments(options),
    ],
    signal: 'TERM',
    logFile,
  });
  await writeFile(pidFile, JSON.stringify({ pid: guarded.pid, marks: marks.join(' ') }));
  const address = `127.0.0.1:${port}`;
  await ready(address, guarded, logFile);
  return {
    address,
    pid: guarded.pid,
    ui: uiPort === null ? null : `http://127.0.0.1:${uiPort}`,
    ended: guarded.ended,
    async stop() {
      await guarded.stop();
      await rm(pidFile, { force: true });
    },
  };
}

const uiArguments = (port: number | null) => (port === null ? ['--headless'] : ['--ui-port', String(port)]);

function storeArguments(options: TemporalOptions): string[] {
  if (!options.keep) return [];
  // Measured 3.5 times as fast as its defaults; with WAL, `normal` loses nothing when the process is killed.
  const pragmas = ['journal_mode=wal', 'synchronous=normal'];
  return [
    '--db-filename',
    join(options.folder, 'temporal.db'),
    ...pragmas.flatMap((pragma) => ['--sqlite-pragma', pragma]),
  ];
}

async function endEarlier(pidFile: string): Promise<void> {
  try {
    const { pid, marks } = JSON.parse(await readFile(pidFile, 'utf8')) as { pid: number; marks: string };
    await endLeftover(pid, [marks], 'SIGTERM');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  await rm(pidFile, { force: true });
}

async function ready(address: string, guarded: GuardedProcess, logFile: string): Promise<void> {
  let over = false;
  void guarded.ended.then(() => (over = true));
  const config = { address, namespace: 'default', tls: null, apiKey: null };
  for (let attempt = 0; attempt < 240 && !over; attempt++) {
    try {
      const access = await connectTemporal(config, { timeoutMs: 5000 });
      await access.close();
      return;
    } catch {
      await sleep(250);
    }
  }
  await guarded.stop();
  const tail = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-3).join('\n');
  throw new LocalStackError(`The Temporal server did not start (${logFile}):\n${tail}`);
}
