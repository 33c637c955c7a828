import { createPublicKey, createVerify, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { messageIdOf, touchIdOf } from '../../../providers/email/compose.ts';
import { createSmtpProvider } from '../../../providers/email/smtp.ts';
import type { Outgoing, Provider } from '../../../providers/ports.ts';
import type { Received } from '../../../providers/sandbox/record.ts';
import { type Sandbox, startSandbox } from '../../../providers/sandbox/sandbox.ts';
import { type ScriptedSmtp, scriptedSmtp } from '../support/scripted-smtp.ts';
import { emailSender, touch } from '../support/senders.ts';

let dir: string;
let sandbox: Sandbox;
let raw: ScriptedSmtp;
let provider: Provider;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cadenza-smtp-'));
  sandbox = await startSandbox({ dir });
  raw = await scriptedSmtp({ extensions: ['8BITMIME', 'SMTPUTF8', 'PIPELINING'] });
  provider = createSmtpProvider();
});

afterAll(async () => {
  await provider.close();
  await raw.close();
  await sandbox.close();
  rmSync(dir, { recursive: true });
});

async function received(more: Partial<Outgoing>, settings: Record<string, unknown> = {}): Promise<Received> {
  const outgoing = touch(more);
  expect(await provider.send(emailSender(sandbox.smtp.port, { settings }), outgoing)).toMatchObject({
    kind: 'sent',
  });
  const found = sandbox.received().filter((each) => each.touchId === outgoing.touchId);
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** The message as its bytes went over the wire. */
async function wire(
  more: Partial<Outgoing>,
  sender: Parameters<typeof emailSender>[1] = {},
): Promise<string> {
  expect(await provider.send(emailSender(raw.port, sender), touch(more))).toMatchObject({ kind: 'sent' });
  return raw.messages.at(-1)!;
}

const headersOf = (message: string): string => message.slice(0, message.indexOf('\r\n\r\n'));
const unfolded = (message: string): string[] =>
  headersOf(message)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');

test('promise 1: the Message-ID is the touch, whenever and however often it is composed', async () => {
  expect(messageIdOf('7b0d', 'ada@Acme.Test')).toBe('<7b0d@acme.test>');
  expect(touchIdOf('<7b0d@acme.test>')).toBe('7b0d');
  expect(touchIdOf('<CAF=x_y@mail.example>')).toBeNull();
  const outgoing = touch();
  const mine = (await Promise.all([wire(outgoing), wire(outgoing)])).map((message) =>
    unfolded(message).find((line) => /^message-id:/i.test(line)),
  );
  expect(mine).toEqual([
    `Message-ID: <${outgoing.touchId}@acme.test>`,
    `Message-ID: <${outgoing.touchId}@acme.test>`,
  ]);
});

test('a reply continues its thread', async () => {
  const { headers } = await received({
    thread: ['<first@acme.test>', '<second@acme.test>', 'not an id\r\nX-Evil: 1'],
  });
  expect(headers).toMatchObject({
    'in-reply-to': '<second@acme.test>',
    references: '<first@acme.test> <second@acme.test>',
  });
});

test('text and HTML are alternatives of each other, attachments come along', async () => {
  const message = await wire({
    text: 'Plain ünïcödé',
    html: '<p>Rich</p>',
    attachments: [
      {
        name: 'price list.pdf',
        contentType: 'application/pdf',
        base64: Buffer.from('%PDF-1.4').toString('base64'),
      },
    ],
  });
  expect(message).toContain('multipart/mixed');
  expect(message).toContain('multipart/alternative');
  expect(message.indexOf('text/plain')).toBeLessThan(message.indexOf('text/html'));
  expect(message).toContain(Buffer.from('%PDF-1.4').toString('base64'));
  expect(await received({ text: 'Plain ünïcödé', html: '<p>Rich</p>' })).toMatchObject({
    text: 'Plain ünïcödé',
    html: '<p>Rich</p>',
  });
});

test('lines that begin with a dot, and long ones, arrive as they were', async () => {
  const text = `.\n..two\n${'x'.repeat(2000)}\nend`;
  expect((await received({ text })).text.trim()).toBe(text);
});

describe('unsubscribing in one click (RFC 8058)', () => {
  const url = `https://go.acme.test/u/${'t0ken'.repeat(60)}?a=1&b=2`;

  test('both headers are there, the link in one piece', async () => {
    const { headers } = await received({ unsubscribeUrl: url });
    expect(headers).toMatchObject({
      'list-unsubscribe': `<${url}>`,
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
    });
    expect(unfolded(await wire({ unsubscribeUrl: url }))).toContain(`List-Unsubscribe: <${url}>`);
  });

  test('no one-click over plain http, except on this machine', async () => {
    expect((await received({ unsubscribeUrl: 'http://go.acme.test/u/1' })).headers).not.toHaveProperty(
      'list-unsubscribe-post',
    );
    expect((await received({ unsubscribeUrl: 'http://127.0.0.1:3000/u/1' })).headers).toHaveProperty(
      'list-unsubscribe-post',
    );
  });

  test('a link that would add a header is refused', async () => {
    const result = await provider.send(
      emailSender(raw.port),
      touch({ unsubscribeUrl: 'https://a.test/>\r\nBcc: x@evil.test' }),
    );
    expect(result).toMatchObject({ kind: 'failed', code: 'bad_unsubscribe_url' });
  });
});

describe('hostile values add no header and no recipient', () => {
  test.each([
    ['subject', { subject: 'Hi\r\nBcc: victim@evil.test\r\n\r\nbody' }],
    ['subject with a bare LF', { subject: 'Hi\nX-Evil: 1' }],
    ['name', { toName: 'Grace\r\nX-Evil: 1' }],
    ['name with an address in it', { toName: 'Grace" <victim@evil.test>, "x' }],
    [
      'attachment',
      { attachments: [{ name: 'a\r\nX-Evil: 1".pdf', contentType: 'text/plain\r\nX-Evil: 1', base64: '' }] },
    ],
    ['line separator', { subject: 'Hi\u2028X-Evil: 1\u0000' }],
  ] as [string, Partial<Outgoing>][])('%s', async (_name, more) => {
    const before = raw.lines.length;
    const message = await wire(more);
    const everyHeader = message.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
    expect(everyHeader.filter((line) => /^(x-evil|bcc):/i.test(line))).toEqual([]);
    expect(raw.lines.slice(before).filter((line) => line.startsWith('RCPT'))).toEqual([
      'RCPT TO:<lead@example.test>',
    ]);
  });

  test.each([
    '',
    'nobody',
    'a@b.test, c@d.test',
    'a@b.test\r\nRCPT TO:<x@evil.test>',
    '<a@b.test>',
    'Grace <a@b.test>',
    'a b@c.test',
    'a@b@c.test',
  ])('address %j is refused', async (to) => {
    const before = raw.messages.length;
    expect(await provider.send(emailSender(raw.port), touch({ to }))).toMatchObject({
      kind: 'failed',
      code: 'invalid_address',
      addressBad: true,
    });
    expect(raw.messages).toHaveLength(before);
  });
});

describe('DKIM', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const signing = {
    settings: { dkim: { domain: 'acme.test', selector: 'cadenza' } },
    credentials: { dkimPrivateKey: privateKey },
  };

  test('signs List-Unsubscribe and List-Unsubscribe-Post, and the signature holds', async () => {
    const message = await wire(
      { unsubscribeUrl: 'https://go.acme.test/u/1', html: '<p>Hi</p>', thread: ['<first@acme.test>'] },
      signing,
    );
    const signature = unfolded(message).find((line) => line.startsWith('DKIM-Signature:'))!;
    const fields = /\bh=([^;]+)/.exec(signature)![1]!.replace(/\s+/g, '').toLowerCase().split(':');
    expect(fields).toEqual(
      expect.arrayContaining([
        'from',
        'to',
        'subject',
        'message-id',
        'in-reply-to',
        'references',
        'list-unsubscribe',
        'list-unsubscribe-post',
      ]),
    );
    expect(verifies(message, publicKey)).toBe(true);
    expect(verifies(message.replace('One-Click', 'Two-Click'), publicKey)).toBe(false);
    expect(verifies(message.replace('go.acme.test', 'go.evil.test'), publicKey)).toBe(false);
  });
});

