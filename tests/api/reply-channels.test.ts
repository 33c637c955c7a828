/** Replies from the inbox through the adapters that touches go by, against the providers' stand-in. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { reply } from '../../api/operations/reply.ts';
import { createSecrets } from '../../common/crypto.ts';
import { listCallbacks } from '../../db/callbacks.ts';
import { classMessage, conversation, listInbox } from '../../db/conversations.ts';
import type { Db } from '../../db/db.ts';
import { addSender, loadAccount } from '../../db/senders.ts';
import { createProviders, type Providers } from '../../providers/registry.ts';
import { startSandbox, type Sandbox } from '../../providers/sandbox/sandbox.ts';
import { contacted, hash, number, world, type World } from '../activities/inbound/support.ts';
import { createTestDatabase } from '../support/database.ts';
import { setTime, TUESDAY } from '../support/factories.ts';

let db: Db;
let drop: () => Promise<void>;
let here: World;
let dir: string;
let sandbox: Sandbox;
let providers: Providers;
const secrets = createSecrets([{ id: 'a', key: Buffer.alloc(32, 1) }]);
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  here = await world(db);
  dir = await mkdtemp(join(tmpdir(), 'cadenza-reply-'));
  sandbox = await startSandbox({ dir });
  sandbox.control({ connect: ['grace-connected'] });
  providers = createProviders({
    twilioStatusCallback: (senderId) => `http://127.0.0.1:9/hooks/twilio/${senderId}/status`,
  });
});
afterAll(async () => {
  await providers?.close();
  await sandbox?.close();
  await drop();
  await rm(dir, { recursive: true, force: true });
});

const sender = (channel: 'sms' | 'whatsapp' | 'linkedin', address: string) =>
  addSender(
    db,
    { channel, name: 'Rosa', address, timeZone: 'UTC', ...sandbox.senderSettings(channel) },
    secrets,
  );
const answer = (leadId: string) =>
  reply({ db, hashIdentity: hash, secrets, providers }, { leadId, text: 'Tuesday at ten?' });
const sentBy = (id: string) => sandbox.received().filter(({ touchId }) => touchId === id);

test.each(['sms', 'whatsapp'] as const)(
  'an answer by %s leaves by the number that the lead wrote to, through Twilio, and the CRM is told',
  async (channel) => {
    const own = number();
    const phone = number();
    const senderId = await sender(channel, own);
    const one = await contacted(db, { channel, senderId, lead: { phone } });
    const prefix = channel === 'whatsapp' ? 'whatsapp:' : '';
    await here.arrive({
      source: 'twilio',
      kind: 'message',
      dedupeKey: `twilio:${randomUUID()}`,
      senderId,
      payload: { MessageSid: randomUUID(), From: `${prefix}${phone}`, Body: 'Who is this?' },
    });
    const sent = await answer(one.leadId);
    expect(sent).toMatchObject({ state: 'sent', channel });
    expect(sentBy(sent.id)).toMatchObject([{ channel, to: `${prefix}${phone}` }]);
    expect((await conversation(db, one.leadId)).at(-1)).toMatchObject({
      from: 'us',
      body: 'Tuesday at ten?',
    });
    expect((await listCallbacks(db, one.leadId)).at(-1)).toMatchObject({
      type: 'lead.answered',
      payload: { data: { channel, reply_id: sent.id } },
    });
  },
);

test('an answer on LinkedIn leaves in the chat that the lead wrote in, through Unipile', async () => {
  const senderId = await sender('linkedin', 'https://www.linkedin.com/in/rosa');
  const profile = 'https://www.linkedin.com/in/grace-connected';
  const one = await contacted(db, { channel: 'linkedin', senderId, lead: { linkedinUrl: profile } });
  const first = await providers.get('linkedin', 'unipile').send(await loadAccount(db, senderId, secrets), {
    touchId: one.touchId,
    action: 'message',
    to: profile,
    toName: 'Grace',
    text: 'Hello',
  });
  const { threadId } = first as { threadId: string };
  await db.query(
    `insert into messages (lead_id, channel, sender_id, touch_id, at, address, body, class, class_by, matched_by, provider_id, thread_id)
     values ($1, 'linkedin', $2, $3, business_now(), $4, 'Tell me more.', 'other', 'rule', 'thread', 'in-1', $5)`,
    [one.leadId, senderId, one.touchId, profile, threadId],
  );
  const sent = await answer(one.leadId);
  expect(sent).toMatchObject({ state: 'sent', channel: 'linkedin', detail: null });
  const { rows } = await db.query('select provider_thread_id as thread from replies where id = $1', [
    sent.id,
  ]);
  expect(rows).toEqual([{ thread: threadId }]);
  expect(sandbox.received().at(-1)).toMatchObject({ channel: 'linkedin', text: 'Tuesday at ten?' });
});

test('what a person says a message is, the CRM hears', async () => {
  const phone = number();
  const senderId = await sender('sms', number());
  const one = await contacted(db, { channel: 'sms', senderId, lead: { phone } });
  await here.arrive({
    source: 'twilio',
    kind: 'message',
    dedupeKey: `twilio:${randomUUID()}`,
    senderId,
    payload: { MessageSid: randomUUID(), From: phone, Body: 'Yes please' },
  });
  const message = (await listInbox(db)).find(({ leadId }) => leadId === one.leadId)!;
  await classMessage(db, hash, message.id, 'interested');
  expect((await listCallbacks(db, one.leadId)).at(-1)).toMatchObject({
    type: 'lead.classified',
    payload: { data: { channel: 'sms', message_id: message.id, class: 'interested' } },
  });
});
