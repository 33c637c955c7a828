import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Db } from '../../../db/db.ts';
import { storeInbound, type NewInbound } from '../../../db/inbound.ts';
import { suppress } from '../../../db/suppressions.ts';
import { createTestDatabase } from '../../support/database.ts';
import { setTime, TUESDAY } from '../../support/factories.ts';
import { contacted, hash, number, statusOf, world, type World } from './support.ts';

let db: Db;
let drop: () => Promise<void>;
let here: World;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  here = await world(db);
});
afterAll(() => drop());

function text(senderId: string, From: string, Body: string): NewInbound {
  const MessageSid = `SM${randomUUID().replaceAll('-', '')}`;
  const payload = { MessageSid, From, Body, AccountSid: 'AC1' };
  return { source: 'twilio', kind: 'message', dedupeKey: `twilio:${MessageSid}`, senderId, payload };
}

function report(senderId: string, touchId: string, MessageStatus: string, ErrorCode?: string): NewInbound {
  const MessageSid = `SM${touchId.replaceAll('-', '')}`;
  const payload = { MessageSid, MessageStatus, touch: touchId, ...(ErrorCode && { ErrorCode }) };
  return {
    source: 'twilio',
    kind: 'status',
    dedupeKey: `twilio:${MessageSid}:${MessageStatus}`,
    senderId,
    payload,
  };
}

const messagesOf = async (leadId: string) =>
  (
    await db.query<{ body: string; class: string; touch_id: string; channel: string }>(
      'select body, class, touch_id, channel from messages where lead_id = $1 order by inbound_id',
      [leadId],
    )
  ).rows;
const suppressions = async () =>
  (await db.query<{ key: string }>(`select encode(identity_hash, 'hex') || coalesce(channel, '*') || reason || origin as key from suppressions order by 1`)).rows.map(({ key }) => key); // prettier-ignore

test('promise 3: an answer by SMS stops the lead, and is kept with the touch that it answers', async () => {
  const phone = number();
  const one = await contacted(db, { channel: 'sms', lead: { phone } });
  expect(await here.arrive(text(one.senderId, phone, 'Who is this?'))).toBe('answer_stopped');
  expect(await statusOf(db, one.enrollmentId)).toBe('stopped replied');
  expect(here.woken).toContain(one.enrollmentId);
  expect(await messagesOf(one.leadId)).toEqual([
    { body: 'Who is this?', class: 'other', touch_id: one.touchId, channel: 'sms' },
  ]);
});

test('promise 3: the same message delivered ten times at once has one effect', async () => {
  const phone = number();
  const one = await contacted(db, { channel: 'sms', lead: { phone }, stopOn: { replied: 'none' } });
  const arrived = text(one.senderId, phone, 'Hello');
  const results = await Promise.all(Array.from({ length: 10 }, () => here.arrive(arrived)));
  expect(results.filter(Boolean)).toEqual(['answer']);
  expect(await messagesOf(one.leadId)).toHaveLength(1);
  const { rows } = await db.query(`select type from lead_events where lead_id = $1`, [one.leadId]);
  expect(rows).toEqual([{ type: 'replied' }]);
});

test('WhatsApp answers open its 24 hours', async () => {
  const phone = number();
  const one = await contacted(db, { channel: 'whatsapp', lead: { phone }, stopOn: { replied: 'none' } });
  expect(await here.arrive(text(one.senderId, `whatsapp:${phone}`, 'Hi'))).toBe('answer');
  const { rows } = await db.query<{ open: boolean }>(
    'select last_whatsapp_in_at is not null as open from leads where id = $1',
    [one.leadId],
  );
  expect(rows[0]!.open).toBe(true);
});

test('a number that two leads share: the one whom this sender wrote to answers', async () => {
  const phone = number();
  const other = await contacted(db, { channel: 'sms', lead: { phone } });
  const one = await contacted(db, { channel: 'sms', lead: { phone } });
  await db.query(`update touches set at = at + interval '1 hour' where id = $1`, [other.touchId]);
  expect(await here.arrive(text(one.senderId, phone, 'Yes?'))).toBe('answer_stopped');
  expect(await statusOf(db, one.enrollmentId)).toBe('stopped replied');
  expect(await statusOf(db, other.enrollmentId)).toMatch(/^running/);
});

test('a stranger’s message stops nobody and is kept for a person', async () => {
  const { senderId } = await contacted(db, { channel: 'sms', lead: { phone: number() } });
  const phone = number();
  expect(await here.arrive(text(senderId, phone, 'Wrong number?'))).toBe('unknown_author');
  const { rows } = await db.query('select body, lead_id, settled from messages where address = $1', [phone]);
  expect(rows).toEqual([{ body: 'Wrong number?', lead_id: null, settled: false }]);
});