/** A relaxed canonicalization of the headers (RFC 6376 §3.4.2), enough to check what was signed. */
function verifies(message: string, publicKey: string): boolean {
  const lines = headersOf(message)
    .replace(/\r\n([ \t])/g, '$1')
    .split('\r\n');
  const relaxed = (line: string): string => {
    const colon = line.indexOf(':');
    return `${line.slice(0, colon).toLowerCase().trim()}:${line
      .slice(colon + 1)
      .replace(/[ \t]+/g, ' ')
      .trim()}`;
  };
  const own = lines.find((line) => /^dkim-signature:/i.test(line))!;
  const fields = /\bh=([^;]+)/.exec(own)![1]!.replace(/\s+/g, '').toLowerCase().split(':');
  const signed = fields.map((field) =>
    relaxed(lines.findLast((line) => line.toLowerCase().startsWith(`${field}:`))!),
  );
  const signature = /\bb=([^;]+)$/.exec(own)![1]!.replace(/\s+/g, '');
  const text = [...signed, relaxed(own.replace(/\bb=[^;]+$/, 'b='))].join('\r\n');
  return createVerify('RSA-SHA256')
    .update(text, 'latin1')
    .verify(createPublicKey(publicKey), signature, 'base64');
}

test('connections are pooled, bounded, and replaced when the credentials change', async () => {
  const server = await scriptedSmtp({ extensions: ['AUTH PLAIN'] });
  const own = createSmtpProvider();
  const sender = emailSender(server.port, {
    settings: { maxConnections: 2 },
    credentials: { password: 'one' },
  });
  await Promise.all(Array.from({ length: 12 }, () => own.send(sender, touch())));
  expect(server.messages).toHaveLength(12);
  expect(server.connections).toBe(2);
  await own.send({ ...sender, credentials: { password: 'two' } }, touch());
  expect(server.connections).toBe(3);
  const logins = server.lines
    .filter((line) => line.startsWith('AUTH PLAIN'))
    .map((line) => Buffer.from(line.slice(11), 'base64').toString());
  expect(logins.map((login) => login.split('\0')[2])).toEqual(['one', 'one', 'two']);
  await own.close();
  await server.close();
});
