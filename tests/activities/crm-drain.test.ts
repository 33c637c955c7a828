import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { Webhook } from 'standardwebhooks';
import { createCrmActivities, type DrainDeps, type DrainResult } from '../../activities/crm/index.ts';
import { createSecrets } from '../../common/crypto.ts';
import { createLogger } from '../../common/log.ts';
import { emit } from '../../db/callbacks.ts';
import type { Db } from '../../db/db.ts';
import { deliveryAttempts, deliveryLog, eraseFromCallbacks, replay } from '../../db/deliveries.ts';
import {
  addEndpoint,
  disableEndpoint,
  enableEndpoint,
  listEndpoints,
  removeEndpoint,
  rotateSecret,
} from '../../db/endpoints.ts';
import { createOutboundHttp, type OutboundHttp } from '../../providers/crm/outbound.ts';
import { startReceiver, until } from '../support/crm-receiver.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeLead } from '../support/factories.ts';

const secrets = createSecrets([{ id: 'test', key: randomBytes(32) }]);
const log = createLogger({ level: 'silent' });

let db: Db;
let drop: () => Promise<void>;
let http: OutboundHttp;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  http = createOutboundHttp({ allowPrivate: true, timeoutMs: 2_000 });
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await db.query('delete from endpoints');
});
afterAll(async () => {
  http.close();
  await drop();
});

async function receiver(...args: Parameters<typeof startReceiver>) {
  const started = await startReceiver(...args);
  closing.push(started.close);
  return started;
}

const newEndpoint = (url: string, types: string[] = []) =>
  addEndpoint(db, secrets, { url, types }, { allowPrivate: true });

async function leads(count: number): Promise<string[]> {
  return (await Promise.all(Array.from({ length: count }, () => makeLead(db)))).map((lead) => lead.id);
}

const tell = (leadId: string) => db.tx((tx) => emit(tx, { type: 'lead.replied', leadId }));

const QUICK = { pollMs: 20, backOff: { baseMs: 20, capMs: 100 } };

/** Drains as the workflow would, until `cancel`; gives every result in between. */
function drainFor(endpointId: string, deps: Partial<DrainDeps> = {}) {
  const environment = new MockActivityEnvironment();
  const { drain } = createCrmActivities({ db, secrets, http, log, ...QUICK, ...deps });
  const results: DrainResult[] = [];
  let beats = 0;
  let ended = false;
  environment.on('heartbeat', () => beats++);
  const done = (async () => {
    while (!ended) {
      const result = (await environment.run(drain, { endpointId })) as DrainResult;
      results.push(result);
      if (result.kind === 'disabled' || result.kind === 'removed') break;
      if (result.kind === 'held') await new Promise((resolve) => setTimeout(resolve, result.retryInMs));
    }
  })();
  const cancel = async () => {
    ended = true;
    environment.cancel();
    await done;
  };
  closing.push(cancel);
  return { results, cancel, done, beats: () => beats };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('promise 9: each lead in order under concurrency, leads in parallel, signed, and nothing twice', async () => {
  let [now, most] = [0, 0];
  const crm = await receiver(async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
    now--;
    return 200;
  });
  const { id, secret } = await newEndpoint(crm.url);
  const who = await leads(20);
  const drain = drainFor(id);
  await Promise.all(
    who.map(async (leadId) => {
      for (let i = 0; i < 10; i++) await tell(leadId);
    }),
  );
  await until(() => crm.posts.length >= 200);
  await drain.cancel();

  const taken = crm.taken();
  for (const leadId of who) expect(taken.get(leadId)).toEqual(numbers(10));
  expect(crm.posts).toHaveLength(200);
  expect(most).toBeGreaterThan(3);
  expect(most).toBeLessThanOrEqual(8);
  expect(drain.beats()).toBeGreaterThan(2);
  for (const post of crm.posts) {
    expect(new Webhook(secret).verify(post.text, post.headers as Record<string, string>)).toEqual(post.body);
    expect(post.headers['content-type']).toBe('application/json');
  }
});

