import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { wallNow } from '../../../../common/clock.ts';
import { watchMailbox, type WatchSink } from '../../../../providers/email/mailbox/watch.ts';
import type { ArrivedMail, FolderMark, SentCopy } from '../../../../providers/email/mailbox/read-folder.ts';
import type { MailboxConfiguration } from '../../../../providers/email/mailbox/settings.ts';
import { type SandboxImap, startImap } from '../../../../providers/sandbox/imap/server.ts';

const REP = 'rosa@example.com';
const HOUR_MS = 3_600_000;

let conduct = { refuseCredentials: false, imapIdle: true };
let server: SandboxImap;
let endings: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  conduct = { refuseCredentials: false, imapIdle: true };
  server = await startImap(() => conduct);
});
afterEach(async () => {
  for (const end of endings) await end();
  endings = [];
  await server.close();
});

const mail = (subject: string, body = 'Yes, let us talk.') =>
  `From: ada@lead.example\r\nTo: ${REP}\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@lead.example>\r\n\r\n${body}\r\n`;

/** What a restart keeps. */
interface Kept {
  readonly marks: Map<string, FolderMark>;
  readonly arrived: ArrivedMail[];
  readonly copies: SentCopy[];
  readonly failures: string[];
  lives: number;
}
const nothing = (): Kept => ({ marks: new Map(), arrived: [], copies: [], failures: [], lives: 0 });
const subjects = (kept: Kept) =>
  kept.arrived.map(({ raw }) => /^Subject: (.*)$/m.exec(raw.toString())?.[1]?.trim());

function watch(kept: Kept, change: Partial<MailboxConfiguration> = {}, since = new Date(wallNow())) {
  const ending = new AbortController();
  const sink: WatchSink = {
    marks: async () => kept.marks,
    live: async () => void kept.lives++,
    failed: async (sentence) => void kept.failures.push(sentence),
    arrived: async (one, mark) => {
      kept.arrived.push(one);
      kept.marks.set(one.folder, mark);
    },
    sentCopy: async (copy) => void kept.copies.push(copy),
    moved: async (folder, mark) => void kept.marks.set(folder, mark),
  };
  const configuration: MailboxConfiguration = {
    host: '127.0.0.1',
    port: server.port,
    security: 'none',
    allowSelfSigned: false,
    user: REP,
    login: { kind: 'password', password: 'x' },
    folders: 'auto',
    pollMs: 300,
    connectTimeoutMs: 5_000,
    ...change,
  };
  const running = watchMailbox(configuration, sink, { signal: ending.signal, since });
  const stop = async () => {
    ending.abort();
    await running;
  };
  endings.push(stop);
  return stop;
}

