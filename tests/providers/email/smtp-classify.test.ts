import { createServer } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { createSmtpProvider } from '../../../providers/email/smtp.ts';
import { SEND_DEADLINE_MS } from '../../../providers/http.ts';
import type { Provider, SendResult } from '../../../providers/ports.ts';
import { type Script, type ScriptedSmtp, scriptedSmtp } from '../support/scripted-smtp.ts';
import { emailSender, touch } from '../support/senders.ts';

let server: ScriptedSmtp | undefined;
let provider: Provider | undefined;

afterEach(async () => {
  await provider?.close();
  await server?.close();
  provider = server = undefined;
});

async function sendTo(script: Script, more: Parameters<typeof emailSender>[1] = {}): Promise<SendResult> {
  server = await scriptedSmtp(script);
  provider = createSmtpProvider();
  return provider.send(
    emailSender(server.port, {
      ...more,
      settings: { timeoutMs: 400, connectTimeoutMs: 400, ...more.settings },
    }),
    touch(),
  );
}

const password = { credentials: { password: 'secret' } };
const AUTH = ['AUTH PLAIN LOGIN'];

describe.each([{ extensions: [] as string[] }, { extensions: ['PIPELINING'] }])(
  'with extensions $extensions',
  ({ extensions }) => {
    test('a message that was taken is sent', async () => {
      expect(await sendTo({ extensions })).toMatchObject({
        kind: 'sent',
        messageId: expect.stringMatching(/^<[0-9a-f-]{36}@acme\.test>$/),
      });
      expect(server!.messages).toHaveLength(1);
    });

    test.each([
      ['MAIL refused for now', { mail: { reply: '451 4.3.0 busy' } }, { kind: 'later', code: 'smtp_451' }],
      ['MAIL answered 421', { mail: { reply: '421 4.3.2 closing' } }, { kind: 'later', code: 'smtp_421' }],
      [
        'MAIL refused: login wanted',
        { mail: { reply: '530 5.7.0 Authentication required' } },
        { kind: 'sender_broken', code: 'smtp_5_7_0' },
      ],
      [
        "MAIL refused: not this sender's address",
        { mail: { reply: '553 5.7.1 Sender address rejected: not owned by user' } },
        { kind: 'sender_broken' },
      ],
      [
        'MAIL refused: too large',
        { mail: { reply: '552 5.3.4 Message size exceeds fixed limit' } },
        { kind: 'failed', code: 'smtp_5_3_4' },
      ],
      [
        'RCPT refused for now',
        { rcpt: { reply: '450 4.2.0 greylisted' } },
        { kind: 'later', code: 'smtp_450', retryAfterMs: 900_000 },
      ],
      [
        'RCPT: no such user',
        { rcpt: { reply: '550 5.1.1 no such user' } },
        { kind: 'failed', code: 'smtp_5_1_1', addressBad: true },
      ],
      [
        'RCPT: 550 without more',
        { rcpt: { reply: '550 unknown' } },
        { kind: 'failed', code: 'smtp_550', addressBad: true },
      ],
      [
        'RCPT: mailbox full',
        { rcpt: { reply: '552 5.2.2 mailbox full' } },
        { kind: 'failed', code: 'smtp_5_2_2', addressBad: false },
      ],
      [
        'RCPT: policy',
        { rcpt: { reply: '550 5.7.1 not accepted by policy' } },
        { kind: 'failed', code: 'smtp_5_7_1', addressBad: false },
      ],
      [
        'RCPT: daily quota of the account',
        { rcpt: { reply: '550 5.4.5 Daily sending quota exceeded' } },
        { kind: 'later', code: 'smtp_5_4_5' },
      ],
      [
        'RCPT: account must log in again',
        { rcpt: { reply: '550 5.7.9 log in again' } },
        { kind: 'sender_broken', code: 'smtp_5_7_9' },
      ],
      ['DATA refused for now', { data: { reply: '451 4.7.0 later' } }, { kind: 'later', code: 'smtp_451' }],
      ['DATA refused for good', { data: { reply: '554 5.5.0 no' } }, { kind: 'failed', code: 'smtp_5_5_0' }],
      ['connection closed at RCPT', { rcpt: 'close' }, { kind: 'later', code: 'connection_failed' }],
      ['connection reset at DATA', { data: 'reset' }, { kind: 'later', code: 'connection_failed' }],
      ['silence at MAIL', { mail: 'silence' }, { kind: 'later', code: 'timeout' }],
      ['silence at DATA', { data: 'silence' }, { kind: 'later', code: 'timeout' }],
      [
        'the message refused for now',
        { message: { reply: '452 4.3.1 no space' } },
        { kind: 'later', code: 'smtp_452' },
      ],
      [
        'the message answered 421',
        { message: { reply: '421 4.3.0 closing' } },
        { kind: 'later', code: 'smtp_421' },
      ],
      [
        'the message refused as spam',
        { message: { reply: '554 5.7.1 looks like spam' } },
        { kind: 'failed', code: 'smtp_5_7_1', addressBad: false },
      ],
      [
        'the message refused: no such user',
        { message: { reply: '550 5.1.1 no such user' } },
        { kind: 'failed', addressBad: true },
      ],
    ] as [string, Script, Record<string, unknown>][])('%s', async (_name, script, expected) => {
      expect(await sendTo({ ...script, extensions })).toMatchObject(expected);
    });

    test.each([
      ['closed before the end of the message', { midway: 'close' }],
      ['reset before the end of the message', { midway: 'reset' }],
      ['closed instead of the answer', { message: 'close' }],
      ['reset instead of the answer', { message: 'reset' }],
      ['silent instead of the answer', { message: 'silence' }],
      ['closed within the answer', { message: { raw: '451 4.3.0 try la', then: 'close' } }],
      ['an answer nobody understands', { message: { reply: '199 perhaps' } }],
    ] as [string, Script][])(
      'promise 1: %s leaves the outcome unknown, and nothing is sent again',
      async (_name, script) => {
        expect(await sendTo({ ...script, extensions })).toMatchObject({
          kind: 'unknown',
          code: 'no_answer_after_data',
        });
        expect(server!.connections).toBe(1);
      },
    );
  },
);