test('promise 9: an endpoint that fails in every way for a while gets everything afterwards, in order, under the same ids', async () => {
  let broken = true;
  const ways = [500, 429, 503, (res: { destroy(): void }) => res.destroy()] as const;
  let turn = 0;
  const crm = await receiver(() => (broken ? ways[turn++ % ways.length]! : 200));
  const { id } = await newEndpoint(crm.url);
  const who = await leads(6);
  const drain = drainFor(id);
  const telling = Promise.all(
    who.map(async (leadId) => {
      for (let i = 0; i < 8; i++) await tell(leadId);
    }),
  );
  await telling;
  await until(() => crm.posts.length >= 12);
  const [held] = await listEndpoints(db);
  expect(held).toMatchObject({ pending: 48, parked: 0, disabledAt: null });
  expect(held!.holdReason).toMatch(/^(http_(500|429|503)|econnreset)$/);
  broken = false;
  await until(() => [...crm.taken().values()].flat().length === 48);
  await drain.cancel();
  for (const leadId of who) expect(crm.taken().get(leadId)).toEqual(numbers(8));
  expect(new Set(crm.posts.map((post) => post.id)).size).toBe(48);
  expect(await listEndpoints(db)).toMatchObject([
    { pending: 0, parked: 0, heldUntil: null, holdReason: null },
  ]);
});

test('promise 9: while an endpoint is held it is probed with one callback at a time', async () => {
  const crm = await receiver(() => 500);
  const { id } = await newEndpoint(crm.url);
  for (const leadId of await leads(10)) await tell(leadId);
  const drain = drainFor(id);
  await until(() => drain.results.length >= 4);
  await drain.cancel();
  expect(crm.posts.length).toBeLessThanOrEqual(8 + drain.results.length);
});

test('promise 9: a receiver that is not there at all holds the endpoint, and answers when it comes back', async () => {
  const first = await startReceiver();
  await first.close();
  const { id } = await newEndpoint(first.url);
  const [leadId] = (await leads(1)) as [string];
  await tell(leadId);
  const drain = drainFor(id);
  await until(() => drain.results.length >= 2);
  expect(drain.results[0]).toMatchObject({ kind: 'held' });
  expect((await listEndpoints(db))[0]!.holdReason).toBe('econnrefused');
  const back = await receiver(() => 200, first.port);
  await until(() => back.posts.length === 1);
  await drain.cancel();
});

test('promise 9: Retry-After of a 429 is waited for', async () => {
  let at = 0;
  const crm = await receiver(() => {
    if (at === 0) {
      at = performance.now();
      return { status: 429, headers: { 'retry-after': '1' } };
    }
    at = performance.now() - at;
    return 200;
  });
  const { id } = await newEndpoint(crm.url);
  const [leadId] = (await leads(1)) as [string];
  await tell(leadId);
  const drain = drainFor(id);
  await until(() => crm.posts.length === 2);
  await drain.cancel();
  expect(at).toBeGreaterThanOrEqual(990);
  expect(drain.results[0]).toEqual({ kind: 'held', retryInMs: 1000 });
});

test('promise 9: 410 disables the endpoint and loses nothing: enabled again, it goes on', async () => {
  let gone = true;
  const crm = await receiver(() => (gone ? 410 : 200));
  const { id } = await newEndpoint(crm.url);
  const [leadId] = (await leads(1)) as [string];
  await tell(leadId);
  const drain = drainFor(id);
  await drain.done;
  expect(drain.results).toEqual([{ kind: 'disabled' }]);
  expect(await listEndpoints(db)).toMatchObject([{ disabledReason: 'gone', pending: 1 }]);
  await tell(leadId);
  gone = false;
  await enableEndpoint(db, id);
  const again = drainFor(id);
  await until(() => crm.posts.length === 2);
  expect(await replay(db, id, { since: new Date(0) })).toBeGreaterThanOrEqual(2);
  await until(() => (crm.taken().get(leadId) ?? []).length === 2);
  await again.cancel();
  expect(crm.taken().get(leadId)).toEqual([1, 2]);
});

