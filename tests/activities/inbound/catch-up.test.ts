/** What providers took in while nobody was there to be told is asked for, once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { twilioMessage, unipileArrival } from '../../../activities/inbound/arrivals.ts';
import { type CatchUp, createCatchUp } from '../../../activities/inbound/catch-up.ts';
import { createSecrets } from '../../../common/crypto.ts';
import { createLogger } from '../../../common/log.ts';
import type { Db } from '../../../db/db.ts';
import { addSender, loadAccount } from '../../../db/senders.ts';
import { createProviders, type Providers } from '../../../providers/registry.ts';
import { idOfSlug } from '../../../providers/sandbox/linkedin-world.ts';
import { type Sandbox, startSandbox } from '../../../providers/sandbox/sandbox.ts';
import { createTestDatabase } from '../../support/database.ts';
import { databaseClock, setTime, TUESDAY } from '../../support/factories.ts';
import { contacted, number, statusOf, world, type World } from './support.ts';

const secrets = createSecrets([{ id: 'k', key: Buffer.alloc(32, 7) }]);
const running = new AbortController().signal;
let db: Db;
let drop: () => Promise<void>;
let dir: string;
let sandbox: Sandbox;
let providers: Providers;
let back: World;
let catchUp: CatchUp;
let names = 1000;

beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY, 1);
  providers = createProviders();
  back = await world(db);
  const log = createLogger({ level: 'silent' });
  const { process } = back.inbound;
  catchUp = createCatchUp({ db, clock: await databaseClock(db), secrets, providers, log, process });
});
afterAll(async () => {
  await providers.close();
  await drop();
});
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cadenza-catch-up-'));
  // It is told no address to post to: the server is down.
  sandbox = await startSandbox({ dir, behaviour: { rules: [] } });
});
afterEach(async () => {
  await db.query(`delete from catch_ups`);
  await db.query(`update senders set provider = 'test' where provider in ('twilio', 'unipile')`);
  await sandbox.close();
  rmSync(dir, { recursive: true });
});

async function senderOf(channel: 'sms' | 'whatsapp' | 'linkedin') {
  const account = `account-${names++}`;
  const address = channel === 'linkedin' ? `https://www.linkedin.com/in/${account}` : `+49302312${names++}`;
  const id = await addSender(
    db,
    {
      channel,
      name: account,
      address,
      timeZone: 'Europe/Berlin',
      ...sandbox.senderSettings(channel, account),
    },
    secrets,
  );
  return { id, address, account };
}

/** A round as it is some minutes later. */
async function round(): Promise<number> {
  await db.query('update catch_ups set next_at = clock_timestamp()');
  return catchUp.round(running);
}

async function stored() {
  const { rows } = await db.query<{ key: string; result: string }>(
    `select dedupe_key as key, result from inbound order by id`,
  );
  return rows;
}

test.each(['sms', 'whatsapp'] as const)(
  'promise 3: an answer by %s that nobody was told of stops the sequence, once, whichever way it comes',
  async (channel) => {
    const sender = await senderOf(channel);
    expect(await round()).toBe(0);
    const phone = number();
    const { leadId, enrollmentId } = await contacted(db, { channel, lead: { phone }, senderId: sender.id });
    const account = await loadAccount(db, sender.id, secrets);
    // Ours is in the same list.
    await providers
      .get(channel, 'twilio')
      .send(account, { touchId: 't', action: channel, to: phone, toName: null, text: 'Hello' });
    sandbox.control({ messages: [{ channel, from: phone, to: sender.address, text: 'Yes, gladly' }] });
    expect(await round()).toBe(1);
    expect(await statusOf(db, enrollmentId)).toBe('stopped replied');
    const { rows } = await db.query('select body, address, channel from messages where lead_id = $1', [
      leadId,
    ]);
    expect(rows).toEqual([{ body: 'Yes, gladly', address: phone, channel }]);
    // Asked again, and told after all.
    expect(await round()).toBe(0);
    const { key } = (await stored()).at(-1)!;
    const told = twilioMessage({ MessageSid: key.replace('twilio:', ''), From: phone, Body: 'Yes, gladly' });
    expect(await back.arrive({ ...told!, senderId: sender.id })).toBeNull();
  },
);