test('promise 1: a reused connection that breaks after the message was handed over is not tried on another one', async () => {
  const script: Script = {};
  server = await scriptedSmtp(script);
  provider = createSmtpProvider();
  const sender = emailSender(server.port, { settings: { timeoutMs: 400, maxConnections: 1 } });
  expect(await provider.send(sender, touch())).toMatchObject({ kind: 'sent' });
  script.message = 'close';
  expect(await provider.send(sender, touch())).toMatchObject({ kind: 'unknown' });
  expect(server.connections).toBe(1);
  expect(server.messages).toHaveLength(2);
});

test('promise 1: at the deadline a message that was not handed over stays here', async () => {
  server = await scriptedSmtp({ data: 'silence' });
  provider = createSmtpProvider({ deadlineMs: 200 });
  expect(await provider.send(emailSender(server.port), touch())).toMatchObject({ kind: 'later' });
});

test('promise 1: a process that stood still past the deadline does not hand over any more', async () => {
  const now = performance.now();
  server = await scriptedSmtp({
    data: () => {
      // Waking up, a process sees the 354 before its own timers.
      jest.spyOn(performance, 'now').mockReturnValue(now + 2 * SEND_DEADLINE_MS);
      return { reply: '354 go ahead' };
    },
  });
  provider = createSmtpProvider();
  expect(await provider.send(emailSender(server.port), touch())).toMatchObject({ kind: 'later' });
  jest.restoreAllMocks();
  expect(server.messages).toEqual([]);
});

test('promise 1: a server that only trickles after the message is left at the deadline, outcome unknown', async () => {
  server = await scriptedSmtp({ message: 'silence' });
  provider = createSmtpProvider({ deadlineMs: 300 });
  expect(await provider.send(emailSender(server.port), touch())).toMatchObject({ kind: 'unknown' });
});

test('a reused connection that the server had closed before the message is replaced', async () => {
  const script: Script = {};
  server = await scriptedSmtp(script);
  provider = createSmtpProvider();
  const sender = emailSender(server.port, { settings: { timeoutMs: 400, maxConnections: 1 } });
  await provider.send(sender, touch());
  script.mail = (connection) => (connection === 1 ? 'close' : { reply: '250 OK' });
  expect(await provider.send(sender, touch())).toMatchObject({ kind: 'sent' });
  expect(server.connections).toBe(2);
  expect(server.messages).toHaveLength(2);
});

