import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { classMessage, conversation, listInbox, matchMessage } from '../../db/conversations.ts';
import type { Db } from '../../db/db.ts';
import { isSuppressed } from '../support/sending.ts';
import { contacted, hash, number, statusOf, world, type World } from '../activities/inbound/support.ts';
import { createTestDatabase } from '../support/database.ts';
import { setTime, TUESDAY } from '../support/factories.ts';

let db: Db;
let drop: () => Promise<void>;
let here: World;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  here = await world(db);
});
afterAll(() => drop());

let sids = 0;
async function text(senderId: string, From: string, Body: string): Promise<string> {
  const MessageSid = `SM${sids++}`;
  const dedupeKey = `twilio:${MessageSid}`;
  await here.arrive({
    source: 'twilio',
    kind: 'message',
    dedupeKey,
    senderId,
    payload: { MessageSid, From, Body },
  });
  const { rows } = await db.query<{ id: string }>('select id from messages where provider_id = $1', [
    MessageSid,
  ]);
  return rows[0]!.id;
}

const waiting = async () => (await listInbox(db)).map(({ body }) => body);

test('the inbox shows what waits for an answer, with who wrote and what it answers; a class settles it', async () => {
  const phone = number();
  const one = await contacted(db, { channel: 'sms', lead: { phone } });
  const id = await text(one.senderId, phone, 'Tell me more');
  expect(await listInbox(db)).toEqual([
    expect.objectContaining({
      id,
      leadId: one.leadId,
      name: 'Ada Lovelace',
      channel: 'sms',
      step: 'hello',
      class: 'other',
      settled: false,
    }),
  ]);
  await classMessage(db, hash, id, 'interested');
  expect(await waiting()).toEqual([]);
  expect((await listInbox(db, { all: true }))[0]).toMatchObject({
    class: 'interested',
    classBy: 'person',
    settled: true,
  });
});

test('promise 3: a person’s "unsubscribe" has its effect, once', async () => {
  const phone = number();
  const one = await contacted(db, { channel: 'sms', lead: { phone }, stopOn: { replied: 'none' } });
  const id = await text(one.senderId, phone, 'Leave me alone');
  expect(await statusOf(db, one.enrollmentId)).toMatch(/^running/);
  expect((await classMessage(db, hash, id, 'unsubscribe')).wake).toContain(one.enrollmentId);
  await classMessage(db, hash, id, 'unsubscribe');
  expect(await statusOf(db, one.enrollmentId)).toBe('stopped unsubscribed');
  expect(await isSuppressed(db, [hash('phone', phone)])).toBe(true);
});

test('promise 3: a stranger’s message becomes a lead’s answer when a person says so, and only once', async () => {
  const one = await contacted(db, { channel: 'sms', lead: { phone: number() } });
  const other = await contacted(db, { channel: 'sms', lead: { phone: number() } });
  const id = await text(one.senderId, number(), 'My other number');
  expect(await waiting()).toContain('My other number');
  await matchMessage(db, hash, id, one.leadId);
  expect(await statusOf(db, one.enrollmentId)).toBe('stopped replied');
  await expect(matchMessage(db, hash, id, other.leadId)).rejects.toThrow('matched already');
  expect(await statusOf(db, other.enrollmentId)).toMatch(/^running/);
});

test('a conversation has both sides in order', async () => {
  const phone = number();
  const one = await contacted(db, { channel: 'sms', lead: { phone } });
  await db.query(
    `update touches set content = '{"text": "Shall we talk?"}', at = at - interval '1 hour' where id = $1`,
    [one.touchId],
  );
  await text(one.senderId, phone, 'Yes');
  expect(await conversation(db, one.leadId)).toEqual([
    expect.objectContaining({ from: 'us', body: 'Shall we talk?', step: 'hello', id: one.touchId }),
    expect.objectContaining({ from: 'lead', body: 'Yes', class: 'other', answers: one.touchId }),
  ]);
});
