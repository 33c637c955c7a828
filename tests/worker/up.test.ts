import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadConfig } from '../../common/config.ts';
import { enroll } from '../../db/launches.ts';
import { openServices, type Services } from '../../worker/services.ts';
import type { UpAddresses } from '../../worker/up.ts';
import { makeLaunch, makeLead, makePlan, makeVersion, SETTINGS, touchNode } from '../support/factories.ts';
import { until } from '../support/stack.ts';

jest.setTimeout(240_000);

let folder: string;
let running: ChildProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cadenza-up-'));
  await chmod(folder, 0o755);
});
afterAll(async () => {
  running?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<UpAddresses> {
  const loader = resolve('node_modules/tsx/dist/loader.mjs');
  const env = { ...process.env, NODE_OPTIONS: '', CADENZA_DATA_DIR: folder, CADENZA_SWEEP_SECONDS: '2' };
  running = spawn(process.execPath, ['--import', loader, resolve('tests/support/up-process.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const [line] = (await once(running.stdout!, 'data')) as [Buffer];
  return JSON.parse(line.toString()) as UpAddresses;
}

async function withServices<T>(work: (services: Services) => Promise<T>): Promise<T> {
  const services = await openServices(loadConfig({ CADENZA_DATA_DIR: folder }), { name: 'cadenza-test' });
  try {
    return await work(services);
  } finally {
    await services.close();
  }
}

async function recorded(): Promise<number> {
  const text = await readFile(join(folder, 'sandbox', 'received.jsonl'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).length;
}

test('promise 2: the local stack goes on after kill -9 where it was, and ends in good order when asked', async () => {
  const first = await start();
  expect(((await (await fetch(`${first.http}/readyz`)).json()) as { ready: boolean }).ready).toBe(true);
  await withServices(async (services) => {
    const { db, hashIdentity } = services;
    const { id: versionId } = await makeVersion(db, {
      plan: makePlan([
        touchNode('a'),
        { id: 'w', kind: 'wait', wait: { unit: 'minutes', amount: 0.2 }, next: null },
        touchNode('b'),
      ]),
      settings: { window: { ...SETTINGS.window, days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' } },
    });
    await db.query('update senders set min_gap_seconds = 0, jitter_seconds = 0');
    const { id: launchId } = await makeLaunch(db, { versionId });
    const { id: leadId } = await makeLead(db);
    await enroll(db, launchId, [leadId], { hashIdentity });
    await (await services.waker()).launch(launchId);
    // Killed before this, the first mail's outcome would be unknown, and the lead would rightly be held.
    await until(
      async () => (await db.query(`select 1 from touches where state = 'sent'`)).rowCount === 1,
      'the first mail',
    );
  });
  running!.kill('SIGKILL');
  await once(running!, 'exit');

  const second = await start();
  expect(second.http).toBe(first.http);
  await until(async () => (await recorded()) === 2, 'the second mail', 60_000);
  await withServices(async ({ db }) => {
    await until(
      async () => (await db.query(`select 1 from enrollments where status = 'finished'`)).rowCount === 1,
      'the lead is through',
    );
  });
  running!.kill('SIGTERM');
  expect(await once(running!, 'exit')).toEqual([0, null]);
  expect(await recorded()).toBe(2);
});
