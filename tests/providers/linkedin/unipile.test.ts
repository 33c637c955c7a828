import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { wallNow } from '../../../common/clock.ts';
import { SEND_DEADLINE_MS } from '../../../providers/http.ts';
import { slugOf } from '../../../providers/linkedin/settings.ts';
import { createUnipileProvider } from '../../../providers/linkedin/unipile.ts';
import type { Outgoing, SenderAccount } from '../../../providers/ports.ts';
import {
  deadPort,
  type HttpAct,
  type HttpCall,
  type ScriptedHttp,
  scriptedHttp,
} from '../support/scripted-http.ts';
import { touch } from '../support/senders.ts';

const provider = createUnipileProvider();
const PROFILE = {
  object: 'UserProfile',
  provider: 'LINKEDIN',
  provider_id: 'ACoAAgrace',
  public_identifier: 'grace-hopper',
  network_distance: 'SECOND_DEGREE',
};
const CONNECTED = { ...PROFILE, network_distance: 'FIRST_DEGREE', is_relationship: true };

let server: ScriptedHttp;
let routes: Record<string, HttpAct | ((call: HttpCall) => HttpAct)>;

beforeEach(async () => {
  routes = { 'GET /api/v1/users/grace-hopper': { status: 200, body: PROFILE } };
  server = await scriptedHttp((call) => {
    const route = routes[`${call.method} ${call.path}`];
    return typeof route === 'function'
      ? route(call)
      : (route ?? { status: 404, body: problem('resource_not_found', 404) });
  });
});

afterEach(() => server.close());

function problem(type: string, status: number, detail = 'Because.'): Record<string, unknown> {
  return { title: 'Problem', detail, type: `errors/${type}`, status };
}

function sender(settings: Record<string, unknown> = {}): SenderAccount {
  return {
    id: randomUUID(),
    channel: 'linkedin',
    provider: 'unipile',
    name: 'Ada',
    address: 'https://www.linkedin.com/in/ada',
    settings: { baseUrl: server.url, accountId: 'acc1', timeoutMs: 300, settleMs: 1000, ...settings },
    credentials: { apiKey: 'key' },
  };
}

function linkedin(action: Outgoing['action'], more: Partial<Outgoing> = {}): Outgoing {
  return touch({ action, to: 'https://www.linkedin.com/in/grace-hopper/', text: 'Hello Grace', ...more });
}

const last = (): HttpCall => server.calls.at(-1)!;

test('the slug of a profile link', () => {
  expect(slugOf('https://www.linkedin.com/in/grace-hopper/?trk=x')).toBe('grace-hopper');
  expect(slugOf('linkedin.com/in/J%C3%BCrgen-m')).toBe('Jürgen-m');
  expect(slugOf('https://de.linkedin.com/in/x')).toBe('x');
  for (const other of [
    'https://www.linkedin.com/company/acme',
    'https://evil.test/in/x',
    'grace',
    '',
    'https://www.linkedin.com/in/%E0%A4%A',
  ])
    expect(slugOf(other)).toBeNull();
});

