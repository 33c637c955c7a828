import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { reply, type ReplyRequest } from '../../api/operations/reply.ts';
import { conversation, listInbox } from '../../db/conversations.ts';
import type { Db } from '../../db/db.ts';
import { eraseLead } from '../../db/erase.ts';
import { timeline } from '../../db/history.ts';
import { expireReplies, settleReply } from '../../db/replies.ts';
import { suppress } from '../../db/suppressions.ts';
import { contacted, hash, number, world, type World } from '../activities/inbound/support.ts';
import { createTestDatabase } from '../support/database.ts';
import { scriptedProvider, type ScriptedProvider } from '../support/enrollment-host.ts';
import { setTime, TUESDAY } from '../support/factories.ts';

let db: Db;
let drop: () => Promise<void>;
let here: World;
let provider: ScriptedProvider;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  here = await world(db);
});
afterAll(() => drop());
beforeEach(async () => {
  await setTime(db, TUESDAY);
  provider = scriptedProvider();
});

const answer = (request: ReplyRequest) =>
  reply(
    { db, hashIdentity: hash, secrets: { decrypt: (text) => text }, providers: { get: () => provider } },
    request,
  );

/** A lead who answered an email of ours. */
async function wrote() {
  const email = `ada-${randomUUID().slice(0, 8)}@lead.example`;
  const one = await contacted(db, { channel: 'email', lead: { email } });
  const messageId = `<${one.touchId}@example.com>`;
  await db.query(
    `update touches set message_id = $2, at = at - interval '1 hour', content = '{"subject": "Hello"}' where id = $1`,
    [one.touchId, messageId],
  );
  await mailFrom(one.senderId, email, `In-Reply-To: ${messageId}`, '<her-answer@lead.example>');
  return { ...one, email, messageId };
}

const mailFrom = (senderId: string, from: string, header: string, id: string) =>
  here.arrive({
    source: 'mail',
    kind: 'message',
    dedupeKey: `mail:${randomUUID()}`,
    senderId,
    payload: {},
    raw: Buffer.from(
      `From: ${from}\r\nMessage-ID: ${id}\r\n${header}\r\nSubject: Re: Hello\r\n\r\nTell me more.\r\n`,
    ),
  });

const inSms = (senderId: string, from: string, body = 'Who is this?') =>
  here.arrive({
    source: 'twilio',
    kind: 'message',
    dedupeKey: `twilio:${randomUUID()}`,
    senderId,
    payload: { MessageSid: randomUUID(), From: from, Body: body },
  });

test('a reply goes to whoever wrote, from the sender they wrote to, in the same thread; the message waits no longer', async () => {
  const ada = await wrote();
  expect((await listInbox(db)).map((one) => one.leadId)).toContain(ada.leadId);
  await setTime(db, TUESDAY + 60_000);
  const sent = await answer({ leadId: ada.leadId, text: ' Tuesday at ten? ' });
  expect(sent).toMatchObject({ state: 'sent', channel: 'email', senderId: ada.senderId, known: false });
  expect(provider.sent).toEqual([
    expect.objectContaining({
      touchId: sent.id,
      to: ada.email,
      subject: 'Re: Hello',
      text: 'Tuesday at ten?',
      thread: [ada.messageId, '<her-answer@lead.example>'],
    }),
  ]);
  expect(provider.sent[0]).not.toHaveProperty('unsubscribeUrl');
  expect((await listInbox(db)).map((one) => one.leadId)).not.toContain(ada.leadId);
  const said = await conversation(db, ada.leadId);
  expect(said.map((one) => [one.from, one.body, one.state])).toEqual([
    ['us', '', 'sent'],
    ['lead', 'Tell me more.', null],
    ['us', 'Tuesday at ten?', 'sent'],
  ]);
  const { entries } = await timeline(db, ada.leadId);
  expect(entries.map(({ state }) => state)).toContain('answered');
  // What the lead answers to it is found by its Message-ID, from whatever address.
  await setTime(db, TUESDAY + 120_000);
  const { rows } = await db.query<{ message_id: string }>('select message_id from replies where id = $1', [
    sent.id,
  ]);
  await mailFrom(
    ada.senderId,
    'ada@private.example',
    `In-Reply-To: ${rows[0]!.message_id}`,
    '<second@lead.example>',
  );
  expect((await conversation(db, ada.leadId)).at(-1)).toMatchObject({ from: 'lead', answers: ada.touchId });
});

