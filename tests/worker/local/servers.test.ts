import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { connectTemporal } from '../../../common/temporal.ts';
import { loadConfig } from '../../../common/config.ts';
import { commandLine } from '../../../worker/local/processes.ts';
import { startPostgres } from '../../../worker/local/postgres.ts';
import { startLocalStack } from '../../../worker/local/stack.ts';

jest.setTimeout(120_000);

const report = { say: () => {}, progress: () => {} };
let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cadenza-local-'));
  await chmod(folder, 0o755);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 300; i++) {
    if (commandLine(pid) === null) return true;
    await sleep(50);
  }
  return false;
}

/** A process of its own that starts a kept stack and prints where it is. */
async function stackProcess(): Promise<{ child: ChildProcess; databaseUrl: string; pids: number[] }> {
  const script = `
    import { startLocalStack } from ${JSON.stringify(resolve('worker/local/stack.ts'))};
    const stack = await startLocalStack({ folder: ${JSON.stringify(folder)}, report: { say() {}, progress() {} } });
    await stack.announce();
    process.stdout.write(JSON.stringify({ databaseUrl: stack.config.databaseUrl, pids: stack.pids }) + '\\n');
    setInterval(() => {}, 1000);`;
  const file = join(folder, 'start.mts');
  await writeFile(file, script);
  const child = spawn(process.execPath, ['--import', resolve('node_modules/tsx/dist/loader.mjs'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, ...(JSON.parse(line.toString()) as { databaseUrl: string; pids: number[] }) };
}

test('the stack ends with its process, also by kill -9, and starts again on the same data', async () => {
  const first = await stackProcess();
  await query(first.databaseUrl, `create table kept (x int); insert into kept values (42)`);
  expect(first.pids).toHaveLength(2);
  await expect(startLocalStack({ folder, report })).rejects.toThrow(/already runs on .*\(process \d+\)/);
  first.child.kill('SIGKILL');

  // At once, while the servers may still be ending.
  const second = await startLocalStack({ folder, report });
  expect(await query(second.config.databaseUrl, 'select x from kept')).toEqual([{ x: 42 }]);
  for (const pid of first.pids) expect(await gone(pid)).toBe(true);

  const access = await connectTemporal(second.config.temporal);
  await access.close();
  await second.announce();
  expect(loadConfig({ CADENZA_DATA_DIR: folder }).databaseUrl).toBe(second.config.databaseUrl);
  for (const file of ['stack.json', 'secrets.json'])
    expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  await second.stop();
  for (const pid of second.pids) expect(await gone(pid)).toBe(true);
  expect(() => loadConfig({ CADENZA_DATA_DIR: folder })).toThrow('npm start');
});

test('a lock file of PostgreSQL whose process id has another owner now is no obstacle', async () => {
  const first = await startPostgres({ folder, password: 'p', durable: false });
  await first.stop();
  await writeFile(
    join(first.folder, 'pg', 'postmaster.pid'),
    `${process.pid}\n${join(first.folder, 'pg')}\n`,
  );
  const second = await startPostgres({ folder, password: 'p', durable: false });
  expect(await query(await second.database('x'), 'select 1 as one')).toEqual([{ one: 1 }]);
  await second.stop();
});

test('a first start that was interrupted is begun again, a wrong password is explained', async () => {
  const first = await startPostgres({ folder, password: 'right', durable: false });
  const data = join(first.folder, 'pg');
  await first.stop();
  await expect(startPostgres({ folder, password: 'wrong', durable: false })).rejects.toThrow('secrets.json');
  await rm(join(data, 'PG_VERSION'));
  const second = await startPostgres({ folder, password: 'wrong', durable: false });
  expect(await readFile(join(data, 'PG_VERSION'), 'utf8')).toMatch(/^\d+/);
  await second.stop();
});
