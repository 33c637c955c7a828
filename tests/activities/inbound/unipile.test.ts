import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Db } from '../../../db/db.ts';
import type { NewInbound } from '../../../db/inbound.ts';
import { createTestDatabase } from '../../support/database.ts';
import { setTime, TUESDAY } from '../../support/factories.ts';
import { contacted, statusOf, world, type World } from './support.ts';

let db: Db;
let drop: () => Promise<void>;
let here: World;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  here = await world(db);
});
afterAll(() => drop());

const ME = 'ACoAA-me';

async function connection() {
  const name = `ada-${randomUUID().slice(0, 8)}`;
  const profile = `https://www.linkedin.com/in/${name}`;
  const one = await contacted(db, { channel: 'linkedin', lead: { linkedinUrl: profile } });
  await db.query(
    `insert into lead_senders (lead_id, channel, sender_id, provider_lead_id, provider_chat_id) values ($1, 'linkedin', $2, $3, $4)`,
    [one.leadId, one.senderId, `ACo-${name}`, `chat-${name}`],
  );
  return { ...one, name, profile, providerId: `ACo-${name}`, chatId: `chat-${name}` };
}

function message(senderId: string, change: Record<string, unknown>): NewInbound {
  const id = randomUUID();
  const payload = {
    account_id: 'acc',
    account_type: 'LINKEDIN',
    account_info: { user_id: ME, type: 'LINKEDIN' },
    event: 'message_received',
    message_id: id,
    message: 'Sounds good',
    ...change,
  };
  return {
    source: 'unipile',
    kind: 'message',
    dedupeKey: `unipile:message_received:${id}`,
    senderId,
    payload,
  };
}

test('promise 3: an answer on LinkedIn stops the lead, found by the chat', async () => {
  const one = await connection();
  const arrived = message(one.senderId, {
    chat_id: one.chatId,
    sender: { attendee_provider_id: 'ACo-alias' },
  });
  expect(await here.arrive(arrived)).toBe('answer_stopped');
  expect(await statusOf(db, one.enrollmentId)).toBe('stopped replied');
  const { rows } = await db.query('select touch_id, matched_by, body from messages where lead_id = $1', [
    one.leadId,
  ]);
  expect(rows).toEqual([{ touch_id: one.touchId, matched_by: 'thread', body: 'Sounds good' }]);
});

test('in a chat that is new, the person is found by id or profile', async () => {
  for (const sender of [
    (one: Awaited<ReturnType<typeof connection>>) => ({ attendee_provider_id: one.providerId }),
    (one: Awaited<ReturnType<typeof connection>>) => ({
      attendee_provider_id: 'ACo-unseen',
      attendee_profile_url: `https://de.linkedin.com/in/${one.name}/`,
    }),
  ]) {
    const one = await connection();
    await here.arrive(message(one.senderId, { chat_id: randomUUID(), sender: sender(one) }));
    expect(await statusOf(db, one.enrollmentId)).toBe('stopped replied');
  }
});

test('what the account itself wrote is no answer', async () => {
  const one = await connection();
  const own = { chat_id: one.chatId, sender: { attendee_provider_id: ME } };
  expect(await here.arrive(message(one.senderId, own))).toBe('own');
  expect(await here.arrive(message(one.senderId, { ...own, sender: null, is_sender: true }))).toBe('own');
  expect(await statusOf(db, one.enrollmentId)).toMatch(/^running/);
});

test('reactions and receipts are no messages; strangers stop nobody', async () => {
  const one = await connection();
  const seen = {
    event: 'message_read',
    chat_id: one.chatId,
    sender: { attendee_provider_id: one.providerId },
  };
  expect(await here.arrive(message(one.senderId, seen))).toBe('not_for_us');
  expect(
    await here.arrive(message(one.senderId, { chat_id: 'x', sender: { attendee_provider_id: 'ACo-x' } })),
  ).toBe('unknown_author');
  expect(await statusOf(db, one.enrollmentId)).toMatch(/^running/);
});

test('an accepted invitation is noted once, on the profile and for whoever waits for it', async () => {
  const one = await connection();
  const accepted: NewInbound = {
    source: 'unipile',
    kind: 'relation',
    dedupeKey: `unipile:relation:acc:${one.providerId}`,
    senderId: one.senderId,
    payload: {
      event: 'new_relation',
      account_id: 'acc',
      user_public_identifier: one.name,
      user_provider_id: 'ACo-new',
    },
  };
  expect(await here.arrive(accepted)).toBe('accepted');
  expect(await here.arrive(accepted)).toBeNull();
  const { rows } = await db.query(
    'select connected_at is not null as connected from lead_senders where lead_id = $1',
    [one.leadId],
  );
  expect(rows).toEqual([{ connected: true }]);
  expect(here.woken.filter((id) => id === one.enrollmentId)).toHaveLength(1);
});

test('an account that is lost breaks its sender, and one that is well again mends only that', async () => {
  const one = await connection();
  const status = (text: string): NewInbound => ({
    source: 'unipile',
    kind: 'account',
    dedupeKey: randomUUID(),
    senderId: one.senderId,
    payload: { AccountStatus: { account_id: 'acc', message: text } },
  });
  const broken = async () =>
    (
      await db.query<{ why: string | null }>('select broken_reason as why from senders where id = $1', [
        one.senderId,
      ])
    ).rows[0]!.why;
  expect(await here.arrive(status('CREDENTIALS'))).toBe('account_broken');
  expect(await broken()).toMatch(/connect the account again/);
  expect(await here.arrive(status('CONNECTING'))).toBe('not_for_us');
  expect(await here.arrive(status('OK'))).toBe('account_well');
  expect(await broken()).toBeNull();
  await db.query(
    `update senders set broken_at = business_now(), broken_reason = 'bad_settings: x' where id = $1`,
    [one.senderId],
  );
  await here.arrive(status('OK'));
  expect(await broken()).toBe('bad_settings: x');
});