describe('before the first command', () => {
  test.each([
    ['greeting refused', { greeting: { reply: '554 5.7.1 go away' } }, { kind: 'later' }],
    ['greeting 421', { greeting: { reply: '421 4.3.2 full' } }, { kind: 'later' }],
    ['closed before the greeting', { greeting: 'close' }, { kind: 'later', code: 'connection_failed' }],
    ['no greeting', { greeting: 'silence' }, { kind: 'later', code: 'timeout' }],
  ] as [string, Script, Record<string, unknown>][])('%s', async (_name, script, expected) => {
    expect(await sendTo(script)).toMatchObject(expected);
  });

  test('connection refused', async () => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    provider = createSmtpProvider();
    expect(await provider.send(emailSender(port), touch())).toMatchObject({
      kind: 'later',
      code: 'connection_failed',
    });
  });

  test('a host that has no address', async () => {
    provider = createSmtpProvider();
    const sender = emailSender(25, {
      settings: { host: 'nowhere.invalid', security: 'starttls', connectTimeoutMs: 2000 },
      ...password,
    });
    expect(await provider.send(sender, touch())).toMatchObject({ kind: 'later' });
  });

  test('TLS that the server does not speak', async () => {
    expect(await sendTo({}, { settings: { security: 'tls' } })).toMatchObject({ kind: 'later' });
  });

  test('STARTTLS that the server does not offer: the message is not sent in the clear', async () => {
    expect(await sendTo({ extensions: AUTH }, { settings: { security: 'starttls' } })).toMatchObject({
      kind: 'later',
    });
    expect(server!.messages).toHaveLength(0);
    expect(server!.lines.some((line) => line.startsWith('AUTH'))).toBe(false);
  });
});

describe('logging in', () => {
  test.each([
    [
      '535 wrong password',
      [{ reply: '535 5.7.8 bad credentials' }],
      { kind: 'sender_broken', code: 'auth_failed' },
    ],
    [
      '534 too weak',
      [{ reply: '534 5.7.9 application password required' }],
      { kind: 'sender_broken', code: 'auth_failed' },
    ],
    ['454 for now', [{ reply: '454 4.7.0 temporary failure' }], { kind: 'later', code: 'smtp_454' }],
    ['421', [{ reply: '421 4.7.0 too many logins' }], { kind: 'later', code: 'smtp_421' }],
    ['closed', ['close'], { kind: 'later' }],
  ] as [string, Script['auth'], Record<string, unknown>][])('%s', async (_name, auth, expected) => {
    expect(await sendTo({ extensions: AUTH, auth: auth! }, password)).toMatchObject(expected);
  });
});

describe('settings that cannot work break the sender and name the setting', () => {
  test.each([
    ['no host', { host: undefined }, {}, /settings\.host/],
    ['no TLS to another machine', { host: 'mail.example.com' }, { password: 'x' }, /settings\.security/],
    [
      'unchecked certificates of another machine',
      { host: 'mail.example.com', security: 'tls', allowSelfSigned: true },
      { password: 'x' },
      /allowSelfSigned/,
    ],
    [
      'no password for another machine',
      { host: 'mail.example.com', security: 'tls' },
      {},
      /credentials\.password/,
    ],
    ['a setting nobody knows', { hots: 'x' }, {}, /hots/],
    [
      'a DKIM key that is none',
      { dkim: { domain: 'acme.test', selector: 's' } },
      { dkimPrivateKey: 'nonsense' },
      /dkimPrivateKey/,
    ],
  ] as [string, Record<string, unknown>, Record<string, string>, RegExp][])(
    '%s',
    async (_name, settings, credentials, expected) => {
      provider = createSmtpProvider();
      expect(await provider.send(emailSender(25, { settings, credentials }), touch())).toMatchObject({
        kind: 'sender_broken',
        code: 'bad_settings',
        detail: expect.stringMatching(expected),
      });
    },
  );
});