test('the channel is the one the lead used last, or the one that is named', async () => {
  const ada = await wrote();
  const phone = number();
  await db.query('update leads set phones = array[$2] where id = $1', [ada.leadId, phone]);
  const { senderId } = await contacted(db, { channel: 'sms', lead: { phone: number() } });
  await setTime(db, TUESDAY + 60_000);
  await inSms(senderId, phone);
  await answer({ leadId: ada.leadId, text: 'It is Rosa.' });
  await answer({ leadId: ada.leadId, text: 'More by mail.', channel: 'email' });
  expect(provider.sent.map(({ action, to }) => [action, to])).toEqual([
    ['sms', phone],
    ['email', ada.email],
  ]);
});

test('promise 1: the same key sends once; what nobody knows is asked, then left for a person', async () => {
  const ada = await wrote();
  const ask = { leadId: ada.leadId, text: 'Hi', key: randomUUID() };
  const once = await answer(ask);
  expect(await answer(ask)).toEqual({ ...once, known: true });
  expect(provider.sent).toHaveLength(1);

  provider.respond = () => ({ kind: 'unknown', code: 'no_answer', detail: 'It did not answer.' });
  const unknown = await answer({ leadId: ada.leadId, text: 'Hi again' });
  expect(unknown).toMatchObject({ state: 'unconfirmed', reason: 'no_answer' });
  expect(provider.asked.map(({ touchId }) => touchId)).toEqual([unknown.id]);
  expect(await settleReply(db, unknown.id, true)).toMatchObject({ state: 'sent' });
  await expect(settleReply(db, unknown.id, true)).rejects.toMatchObject({ code: 'not_unconfirmed' });

  provider.know = () => ({ kind: 'found', providerId: 'p-9' });
  expect(await answer({ leadId: ada.leadId, text: 'And again' })).toMatchObject({ state: 'sent' });
  provider.respond = () => ({ kind: 'failed', code: 'refused', detail: '550 no' });
  expect(await answer({ leadId: ada.leadId, text: 'No' })).toMatchObject({
    state: 'failed',
    detail: '550 no',
  });
});

test('promise 1: a process that ends while it sends leaves a reply that nobody sends again', async () => {
  const ada = await wrote();
  await setTime(db, TUESDAY + 60_000);
  const { id } = await answer({ leadId: ada.leadId, text: 'Hi' });
  await db.query(
    `update replies set state = 'sending', at = null, lease_until = clock_timestamp() - interval '1 second' where id = $1`,
    [id],
  );
  expect(await expireReplies(db)).toBe(1);
  expect((await conversation(db, ada.leadId)).at(-1)).toMatchObject({ state: 'unconfirmed' });
  expect(await settleReply(db, id, false)).toMatchObject({ state: 'failed', reason: 'settled_not_sent' });
});

test('nobody is answered who must not be contacted, never wrote, or wrote on WhatsApp more than a day ago', async () => {
  const ada = await wrote();
  await suppress(db, hash, { leadId: ada.leadId }, { channel: null, reason: 'asked' });
  await expect(answer({ leadId: ada.leadId, text: 'Hi' })).rejects.toMatchObject({ code: 'suppressed' });
  expect(await answer({ leadId: ada.leadId, text: 'You are off our list.', anyway: true })).toMatchObject({
    state: 'sent',
  });
  const silent = await contacted(db, { channel: 'email' });
  await expect(answer({ leadId: silent.leadId, text: 'Hi' })).rejects.toMatchObject({ code: 'not_found' });
  await expect(answer({ leadId: ada.leadId, text: '  ' })).rejects.toMatchObject({ code: 'bad_text' });

  const phone = number();
  const bob = await contacted(db, { channel: 'whatsapp', lead: { phone } });
  await inSms(bob.senderId, `whatsapp:${phone}`);
  expect(await answer({ leadId: bob.leadId, text: 'Hi' })).toMatchObject({
    state: 'sent',
    channel: 'whatsapp',
  });
  await setTime(db, TUESDAY + 25 * 3_600_000);
  await expect(answer({ leadId: bob.leadId, text: 'Hi' })).rejects.toMatchObject({ code: 'window_closed' });
});

test('promise 8: an erased lead’s replies say nothing any more', async () => {
  const ada = await wrote();
  const { id } = await answer({ leadId: ada.leadId, text: 'A secret offer', key: `k-${ada.email}` });
  await eraseLead(db, ada.leadId, { hashIdentity: hash });
  const { rows } = await db.query<{ text: string }>(
    'select row_to_json(r)::text as text from replies r where id = $1',
    [id],
  );
  expect(rows[0]!.text).not.toMatch(/secret|lead\.example/);
});
