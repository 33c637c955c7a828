import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import twilio from 'twilio';
import { createServer } from '../../../api/server.ts';
import { wallNow } from '../../../common/clock.ts';
import { createUnsubscribeTokens } from '../../../common/crypto.ts';
import { createLogger } from '../../../common/log.ts';
import type { NewInbound } from '../../../db/inbound.ts';
import type { SenderAccount } from '../../../providers/ports.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const TOKEN = 'auth-token-of-the-account';
const SECRET = 'a-secret-of-the-webhook';
const SHOP = `whsec_${randomBytes(32).toString('base64')}`;
const OLDER = `whsec_${randomBytes(32).toString('base64')}`;
const number: SenderAccount = {
  id: randomUUID(),
  channel: 'sms',
  provider: 'twilio',
  name: 'Sam',
  address: '+4930123456',
  settings: {},
  credentials: { accountSid: 'AC1', authToken: TOKEN },
};
const account: SenderAccount = {
  ...number,
  id: randomUUID(),
  channel: 'linkedin',
  provider: 'unipile',
  settings: { accountId: 'acc' },
  credentials: { apiKey: 'key', webhookSecret: SECRET },
};

async function serve(publicUrl?: string, store?: (one: NewInbound) => Promise<void>) {
  const stored: NewInbound[] = [];
  const lines: string[] = [];
  const deps = {
    publicUrl: '',
    sourceSecrets: async (name: string) => (name === 'shop' ? [SHOP, OLDER] : null),
    account: async (id: string) => [number, account].find((sender) => sender.id === id) ?? null,
    store: store ?? (async (one: NewInbound) => void stored.push(one)),
  };
  const app = createServer({
    tokens: createUnsubscribeTokens([randomBytes(32)]),
    log: createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } }),
    unsubscribe: async () => {},
    preferences: async () => ({ open: [], stoppedByText: false }),
    choose: async () => ({ open: [], stoppedByText: false }),
    hooks: deps,
    checks: {},
  });
  closing.push(() => app.close());
  const base = await app.listen({ port: 0, host: '127.0.0.1' });
  deps.publicUrl = publicUrl ?? base;
  return { base, publicUrl: deps.publicUrl, stored, lines };
}

const incoming = {
  MessageSid: 'SM1',
  AccountSid: 'AC1',
  From: '+4915100001',
  To: number.address,
  Body: 'Hello & thanks',
};

function post(url: string, form: Record<string, string>, signature: string | null) {
  return fetch(url, {
    method: 'POST',
    body: new URLSearchParams(form),
    ...(signature !== null && { headers: { 'x-twilio-signature': signature } }),
  });
}
const sign = (url: string, form: Record<string, string>, token = TOKEN) =>
  twilio.getExpectedTwilioSignature(token, url, form);

test.each([
  ['as it is', undefined],
  ['behind a proxy with TLS', 'https://cadenza.example.com'],
  ['behind a proxy with a path and a port', 'https://example.com:8443/cadenza'],
])('what Twilio signed is stored, then answered with nothing to say: %s', async (_name, outside) => {
  const { base, publicUrl, stored } = await serve(outside);
  const path = `/hooks/twilio/${number.id}/messages`;
  const answer = await post(`${base}${path}`, incoming, sign(`${publicUrl}${path}`, incoming));
  expect(answer.status).toBe(200);
  expect(await answer.text()).toMatch(/<Response><\/Response>$/);
  expect(stored).toEqual([
    { source: 'twilio', kind: 'message', dedupeKey: 'twilio:SM1', senderId: number.id, payload: incoming },
  ]);
});

test('a report names the touch in its query, which is signed too', async () => {
  const { base, stored } = await serve();
  const touch = randomUUID();
  const url = `${base}/hooks/twilio/${number.id}/status?touch=${touch}`;
  const form = { MessageSid: 'SM1', AccountSid: 'AC1', MessageStatus: 'delivered' };
  expect((await post(url, form, sign(url, form))).status).toBe(200);
  expect(stored).toEqual([
    expect.objectContaining({
      kind: 'status',
      dedupeKey: 'twilio:SM1:delivered',
      payload: { ...form, touch },
    }),
  ]);
  const forged = url.replace(touch, randomUUID());
  expect((await post(forged, form, sign(url, form))).status).toBe(403);
});

test('what Twilio did not sign, or for somebody else, is refused and not stored', async () => {
  const { base, stored, lines } = await serve();
  const url = `${base}/hooks/twilio/${number.id}/messages`;
  const other = { ...incoming, AccountSid: 'AC2' };
  expect((await post(url, incoming, null)).status).toBe(403);
  expect((await post(url, incoming, 'nonsense')).status).toBe(403);
  expect((await post(url, incoming, sign(url, incoming, 'another token'))).status).toBe(403);
  expect((await post(url, { ...incoming, Body: 'altered' }, sign(url, incoming))).status).toBe(403);
  expect((await post(url, other, sign(url, other))).status).toBe(403);
  const unknown = url.replace(number.id, randomUUID());
  expect((await post(unknown, incoming, sign(unknown, incoming))).status).toBe(404);
  const wrong = url.replace(number.id, account.id);
  expect((await post(wrong, incoming, sign(wrong, incoming))).status).toBe(404);
  expect(stored).toEqual([]);
  expect(lines.join('')).not.toMatch(/Hello|auth-token|\+49151/);
});