describe('actions', () => {
  test('a visit reads the profile and lets the person know', async () => {
    const outgoing = linkedin('visit');
    expect(await provider.send(sender(), outgoing)).toEqual({
      kind: 'sent',
      providerId: null,
      providerLeadId: 'ACoAAgrace',
    });
    expect(Object.fromEntries(last().query)).toEqual({ account_id: 'acc1', notify: 'true' });
    expect(last().headers).toMatchObject({ 'x-api-key': 'key', 'x-cadenza-touch': outgoing.touchId });
  });

  test('an invitation goes to the provider id that the profile has', async () => {
    routes['POST /api/v1/users/invite'] = {
      status: 201,
      body: { object: 'UserInvitationSent', invitation_id: 'inv1' },
    };
    const outgoing = linkedin('invite', { text: 'Shall we?' });
    expect(await provider.send(sender(), outgoing)).toEqual({
      kind: 'sent',
      providerId: 'inv1',
      providerLeadId: 'ACoAAgrace',
    });
    expect(server.calls[0]!.query.get('notify')).toBeNull();
    expect(JSON.parse(last().body)).toEqual({
      account_id: 'acc1',
      provider_id: 'ACoAAgrace',
      message: 'Shall we?',
    });
    expect(last().headers['x-cadenza-touch']).toBe(outgoing.touchId);
  });

  test('an invitation without a note has no message', async () => {
    routes['POST /api/v1/users/invite'] = { status: 201, body: { invitation_id: 'inv1' } };
    await provider.send(sender(), linkedin('invite', { text: '' }));
    expect(JSON.parse(last().body)).not.toHaveProperty('message');
  });

  test.each([
    ['connected', CONNECTED, 'already_connected'],
    ['invited', { ...PROFILE, invitation: { type: 'SENT', status: 'PENDING' } }, 'already_invited'],
  ])('who is %s already is not invited', async (_name, body, code) => {
    routes['GET /api/v1/users/grace-hopper'] = { status: 200, body };
    expect(await provider.send(sender(), linkedin('invite'))).toMatchObject({
      kind: 'skipped',
      code,
      providerLeadId: 'ACoAAgrace',
    });
    expect(server.calls).toHaveLength(1);
  });

  test('a first message starts a chat, as multipart form', async () => {
    routes['GET /api/v1/users/grace-hopper'] = { status: 200, body: CONNECTED };
    routes['POST /api/v1/chats'] = {
      status: 201,
      body: { object: 'ChatStarted', chat_id: 'chat1', message_id: 'm1' },
    };
    const outgoing = linkedin('message', { text: 'Grüße\r\n--x\r\n"quotes"' });
    expect(await provider.send(sender(), outgoing)).toEqual({
      kind: 'sent',
      providerId: 'm1',
      threadId: 'chat1',
      providerLeadId: 'ACoAAgrace',
    });
    expect(await fields(last())).toEqual({
      account_id: 'acc1',
      attendees_ids: 'ACoAAgrace',
      text: 'Grüße\r\n--x\r\n"quotes"',
    });
    expect(last().headers['x-cadenza-touch']).toBe(outgoing.touchId);
  });

  test('a known chat is written to without looking anything up', async () => {
    routes['POST /api/v1/chats/chat1/messages'] = {
      status: 201,
      body: { object: 'MessageSent', message_id: 'm2' },
    };
    const outgoing = linkedin('message', { providerChatId: 'chat1', providerLeadId: 'ACoAAgrace' });
    expect(await provider.send(sender(), outgoing)).toMatchObject({
      kind: 'sent',
      providerId: 'm2',
      threadId: 'chat1',
    });
    expect(server.calls).toHaveLength(1);
    expect(await fields(last())).toEqual({ account_id: 'acc1', text: 'Hello Grace' });
  });

  test('a message to somebody who is not connected is not posted', async () => {
    expect(await provider.send(sender(), linkedin('message'))).toEqual({
      kind: 'not_connected',
      providerLeadId: 'ACoAAgrace',
    });
    expect(server.calls).toHaveLength(1);
  });

  test('following needs version 2 of the API, and says so', async () => {
    expect(await provider.send(sender(), linkedin('follow'))).toMatchObject({
      kind: 'failed',
      code: 'not_supported',
      detail: expect.stringContaining('settings.v2'),
    });
    routes['POST /v2/acc_2/users/me/follow/ACoAAgrace'] = { status: 201, body: {} };
    expect(
      await provider.send(sender({ v2: { baseUrl: server.url, accountId: 'acc_2' } }), linkedin('follow')),
    ).toMatchObject({ kind: 'sent' });
  });

  test('a link that is no profile fails the address', async () => {
    expect(
      await provider.send(sender(), linkedin('visit', { to: 'https://linkedin.com/company/acme' })),
    ).toMatchObject({ kind: 'failed', code: 'invalid_profile_url', addressBad: true });
  });
});