async function until(look: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 10_000;
  while (!look()) {
    if (performance.now() > end) throw new Error(`not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('50,000 old messages are not downloaded, what arrived since watching was wanted is', async () => {
  const old = Buffer.from(mail('old', 'x'.repeat(500)));
  for (let n = 0; n < 50_000; n++) server.mailboxes.deliver(REP, old, { at: wallNow() - 48 * HOUR_MS });
  server.mailboxes.deliver(REP, mail('while-nobody-looked'), { at: wallNow() - HOUR_MS });
  const kept = nothing();
  const began = performance.now();
  watch(kept, {}, new Date(wallNow() - 2 * HOUR_MS));
  await until(() => kept.lives > 0, 'live');
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(subjects(kept)).toEqual(['while-nobody-looked']);
  expect(server.stats.bytesOut).toBeLessThan(100_000);
});

test('IDLE tells of a message at once, and nothing is marked as read', async () => {
  const kept = nothing();
  watch(kept, { pollMs: 60_000 });
  await until(() => kept.lives > 0, 'live');
  const took: number[] = [];
  for (let n = 0; n < 20; n++) {
    const began = performance.now();
    server.mailboxes.deliver(REP, mail(`answer-${n}`));
    await until(() => kept.arrived.length === n + 1, 'the answer');
    took.push(performance.now() - began);
  }
  expect(Math.max(...took)).toBeLessThan(500);
  expect(
    server.mailboxes
      .of(REP)
      .get('INBOX')!
      .mails.flatMap(({ flags }) => [...flags]),
  ).toEqual([]);
});

test('a restart neither misses nor repeats', async () => {
  const kept = nothing();
  const stop = watch(kept);
  await until(() => kept.lives > 0, 'live');
  server.mailboxes.deliver(REP, mail('one'));
  await until(() => kept.arrived.length === 1, 'the first');
  await stop();
  server.mailboxes.deliver(REP, mail('two'));
  server.mailboxes.deliver(REP, mail('three'), { at: wallNow() - 72 * HOUR_MS });
  watch(kept);
  await until(() => kept.arrived.length === 3, 'the others');
  expect(subjects(kept)).toEqual(['one', 'two', 'three']);
});

test('after a change of UIDVALIDITY it goes on by date', async () => {
  const kept = nothing();
  for (let n = 0; n < 50; n++)
    server.mailboxes.deliver(REP, mail(`old-${n}`), { at: wallNow() - 72 * HOUR_MS });
  const stop = watch(kept);
  await until(() => kept.lives > 0, 'live');
  server.mailboxes.deliver(REP, mail('one'));
  await until(() => kept.arrived.length === 1, 'the first');
  await stop();
  server.mailboxes.deliver(REP, mail('two'));
  server.mailboxes.renumber(REP);
  watch(kept);
  await until(() => subjects(kept).includes('two'), 'the second');
  // The first one comes again, and is known by its header where it is stored.
  expect(subjects(kept)).toEqual(['one', 'one', 'two']);
});

test('a server without IDLE is asked', async () => {
  conduct.imapIdle = false;
  const kept = nothing();
  watch(kept);
  await until(() => kept.lives > 0, 'live');
  server.mailboxes.deliver(REP, mail('one'));
  await until(() => kept.arrived.length === 1, 'the answer');
});

test('a connection that is cut amid a message loses nothing', async () => {
  const kept = nothing();
  watch(kept);
  await until(() => kept.lives > 0, 'live');
  server.cutNext(5_000);
  server.mailboxes.deliver(REP, mail('long', 'x'.repeat(20_000)));
  server.mailboxes.deliver(REP, mail('next'));
  await until(() => kept.arrived.length >= 2, 'both');
  expect(subjects(kept)).toEqual(['long', 'next']);
  expect(kept.arrived[0]!.raw.length).toBe(kept.arrived[0]!.size);
  expect(server.stats.logins).toBe(2);
});

test('an answer in the junk folder is read; drafts and the bin are not', async () => {
  const kept = nothing();
  watch(kept);
  await until(() => kept.lives > 0, 'live');
  server.mailboxes.deliver(REP, mail('draft'), { folder: 'Drafts' });
  server.mailboxes.deliver(REP, mail('binned'), { folder: 'Trash' });
  server.mailboxes.deliver(REP, mail('filed'), { folder: 'Archive' });
  server.mailboxes.deliver(REP, mail('spam'), { folder: 'Junk' });
  await until(() => kept.arrived.length === 2, 'both');
  expect(new Set(subjects(kept))).toEqual(new Set(['filed', 'spam']));
  expect(kept.arrived.find(({ folder }) => folder === 'Junk')!.specialUse).toBe('\\Junk');
});

test('mail of our own in Sent is never an answer; its Message-ID is noted', async () => {
  const kept = nothing();
  watch(kept);
  await until(() => kept.lives > 0, 'live');
  const touchId = '6f1c1b1e-0000-4000-8000-000000000001';
  server.mailboxes.deliver(
    REP,
    `From: ${REP}\r\nMessage-ID: <rewritten@provider.example>\r\nX-Cadenza-Touch: ${touchId}\r\nSubject: Hello\r\n\r\nHello\r\n`,
    { folder: 'Sent' },
  );
  server.mailboxes.deliver(REP, mail('by-hand'), { folder: 'Sent' });
  await until(() => kept.copies.length === 1, 'the copy');
  expect(kept.copies[0]).toEqual({ touchId, messageId: '<rewritten@provider.example>', threadId: null });
  expect(kept.arrived).toEqual([]);
});

test('of a 30 MB message the first mebibyte is read', async () => {
  const kept = nothing();
  watch(kept);
  await until(() => kept.lives > 0, 'live');
  server.mailboxes.deliver(REP, Buffer.from(mail('huge', `${'x'.repeat(76)}\r\n`.repeat(400_000))));
  await until(() => kept.arrived.length === 1, 'the message');
  const [huge] = kept.arrived;
  expect(huge).toMatchObject({ truncated: true });
  expect(huge!.size).toBeGreaterThan(30_000_000);
  expect(huge!.raw.length).toBe(1024 * 1024);
  expect(server.stats.bytesOut).toBeLessThan(1_200_000);
});

test('a large message whose attachment comes first is read on to what was written, without the attachment', async () => {
  const kept = nothing();
  watch(kept);
  await until(() => kept.lives > 0, 'live');
  const line = `${'QUJD'.repeat(19)}\r\n`;
  server.mailboxes.deliver(
    REP,
    Buffer.from(
      `From: ada@lead.example\r\nMessage-ID: <behind@lead.example>\r\nSubject: Photo\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n${line.repeat(70_000)}--b\r\nContent-Type: text/plain\r\n\r\nCall me on Tuesday.\r\n--b--\r\n`,
    ),
  );
  await until(() => kept.arrived.length === 1, 'the message');
  const [found] = kept.arrived;
  expect(found).toMatchObject({ truncated: false });
  expect(found!.raw.length).toBeLessThan(100_000);
  expect(found!.raw.toString()).toContain('Call me on Tuesday.');
});

test('a refused login is said in a sentence', async () => {
  conduct.refuseCredentials = true;
  const kept = nothing();
  const stop = watch(kept);
  await until(() => kept.failures.length > 0, 'the refusal');
  expect(kept.failures[0]).toMatch(/login refused/);
  expect(kept.lives).toBe(0);
  await stop();
});

test('a server that restarts is back at once', async () => {
  const kept = nothing();
  watch(kept, { pollMs: 60_000 });
  await until(() => kept.lives > 0, 'live');
  server.drop();
  server.mailboxes.deliver(REP, mail('after'));
  await until(() => kept.arrived.length === 1, 'the answer');
  expect(kept.failures).toEqual([]);
});
