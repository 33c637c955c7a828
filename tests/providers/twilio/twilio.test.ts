import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { wallNow } from '../../../common/clock.ts';
import type { Outgoing, SenderAccount } from '../../../providers/ports.ts';
import { clickToCall, createTwilioCalls } from '../../../providers/twilio/calls.ts';
import { reachable } from '../../../providers/twilio/client.ts';
import { createTwilioMessages } from '../../../providers/twilio/messages.ts';
import {
  deadPort,
  type HttpAct,
  type HttpCall,
  type ScriptedHttp,
  scriptedHttp,
} from '../support/scripted-http.ts';
import { touch } from '../support/senders.ts';

const SID = `AC${'1'.repeat(32)}`;
const MESSAGES = `/2010-04-01/Accounts/${SID}/Messages.json`;
const sms = createTwilioMessages('sms');
const whatsapp = createTwilioMessages('whatsapp');

let server: ScriptedHttp;
let act: HttpAct;

beforeEach(async () => {
  act = { status: 201, body: { sid: 'SM1', status: 'queued' } };
  server = await scriptedHttp(() => act);
});

afterEach(() => server.close());

function sender(
  settings: Record<string, unknown> = {},
  credentials: Record<string, string> = { accountSid: SID, authToken: 'token' },
): SenderAccount {
  return {
    id: randomUUID(),
    channel: 'sms',
    provider: 'twilio',
    name: 'Ada',
    address: '+4930111',
    credentials,
    settings: { baseUrl: server.url, timeoutMs: 300, settleMs: 1000, ...settings },
  };
}

const text = (more: Partial<Outgoing> = {}): Outgoing =>
  touch({ action: 'sms', to: '+4930222', text: 'Hallo & Grüße', ...more });
const form = (call: HttpCall = server.calls.at(-1)!): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(call.body));
const refused = (status: number, code?: number, headers?: Record<string, string>): HttpAct => ({
  status,
  body: { code, message: 'Because.', more_info: 'https://www.twilio.com', status },
  ...(headers ? { headers } : {}),
});

describe('what leaves', () => {
  test('an SMS, with basic authentication, to the configured host', async () => {
    expect(await sms.send(sender(), text())).toEqual({ kind: 'sent', providerId: 'SM1' });
    const [call] = server.calls;
    expect(call).toMatchObject({ method: 'POST', path: MESSAGES });
    expect(call!.headers.authorization).toBe(`Basic ${Buffer.from(`${SID}:token`).toString('base64')}`);
    expect(form()).toEqual({ To: '+4930222', From: '+4930111', Body: 'Hallo & Grüße' });
  });

  test('a base URL with a path, an API key, and a messaging service', async () => {
    const outgoing = text();
    const own = sender(
      { baseUrl: `${server.url}/twilio`, messagingServiceSid: 'MG1' },
      { accountSid: SID, apiKeySid: 'SK1', apiKeySecret: 's' },
    );
    expect(await sms.send(own, outgoing)).toMatchObject({ kind: 'sent' });
    expect(server.calls[0]!.path).toBe(`/twilio${MESSAGES}`);
    expect(server.calls[0]!.headers.authorization).toBe(`Basic ${Buffer.from('SK1:s').toString('base64')}`);
    expect(form()).toEqual({ To: '+4930222', MessagingServiceSid: 'MG1', Body: outgoing.text });
  });

  test('the status callback carries the touch, and is only there when configured', async () => {
    const outgoing = text();
    await sms.send(sender({ statusCallbackUrl: 'https://acme.test/twilio?x=1' }), outgoing);
    expect(form().StatusCallback).toBe(`https://acme.test/twilio?x=1&touch=${outgoing.touchId}`);
    await createTwilioMessages('sms', { statusCallback: () => 'https://acme.test/all' }).send(
      sender(),
      outgoing,
    );
    expect(form().StatusCallback).toBe(`https://acme.test/all?touch=${outgoing.touchId}`);
  });

  test('WhatsApp: template with variables, or free text', async () => {
    await whatsapp.send(
      sender(),
      text({ action: 'whatsapp', contentSid: 'HX1', variables: { '1': 'Grace "G"' } }),
    );
    expect(form()).toEqual({
      To: 'whatsapp:+4930222',
      From: 'whatsapp:+4930111',
      ContentSid: 'HX1',
      ContentVariables: '{"1":"Grace \\"G\\""}',
    });
    await whatsapp.send(sender(), text({ action: 'whatsapp' }));
    expect(form()).toMatchObject({ To: 'whatsapp:+4930222', Body: 'Hallo & Grüße' });
  });
});

