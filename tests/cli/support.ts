import { expect } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { run } from '../../cli/run.ts';
import type { Db } from '../../db/db.ts';
import { startSandbox, type Sandbox } from '../../providers/sandbox/sandbox.ts';
import { createTestDatabase } from '../support/database.ts';

const BIN = resolve('bin/cadenza.js');

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON. */
  readonly json: () => unknown;
}

/** A folder in which nothing runs, for the process to start in. */
export function makeFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'cadenza-cli-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs `cadenza` as a process of its own. No stack trace may ever show. */
export async function cadenza(
  args: readonly string[],
  options: { cwd: string; env?: Readonly<Record<string, string>>; input?: string },
): Promise<Run> {
  const { PATH = '', HOME = '', TMPDIR = '' } = process.env;
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: options.cwd,
    env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...options.env },
  });
  const read = (stream: NodeJS.ReadableStream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString('utf8');
  };
  const stdout = read(child.stdout);
  const stderr = read(child.stderr);
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((done) => child.once('close', done));
  expect(stdout() + stderr()).not.toMatch(/^\s+at .*[:(]\d+|node:internal|Error: /m);
  return { code, stdout: stdout(), stderr: stderr(), json: () => JSON.parse(stdout()) as unknown };
}

/**
 * The same in this process, without the seconds that it takes to start: for many commands, one after the other. What only a process
 * shows (its end, signals, a closed pipe) does not show here.
 */
export async function here(
  args: readonly string[],
  { cwd, env = {}, input = '' }: { cwd: string; env?: Readonly<Record<string, string>>; input?: string },
): Promise<Run> {
  const before = { cwd: process.cwd(), env: process.env, exitCode: process.exitCode };
  const { PATH = '', HOME = '' } = process.env;
  const [stdout, stderr] = [catching('stdout'), catching('stderr')];
  const stdin = standIn('stdin', Readable.from([Buffer.from(input)]));
  process.env = { PATH, HOME, ...env };
  process.chdir(cwd);
  let code: number;
  try {
    code = await run(args);
  } finally {
    Object.assign(process, { env: before.env, exitCode: before.exitCode });
    process.chdir(before.cwd);
    for (const release of [stdout.release, stderr.release, stdin]) release();
  }
  expect(stdout.text() + stderr.text()).not.toMatch(/^\s+at .*[:(]\d+|node:internal|Error: /m);
  const json = () => JSON.parse(stdout.text()) as unknown;
  return { code, stdout: stdout.text(), stderr: stderr.text(), json };
}

/** In the place of a stream of the process, which commands may also end. */
function catching(name: 'stdout' | 'stderr'): { text: () => string; release: () => void } {
  const chunks: Buffer[] = [];
  const stand = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { text: () => Buffer.concat(chunks).toString('utf8'), release: standIn(name, stand) };
}

function standIn(name: 'stdin' | 'stdout' | 'stderr', stream: Readable | Writable): () => void {
  const own = process[name];
  const put = (value: unknown) => void Object.defineProperty(process, name, { configurable: true, value });
  put(stream);
  return () => put(own);
}

/** The terminal beside a database and a sandbox, with nobody where Temporal should be: workflows cannot be told, which only warns. */
export interface Terminal {
  readonly db: Db;
  readonly sandbox: Sandbox;
  readonly folder: string;
  readonly run: (...args: string[]) => Promise<Run>;
  readonly withInput: (input: string, ...args: string[]) => Promise<Run>;
  /** Writes a file into its folder. */
  readonly write: (name: string, text: string) => void;
  readonly close: () => Promise<void>;
}

/** The environment of a terminal beside a database. */
export function besideDatabase(url: string): Readonly<Record<string, string>> {
  const key = Buffer.alloc(32, 7).toString('base64');
  return {
    DATABASE_URL: url,
    TEMPORAL_ADDRESS: '127.0.0.1:9',
    CADENZA_ENCRYPTION_KEYS: `k:${key}`,
    CADENZA_HASH_KEY: key,
    CADENZA_TOKEN_KEY: key,
    CADENZA_PUBLIC_URL: 'https://cadenza.example.com',
  };
}

export async function openTerminal(): Promise<Terminal> {
  const { db, url, drop } = await createTestDatabase();
  const folder = makeFolder();
  mkdirSync(join(folder.path, 'sandbox'));
  const sandbox = await startSandbox({ dir: join(folder.path, 'sandbox') });
  const env = besideDatabase(url);
  const at = { cwd: folder.path, env };
  return {
    db,
    sandbox,
    folder: folder.path,
    run: (...args) => cadenza(args, at),
    withInput: (input, ...args) => cadenza(args, { ...at, input }),
    write: (name, text) => writeFileSync(join(folder.path, name), text),
    async close() {
      await sandbox.close();
      await drop();
      folder.remove();
    },
  };
}
