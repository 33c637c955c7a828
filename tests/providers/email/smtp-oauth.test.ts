import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createSmtpProvider } from '../../../providers/email/smtp.ts';
import type { Provider, SendResult } from '../../../providers/ports.ts';
import { type Script, type ScriptedSmtp, scriptedSmtp } from '../support/scripted-smtp.ts';
import { emailSender, touch } from '../support/senders.ts';

let endpoint: Server;
let asked: URLSearchParams[];
let answer: (request: IncomingMessage) => { status: number; body: string } | null;
let smtp: ScriptedSmtp | undefined;
let provider: Provider;

beforeEach(async () => {
  asked = [];
  answer = () => ({
    status: 200,
    body: JSON.stringify({ access_token: `token-${asked.length}`, expires_in: 3600 }),
  });
  endpoint = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push(new URLSearchParams(body));
      const given = answer(request);
      if (given === null) return request.socket.destroy();
      response.writeHead(given.status, { 'content-type': 'application/json' }).end(given.body);
    });
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  provider = createSmtpProvider();
});

afterEach(async () => {
  await provider.close();
  await smtp?.close();
  smtp = undefined;
  endpoint.closeAllConnections();
  await new Promise((resolve) => endpoint.close(resolve));
});

async function sendWith(kind: 'google' | 'microsoft', script: Script = {}): Promise<SendResult> {
  smtp = await scriptedSmtp({ extensions: ['AUTH PLAIN LOGIN XOAUTH2'], ...script });
  const tokenUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/token`;
  const sender = emailSender(smtp.port, {
    settings: {
      timeoutMs: 1000,
      connectTimeoutMs: 1000,
      maxConnections: 1,
      oauth: { provider: kind, clientId: 'client', tokenUrl },
    },
    credentials: { refreshToken: 'refresh', clientSecret: 'hush' },
  });
  return provider.send(sender, touch());
}

function tokenUsed(): string | undefined {
  const line = smtp!.lines.find((each) => each.startsWith('AUTH XOAUTH2 '));
  return line && Buffer.from(line.slice(13), 'base64').toString();
}

test.each([
  ['google', null],
  ['microsoft', 'https://outlook.office.com/SMTP.Send offline_access'],
] as const)('%s: the refresh token is traded for an access token, which logs in', async (kind, scope) => {
  expect(await sendWith(kind)).toMatchObject({ kind: 'sent' });
  expect(Object.fromEntries(asked[0]!)).toEqual({
    grant_type: 'refresh_token',
    refresh_token: 'refresh',
    client_id: 'client',
    client_secret: 'hush',
    ...(scope ? { scope } : {}),
  });
  expect(tokenUsed()).toBe('user=ada@acme.test\u0001auth=Bearer token-1\u0001\u0001');
});

test('an access token that is refused is renewed once', async () => {
  const error = Buffer.from('{"status":"400"}').toString('base64');
  expect(
    await sendWith('google', {
      auth: [{ reply: `334 ${error}` }, { reply: '535 5.7.8 expired' }, { reply: '235 2.7.0 accepted' }],
    }),
  ).toMatchObject({ kind: 'sent' });
  expect(asked).toHaveLength(2);
});

test.each(['invalid_grant', 'invalid_client', 'unauthorized_client', 'interaction_required'])(
  '%s: the account has to be connected again',
  async (error) => {
    answer = () => ({
      status: 400,
      body: JSON.stringify({ error, error_description: 'Token has been expired or revoked.' }),
    });
    expect(await sendWith('microsoft')).toMatchObject({
      kind: 'sender_broken',
      code: 'auth_failed',
      detail: expect.stringContaining(error),
    });
  },
);

test.each([
  ['temporarily_unavailable', () => ({ status: 503, body: '{"error":"temporarily_unavailable"}' })],
  ['not JSON', () => ({ status: 502, body: '<html>bad gateway</html>' })],
  ['no answer', () => null],
] as [string, typeof answer][])(
  "a token endpoint with a problem of its own (%s) is not the account's fault",
  async (_name, given) => {
    answer = given;
    expect(await sendWith('google')).toMatchObject({ kind: 'later' });
  },
);

test('an account that refuses a fresh token is broken', async () => {
  expect(
    await sendWith('google', { auth: [{ reply: '535 5.7.8 Username and Password not accepted' }] }),
  ).toMatchObject({ kind: 'sender_broken', code: 'auth_failed' });
});

test('a token URL must be https', async () => {
  const sender = emailSender(25, {
    settings: { oauth: { provider: 'google', clientId: 'c', tokenUrl: 'http://example.com/token' } },
    credentials: { refreshToken: 'r' },
  });
  expect(await provider.send(sender, touch())).toMatchObject({
    kind: 'sender_broken',
    code: 'bad_settings',
    detail: expect.stringContaining('tokenUrl'),
  });
});
