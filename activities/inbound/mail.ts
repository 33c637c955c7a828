/** What comes to a mailbox: people's answers, machines' answers, and reports about what we sent. */
import type { Tx } from '../../db/db.ts';
import { lockLeads } from '../../db/endings.ts';
import { recordLeadEventIn } from '../../db/events.ts';
import type { InboundRow } from '../../db/inbound.ts';
import {
  isOwnAddress,
  isOwnDomain,
  matchMail,
  perhapsFrom,
  touchAbout,
  zoneOf,
  type AboutTouch,
  type Match,
} from '../../db/matching.ts';
import { addIncomingMessage, type MessageClass } from '../../db/messages.ts';
import { guardReputation, lockSender } from '../../db/reputation.ts';
import { readCameBack, sendAgain } from '../../db/send-again.ts';
import { hasAnotherAddress } from '../../db/suppressions.ts';
import { noteDelivery } from '../../db/touch-delivery.ts';
import {
  classifyMail,
  readMail,
  wishesNoContact,
  type BounceKind,
  type IncomingMail,
  type MailVerdict,
} from '../../providers/email/incoming/index.ts';
import { plusTouchOf } from '../../providers/email/compose.ts';
import { ownDomainOf } from '../../sequences/leads/company-domain.ts';
import { startOfDay } from '../../sequences/calendar/index.ts';
import { againAfterMs } from '../../sequences/undelivered.ts';
import type { InboundDeps, Understood } from './index.ts';
import { recordAnswer } from './message.ts';

/** One arrival while it is worked out. */
interface Arrival {
  readonly tx: Tx;
  readonly arrived: InboundRow;
  readonly deps: InboundDeps;
  readonly mail: IncomingMail;
  readonly verdict: MailVerdict;
  /** Business time. */
  readonly at: number;
}

export async function understandMail(tx: Tx, arrived: InboundRow, deps: InboundDeps): Promise<Understood> {
  if (!arrived.raw || !arrived.senderId) return { result: 'nothing_to_read' };
  const mail = await readMail(arrived.raw);
  const at = arrived.receivedAt.getTime();
  const verdict = classifyMail(mail, { now: at });
  const arrival = { tx, arrived, deps, mail, verdict, at };
  const understood = await whatItMeans(arrival);
  return { keepRaw: understood.leadId !== undefined, ...understood };
}

function whatItMeans(arrival: Arrival): Promise<Understood> | Understood {
  switch (arrival.verdict.class) {
    case 'bounce':
    case 'delayed':
    case 'complaint':
      return report(arrival);
    case 'other':
    case 'own':
      return { result: 'not_for_us' };
    default:
      return answer(arrival);
  }
}

async function answer(arrival: Arrival): Promise<Understood> {
  const { tx, arrived, deps, mail, verdict } = arrival;
  // Whatever folder it is in: what a rep wrote is no lead's answer.
  if (mail.from === null || (await isOwnAddress(tx, mail.from))) return { result: 'own' };
  const { threadId = null } = arrived.payload as { threadId?: string | null };
  const recipients = ['delivered-to', 'x-original-to', 'envelope-to', 'cc'].flatMap(
    (name) => mail.headers.get(name) ?? [],
  );
  const matched = await matchMail(tx, {
    senderId: arrived.senderId!,
    answers: [...mail.inReplyTo, ...mail.references.toReversed()],
    plusTouches: [...mail.to, ...recipients].map(plusTouchOf).filter((id) => id !== null),
    threadId,
    from: mail.from,
  });
  if (!matched) return perhaps(arrival, mail.from, threadId);
  const written = {
    ...matched,
    channel: 'email',
    address: mail.from,
    body: verdict.replyText ?? mail.text.slice(0, 5000),
    providerId: mail.messageId,
    threadId,
  } as const;
  const keep = (as: MessageClass, settled = true) =>
    addIncomingMessage(tx, {
      ...written,
      senderId: arrived.senderId,
      inboundId: arrived.id,
      at: arrival.at,
      class: as,
      settled,
    });
  // A person who says in words that they want to be left alone has said so.
  if (verdict.class === 'unsubscribe' || wishesNoContact(verdict.replyText ?? '')) {
    const { wake } = await tell(arrival, matched, { type: 'unsubscribed' });
    await keep('unsubscribe');
    return { result: 'unsubscribed', leadId: matched.leadId, wake };
  }
  switch (verdict.class) {
    case 'human':
      return recordAnswer(tx, deps, arrived, written);
    case 'out_of_office': {
      const until = await backAt(arrival, matched.leadId);
      const { wake } = await tell(arrival, matched, {
        type: 'out_of_office',
        ...(until !== null && { until }),
      });
      await keep('out_of_office');
      return { result: 'out_of_office', leadId: matched.leadId, wake };
    }
    case 'left_company': {
      // Nobody is there any more: as final as an address that does not exist, only told by a person's hand.
      const { wake } = await tell(arrival, matched, { type: 'bounced', address: mail.from });
      // The rep may write to whoever is named instead, so it waits for them.
      await keep('wrong_person', verdict.replacement === null);
      return { result: 'left_company', leadId: matched.leadId, wake };
    }
    default:
      await keep('other');
      return { result: 'auto_reply', leadId: matched.leadId };
  }
}

/** Which class a message of somebody who is only guessed has until a person says. */
const GUESSED: Partial<Record<MailVerdict['class'], MessageClass>> = {
  human: 'other',
  unsubscribe: 'unsubscribe',
  left_company: 'wrong_person',
};