test('promise 9: another 4xx and a redirect park that one message and leave a visible gap; parked ones can be replayed', async () => {
  let strict = true;
  const other = await receiver();
  const crm = await receiver(({ body }) => {
    if (strict && body.data.seq === 2) return { status: 422, body: 'no such contact' };
    if (strict && body.data.seq === 4) return { status: 307, headers: { location: other.url } };
    return 200;
  });
  const { id } = await newEndpoint(crm.url);
  const [leadId] = (await leads(1)) as [string];
  for (let i = 0; i < 5; i++) await tell(leadId);
  const drain = drainFor(id);
  await until(() => (crm.taken().get(leadId) ?? []).length === 3);
  await until(async () => (await listEndpoints(db))[0]!.pending === 0);
  expect(crm.taken().get(leadId)).toEqual([1, 3, 5]);
  const gap = await deliveryLog(db, id, { state: 'parked' });
  expect(gap).toMatchObject([
    { seq: 4, state: 'parked', lastStatus: 307, attempts: 1 },
    { seq: 2, state: 'parked', lastStatus: 422, lastError: 'no such contact', attempts: 1 },
  ]);
  expect(await deliveryAttempts(db, gap[1]!.id)).toMatchObject([{ status: 422, error: 'no such contact' }]);
  expect(other.posts).toHaveLength(0);

  strict = false;
  expect(await replay(db, id, { parked: true })).toBe(2);
  await until(() => (crm.taken().get(leadId) ?? []).length === 5);
  const ids = crm.posts.filter((post) => post.body.data.seq === 2).map((post) => post.id);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
  await drain.cancel();
});

test('promise 9: during a rotation both secrets verify, afterwards only the new one', async () => {
  const crm = await receiver();
  const { id, secret: old } = await newEndpoint(crm.url);
  const { secret: fresh } = await rotateSecret(db, secrets, id, 60_000);
  const [leadId] = (await leads(1)) as [string];
  const drain = drainFor(id);
  await tell(leadId);
  await until(() => crm.posts.length === 1);
  const first = crm.posts[0]!;
  const headers = first.headers as Record<string, string>;
  expect(headers['webhook-signature']!.split(' ')).toHaveLength(2);
  for (const secret of [old, fresh])
    expect(new Webhook(secret).verify(first.text, headers)).toEqual(first.body);

  const { secret: newest } = await rotateSecret(db, secrets, id, 0);
  await new Promise((resolve) => setTimeout(resolve, 60));
  await tell(leadId);
  await until(() => crm.posts.length === 2);
  await drain.cancel();
  const second = crm.posts[1]!;
  expect(new Webhook(newest).verify(second.text, second.headers as Record<string, string>)).toEqual(
    second.body,
  );
  for (const secret of [old, fresh]) {
    expect(() => new Webhook(secret).verify(second.text, second.headers as Record<string, string>)).toThrow();
  }
  const stored = await db.query<{ secrets: unknown }>('select secrets from endpoints where id = $1', [id]);
  expect(JSON.stringify(stored.rows)).not.toContain(newest.slice(6, 20));
});

test('promise 9: two drains of one endpoint never deliver at the same time, and the second takes over', async () => {
  let [now, most] = [0, 0];
  const crm = await receiver(async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 3));
    now--;
    return 200;
  });
  const { id } = await newEndpoint(crm.url);
  const who = await leads(2);
  const [one, two] = [drainFor(id, { concurrency: 1 }), drainFor(id, { concurrency: 1 })];
  for (let i = 0; i < 10; i++) for (const leadId of who) await tell(leadId);
  await until(() => crm.posts.length >= 10);
  await one.cancel();
  await until(() => crm.posts.length >= 20);
  await two.cancel();
  expect(most).toBe(1);
  for (const leadId of who) expect(crm.taken().get(leadId)).toEqual(numbers(10));
});

test('promise 9: cancelled in the middle of a post, it comes again under the same id', async () => {
  const crm = await receiver(async () => {
    if (crm.posts.length === 0) await new Promise((resolve) => setTimeout(resolve, 1_900));
    return 200;
  });
  const { id } = await newEndpoint(crm.url);
  const [leadId] = (await leads(1)) as [string];
  await tell(leadId);
  await tell(leadId);
  const drain = drainFor(id);
  await new Promise((resolve) => setTimeout(resolve, 150));
  await drain.cancel();
  const again = drainFor(id);
  await until(() => crm.posts.length === 3);
  await again.cancel();
  const repeated = crm.posts.filter((post) => post.body.data.seq === 1);
  expect(repeated).toHaveLength(2);
  expect(new Set(repeated.map((post) => post.id)).size).toBe(1);
});

