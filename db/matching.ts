/** Whose message is it, and which touch does it answer? */
import type { Queryable } from './db.ts';

/** How it was found: by the conversation, by who wrote, by somebody who said so; `domain` is only a guess. */
export type MatchedBy = 'thread' | 'address' | 'person' | 'domain';

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

/** Whether a sender of ours writes from this address. */
export async function isOwnAddress(q: Queryable, address: string): Promise<boolean> {
  const { rowCount } = await q.query(
    `select from senders where channel = 'email' and lower(address) = lower($1) limit 1`,
    [address],
  );
  return rowCount === 1;
}

/** Whether a sender of ours writes from this registrable domain: then who writes from it is a colleague of ours. */
export async function isOwnDomain(q: Queryable, domain: string): Promise<boolean> {
  const { rowCount } = await q.query(
    `select from senders where channel = 'email' and right(lower(address), length($1) + 1) in ('@' || $1, '.' || $1) limit 1`,
    [domain],
  );
  return rowCount === 1;
}

/** What a mail says of who wrote it and what it answers. */
export interface MailAuthor {
  readonly senderId: string;
  /** Message-IDs. */
  readonly answers: readonly string[];
  /** The touches whose own addresses it was sent to. */
  readonly plusTouches: readonly string[];
  /** The mailbox's own id of the conversation. */
  readonly threadId: string | null;
  readonly from: string;
}

/**
 * The lead of the touch that the mail answers, by Message-ID, by the mailbox's thread and by the touch's own address (RFC 5233);
 * else the lead with this address, with or without a detail of its own, if somebody wrote to it by email. null: nobody whom we
 * wrote to.
 */
export async function matchMail(q: Queryable, author: MailAuthor): Promise<Match | null> {
  const { rows } = await q.query<{ leadId: string; touchId: string; rank: number }>(
    `select t.lead_id as "leadId", t.id as "touchId", f.rank from (
       select id, 0 as rank from touches where message_id = any($1)
       union all select touch_id, 0 from touch_message_ids where message_id = any($1)
       union all (select id, 1 from touches where provider_thread_id = $2 and sender_id = $4 order by at desc limit 5)
       union all select id, 2 from touches where id = any($5::uuid[]) and sender_id = $4
       union all (select x.id, case when i.value = lower($3) then 3 else 4 end from lead_identities i cross join lateral (
         select id from touches where lead_id = i.lead_id and channel = 'email' and state in ('sent', 'unconfirmed', 'sending')
         order by at desc limit 1) x where i.kind = 'email' and i.value in (lower($3), lower(regexp_replace($3, '\\+[^@]*@', '@'))))) f
     join touches t on t.id = f.id join leads l on l.id = t.lead_id and l.erased_at is null
     order by f.rank, array_position($1::text[], t.message_id), t.at desc limit 1`,
    [author.answers, author.threadId, author.from, author.senderId, author.plusTouches],
  );
  const row = rows[0];
  return row
    ? { leadId: row.leadId, touchId: row.touchId, matchedBy: row.rank < 3 ? 'thread' : 'address' }
    : null;
}

/** How long (days) after it wrote to somebody a sender's mail from their domain may be about that. */
const DOMAIN_DAYS = 60;

/**
 * Whom a mail from this domain may concern: the lead there whom the sender wrote to last, lately. null: nobody.
 * @param domain registrable, lower case, no freemail
 */
export async function perhapsFrom(
  q: Queryable,
  { senderId, domain }: { senderId: string; domain: string },
): Promise<{ readonly leadId: string; readonly touchId: string } | null> {
  const { rows } = await q.query<{ leadId: string; touchId: string }>(
    `select t.lead_id as "leadId", t.id as "touchId" from touches t join leads l on l.id = t.lead_id and l.erased_at is null
     where t.sender_id = $1 and t.channel = 'email' and t.state in ('sent', 'unconfirmed', 'sending')
       and t.at > (select business_now()) - make_interval(days => ${DOMAIN_DAYS})
       and right(lower(t.recipient), length($2) + 1) in ('@' || $2, '.' || $2)
     order by t.at desc limit 1`,
    [senderId, domain],
  );
  return rows[0] ?? null;
}

/** The touch that a report is about. */
export interface AboutTouch {
  readonly id: string;
  readonly leadId: string;
  readonly recipient: string | null;
}

/** The touch of this sender with one of these ids; null: none of ours. */
export async function touchAbout(
  q: Queryable,
  {
    senderId,
    touchId,
    messageIds,
  }: { senderId: string; touchId: string | null; messageIds: readonly string[] },
): Promise<AboutTouch | null> {
  const { rows } = await q.query<AboutTouch & Record<string, unknown>>(
    `select id, lead_id as "leadId", recipient from touches
     where sender_id = $1 and (id = $2 or message_id = any($3)
       or id in (select touch_id from touch_message_ids where message_id = any($3))) limit 1`,
    [senderId, touchId, messageIds],
  );
  return rows[0] ?? null;
}

/** The lead's zone, else the company's, else that of the launch the lead is in, else UTC. */
export async function zoneOf(q: Queryable, leadId: string): Promise<string> {
  const { rows } = await q.query<{ zone: string }>(
    `select coalesce(l.time_zone, c.time_zone,
       (select n.time_zone from enrollments e join launches n on n.id = e.launch_id where e.lead_id = l.id order by e.created_at desc limit 1),
       'UTC') as zone
     from leads l left join companies c on c.id = l.company_id where l.id = $1`,
    [leadId],
  );
  return rows[0]?.zone ?? 'UTC';
}

/** By what another system knows a lead; normalised, null where it does not say. */
export interface LeadNames {
  readonly id: string | null;
  readonly externalId: string | null;
  readonly email: string | null;
  readonly linkedinUrl: string | null;
  /** E.164 */
  readonly phone: string | null;
}

/** The leads with the first of these names that is anybody's: its id, external id, email, profile, number. Only a number is shared. */
export async function leadsNamed(q: Queryable, names: LeadNames): Promise<readonly string[]> {
  const { rows } = await q.query<{ id: string }>(
    `with found as (
       select id, 0 as place from leads where id = $1::uuid
       union all select lead_id, case kind when 'external' then 1 when 'email' then 2 else 3 end from lead_identities
         where (kind, value) in (('external', $2), ('email', $3), ('linkedin', $4))
       union all (select id, 4 from leads where phones @> array[$5] order by id limit 10))
     select distinct f.id from found f join leads l on l.id = f.id and l.erased_at is null
     where f.place = (select min(g.place) from found g join leads m on m.id = g.id and m.erased_at is null) limit 10`,
    [names.id, names.externalId, names.email, names.linkedinUrl, names.phone],
  );
  return rows.map((row) => row.id);
}