/**
 * A person at the domain of a lead whom this sender wrote to lately may be a colleague who answers for them: a person is asked, and
 * nothing stops. A mailbox has mail of all the world: who was never written to is not Cadenza's business.
 */
async function perhaps(
  { tx, arrived, mail, verdict, at }: Arrival,
  from: string,
  threadId: string | null,
): Promise<Understood> {
  const domain = ownDomainOf(from);
  const as = wishesNoContact(verdict.replyText ?? '') ? 'unsubscribe' : GUESSED[verdict.class];
  if (domain === null || !as || (await isOwnDomain(tx, domain))) return { result: 'not_for_us' };
  const guess = await perhapsFrom(tx, { senderId: arrived.senderId!, domain });
  if (!guess) return { result: 'not_for_us' };
  await addIncomingMessage(tx, {
    leadId: null,
    maybeLeadId: guess.leadId,
    touchId: guess.touchId,
    matchedBy: 'domain',
    channel: 'email',
    senderId: arrived.senderId,
    inboundId: arrived.id,
    at,
    address: from,
    body: verdict.replyText ?? mail.text.slice(0, 5000),
    class: as,
    providerId: mail.messageId,
    threadId,
    settled: false,
  });
  return { result: 'perhaps', keepRaw: true };
}

/** Start of the first day back in the lead's zone; a date that is past holds nobody. null: it does not say. */
async function backAt({ tx, verdict, at }: Arrival, leadId: string): Promise<number | null> {
  return verdict.returnDate === null
    ? null
    : Math.max(at, startOfDay(verdict.returnDate, await zoneOf(tx, leadId)));
}

function tell(
  { tx, arrived, deps, at }: Arrival,
  { leadId, touchId }: Match,
  event:
    | { readonly type: 'unsubscribed' }
    | { readonly type: 'out_of_office'; readonly until?: number }
    | { readonly type: 'bounced'; readonly address: string },
) {
  return recordLeadEventIn(tx, deps.hashIdentity, {
    ...event,
    leadId,
    channel: 'email',
    at,
    data: { ...(touchId && { touchId }) },
    dedupeKey: arrived.dedupeKey,
  });
}

async function report({ tx, arrived, deps, mail, verdict, at }: Arrival): Promise<Understood> {
  const { original } = mail;
  const touch = await touchAbout(tx, {
    senderId: arrived.senderId!,
    touchId: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(original?.touchId ?? '')
      ? original!.touchId
      : null,
    messageIds: [...(original?.messageId ? [original.messageId] : []), ...mail.inReplyTo, ...mail.references],
  });
  // Forged, or about something that a rep sent by hand.
  if (!touch) return { result: 'no_touch' };
  const event = (type: 'bounced' | 'unsubscribed', what: string) =>
    recordLeadEventIn(tx, deps.hashIdentity, {
      leadId: touch.leadId,
      type,
      channel: 'email',
      ...(type === 'bounced' && touch.recipient !== null && { address: touch.recipient }),
      at,
      data: { touchId: touch.id },
      dedupeKey: `touch:${touch.id}:${what}`,
    });
  if (verdict.class === 'delayed') return { result: 'delayed', leadId: touch.leadId };
  const note = async (delivery: 'bounced' | 'undelivered' | 'complained', detail: string | null) => {
    const isNews = await noteDelivery(tx, { touchId: touch.id, delivery, at, detail });
    const paused = await guardReputation(tx, arrived.senderId!);
    if (paused) deps.log.error({ senderId: arrived.senderId, reason: paused }, 'a sender was paused');
    return isNews;
  };
  await lockSender(tx, arrived.senderId!);
  if (verdict.class === 'complaint') {
    const { wake } = await event('unsubscribed', 'complaint');
    await note('complained', null);
    return { result: 'complaint', leadId: touch.leadId, wake };
  }
  const { bounce } = verdict;
  const hard = bounce?.kind === 'hard';
  const wake = hard ? [...(await event('bounced', 'bounced')).wake] : [];
  const detail = [bounce?.kind, bounce?.status, bounce?.detail].filter(Boolean).join(' ').slice(0, 500);
  // Before what is written to the touch, as everywhere; a hard bounce has taken it already.
  if (!hard) await lockLeads(tx, [touch.leadId]);
  const isNews = await note(hard ? 'bounced' : 'undelivered', detail || null);
  const again = isNews && bounce ? await attemptAgain(tx, deps, touch, bounce.kind, at) : null;
  if (again !== null) wake.push(again);
  return { result: hard ? 'bounced' : 'undelivered', leadId: touch.leadId, wake };
}

/** What came back is sent again: at once where there is another address, later where it may arrive another time. */
async function attemptAgain(
  tx: Tx,
  { hashIdentity }: InboundDeps,
  { id, leadId, recipient }: AboutTouch,
  kind: BounceKind,
  at: number,
): Promise<string | null> {
  const one = kind === 'policy' ? null : await readCameBack(tx, id);
  if (!one) return null;
  if (kind !== 'hard') {
    const after = againAfterMs(one.attempt);
    return after === null ? null : sendAgain(tx, one, at + after);
  }
  const target = { leadId, channel: 'email', address: recipient ?? '' } as const;
  return (await hasAnotherAddress(tx, hashIdentity, target)) ? sendAgain(tx, one, at) : null;
}