async function fields(call: HttpCall): Promise<Record<string, unknown>> {
  const form = await new Response(call.body, {
    headers: { 'content-type': call.headers['content-type']! },
  }).formData();
  return Object.fromEntries(form.entries());
}

describe('what an answer to an action means', () => {
  test.each([
    [
      '429 with Retry-After',
      { status: 429, body: problem('too_many_requests', 429), headers: { 'retry-after': '120' } },
      { kind: 'later', code: 'too_many_requests', retryAfterMs: 120_000 },
    ],
    ['429', { status: 429, body: {} }, { kind: 'later', code: 'http_429' }],
    [
      '500 over quota',
      { status: 500, body: problem('unexpected_error', 500, 'You have reached the invitation limit') },
      { kind: 'later', code: 'unexpected_error' },
    ],
    [
      '500 with Retry-After',
      { status: 500, body: {}, headers: { 'retry-after': '60' } },
      { kind: 'later', retryAfterMs: 60_000 },
    ],
    [
      "the account's limit",
      { status: 422, body: problem('cannot_resend_yet', 422) },
      { kind: 'later', code: 'cannot_resend_yet', retryAfterMs: 86_400_000 },
    ],
    [
      'invited before',
      { status: 422, body: problem('already_invited_recently', 422) },
      { kind: 'skipped', code: 'already_invited', providerLeadId: 'ACoAAgrace' },
    ],
    [
      'not connected',
      { status: 422, body: problem('no_connection_with_recipient', 422) },
      { kind: 'not_connected', providerLeadId: 'ACoAAgrace' },
    ],
    [
      'invalid recipient',
      { status: 422, body: problem('invalid_recipient', 422) },
      { kind: 'failed', code: 'invalid_recipient', addressBad: true },
    ],
    [
      'unreachable',
      { status: 422, body: problem('user_unreachable', 422) },
      { kind: 'failed', code: 'user_unreachable', addressBad: false },
    ],
    [
      'too long',
      { status: 400, body: problem('too_many_characters', 400) },
      { kind: 'failed', code: 'too_many_characters' },
    ],
    [
      'account disconnected',
      { status: 401, body: problem('disconnected_account', 401) },
      { kind: 'sender_broken', code: 'disconnected_account' },
    ],
    [
      'account restricted',
      { status: 403, body: problem('account_restricted', 403) },
      { kind: 'sender_broken', code: 'account_restricted' },
    ],
    [
      'invalid account',
      { status: 422, body: problem('invalid_account', 422) },
      { kind: 'sender_broken', code: 'invalid_account' },
    ],
    [
      'account not found',
      { status: 404, body: problem('resource_not_found', 404, 'Account not found') },
      { kind: 'sender_broken', code: 'account_not_found' },
    ],
    [
      '500 of no known reason',
      { status: 500, body: problem('unexpected_error', 500) },
      { kind: 'unknown', code: 'unexpected_error' },
    ],
    ['502', { status: 502, body: '<html>' }, { kind: 'unknown', code: 'http_502' }],
    [
      '504',
      { status: 504, body: problem('request_timeout', 504) },
      { kind: 'unknown', code: 'request_timeout' },
    ],
    [
      'a redirect',
      { status: 302, headers: { location: 'https://example.com' } },
      { kind: 'sender_broken', code: 'wrong_base_url' },
    ],
    [
      'a success nobody understands',
      { status: 200, body: '[]' },
      { kind: 'unknown', code: 'answer_not_understood' },
    ],
    ['silence', 'silence', { kind: 'unknown', code: 'no_answer' }],
    ['a reset', 'reset', { kind: 'unknown', code: 'no_answer' }],
    ['a closed connection', 'close', { kind: 'unknown', code: 'no_answer' }],
  ] as [string, HttpAct, Record<string, unknown>][])('promise 1: %s', async (_name, act, expected) => {
    routes['POST /api/v1/users/invite'] = act;
    expect(await provider.send(sender(), linkedin('invite'))).toMatchObject(expected);
    expect(server.calls.filter((call) => call.method === 'POST')).toHaveLength(1);
  });

  test('promise 1: no connection means that nothing happened', async () => {
    expect(
      await provider.send(sender({ baseUrl: `http://127.0.0.1:${await deadPort()}` }), linkedin('visit')),
    ).toMatchObject({ kind: 'later', code: 'connection_failed' });
    expect(
      await provider.send(sender({ baseUrl: 'https://nowhere.invalid' }), linkedin('visit')),
    ).toMatchObject({ kind: 'later', code: 'connection_failed' });
    expect(
      await provider.send(sender({ baseUrl: server.url.replace('http:', 'https:') }), linkedin('visit')),
    ).toMatchObject({ kind: 'later', code: 'connection_failed' });
  });

  test.each(['silence', 'reset', { status: 500, body: {} }] as HttpAct[])(
    'a profile that cannot be read before an invitation (%j): nothing happened',
    async (act) => {
      routes['GET /api/v1/users/grace-hopper'] = act;
      expect(await provider.send(sender(), linkedin('invite'))).toMatchObject({ kind: 'later' });
      expect(await provider.send(sender(), linkedin('visit'))).toMatchObject({ kind: 'unknown' });
    },
  );

  test('promise 1: a process that stood still past the deadline does not invite any more', async () => {
    const now = performance.now();
    routes['GET /api/v1/users/grace-hopper'] = () => {
      // Waking up, a process sees the answer before its own timers.
      jest.spyOn(performance, 'now').mockReturnValue(now + 2 * SEND_DEADLINE_MS);
      return { status: 200, body: PROFILE };
    };
    expect(await provider.send(sender(), linkedin('invite'))).toMatchObject({ kind: 'later' });
    jest.restoreAllMocks();
    expect(server.calls).toHaveLength(1);
  });

  test('promise 1: an invitation that is under way at the deadline has an unknown outcome', async () => {
    routes['POST /api/v1/users/invite'] = 'silence';
    const hasty = createUnipileProvider({ deadlineMs: 200 });
    expect(await hasty.send(sender({ timeoutMs: 5000 }), linkedin('invite'))).toMatchObject({
      kind: 'unknown',
    });
  });

  test('nobody has this profile', async () => {
    delete routes['GET /api/v1/users/grace-hopper'];
    expect(await provider.send(sender(), linkedin('message'))).toMatchObject({
      kind: 'failed',
      code: 'profile_not_found',
      addressBad: true,
    });
  });

  test.each([
    ['settings.accountId', { accountId: '' }],
    ['settings.baseUrl', { baseUrl: 'http://api.unipile.com' }],
    ['settings', { dsn: 'x' }],
  ])('%s that cannot be used breaks the sender', async (name, settings) => {
    expect(await provider.send(sender(settings), linkedin('visit'))).toMatchObject({
      kind: 'sender_broken',
      code: 'bad_settings',
      detail: expect.stringContaining(name),
    });
  });
});

