import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { wallNow } from '../../../common/clock.ts';
import type { Outgoing, SenderAccount } from '../../../providers/ports.ts';
import { createProviders, type Providers } from '../../../providers/registry.ts';
import type { SandboxUrls, SenderSettings } from '../../../providers/sandbox/sandbox.ts';
import {
  type Sandbox,
  type SandboxOptions,
  sandboxSender,
  startSandbox,
} from '../../../providers/sandbox/sandbox.ts';
import type { Action, Channel } from '../../../sequences/lead.ts';
import { touch } from '../support/senders.ts';

const ADDRESS = {
  email: 'ada@acme.test',
  linkedin: 'https://www.linkedin.com/in/ada',
  sms: '+4930111',
  whatsapp: '+4930111',
  call: '+4930111',
  task: 'ada',
} as const;
const TO = {
  email: 'grace@example.test',
  linkedin: 'https://www.linkedin.com/in/grace-hopper',
  sms: '+4930222',
  whatsapp: '+4930222',
} as const;

let dir: string;
let sandbox: Sandbox | undefined;
let providers: Providers;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cadenza-sandbox-'));
  providers = createProviders({
    twilioStatusCallback: (id) => `http://127.0.0.1:9/hooks/twilio/${id}/status`,
  });
});

afterEach(async () => {
  await providers.close();
  await sandbox?.close();
  sandbox = undefined;
  rmSync(dir, { recursive: true });
});

async function start(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  return (sandbox = await startSandbox({ dir, ...options }));
}

function sender(
  channel: Channel,
  given: SenderSettings = sandbox!.senderSettings(channel),
  settings: Record<string, unknown> = {},
): SenderAccount {
  return {
    id: randomUUID(),
    channel,
    name: 'Ada',
    address: ADDRESS[channel],
    ...given,
    settings: { ...given.settings, ...settings },
  };
}

function outgoing(channel: keyof typeof TO, more: Partial<Outgoing> = {}): Outgoing {
  return touch({ action: channel === 'linkedin' ? 'message' : channel, to: TO[channel], ...more });
}

function send(
  channel: keyof typeof TO,
  more: Partial<Outgoing> = {},
  settings: Record<string, unknown> = {},
) {
  const account = sender(channel, undefined, settings);
  return providers.get(channel, account.provider).send(account, outgoing(channel, more));
}

test('every channel: what an adapter was told is sent stands in the record exactly once, under its touch', async () => {
  await start({ behaviour: { latencyMs: [0, 30] }, businessNow: () => Date.UTC(2031, 0, 1) });
  sandbox!.control({ connect: ['grace-hopper'] });
  const touches = (['email', 'linkedin', 'sms', 'whatsapp'] as const).flatMap((channel) =>
    Array.from({ length: 8 }, (_, i) => ({
      channel,
      touch: outgoing(channel, { text: `Text ${i} für Grace` }),
    })),
  );
  const results = await Promise.all(
    touches.map(({ channel, touch }) => {
      const account = sender(channel);
      return providers.get(channel, account.provider).send(account, touch);
    }),
  );
  expect(results.map((each) => each.kind)).toEqual(touches.map(() => 'sent'));
  const record = sandbox!.received();
  expect(record.map((each) => `${each.channel} ${each.touchId}`).toSorted()).toEqual(
    touches.map(({ channel, touch }) => `${channel} ${touch.touchId}`).toSorted(),
  );
  expect(record.map((each) => each.n)).toEqual(record.map((_, i) => i + 1));
  expect(new Set(record.map((each) => each.businessAt))).toEqual(new Set(['2031-01-01T00:00:00.000Z']));
  expect(record.every((each) => /^Text \d für Grace$/.test(each.text.trim()))).toBe(true);
  expect(await (await fetch(`${sandbox!.http}/received`)).json()).toEqual(record);
});