describe('what an answer means', () => {
  test.each([
    ['63016 outside of the 24 hours', refused(400, 63016), { kind: 'failed', code: 'outside_24h_window' }],
    ['21211 invalid number', refused(400, 21211), { kind: 'failed', code: 'twilio_21211', addressBad: true }],
    ['21614 not a mobile number', refused(400, 21614), { kind: 'failed', addressBad: true }],
    ['21610 opted out', refused(400, 21610), { kind: 'failed', code: 'unsubscribed' }],
    ['21408 country not enabled', refused(403, 21408), { kind: 'failed', code: 'region_not_permitted' }],
    ['20003 wrong credentials', refused(401, 20003), { kind: 'sender_broken', code: 'twilio_20003' }],
    ['20005 account not active', refused(400, 20005), { kind: 'sender_broken', code: 'twilio_20005' }],
    ['21606 not our number', refused(400, 21606), { kind: 'sender_broken' }],
    ['404 of the account', refused(404, 20404), { kind: 'sender_broken' }],
    [
      '429 with Retry-After',
      refused(429, 20429, { 'retry-after': '7' }),
      { kind: 'later', code: 'twilio_20429', retryAfterMs: 7000 },
    ],
    ['63018 channel rate limit', refused(400, 63018), { kind: 'later', code: 'twilio_63018' }],
    ['63038 daily limit', refused(400, 63038), { kind: 'later', retryAfterMs: 43_200_000 }],
    ['21617 too long', refused(400, 21617), { kind: 'failed', code: 'twilio_21617' }],
    [
      '503 turned away with Retry-After',
      refused(503, 20503, { 'retry-after': '3' }),
      { kind: 'later', retryAfterMs: 3000 },
    ],
    ['503', refused(503), { kind: 'unknown', code: 'http_503' }],
    ['500', refused(500, 20500), { kind: 'unknown', code: 'twilio_20500' }],
    ['502 without JSON', { status: 502, body: '<html>' }, { kind: 'unknown', code: 'http_502' }],
    ['201 without JSON', { status: 201, body: '<html>' }, { kind: 'unknown', code: 'answer_not_understood' }],
    ['silence', 'silence', { kind: 'unknown', code: 'no_answer' }],
    ['a reset', 'reset', { kind: 'unknown', code: 'no_answer' }],
    ['a closed connection', 'close', { kind: 'unknown', code: 'no_answer' }],
  ] as [string, HttpAct, Record<string, unknown>][])('promise 1: %s', async (_name, given, expected) => {
    act = given;
    expect(await sms.send(sender(), text())).toMatchObject(expected);
    expect(server.calls).toHaveLength(1);
  });

  test('promise 1: no connection means that nothing happened', async () => {
    expect(await sms.send(sender({ baseUrl: `http://127.0.0.1:${await deadPort()}` }), text())).toMatchObject(
      { kind: 'later', code: 'connection_failed' },
    );
    expect(await sms.send(sender({ baseUrl: 'https://nowhere.invalid' }), text())).toMatchObject({
      kind: 'later',
      code: 'connection_failed',
    });
  });

  test.each([
    ['accountSid', {}, { accountSid: 'SK1', authToken: 'x' }],
    ['authToken', {}, { accountSid: SID }],
    ['baseUrl', { baseUrl: 'http://api.twilio.com' }, undefined],
  ])('%s that cannot be used breaks the sender', async (name, settings, credentials) => {
    expect(await sms.send(sender(settings, credentials), text())).toMatchObject({
      kind: 'sender_broken',
      code: 'bad_settings',
      detail: expect.stringContaining(name),
    });
  });
});