test('a drain ends when its endpoint is disabled or removed, and follows the chosen types', async () => {
  const crm = await receiver();
  const { id } = await newEndpoint(crm.url, ['lead.bounced']);
  const [leadId] = (await leads(1)) as [string];
  const drain = drainFor(id);
  await tell(leadId);
  await db.tx((tx) => emit(tx, { type: 'lead.bounced', leadId }));
  await until(() => crm.posts.length === 1);
  expect(crm.posts[0]!.body).toMatchObject({ type: 'lead.bounced', data: { seq: 2 } });
  await disableEndpoint(db, id);
  await drain.done;
  expect(drain.results.at(-1)).toEqual({ kind: 'disabled' });
  await enableEndpoint(db, id);
  const again = drainFor(id);
  await removeEndpoint(db, id);
  await again.done;
  expect(again.results.at(-1)).toEqual({ kind: 'removed' });
});

test('one event can be replayed to an endpoint that came later', async () => {
  const [leadId] = (await leads(1)) as [string];
  await tell(leadId);
  await tell(leadId);
  const crm = await receiver();
  const { id } = await newEndpoint(crm.url, ['touch.sent']);
  const { rows } = await db.query<{ event_id: string }>(
    'select event_id from callbacks where lead_id = $1 and lead_seq = 2',
    [leadId],
  );
  expect(await replay(db, id, { eventId: rows[0]!.event_id })).toBe(1);
  expect(await replay(db, id, { eventId: 'evt_nothing' })).toBe(0);
  const drain = drainFor(id);
  await until(() => crm.posts.length === 1);
  await drain.cancel();
  expect(crm.posts[0]!.id).toBe(rows[0]!.event_id);
});

test('promise 8: an erased lead leaves no external id behind, but the CRM is still told whom to erase', async () => {
  let open = false;
  const crm = await receiver(() => (open ? 200 : 503));
  const { id } = await newEndpoint(crm.url);
  const lead = await makeLead(db, { externalId: 'crm-erase-me' });
  await tell(lead.id);
  await db.tx(async (tx) => {
    await tx.query('select from leads where id = $1 for update', [lead.id]);
    await emit(tx, { type: 'lead.erased', leadId: lead.id });
    await tx.query(
      'update leads set erased_at = business_now(), external_id = null, emails = array[]::text[] where id = $1',
      [lead.id],
    );
    await eraseFromCallbacks(tx, lead.id);
  });
  const drain = drainFor(id);
  await until(() => drain.results.length >= 1);
  open = true;
  await until(() => (crm.taken().get(lead.id) ?? []).length === 2);
  await until(async () => (await listEndpoints(db))[0]!.pending === 0);
  await drain.cancel();
  expect(
    crm.posts.filter((post) => post.status === 200).map((post) => post.body.data.lead.external_id),
  ).toEqual(['crm-erase-me', 'crm-erase-me']);
  const { rows } = await db.query<{ found: number }>(
    `select count(*) as found from callbacks where payload::text like '%crm-erase-me%'`,
  );
  expect(rows[0]!.found).toBe(0);
});

test('a secret whose key is gone holds the endpoint and says so', async () => {
  const crm = await receiver();
  const { id } = await newEndpoint(crm.url);
  const [leadId] = (await leads(1)) as [string];
  await tell(leadId);
  const other = createSecrets([{ id: 'other', key: randomBytes(32) }]);
  const environment = new MockActivityEnvironment();
  const { drain } = createCrmActivities({ db, secrets: other, http, log, ...QUICK });
  expect(await environment.run(drain, { endpointId: id })).toMatchObject({ kind: 'held' });
  expect((await listEndpoints(db))[0]!.holdReason).toBe('secret_unreadable');
  expect(crm.posts).toHaveLength(0);
});
