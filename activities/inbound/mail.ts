/** What comes to a mailbox: people's answers, machines' answers, and reports about what we sent. */
import type { Tx } from '../../db/db.ts';
import { recordLeadEventIn } from '../../db/events.ts';
import type { InboundRow } from '../../db/inbound.ts';
import { isOwnAddress, matchMail, touchAbout, type AboutTouch } from '../../db/matching.ts';
import { addIncomingMessage } from '../../db/messages.ts';
import { noteDelivery } from '../../db/touch-delivery.ts';
import { type IncomingMail, readMail } from '../../providers/email/mailbox/message.ts';
import type { InboundDeps, Understood } from './index.ts';
import { recordAnswer } from './message.ts';

/** How long a lead is left alone whose machine answers. */
const AWAY_MS = 3 * 86_400_000;

export async function understandMail(tx: Tx, arrived: InboundRow, deps: InboundDeps): Promise<Understood> {
  if (!arrived.raw || !arrived.senderId) return { result: 'nothing_to_read' };
  const mail = await readMail(arrived.raw);
  switch (mail.kind) {
    case 'bounce':
    case 'complaint':
      return report(tx, arrived, deps, mail);
    case 'bulk':
      return { result: 'not_for_us' };
    case 'auto_reply':
    case 'human':
      return answer(tx, arrived, deps, mail);
  }
}

async function answer(
  tx: Tx,
  arrived: InboundRow,
  deps: InboundDeps,
  mail: IncomingMail,
): Promise<Understood> {
  // Whatever folder it is in: what a rep wrote is no lead's answer.
  if (mail.from === null || (await isOwnAddress(tx, mail.from))) return { result: 'own' };
  const { threadId = null } = arrived.payload as { threadId?: string | null };
  const matched = await matchMail(tx, {
    senderId: arrived.senderId!,
    answers: mail.answers,
    threadId,
    from: mail.from,
  });
  // A mailbox has mail of all the world: who was never written to is not Cadenza's business.
  if (!matched) return { result: 'not_for_us' };
  const written = {
    ...matched,
    channel: 'email',
    address: mail.from,
    body: mail.text,
    providerId: mail.messageId,
    threadId,
  } as const;
  if (mail.kind === 'human') return recordAnswer(tx, deps, arrived, written);
  const at = arrived.receivedAt.getTime();
  const { wake } = await recordLeadEventIn(tx, deps.hashIdentity, {
    leadId: matched.leadId,
    type: 'out_of_office',
    channel: 'email',
    at,
    until: at + AWAY_MS,
    data: { ...(matched.touchId && { touchId: matched.touchId }) },
    dedupeKey: arrived.dedupeKey,
  });
  await addIncomingMessage(tx, {
    ...written,
    senderId: arrived.senderId,
    inboundId: arrived.id,
    at,
    class: 'out_of_office',
    settled: true,
  });
  return { result: 'auto_reply', leadId: matched.leadId, wake };
}

async function report(
  tx: Tx,
  arrived: InboundRow,
  deps: InboundDeps,
  { kind, about, bounce }: IncomingMail,
): Promise<Understood> {
  const touch = about && (await touchAbout(tx, { senderId: arrived.senderId!, ...about }));
  if (!touch) return { result: 'no_touch' };
  const at = arrived.receivedAt.getTime();
  if (kind === 'complaint') return complaint(tx, deps, touch, at);
  if (bounce?.kind === 'delayed') return { result: 'delayed', leadId: touch.leadId };
  const nobody = bounce?.kind === 'no_such_address';
  const wake = nobody ? await bounced(tx, deps, touch, at) : [];
  await noteDelivery(tx, {
    touchId: touch.id,
    delivery: nobody ? 'bounced' : 'undelivered',
    at,
    detail: bounce?.status ?? null,
  });
  return { result: nobody ? 'bounced' : 'undelivered', leadId: touch.leadId, wake };
}

async function bounced(tx: Tx, deps: InboundDeps, touch: AboutTouch, at: number) {
  const { wake } = await recordLeadEventIn(tx, deps.hashIdentity, {
    leadId: touch.leadId,
    type: 'bounced',
    channel: 'email',
    ...(touch.recipient !== null && { address: touch.recipient }),
    at,
    data: { touchId: touch.id },
    dedupeKey: `touch:${touch.id}:bounced`,
  });
  return wake;
}

async function complaint(tx: Tx, deps: InboundDeps, touch: AboutTouch, at: number): Promise<Understood> {
  const { wake } = await recordLeadEventIn(tx, deps.hashIdentity, {
    leadId: touch.leadId,
    type: 'unsubscribed',
    channel: 'email',
    at,
    data: { touchId: touch.id },
    dedupeKey: `touch:${touch.id}:complaint`,
  });
  return { result: 'complaint', leadId: touch.leadId, wake };
}