test('what could not be stored is not taken: the provider has to come again', async () => {
  const { base } = await serve(undefined, async () => {
    throw new Error('the database is away');
  });
  const url = `${base}/hooks/twilio/${number.id}/messages`;
  expect((await post(url, incoming, sign(url, incoming))).status).toBe(503);
});

const tell = (base: string, body: unknown, secret: string | null = SECRET) =>
  fetch(`${base}/hooks/unipile/${account.id}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...(secret !== null && { 'unipile-auth': secret }) },
  });

test('Unipile’s messages, relations and account states are stored under names of their own', async () => {
  const { base, stored } = await serve();
  const bodies = [
    { event: 'message_received', account_id: 'acc', message_id: 'm1', message: 'Hi' },
    { event: 'message_read', account_id: 'acc', message_id: 'm1' },
    { event: 'new_relation', account_id: 'acc', user_provider_id: 'ACo1' },
    { AccountStatus: { account_id: 'acc', message: 'CREDENTIALS' } },
  ];
  for (const body of bodies) expect((await tell(base, body)).status).toBe(200);
  expect(
    stored.map(({ kind, dedupeKey, senderId }) => [kind, dedupeKey.replace(/[0-9a-f-]{36}$/, '…'), senderId]),
  ).toEqual([
    ['message', 'unipile:message_received:m1', account.id],
    ['message', 'unipile:message_read:m1', account.id],
    ['relation', 'unipile:relation:acc:ACo1', account.id],
    ['account', 'unipile:account:…', account.id],
  ]);
  // Another account's news is taken and is nobody's here.
  expect((await tell(base, { ...bodies[0], account_id: 'another' })).status).toBe(200);
  expect(stored).toHaveLength(4);
});

test('without the secret nothing of Unipile’s is taken', async () => {
  const { base, stored } = await serve();
  const body = { event: 'message_received', account_id: 'acc', message_id: 'm1' };
  for (const secret of [null, '', 'wrong', `${SECRET}x`])
    expect((await tell(base, body, secret)).status).toBe(403);
  expect(stored).toEqual([]);
});

test('whatever the body, the server neither fails nor takes nonsense', async () => {
  const { base, stored } = await serve();
  const url = `${base}/hooks/twilio/${number.id}/messages`;
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.constant('{"AccountStatus":null}')),
      async (body) => {
        const told = await tell(base, body);
        expect([400, 413]).toContain(told.status);
        const form = { AccountSid: 'AC1', junk: body };
        const answer = await post(url, form, sign(url, form));
        expect([400, 403, 413]).toContain(answer.status);
      },
    ),
    { numRuns: 60 },
  );
  const large = await tell(
    base,
    JSON.stringify({ message_id: 'm', account_id: 'acc', message: 'x'.repeat(300_000) }),
  );
  expect(large.status).toBe(413);
  const unknownType = await fetch(url, {
    method: 'POST',
    body: 'x',
    headers: { 'content-type': 'text/plain' },
  });
  expect(unknownType.status).toBe(415);
  expect(stored).toEqual([]);
}, 60_000);

function event(
  base: string,
  body: unknown,
  { secret = SHOP, id = 'evt-1', at = new Date(wallNow()), source = 'shop', signed = body } = {} as {
    secret?: string;
    id?: string;
    at?: Date;
    source?: string;
    signed?: unknown;
  },
) {
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return fetch(`${base}/hooks/events/${source}`, {
    method: 'POST',
    body: text(body),
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, text(signed)),
    },
  });
}

const order = { type: 'order.placed', lead: { email: 'ada@lead.example' }, data: { total: 120 } };

test('what another system signed, with either secret during a rotation, is stored under its own id', async () => {
  const { base, stored } = await serve();
  expect((await event(base, order)).status).toBe(202);
  const at = '2026-03-10T10:00:00+01:00';
  expect((await event(base, { ...order, at }, { secret: OLDER, id: 'evt-2' })).status).toBe(202);
  expect(stored).toEqual([
    { source: 'events', kind: 'order.placed', dedupeKey: 'events:shop:evt-1', payload: order, at: undefined },
    expect.objectContaining({ dedupeKey: 'events:shop:evt-2', at: Date.parse(at) }),
  ]);
});

test('what it did not sign, too late, or for a source that is none, is refused and not stored', async () => {
  const { base, stored } = await serve();
  const old = new Date(wallNow() - 6 * 60_000);
  const forged = `whsec_${randomBytes(32).toString('base64')}`;
  expect((await event(base, order, { secret: forged })).status).toBe(401);
  expect((await event(base, { ...order, data: {} }, { signed: order })).status).toBe(401);
  expect((await event(base, order, { at: old })).status).toBe(401);
  expect((await event(base, order, { source: 'nobody' })).status).toBe(404);
  const unsigned = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
  expect((await fetch(`${base}/hooks/events/shop`, unsigned)).status).toBe(401);
  expect(stored).toEqual([]);
});

test.each([
  ['not json', 'body'],
  [{ ...order, type: 'Order' }, 'type'],
  [{ ...order, type: 'bounced' }, 'type'],
  [{ ...order, lead: {} }, 'lead'],
  [{ ...order, at: 'yesterday' }, 'at'],
  [{ ...order, extra: 1 }, 'body'],
])('a body of the wrong shape is told which field is wrong: %j', async (body, field) => {
  const { base, stored } = await serve();
  const answer = await event(base, body);
  expect(answer.status).toBe(400);
  expect(((await answer.json()) as { error: string }).error).toMatch(new RegExp(`^${field}: `));
  expect(stored).toEqual([]);
});
