/** What Twilio tells: messages that people send, what became of ours, and how calls ended. */
import * as z from 'zod';
import type { Tx } from '../../db/db.ts';
import { recordLeadEventIn } from '../../db/events.ts';
import type { InboundRow } from '../../db/inbound.ts';
import { matchPhone } from '../../db/matching.ts';
import { addIncomingMessage } from '../../db/messages.ts';
import { optOut, undoOptOut } from '../../db/opt-outs.ts';
import { guardReputation, lockSender } from '../../db/reputation.ts';
import { findReported, noteDelivery, type Delivery } from '../../db/touch-delivery.ts';
import { understandCall } from './call.ts';
import type { InboundDeps, Understood } from './index.ts';
import { recordAnswer } from './message.ts';
import { stopWord } from './stop-words.ts';

/** Request parameters of an incoming message (twilio.com/docs/messaging/guides/webhook-request). */
const messageSchema = z.looseObject({
  MessageSid: z.string(),
  From: z.string(),
  Body: z.string().default(''),
  NumMedia: z.coerce.number().catch(0),
});

/** Request parameters of a status callback (twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks). */
const statusSchema = z.looseObject({
  MessageSid: z.string(),
  MessageStatus: z.string(),
  ErrorCode: z.string().optional(),
  touch: z.uuid().optional().catch(undefined),
});

const DELIVERY: Readonly<Record<string, Delivery>> = {
  delivered: 'delivered',
  read: 'read',
  undelivered: 'undelivered',
  failed: 'undelivered',
};

/** Twilio's error codes that say that nobody can ever be reached at this number by this kind of message (twilio.com/docs/api/errors). */
const NOBODY_THERE: ReadonlySet<string> = new Set(['21211', '21614', '30005', '30006', '63003', '63024']);

export async function understandTwilio(tx: Tx, arrived: InboundRow, deps: InboundDeps): Promise<Understood> {
  switch (arrived.kind) {
    case 'message':
      return message(tx, arrived, deps);
    case 'status':
      return status(tx, arrived, deps);
    case 'call':
      return understandCall(tx, arrived);
    default:
      return { result: 'not_for_us' };
  }
}

async function message(tx: Tx, arrived: InboundRow, deps: InboundDeps): Promise<Understood> {
  const { From, Body, MessageSid, NumMedia } = messageSchema.parse(arrived.payload);
  const channel = From.startsWith('whatsapp:') ? 'whatsapp' : 'sms';
  const phone = From.replace(/^whatsapp:/, '');
  const at = arrived.receivedAt.getTime();
  const senderId = arrived.senderId!;
  const word = stopWord(Body);
  const matched = await matchPhone(tx, { phone, senderId, channel });
  const body = Body || (NumMedia > 0 ? `[${NumMedia} attachment${NumMedia === 1 ? '' : 's'}]` : '');
  const written = {
    leadId: matched?.leadId ?? null,
    touchId: matched?.touchId ?? null,
    matchedBy: matched?.matchedBy ?? null,
    channel,
    address: phone,
    body,
    providerId: MessageSid,
    threadId: null,
  } as const;
  if (word === null) return recordAnswer(tx, deps, arrived, written);
  const asked = { phone, channel, at, dedupeKey: arrived.dedupeKey } as const;
  const wake = word === 'stop' ? (await optOut(tx, deps.hashIdentity, asked)).wake : [];
  const resubscribed = word === 'start' ? await undoOptOut(tx, deps.hashIdentity, asked) : [];
  // A START that undoes nothing is a message like any other.
  if (word === 'start' && resubscribed.length === 0) return recordAnswer(tx, deps, arrived, written);
  await addIncomingMessage(tx, {
    ...written,
    senderId,
    inboundId: arrived.id,
    at,
    class: word === 'stop' ? 'unsubscribe' : 'other',
    settled: true,
  });
  return { result: word === 'stop' ? 'opted_out' : 'opted_in', leadId: written.leadId, wake };
}

async function status(tx: Tx, arrived: InboundRow, deps: InboundDeps): Promise<Understood> {
  const { MessageSid, MessageStatus, ErrorCode, touch } = statusSchema.parse(arrived.payload);
  const delivery = DELIVERY[MessageStatus];
  if (!delivery) return { result: 'on_its_way' };
  const reported = await findReported(tx, {
    touchId: touch ?? null,
    providerId: MessageSid,
    senderId: arrived.senderId!,
  });
  if (!reported) return { result: 'no_touch' };
  const at = arrived.receivedAt.getTime();
  const nobody = delivery === 'undelivered' && ErrorCode !== undefined && NOBODY_THERE.has(ErrorCode);
  let wake: readonly string[] = [];
  if (nobody) await lockSender(tx, arrived.senderId!);
  if (nobody && reported.recipient !== null) {
    const { rows } = await tx.query<{ channel: 'sms' | 'whatsapp' }>(
      'select channel from touches where id = $1',
      [reported.id],
    );
    const effect = await recordLeadEventIn(tx, deps.hashIdentity, {
      leadId: reported.leadId,
      type: 'bounced',
      channel: rows[0]!.channel,
      address: reported.recipient.replace(/^whatsapp:/, ''),
      at,
      data: { touchId: reported.id, code: ErrorCode! },
      dedupeKey: `touch:${reported.id}:bounced`,
    });
    ({ wake } = effect);
  }
  const changed = await noteDelivery(tx, {
    touchId: reported.id,
    delivery: nobody ? 'bounced' : delivery,
    at,
    detail: ErrorCode ? `Twilio error ${ErrorCode}` : null,
  });
  const paused = nobody ? await guardReputation(tx, arrived.senderId!) : null;
  if (paused) deps.log.error({ senderId: arrived.senderId, reason: paused }, 'a sender was paused');
  return { result: changed ? (nobody ? 'bounced' : delivery) : 'known', leadId: reported.leadId, wake };
}
