import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandLine, endLeftover, startGuarded } from '../../../worker/local/processes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cadenza-processes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function gone(pid: number, withinMs = 10_000): Promise<boolean> {
  for (let waited = 0; waited < withinMs; waited += 50) {
    if (commandLine(pid) === null) return true;
    await sleep(50);
  }
  return false;
}

test('a guarded server ends when its parent is killed with -9, without anybody else', async () => {
  const script = join(folder, 'parent.mts');
  await writeFile(
    script,
    `import { startGuarded } from ${JSON.stringify(resolve('worker/local/processes.ts'))};
     const { pid } = await startGuarded({ command: 'sleep', args: ['1000'], signal: 'TERM', logFile: ${JSON.stringify(join(folder, 'log'))} });
     process.stdout.write(String(pid));
     setInterval(() => {}, 1000);`,
  );
  const parent = spawn(process.execPath, ['--import', resolve('node_modules/tsx/dist/loader.mjs'), script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(printed.toString());
  expect(commandLine(pid)).toBe('sleep 1000');
  parent.kill('SIGKILL');
  expect(await gone(pid)).toBe(true);
}, 60_000);

test('stop asks first and insists later; what the server printed is in its log', async () => {
  const logFile = join(folder, 'log');
  const options = { command: '/bin/sh', signal: 'TERM', logFile } as const;
  const polite = await startGuarded({ ...options, args: ['-c', 'echo hello; exec sleep 1000'] });
  while ((await readFile(logFile, 'utf8')) === '') await sleep(20);
  await polite.stop();
  expect(commandLine(polite.pid)).toBeNull();
  expect(await readFile(logFile, 'utf8')).toMatch(/^hello\n/);
  const stubborn = await startGuarded({
    ...options,
    args: ['-c', `trap '' TERM; while true; do sleep 0.1; done`],
  });
  await sleep(200);
  await stubborn.stop(300);
  expect(commandLine(stubborn.pid)).toBeNull();
});

test('a command that is not there ends by itself', async () => {
  const server = await startGuarded({
    command: '/nowhere/server',
    args: [],
    signal: 'TERM',
    logFile: join(folder, 'log'),
  });
  await server.ended;
  await server.stop();
});

test('only a process with all the marks in its command line is ended', async () => {
  const child = spawn('sleep', ['1001'], { stdio: 'ignore' });
  await once(child, 'spawn');
  expect(await endLeftover(child.pid!, ['sleep', '2002'], 'SIGTERM')).toBe(false);
  expect(commandLine(child.pid!)).toBe('sleep 1001');
  expect(await endLeftover(child.pid!, ['sleep', '1001'], 'SIGTERM')).toBe(true);
  expect(commandLine(child.pid!)).toBeNull();
  expect(await endLeftover(999_999_999, ['sleep'], 'SIGTERM')).toBe(false);
});
