/** What leads wrote to us: one side of a conversation, whose other side is touches and what reps answer. */
import type { ContactChannel } from '../sequences/lead.ts';
import type { Instant } from '../sequences/plan.ts';
import type { Tx } from './db.ts';
import type { MatchedBy } from './matching.ts';

/** What an incoming message is; a rule sets only what is plain, the rest is `other` until a person says. */
export const MESSAGE_CLASSES = [
  'interested',
  'not_now',
  'not_interested',
  'wrong_person',
  'out_of_office',
  'bounce',
  'unsubscribe',
  'other',
] as const;
export type MessageClass = (typeof MESSAGE_CLASSES)[number];

export interface IncomingMessage {
  /** null: nobody was found; a person says whose it is. */
  readonly leadId: string | null;
  /** Whose it may be, when nobody was found for certain. */
  readonly maybeLeadId?: string | null;
  readonly channel: ContactChannel;
  /** Ours, that it came to. */
  readonly senderId: string | null;
  readonly touchId: string | null;
  readonly inboundId: number;
  readonly at: Instant;
  /** Who wrote: an address, number or profile. */
  readonly address: string | null;
  readonly body: string;
  readonly class: MessageClass;
  readonly matchedBy: MatchedBy | null;
  /** The provider's own ids of it and of its conversation. */
  readonly providerId: string | null;
  readonly threadId: string | null;
  /** Nobody has to answer it. */
  readonly settled: boolean;
}

/** Longer texts are cut; the whole is in the raw message. */
const MAX_BODY = 100_000;

/** Writes an incoming message down; once for each arrival. Returns its id, or null when it was there before. */
export async function addIncomingMessage(tx: Tx, one: IncomingMessage): Promise<string | null> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into messages (lead_id, channel, sender_id, touch_id, inbound_id, at, address, body, class, class_by, matched_by,
       provider_id, thread_id, settled, maybe_lead_id)
     values ($1, $2, $3, $4, $5, least($6::timestamptz, business_now()), $7, $8, $9, 'rule', $10, $11, $12, $13, $14)
     on conflict (inbound_id) where inbound_id is not null do nothing returning id`,
    [
      one.leadId,
      one.channel,
      one.senderId,
      one.touchId,
      one.inboundId,
      new Date(one.at),
      one.address,
      one.body.slice(0, MAX_BODY).replaceAll('\0', ''),
      one.class,
      one.matchedBy,
      one.providerId,
      one.threadId,
      one.settled,
      one.maybeLeadId ?? null,
    ],
  );
  return rows[0]?.id ?? null;
}
