import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { wallNow } from '../../../../common/clock.ts';
import { sameProvider } from '../../../../providers/email/mailbox/find-sent.ts';
import { createSmtpProvider } from '../../../../providers/email/smtp.ts';
import type { Outgoing, Provider, SenderAccount } from '../../../../providers/ports.ts';
import { type Sandbox, startSandbox } from '../../../../providers/sandbox/sandbox.ts';
import { emailSender, touch } from '../../support/senders.ts';

const CANNOT_SAY = { kind: 'cannot_say' };
/** Taken, and the connection closed instead of an answer; or closed before it was taken. */
const DROPPED = { match: '^dropped', do: 'drop' } as const;
const LOST = { match: '^lost', do: 'lose' } as const;

let dir: string;
let sandbox: Sandbox;
let provider: Provider;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cadenza-sent-'));
  sandbox = await startSandbox({ dir, behaviour: { rules: [DROPPED, LOST] } });
  provider = createSmtpProvider();
});
afterEach(async () => {
  await provider.close();
  await sandbox.close();
  rmSync(dir, { recursive: true });
});

function rosa(imap: Record<string, unknown> = {}, more: Record<string, unknown> = {}): SenderAccount {
  const { smtp, imap: server } = sandbox;
  const block = { ...server, security: 'none', settleMs: 0, ...imap };
  return emailSender(smtp.port, { settings: { imap: block, ...more }, credentials: { imapPassword: 'x' } });
}

const since = () => new Date(wallNow() - 60_000);

/** Sends one whose outcome stays unknown. */
async function unknown(sender: SenderAccount, to: string): Promise<Outgoing> {
  const sent = touch({ to, since: since() });
  expect(await provider.send(sender, sent)).toMatchObject({ kind: 'unknown' });
  return sent;
}

async function known(sender: SenderAccount): Promise<string> {
  const sent = touch();
  expect(await provider.send(sender, sent)).toMatchObject({ kind: 'sent' });
  return sent.touchId;
}

test('promise 1: a message that was taken without an answer is found in the Sent folder', async () => {
  const sender = rosa();
  const taken = await unknown(sender, 'dropped@example.test');
  const id = `<${taken.touchId}@acme.test>`;
  expect(await provider.find(sender, taken)).toEqual({ kind: 'found', providerId: id, messageId: id });
  const [copy] = sandbox.imapServer.mailboxes.of(sender.address).get('Sent')!.mails;
  expect([...copy!.flags]).toEqual(['\\Seen']);
});

test('a copy whose Message-ID the provider replaced is found by the touch', async () => {
  const sender = rosa();
  const { touchId } = touch();
  sandbox.mailTo(
    sender.address,
    `Message-ID: <theirs@provider.example>\r\nX-Cadenza-Touch: ${touchId}\r\n\r\nHello\r\n`,
    'Sent',
  );
  expect(await provider.find(sender, touch({ touchId, since: since() }))).toMatchObject({ kind: 'found' });
});

test('promise 1: what is not there did not go out only where all that went out last is there', async () => {
  const sender = rosa();
  const before = await known(sender);
  const lost = await unknown(sender, 'lost@example.test');
  const ask = (alsoSent: readonly string[] | undefined, from = sender) =>
    provider.find(from, { ...lost, ...(alsoSent && { alsoSent }) });
  expect(await ask([before])).toEqual({ kind: 'not_found' });
  expect(await ask(undefined)).toEqual(CANNOT_SAY);
  expect(await ask([])).toEqual(CANNOT_SAY);
  // One of them was not kept, so this one may not have been either.
  sandbox.control({ keepSent: false });
  expect(await ask([await known(sender), before])).toEqual(CANNOT_SAY);
  // A copy may come a little later than the message leaves.
  expect(await ask([before], rosa({ settleMs: 3_600_000 }))).toEqual(CANNOT_SAY);
  // Another provider than the mailbox's sends.
  expect(await ask([before], rosa({}, { host: 'localhost' }))).toEqual(CANNOT_SAY);
});

test('promise 1: a server that keeps nothing, is away, refuses the login or is not configured cannot say', async () => {
  sandbox.control({ keepSent: false });
  const sender = rosa();
  const taken = await unknown(sender, 'dropped@example.test');
  expect(await provider.find(sender, taken)).toEqual(CANNOT_SAY);
  expect(await provider.find(emailSender(sandbox.smtp.port), taken)).toEqual(CANNOT_SAY);
  sandbox.control({ refuseCredentials: true });
  expect(await provider.find(sender, taken)).toEqual(CANNOT_SAY);
  sandbox.control({ refuseCredentials: false, imapDown: true });
  expect(await provider.find(sender, taken)).toEqual(CANNOT_SAY);
});

test.each([
  ['smtp.gmail.com', 'imap.gmail.com', true],
  ['smtp.office365.com', 'outlook.office365.com', true],
  ['mail.own.example', 'mail.own.example', true],
  ['smtp.sendgrid.net', 'imap.gmail.com', false],
  ['smtp.one.co.uk', 'imap.two.co.uk', false],
  ['10.0.0.1', '10.0.0.2', false],
])('%s and %s are one provider: %s', (smtp, imap, same) => {
  expect(sameProvider(smtp, imap)).toBe(same);
});