describe('rules by recipient', () => {
  test('a bounce', async () => {
    await start();
    expect(await send('email', { to: 'bounce@example.test' })).toMatchObject({
      kind: 'failed',
      addressBad: true,
    });
    expect(sandbox!.received()).toEqual([]);
  });

  test.each(['email', 'linkedin', 'sms', 'whatsapp'] as const)(
    '%s: refused twice, then taken',
    async (channel) => {
      await start({
        behaviour: {
          rules: [{ match: 'grace|222', do: 'refuse', times: 2, retryAfterSeconds: 9 }],
          linkedin: {
            connected: '.',
            unknown: '^$',
            acceptShare: 0,
            acceptAfterHours: 0,
            accountStatus: 'OK',
          },
        },
      });
      const results = [await send(channel), await send(channel), await send(channel)];
      expect(results.map((each) => each.kind)).toEqual(['later', 'later', 'sent']);
      if (channel !== 'email') expect(results[0]).toMatchObject({ retryAfterMs: 9000 });
      expect(sandbox!.received()).toHaveLength(1);
    },
  );

  test.each([
    ['hang', 1],
    ['drop', 1],
    ['lose', 0],
  ] as const)(
    'promise 1: "%s" leaves the outcome unknown, whether it was taken or not',
    async (what, taken) => {
      await start({ behaviour: { rules: [{ match: '.', do: what }] } });
      sandbox!.control({ connect: ['grace-hopper'] });
      for (const channel of ['email', 'linkedin', 'sms'] as const)
        expect(await send(channel, {}, { timeoutMs: 250 })).toMatchObject({ kind: 'unknown' });
      expect(sandbox!.received()).toHaveLength(3 * taken);
    },
  );

  test.each(['linkedin', 'sms', 'whatsapp'] as const)(
    'promise 1: %s can be asked afterwards what became of it',
    async (channel) => {
      await start({ behaviour: { rules: [{ match: '.', do: 'drop', times: 1 }] } });
      sandbox!.control({ connect: ['grace-hopper'] });
      const account = sender(channel, undefined, { settleMs: 0 });
      const provider = providers.get(channel, account.provider);
      const [one, other] = [
        outgoing(channel, { text: 'one', since: new Date(wallNow()) }),
        outgoing(channel, { text: 'other', since: new Date(wallNow()) }),
      ];
      expect(await provider.send(account, one)).toMatchObject({ kind: 'unknown' });
      expect(await provider.find(account, one)).toEqual({
        kind: 'found',
        providerId: sandbox!.received()[0]!.providerId,
      });
      expect(await provider.find(account, other)).toEqual({ kind: 'not_found' });
    },
  );

  test('credentials that are refused break every sender', async () => {
    await start({ behaviour: { refuseCredentials: true } });
    expect(await send('email', {}, { user: 'ada' })).toMatchObject({ kind: 'sent' });
    const account = { ...sender('email'), credentials: { password: 'x' } };
    expect(await providers.get('email', 'smtp').send(account, outgoing('email'))).toMatchObject({
      kind: 'sender_broken',
    });
    expect(await send('linkedin')).toMatchObject({ kind: 'sender_broken' });
    expect(await send('sms')).toMatchObject({ kind: 'sender_broken' });
  });
});

describe('LinkedIn', () => {
  const invite = (more: Partial<Outgoing> = {}) => send('linkedin', { action: 'invite', ...more });
  const act = (action: Action) => send('linkedin', { action });

  test('invited people accept after a while of business time; then they can be written to', async () => {
    let now = Date.UTC(2031, 0, 1);
    await start({ businessNow: () => now });
    sandbox!.control({ linkedin: { acceptShare: 1, acceptAfterHours: 5 } });
    expect(await send('linkedin')).toMatchObject({ kind: 'not_connected' });
    expect(await act('visit')).toMatchObject({ kind: 'sent' });
    expect(await act('follow')).toMatchObject({ kind: 'sent' });
    expect(await invite()).toMatchObject({ kind: 'sent' });
    expect(await invite()).toMatchObject({ kind: 'skipped', code: 'already_invited' });
    expect(await send('linkedin')).toMatchObject({ kind: 'not_connected' });
    now += 5 * 3_600_000;
    expect(await invite()).toMatchObject({ kind: 'skipped', code: 'already_connected' });
    const first = await send('linkedin');
    expect(first).toMatchObject({ kind: 'sent', threadId: expect.any(String) });
    expect(
      await send('linkedin', { providerChatId: (first as { threadId: string }).threadId }),
    ).toMatchObject({ kind: 'sent' });
    expect(sandbox!.received().map((each) => each.action)).toEqual([
      'visit',
      'follow',
      'invite',
      'message',
      'message',
    ]);
  });

  test('people nobody knows', async () => {
    await start();
    expect(await invite({ to: 'https://linkedin.com/in/unknown-person' })).toMatchObject({
      kind: 'failed',
      code: 'profile_not_found',
    });
  });

  test('what was received is remembered over a restart', async () => {
    await start();
    expect(await invite()).toMatchObject({ kind: 'sent' });
    await sandbox!.close();
    await start();
    expect(await invite()).toMatchObject({ kind: 'skipped', code: 'already_invited' });
  });
});