test('promise 3: LinkedIn answers and acceptances that nobody was told of count once; its own messages are none', async () => {
  const sender = await senderOf('linkedin');
  expect(await round()).toBe(0);
  const slug = `grace-${names++}`;
  const { leadId, enrollmentId } = await contacted(db, {
    channel: 'linkedin',
    lead: { linkedinUrl: `https://www.linkedin.com/in/${slug}` },
    senderId: sender.id,
  });
  await db.query(
    `insert into lead_senders (lead_id, channel, sender_id, provider_lead_id) values ($1, 'linkedin', $2, $3)`,
    [leadId, sender.id, idOfSlug(slug)],
  );
  const account = await loadAccount(db, sender.id, secrets);
  const unipile = providers.get('linkedin', 'unipile');
  const touch = { toName: null, to: `https://www.linkedin.com/in/${slug}`, text: 'Hello' };
  await unipile.send(account, { ...touch, touchId: 'one', action: 'invite' });
  expect(await round()).toBe(0);
  sandbox.control({ connect: [slug] });
  expect(await unipile.send(account, { ...touch, touchId: 'two', action: 'message' })).toMatchObject({
    kind: 'sent',
  });
  expect(await round()).toBe(1);
  expect(await statusOf(db, enrollmentId)).toMatch(/^running/);
  // More than fits on a page of the list.
  const others = Array.from({ length: 130 }, (_, n) => ({
    channel: 'linkedin' as const,
    from: `somebody-${n}`,
    to: sender.account,
    text: 'Hi',
  }));
  sandbox.control({
    messages: [{ channel: 'linkedin', from: slug, to: sender.account, text: 'Gladly' }, ...others],
  });
  expect(await round()).toBe(131);
  expect(await statusOf(db, enrollmentId)).toBe('stopped replied');
  const { rows } = await db.query('select type from lead_events where lead_id = $1 order by type', [leadId]);
  expect(rows).toEqual([{ type: 'accepted' }, { type: 'replied' }]);
  expect(await round()).toBe(0);
  const accepted = unipileArrival({
    event: 'new_relation',
    account_id: sender.account,
    user_provider_id: idOfSlug(slug),
  });
  expect(await back.arrive({ ...accepted, senderId: sender.id })).toBeNull();
  const answer = (await stored()).find(({ result }) => result === 'answer_stopped' || result === 'answer');
  expect(answer?.key).toMatch(/^unipile:message_received:|^twilio:/);
});

test('a STOP and a START that came while nobody was there are taken in their order', async () => {
  const sender = await senderOf('sms');
  expect(await round()).toBe(0);
  const phone = number();
  await contacted(db, { channel: 'sms', lead: { phone }, senderId: sender.id });
  const said = (text: string) => ({ channel: 'sms' as const, from: phone, to: sender.address, text });
  sandbox.control({ messages: [said('STOP')] });
  sandbox.control({ messages: [said('START')] });
  expect(await round()).toBe(2);
  expect((await stored()).slice(-2).map(({ result }) => result)).toEqual(['opted_out', 'opted_in']);
});

test('a provider that cannot be asked is asked again, and nothing is skipped', async () => {
  const [first, other] = [await senderOf('sms'), await senderOf('linkedin')];
  expect(await round()).toBe(0);
  sandbox.control({
    refuseCredentials: true,
    messages: [{ channel: 'sms', from: number(), to: first.address, text: 'Hello?' }],
  });
  const marks = async () =>
    (await db.query('select sender_id, what, seen_until from catch_ups order by sender_id, what')).rows;
  const before = await marks();
  expect(await round()).toBe(0);
  expect(await marks()).toEqual(before);
  const { rows } = await db.query(
    `select bool_and(next_at > clock_timestamp() and next_at < clock_timestamp() + interval '2 minutes') as soon from catch_ups`,
  );
  expect(rows).toEqual([{ soon: true }]);
  sandbox.control({ refuseCredentials: false });
  expect(await round()).toBe(1);
  expect(other.id).not.toBe(first.id);
});

test('what came before a sender was here is nobody’s answer; afterwards an hour is asked for twice', async () => {
  const address = `+49302312${names++}`;
  sandbox.control({ messages: [{ channel: 'sms', from: number(), to: address, text: 'Long ago' }] });
  await sleep(1100);
  const settings = sandbox.senderSettings('sms');
  const id = await addSender(
    db,
    { channel: 'sms', name: address, address, timeZone: 'Europe/Berlin', ...settings },
    secrets,
  );
  expect(await round()).toBe(0);
  // An hour has passed since; a message was listed late.
  await db.query(`update catch_ups set seen_until = clock_timestamp() where sender_id = $1`, [id]);
  expect(await round()).toBe(1);
});

test('many workers at once ask one provider once', async () => {
  const sender = await senderOf('sms');
  expect(await round()).toBe(0);
  sandbox.control({ messages: [{ channel: 'sms', from: number(), to: sender.address, text: 'Hello' }] });
  await db.query('update catch_ups set next_at = clock_timestamp()');
  const found = await Promise.all(Array.from({ length: 8 }, () => catchUp.round(running)));
  expect(found.toSorted((one, other) => one - other)).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
});