test('promise 3: STOP is for every channel, and START lifts only what STOP laid down', async () => {
  const phone = number();
  const one = await contacted(db, { channel: 'sms', lead: { phone } });
  // Something else that forbids LinkedIn, which START has no say in.
  await suppress(db, hash, { leadId: one.leadId }, { channel: 'linkedin', reason: 'by_a_person' });
  const before = await suppressions();
  expect(await here.arrive(text(one.senderId, phone, 'STOP'))).toBe('opted_out');
  expect(await statusOf(db, one.enrollmentId)).toBe('stopped unsubscribed');
  const stopped = await suppressions();
  expect(stopped.length).toBeGreaterThan(before.length);
  expect(await here.arrive(text(one.senderId, phone, 'stop'))).toBe('opted_out');
  expect(await suppressions()).toEqual(stopped);
  expect(await here.arrive(text(one.senderId, phone, 'START'))).toBe('opted_in');
  expect(await suppressions()).toEqual(before);
  // What ended stays ended, and a START that undoes nothing is an answer like any other.
  expect(await statusOf(db, one.enrollmentId)).toBe('stopped unsubscribed');
  expect(await here.arrive(text(one.senderId, phone, 'START'))).toBe('answer');
  expect((await messagesOf(one.leadId)).map((message) => message.class)).toEqual([
    'unsubscribe',
    'unsubscribe',
    'other',
    'other',
  ]);
});

test('an unsubscription by link after a STOP is not lifted by START', async () => {
  const phone = number();
  const one = await contacted(db, { channel: 'sms', lead: { phone } });
  await here.arrive(text(one.senderId, phone, 'STOP'));
  await suppress(db, hash, { leadId: one.leadId }, { channel: null, reason: 'unsubscribed' });
  await here.arrive(text(one.senderId, phone, 'START'));
  const { rows } = await db.query<{ n: number }>(
    'select count(*)::int as n from suppressions where identity_hash = $1 and channel is null',
    [hash('phone', phone)],
  );
  expect(rows[0]!.n).toBe(1);
});

test('a STOP from a number that is no lead’s is kept for whoever has it one day', async () => {
  const { senderId } = await contacted(db, { channel: 'sms', lead: { phone: number() } });
  const phone = number();
  expect(await here.arrive(text(senderId, phone, 'İPTAL'))).toBe('opted_out');
  const { rows } = await db.query<{ channel: string }>(
    'select channel from suppressions where identity_hash = $1 order by 1',
    [hash('phone', phone)],
  );
  expect(rows.map(({ channel }) => channel)).toEqual(['call', 'sms', 'whatsapp']);
});

const STATUSES = ['queued', 'sent', 'delivered', 'read'] as const;
test('whatever the order in which reports come, the touch ends the same', async () => {
  const orders = STATUSES.flatMap((first) => {
    const rest = STATUSES.filter((each) => each !== first);
    return [
      [first, ...rest],
      [first, ...rest.toReversed()],
    ];
  });
  for (const order of orders) {
    const one = await contacted(db, { channel: 'sms', lead: { phone: number() } });
    for (const status of order) await here.arrive(report(one.senderId, one.touchId, status));
    const { rows } = await db.query('select delivery, state from touches where id = $1', [one.touchId]);
    expect(rows).toEqual([{ delivery: 'read', state: 'sent' }]);
  }
});

test('a report by another sender’s address, or about a touch that is not its own, changes nothing', async () => {
  const one = await contacted(db, { channel: 'sms', lead: { phone: number() } });
  const other = await contacted(db, { channel: 'sms', lead: { phone: number() } });
  expect(await here.arrive(report(other.senderId, one.touchId, 'undelivered', '30005'))).toBe('no_touch');
  const { rows } = await db.query('select delivery from touches where id = $1', [one.touchId]);
  expect(rows).toEqual([{ delivery: null }]);
});

test('a number that nobody has is not written to again; an undelivered message says nothing of the kind', async () => {
  const phone = number();
  const one = await contacted(db, { channel: 'sms', lead: { phone }, stopOn: { bounced: 'none' } });
  expect(await here.arrive(report(one.senderId, one.touchId, 'undelivered', '30003'))).toBe('undelivered');
  expect(await here.arrive(report(one.senderId, one.touchId, 'failed', '30005'))).toBe('bounced');
  const { rows } = await db.query('select channel, reason from suppressions where identity_hash = $1', [
    hash('phone', phone),
  ]);
  expect(rows).toEqual([{ channel: 'sms', reason: 'bounced' }]);
});

test('what cannot be understood is tried again, and what was left behind is found by a round', async () => {
  const phone = number();
  const one = await contacted(db, { channel: 'sms', lead: { phone } });
  const broken = { ...text(one.senderId, phone, ''), payload: { nothing: 'of use' } };
  await expect(here.arrive(broken)).rejects.toThrow(/ZodError/);
  const id = await storeInbound(db, text(one.senderId, phone, 'Hello?'));
  expect(await here.inbound.round()).toBeGreaterThanOrEqual(1);
  expect(await statusOf(db, one.enrollmentId)).toBe('stopped replied');
  const { rows } = await db.query<{ state: string; attempts: number }>(
    `select state, attempts from inbound where id = $1 or dedupe_key = $2 order by id desc`,
    [id, broken.dedupeKey],
  );
  expect(rows[0]).toEqual({ state: 'done', attempts: 0 });
  expect(rows[1]).toMatchObject({ state: 'pending', attempts: 1 });
});