describe('promise 1: asking whether a touch went out', () => {
  const since = new Date(wallNow() - 60_000);
  const listed = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
    sid: 'SM9',
    body: 'Hallo & Grüße',
    direction: 'outbound-api',
    from: '+4930111',
    to: '+4930222',
    date_created: new Date(wallNow() - 59_000).toUTCString(),
    date_sent: null,
    ...more,
  });
  const list = (...messages: Record<string, unknown>[]): HttpAct => ({
    status: 200,
    body: { messages, next_page_uri: null, page: 0, page_size: 500 },
  });

  test('it is in the list of what went to this number, though still queued', async () => {
    act = list(
      listed({ sid: 'SM8', body: 'something else' }),
      listed({ sid: 'SM7', direction: 'inbound' }),
      listed(),
    );
    expect(await sms.find(sender(), text({ since }))).toEqual({ kind: 'found', providerId: 'SM9' });
    expect(Object.fromEntries(server.calls[0]!.query)).toMatchObject({ To: '+4930222', From: '+4930111' });
  });

  test('an older message with the same words is another one', async () => {
    act = list(listed({ date_created: new Date(since.getTime() - 60_000).toUTCString() }));
    expect(await sms.find(sender(), text({ since }))).toEqual({ kind: 'not_found' });
  });

  test('its absence proves nothing too early, nor when the list is not whole or not there', async () => {
    act = list();
    expect(await sms.find(sender(), text({ since: new Date(wallNow()) }))).toEqual({ kind: 'cannot_say' });
    expect(await sms.find(sender(), text())).toEqual({ kind: 'cannot_say' });
    act = list(...Array.from({ length: 500 }, () => listed({ body: 'other' })));
    expect(await sms.find(sender(), text({ since }))).toEqual({ kind: 'cannot_say' });
    for (const broken of ['silence', refused(500), { status: 200, body: '<html>' }] as HttpAct[]) {
      act = broken;
      expect(await sms.find(sender(), text({ since }))).toEqual({ kind: 'cannot_say' });
    }
  });
});

describe('calls', () => {
  test('the step is a task', async () => {
    const calls = createTwilioCalls();
    expect(calls).toMatchObject({ id: 'call/twilio', mode: 'task' });
    expect(await calls.send(sender(), text())).toMatchObject({ kind: 'failed', code: 'not_a_wire' });
  });

  test('Twilio itself is not told an address that only this machine can reach', async () => {
    act = { status: 201, body: { sid: 'CA1', to: '', from: '' } };
    const call = { repNumber: '+4930333', leadNumber: '+4930222', tell: 'http://127.0.0.1:1/call?task=1' };
    expect(reachable({ timeoutMs: 1, settleMs: 1 }, call.tell)).toBeUndefined();
    expect(reachable({ timeoutMs: 1, settleMs: 1 }, 'https://cadenza.example.com')).toBe(
      'https://cadenza.example.com',
    );
    // The scripted one is on this machine.
    await clickToCall(sender(), call);
    expect(form().StatusCallback).toBe('http://127.0.0.1:1/call?task=1&leg=rep');
  });

  test('click-to-call rings the rep, then bridges the lead', async () => {
    act = { status: 201, body: { sid: 'CA1' } };
    const tell = 'https://cadenza.example.com/hooks/twilio/s/call?task=1';
    expect(await clickToCall(sender(), { repNumber: '+4930333', leadNumber: '+4930222', tell })).toEqual({
      kind: 'sent',
      providerId: 'CA1',
    });
    expect(server.calls[0]!.path).toBe(`/2010-04-01/Accounts/${SID}/Calls.json`);
    expect(form()).toMatchObject({ To: '+4930333', From: '+4930111', StatusCallback: `${tell}&leg=rep` });
    expect(form().Twiml).toContain(
      `<Dial callerId="+4930111" answerOnBridge="true"><Number statusCallback="${tell}&amp;leg=lead" statusCallbackEvent="completed">+4930222</Number></Dial>`,
    );
    act = refused(400, 21211);
    expect(await clickToCall(sender(), { repNumber: 'x', leadNumber: '"/><Hangup/>', tell })).toMatchObject({
      kind: 'failed',
      addressBad: true,
    });
    expect(form().Twiml).not.toContain('<Hangup/>');
  });
});

test('check fetches the account', async () => {
  act = { status: 200, body: { sid: SID, friendly_name: 'Acme', status: 'active' } };
  expect(await sms.check(sender())).toEqual([
    { name: 'Twilio account', ok: true, detail: `Acme (${SID}) is active` },
  ]);
  act = { status: 200, body: { sid: SID, friendly_name: 'Acme', status: 'suspended' } };
  expect(await sms.check(sender())).toMatchObject([{ ok: false }]);
  act = refused(401, 20003);
  expect(await sms.check(sender())).toEqual([{ name: 'Twilio account', ok: false, detail: 'Because.' }]);
});