describe('promise 1: asking whether a touch went out', () => {
  const long = new Date(wallNow() - 60_000);
  const message = (more: Record<string, unknown>): Record<string, unknown> => ({
    id: 'm1',
    text: 'Hello  Grace\n',
    is_sender: 1,
    timestamp: new Date(wallNow()).toISOString(),
    ...more,
  });

  test('an invitation that waits for an answer was sent', async () => {
    const pages = [
      { items: [{ id: 'i0', invited_user_id: 'other' }], cursor: 'next' },
      { items: [{ id: 'i1', invited_user_id: 'ACoAAgrace' }], cursor: null },
    ];
    routes['GET /api/v1/users/invite/sent'] = (call) => ({
      status: 200,
      body: pages[call.query.get('cursor') ? 1 : 0],
    });
    expect(await provider.find(sender(), linkedin('invite', { since: long }))).toEqual({
      kind: 'found',
      providerId: 'i1',
    });
  });

  test('one that was accepted meanwhile was sent', async () => {
    routes['GET /api/v1/users/grace-hopper'] = { status: 200, body: CONNECTED };
    expect(await provider.find(sender(), linkedin('invite', { since: long }))).toEqual({
      kind: 'found',
      providerId: null,
    });
  });

  test('one that is in no list was not, once the lists have settled', async () => {
    routes['GET /api/v1/users/invite/sent'] = { status: 200, body: { items: [], cursor: null } };
    expect(await provider.find(sender(), linkedin('invite', { since: long }))).toEqual({ kind: 'not_found' });
    expect(await provider.find(sender(), linkedin('invite', { since: new Date(wallNow()) }))).toEqual({
      kind: 'cannot_say',
    });
  });

  test('a message is looked for in every chat with the person, from when it was handed over', async () => {
    routes['GET /api/v1/chat_attendees/ACoAAgrace/chats'] = {
      status: 200,
      body: { items: [{ id: 'c1' }, { id: 'c2' }], cursor: null },
    };
    routes['GET /api/v1/chats/c1/messages'] = {
      status: 200,
      body: { items: [message({ is_sender: 0 }), message({ text: 'else' })], cursor: null },
    };
    routes['GET /api/v1/chats/c2/messages'] = {
      status: 200,
      body: { items: [message({ id: 'm7' })], cursor: null },
    };
    expect(await provider.find(sender(), linkedin('message', { since: long }))).toEqual({
      kind: 'found',
      providerId: 'm7',
    });
    expect(Date.parse(last().query.get('after')!)).toBe(long.getTime() - 5000);
    routes['GET /api/v1/chats/c2/messages'] = { status: 200, body: { items: [], cursor: null } };
    expect(await provider.find(sender(), linkedin('message', { since: long }))).toEqual({
      kind: 'not_found',
    });
  });

  test.each([
    { status: 500, body: {} },
    'silence',
    { status: 404, body: {} },
    { status: 200, body: { items: [], cursor: 'forever' } },
  ] as HttpAct[])('a list that cannot be read whole (%j) says nothing', async (act) => {
    routes['GET /api/v1/users/invite/sent'] = act;
    routes['GET /api/v1/chat_attendees/ACoAAgrace/chats'] = act;
    expect(await provider.find(sender(), linkedin('invite', { since: long }))).toEqual({
      kind: 'cannot_say',
    });
    expect(await provider.find(sender(), linkedin('message', { since: long }))).toEqual({
      kind: 'cannot_say',
    });
  });

  test('nobody can say whether a visit happened', async () => {
    expect(await provider.find(sender(), linkedin('visit', { since: long }))).toEqual({ kind: 'cannot_say' });
  });
});

test('check tells whether the account is connected', async () => {
  routes['GET /api/v1/accounts/acc1'] = {
    status: 200,
    body: { name: 'Ada', sources: [{ id: 's', status: 'OK' }] },
  };
  expect(await provider.check(sender())).toEqual([
    { name: 'Unipile account', ok: true, detail: 'Ada is connected' },
  ]);
  routes['GET /api/v1/accounts/acc1'] = {
    status: 200,
    body: { name: 'Ada', sources: [{ id: 's', status: 'CREDENTIALS' }] },
  };
  expect(await provider.check(sender())).toMatchObject([
    { ok: false, detail: expect.stringContaining('CREDENTIALS') },
  ]);
  routes['GET /api/v1/accounts/acc1'] = { status: 401, body: problem('missing_credentials', 401) };
  expect(await provider.check(sender())).toMatchObject([{ ok: false }]);
});
