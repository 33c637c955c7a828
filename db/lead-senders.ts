/** Which sender a lead keeps on each channel, and what the provider calls the lead there. */
import type { Channel } from '../sequences/lead.ts';
import type { Queryable } from './db.ts';

/** What binds a lead to a sender on one channel. */
export interface Bond {
  readonly channel: Channel;
  readonly senderId: string;
  readonly connectedAt: Date | null;
  readonly providerLeadId: string | null;
  readonly providerChatId: string | null;
}

export async function readBonds(db: Queryable, leadId: string): Promise<readonly Bond[]> {
  const { rows } = await db.query<Bond & Record<string, unknown>>(
    `select channel, sender_id as "senderId", connected_at as "connectedAt", provider_lead_id as "providerLeadId",
       provider_chat_id as "providerChatId" from lead_senders where lead_id = $1`,
    [leadId],
  );
  return rows;
}

/** Makes a sender the lead's on a channel. What was known of the lead at another sender's account no longer holds. */
export async function bindSender(
  db: Queryable,
  { leadId, channel, senderId }: { leadId: string; channel: string; senderId: string },
): Promise<void> {
  await db.query(
    `insert into lead_senders (lead_id, channel, sender_id) values ($1, $2, $3)
     on conflict (lead_id, channel) do update set sender_id = excluded.sender_id, connected_at = null, provider_lead_id = null, provider_chat_id = null
     where lead_senders.sender_id <> excluded.sender_id`,
    [leadId, channel, senderId],
  );
}

/** Keeps what the provider calls the person and the chat. */
export async function noteProviderIds(
  db: Queryable,
  {
    leadId,
    senderId,
    providerLeadId,
    providerChatId,
    connected,
  }: {
    leadId: string;
    senderId: string;
    providerLeadId: string | null;
    providerChatId: string | null;
    connected: boolean;
  },
): Promise<void> {
  await db.query(
    `update lead_senders set provider_lead_id = coalesce($3, provider_lead_id), provider_chat_id = coalesce($4, provider_chat_id),
       connected_at = case when $5 then coalesce(connected_at, business_now()) else connected_at end
     where lead_id = $1 and sender_id = $2`,
    [leadId, senderId, providerLeadId, providerChatId, connected],
  );
}
