import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createSecrets } from '../../common/crypto.ts';
import { createLogger } from '../../common/log.ts';
import type { Db } from '../../db/db.ts';
import { unwatchedSenderIds } from '../../db/mailboxes.ts';
import { addSender, updateSender } from '../../db/senders.ts';
import { Watchers } from '../../activities/mailbox/watchers.ts';
import { type SandboxImap, startImap } from '../../providers/sandbox/imap/server.ts';
import { createTestDatabase } from '../support/database.ts';
import { databaseClock } from '../support/factories.ts';
import { until } from '../support/until.ts';

let db: Db;
let drop: () => Promise<void>;
let server: SandboxImap;
let conduct = { refuseCredentials: false, imapIdle: true };
const secrets = createSecrets([{ id: 'test', key: Buffer.alloc(32, 7) }]);
let running: Watchers[] = [];

beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
});
afterAll(() => drop());
beforeEach(async () => {
  conduct = { refuseCredentials: false, imapIdle: true };
  server = await startImap(() => conduct);
});
afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()));
  running = [];
  await server.close();
});

const imap = () => ({ host: '127.0.0.1', port: server.port, security: 'none', pollSeconds: 1 });

async function rep(): Promise<{ id: string; address: string }> {
  const address = `rep-${randomUUID().slice(0, 8)}@example.com`;
  const id = await addSender(
    db,
    {
      channel: 'email',
      provider: 'smtp',
      name: address,
      address,
      timeZone: 'Europe/Berlin',
      settings: { host: '127.0.0.1', port: 2525, security: 'none', imap: imap() },
      credentials: { imapPassword: 'x' },
    },
    secrets,
  );
  return { id, address };
}

async function watchers(understands = true): Promise<Watchers> {
  const made = new Watchers({
    db,
    clock: await databaseClock(db),
    secrets,
    log: createLogger({ level: 'silent' }),
    process: async (id) => {
      if (understands) await db.query(`update inbound set state = 'done' where id = $1`, [id]);
    },
  });
  running.push(made);
  return made;
}

const mail = (subject: string) =>
  `From: ada@lead.example\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@lead.example>\r\n\r\nYes\r\n`;
const stored = async (senderId: string) =>
  (
    await db.query<{ subject: string; folder: string; dedupe_key: string }>(
      `select substring(convert_from(raw, 'UTF8') from 'Subject: ([^\r]*)') as subject, payload ->> 'folder' as folder, dedupe_key
       from inbound where sender_id = $1 order by id`,
      [senderId],
    )
  ).rows;
const box = async (senderId: string) =>
  (
    await db.query<{ live: boolean; error: string | null; owner: string | null }>(
      `select coalesce(live_until > clock_timestamp(), false) as live, error, owner from mailboxes where sender_id = $1`,
      [senderId],
    )
  ).rows[0];
const live = (senderId: string) =>
  until(async () => (await box(senderId))?.live, 'the mailbox counts as read');

test('a message is stored once, whatever folder it is moved to, and the mailbox counts as read', async () => {
  const { id, address } = await rep();
  expect(await unwatchedSenderIds(db)).toContain(id);
  void (await watchers()).ensure(id);
  await live(id);
  expect(await unwatchedSenderIds(db)).not.toContain(id);
  const began = performance.now();
  server.mailboxes.deliver(address, mail('hello'));
  await until(async () => (await stored(id)).length > 0, 'stored');
  expect(performance.now() - began).toBeLessThan(1_000);
  server.mailboxes.deliver(address, mail('hello'), { folder: 'Archive' });
  server.mailboxes.deliver(address, mail('later'), { folder: 'Junk' });
  await until(async () => (await stored(id)).length > 1, 'the one in the junk folder');
  expect(await stored(id)).toMatchObject([
    { subject: 'hello', folder: 'INBOX' },
    { subject: 'later', folder: 'Junk' },
  ]);
});

test('what arrives while nobody watches is read before the mailbox counts as read again', async () => {
  const { id, address } = await rep();
  const first = await watchers();
  void first.ensure(id);
  await live(id);
  await first.stop();
  await db.query(`update mailboxes set live_until = clock_timestamp() where sender_id = $1`, [id]);
  server.mailboxes.deliver(address, mail('meanwhile'));
  void (await watchers()).ensure(id);
  await live(id);
  expect(await stored(id)).toMatchObject([{ subject: 'meanwhile' }]);
});

test('a mailbox with a message that is not understood yet does not count as read', async () => {
  const { id, address } = await rep();
  void (await watchers(false)).ensure(id);
  await live(id);
  server.mailboxes.deliver(address, mail('hello'));
  await until(async () => (await stored(id)).length > 0, 'stored');
  await db.query(`update mailboxes set live_until = clock_timestamp() where sender_id = $1`, [id]);
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect(await box(id)).toMatchObject({ live: false });
  await db.query(`update inbound set state = 'done' where sender_id = $1`, [id]);
  await live(id);
}, 30_000);

test('one watches at a time; another takes over when it ends', async () => {
  const { id } = await rep();
  const [first, second] = [await watchers(), await watchers()];
  void first.ensure(id);
  await live(id);
  const before = (await box(id))!.owner;
  void second.ensure(id);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(server.stats.logins).toBe(1);
  expect((await box(id))!.owner).toBe(before);
  await first.stop();
  await until(async () => {
    const owner = (await box(id))?.owner;
    return owner && owner !== before;
  }, 'the other one took over');
}, 30_000);

test('a refused login is shown; changed settings take effect; without the block it ends', async () => {
  const { id } = await rep();
  conduct.refuseCredentials = true;
  const end = (await watchers()).ensure(id);
  await until(async () => /login refused/.test((await box(id))?.error ?? ''), 'the error');
  expect((await box(id))!.live).toBe(false);
  conduct.refuseCredentials = false;
  await updateSender(
    db,
    id,
    { settings: { host: '127.0.0.1', port: 2525, security: 'none', imap: { ...imap(), pollSeconds: 2 } } },
    secrets,
  );
  await live(id);
  expect((await box(id))!.error).toBeNull();
  await updateSender(db, id, { settings: { host: '127.0.0.1', port: 2525, security: 'none' } }, secrets);
  expect(await end).toBe('removed');
}, 60_000);
