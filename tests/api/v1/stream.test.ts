import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDeskStream } from '../../../api/v1/desk-stream.ts';
import { until } from '../../support/until.ts';
import { setTime } from '../../support/factories.ts';
import { makeMessage, makeTask } from './desk-support.ts';
import { startApi, type Client, type TestApi } from './support.ts';
import { beginSession, endSession } from '../../../db/access/sessions.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

async function listen(client: Client) {
  const token = await beginSession(api.db, client.user.id);
  const answer = await fetch(`${api.url}/v1/stream`, { headers: { cookie: `cadenza=${token}` } });
  const heard: string[] = [];
  let open = true;
  const reading = (async () => {
    for await (const part of answer.body!.pipeThrough(new TextDecoderStream()))
      heard.push(...[...part.matchAll(/^event: (\w+)$/gm)].map(([, event]) => event!));
  })()
    .catch(() => {})
    .finally(() => (open = false));
  return { answer, heard, token, isOpen: () => open, reading };
}

test('a stream says what changed on one’s own desk and nothing of others’; it ends with the server', async () => {
  const [rosa, other] = [
    await api.signedIn({ role: 'rep', name: 'Rosa S' }),
    await api.signedIn({ role: 'rep', name: 'Other S' }),
  ];
  expect((await api.anonymous().get('/stream')).status).toBe(401);
  const [mine, theirs] = [await listen(rosa), await listen(other)];
  expect(mine.answer.headers.get('content-type')).toBe('text/event-stream');
  await sleep(2500);
  const { leadId } = await makeTask(api.db, { owner: 'rosa s', dueAt: 0 });
  await until(async () => mine.heard.length > 0, 'something is heard', 10_000);
  expect(mine.heard).toEqual(['tasks', 'counts']);
  await makeMessage(api.db, { leadId, at: 0 });
  await until(async () => mine.heard.length > 2, 'something is heard', 10_000);
  expect(mine.heard.slice(2)).toEqual(['inbox', 'counts']);
  expect(theirs.heard).toEqual([]);
}, 30_000);

test('a stream ends when its session does; the database is looked at once for all', async () => {
  const rosa = await api.signedIn({ role: 'rep', name: 'Rosa E' });
  let looks = 0;
  const counting = {
    ...api.db,
    query: ((...args: Parameters<typeof api.db.query>) => {
      looks++;
      return api.db.query(...args);
    }) as typeof api.db.query,
  };
  const stream = createDeskStream(counting, { everyMs: 50, beatMs: 60 });
  const token = await beginSession(api.db, rosa.user.id);
  let good = true;
  const ended: number[] = [];
  const join = (n: number) =>
    stream.join({
      userId: rosa.user.id,
      sight: { owners: [], unowned: false },
      look: async () => (good || n > 0 ? { owners: [], unowned: false } : null),
      response: { write: () => true, on: () => {}, end: () => void ended.push(n) } as never,
    });
  for (let n = 0; n < 20; n++) expect(join(n)).toBe(true);
  expect(join(20)).toBe(false);
  await sleep(400);
  expect(looks).toBeGreaterThan(1);
  // Of a look while something may still commit: the number of changes, and the desks.
  expect(looks).toBeLessThan(20);
  expect(ended).toEqual([]);
  await endSession(api.db, token);
  good = false;
  await until(async () => ended.length > 0, 'something is heard', 10_000);
  expect(ended).toEqual([0]);
  stream.close();
  expect(ended.length).toBe(20);
});

test('while nothing happens a stream only shows that it lives, and tells at the next look of a task that became due', async () => {
  const every = 200;
  const at = Date.parse('2026-03-10T09:00:00Z');
  await setTime(api.db, at);
  await makeTask(api.db, { owner: 'rosa quiet', dueAt: at + 60_000 });
  await makeTask(api.db, { owner: 'rosa quiet', dueAt: at + 120_000 });
  let reads = 0;
  const counting = {
    ...api.db,
    query: ((...args: Parameters<typeof api.db.query>) => {
      if (args[0].includes('union all')) reads++;
      return api.db.query(...args);
    }) as typeof api.db.query,
  };
  const stream = createDeskStream(counting, { everyMs: every, beatMs: 60 });
  const heard: string[] = [];
  const beats: string[] = [];
  const sight = { owners: ['rosa quiet'], unowned: false };
  stream.join({
    userId: 'rosa',
    sight,
    look: async () => sight,
    response: {
      write: (text: string) => {
        const event = /^event: (\w+)$/m.exec(text)?.[1];
        if (event) heard.push(event);
        else beats.push(text);
      },
      on: () => {},
      end: () => {},
    } as never,
  });
  try {
    for (const [minutes, told] of [
      [1, ['tasks', 'counts']],
      [2, ['tasks', 'counts', 'tasks', 'counts']],
    ] as const) {
      // Until what was changed has settled, every look reads all desks; from then on only one in ten.
      await sleep(7 * every);
      const before = reads;
      await until(async () => reads > before, 'the look at all desks that is owed', 5000);
      const beaten = beats.length;
      expect(heard).toHaveLength(told.length - 2);
      await setTime(api.db, at + minutes * 60_000);
      await until(async () => heard.length === told.length, 'the task is told of', 5 * every);
      expect(heard).toEqual(told);
      expect(reads).toBe(before + 2);
      await until(async () => beats.length > beaten, 'it shows that it lives', 1000);
    }
  } finally {
    stream.close();
  }
  expect(beats[0]).toBe('retry: 5000\n: here\n\n');
  expect(new Set(beats.slice(1))).toEqual(new Set([': here\n\n']));
}, 30_000);
