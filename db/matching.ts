/** Whose message is it, and which touch does it answer? */
import type { Queryable } from './db.ts';

/** How it was found: by the provider's conversation, by who wrote, or by somebody who said so. */
export type MatchedBy = 'thread' | 'address' | 'person';

export interface Match {
  readonly leadId: string;
  /** The touch that it answers; null: the lead was never written to. */
  readonly touchId: string | null;
  readonly matchedBy: MatchedBy;
}

/**
 * The lead with this number: of several who share it, the one whom this sender wrote to last, else whom anybody did.
 * @param phone E.164
 */
export async function matchPhone(
  q: Queryable,
  { phone, senderId, channel }: { phone: string; senderId: string; channel: 'sms' | 'whatsapp' | 'call' },
): Promise<Match | null> {
  const { rows } = await q.query<{ leadId: string; touchId: string | null }>(
    `select l.id as "leadId", t.id as "touchId"
     from (select id from leads where phones @> array[$1] and erased_at is null order by id limit 1000) l
     left join lateral (
       select id, at, sender_id = $2 as own, channel = $3 as same from touches
       where lead_id = l.id and state = 'sent' and channel in ('sms', 'whatsapp', 'call')
       order by sender_id = $2 desc, channel = $3 desc, at desc limit 1) t on true
     order by t.own desc nulls last, t.same desc nulls last, t.at desc nulls last, l.id limit 1`,
    [phone, senderId, channel],
  );
  return rows[0] ? { ...rows[0], matchedBy: 'address' } : null;
}

/** What LinkedIn's provider says of who wrote, and where. */
export interface LinkedinAuthor {
  readonly senderId: string;
  readonly chatId: string | null;
  readonly providerLeadId: string | null;
  /** Normalised profile URL. */
  readonly profileUrl: string | null;
}

/** The lead of a chat of this account, else with the provider's id of the person, else with the profile. */
export async function matchLinkedin(q: Queryable, author: LinkedinAuthor): Promise<Match | null> {
  const { rows } = await q.query<{ leadId: string; touchId: string | null; thread: boolean }>(
    `with found as (
       select lead_id, provider_chat_id = $2 as thread from lead_senders
       where sender_id = $1 and channel = 'linkedin' and (provider_chat_id = $2 or provider_lead_id = $3)
       union all
       select lead_id, false from lead_identities where kind = 'linkedin' and value = $4)
     select f.lead_id as "leadId", t.id as "touchId", coalesce(f.thread, false) as thread
     from found f left join lateral (
       select id, at, sender_id = $1 as own, action = 'message' as message from touches
       where lead_id = f.lead_id and state = 'sent' and channel = 'linkedin'
       order by sender_id = $1 desc, action = 'message' desc, at desc limit 1) t on true
     order by coalesce(f.thread, false) desc, t.own desc nulls last, t.at desc nulls last, f.lead_id limit 1`,
    [author.senderId, author.chatId, author.providerLeadId, author.profileUrl],
  );
  const row = rows[0];
  return row
    ? { leadId: row.leadId, touchId: row.touchId, matchedBy: row.thread ? 'thread' : 'address' }
    : null;
}