test('checks pass', async () => {
  await start();
  for (const channel of ['linkedin', 'sms', 'call', 'task'] as const) {
    const account = sender(channel);
    expect((await providers.get(channel, account.provider).check(account)).map((line) => line.ok)).toEqual([
      true,
    ]);
  }
});

describe('the CRM', () => {
  async function post(
    secret: string,
    status?: (code: number) => void,
    body = JSON.stringify({ type: 'touch.sent', data: { touchId: 't1' } }),
  ): Promise<Response> {
    const id = `msg_${randomUUID()}`;
    const at = new Date(wallNow());
    const answer = await fetch(`${sandbox!.crm.url}/acme`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign(id, at, body),
      },
    });
    status?.(answer.status);
    return answer;
  }
  const other = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

  test('takes what is signed, refuses what is not, and remembers both', async () => {
    await start();
    expect((await post(sandbox!.crm.secret)).status).toBe(200);
    expect((await post(other)).status).toBe(401);
    sandbox!.control({ crm: { secrets: [other] } });
    expect((await post(other)).status).toBe(200);
    expect(
      sandbox!
        .callbacks()
        .map(({ type, touchId, verified, accepted }) => ({ type, touchId, verified, accepted })),
    ).toEqual([
      { type: 'touch.sent', touchId: 't1', verified: true, accepted: true },
      { type: 'touch.sent', touchId: 't1', verified: false, accepted: false },
      { type: 'touch.sent', touchId: 't1', verified: true, accepted: true },
    ]);
  });

  test('is down for a while', async () => {
    await start();
    const control = (change: unknown) =>
      fetch(`${sandbox!.http}/control`, {
        method: 'POST',
        body: JSON.stringify(change),
        headers: { 'content-type': 'application/json' },
      });
    expect((await control({ crm: { status: 503, retryAfterSeconds: 4 } })).status).toBe(200);
    const refused = await post(sandbox!.crm.secret);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '4']);
    await control({ reset: true });
    expect((await post(sandbox!.crm.secret)).status).toBe(200);
    expect(sandbox!.callbacks().map((each) => each.accepted)).toEqual([false, true]);
    const wrong = await control({ rules: [{ match: '(', do: 'explode' }], latency: 3 });
    expect(wrong.status).toBe(400);
    expect(JSON.stringify(await wrong.json())).toMatch(/rules.*latency|latency.*rules/s);
  });
});

describe('as a process of its own', () => {
  let child: ChildProcess;

  async function run(): Promise<SandboxUrls> {
    child = spawn(
      process.execPath,
      ['--import', 'tsx', 'providers/sandbox/main.ts', '--dir', dir, '--with-stdin'],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    for await (const line of createInterface({ input: child.stdout! }))
      return JSON.parse(line) as SandboxUrls;
    throw new Error('the sandbox ended without a word');
  }
  const ended = () => new Promise<number | null>((resolve) => child.once('exit', resolve));

  test('the record holds each message that was answered, though the sandbox is killed', async () => {
    const urls = await run();
    const sent: string[] = [];
    for (const channel of ['email', 'sms'] as const) {
      const account = sender(channel, sandboxSender(urls, channel));
      const each = outgoing(channel);
      expect(await providers.get(channel, account.provider).send(account, each)).toMatchObject({
        kind: 'sent',
      });
      sent.push(each.touchId);
    }
    const exit = ended();
    child.kill('SIGKILL');
    await exit;
    // As if it had died in the middle of a line.
    appendFileSync(join(dir, 'received.jsonl'), '{"n":3,"provi');
    await start();
    expect(sandbox!.received().map((each) => each.touchId)).toEqual(sent);
    expect(await send('email')).toMatchObject({ kind: 'sent' });
    expect(
      readFileSync(join(dir, 'received.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { n: number }).n),
    ).toEqual([1, 2, 3]);
  }, 20_000);

  test('ends with who started it', async () => {
    await run();
    const exit = ended();
    child.stdin!.end();
    expect(await exit).toBe(0);
  }, 20_000);
});
