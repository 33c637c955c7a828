/** The inbox: what leads wrote, with what it answers, and whole conversations over all channels. */
import type { IdentityHasher } from '../common/crypto.ts';
import type { ContactChannel } from '../sequences/lead.ts';
import { EVERYTHING, seesLead, seesMessage, type Sight } from './access/sight.ts';
import { emit } from './callbacks.ts';
import type { Db, Queryable } from './db.ts';
import { recordLeadEventIn } from './events.ts';
import type { MessageClass } from './messages.ts';
import { CommandRefused } from './refused.ts';

/** A message that came in, for people. */
export interface InboxMessage {
  readonly id: string;
  /** null: from somebody whom nobody knows. */
  readonly leadId: string | null;
  readonly name: string | null;
  readonly company: string | null;
  readonly channel: ContactChannel;
  readonly address: string | null;
  readonly at: Date;
  readonly class: MessageClass;
  readonly classBy: 'rule' | 'person';
  readonly body: string;
  /** The sequence and step of the touch that it answers. */
  readonly sequence: string | null;
  readonly step: string | null;
  readonly settled: boolean;
  /** Whose it may be: somebody at the domain of a lead wrote, and a person says. */
  readonly maybe: { readonly leadId: string; readonly name: string | null } | null;
}

/** The columns of an `InboxMessage`, of a message `m`, in view of a sight ($1, $2): whose it may be is told to who sees that lead. */
export const MESSAGE_COLUMNS = `m.id, m.lead_id as "leadId", nullif(trim(concat_ws(' ', l.first_name, l.last_name)), '') as name,
  coalesce(l.company_name, c.name) as company, m.channel, m.address, m.at, m.class, m.class_by as "classBy", m.body,
  v.name as sequence, t.step_id as step, m.settled,
  case when m.lead_id is null and p.id is not null and ${seesLead(1, 'p')} then json_build_object('leadId', p.id,
    'name', coalesce(nullif(trim(concat_ws(' ', p.first_name, p.last_name)), ''), p.emails[1])) end as maybe`;

/** What they are read from, behind `m`. */
export const MESSAGE_JOINS = `left join leads l on l.id = m.lead_id left join companies c on c.id = l.company_id
  left join leads p on p.id = m.maybe_lead_id left join touches t on t.id = m.touch_id
  left join enrollments e on e.id = t.enrollment_id left join sequence_versions v on v.id = e.version_id`;

export interface InboxFilter {
  /** Also what waits for nobody (any more). */
  readonly all?: boolean;
  /** The last message of the page before. */
  readonly after?: { readonly at: Date; readonly id: string } | null;
  readonly limit?: number;
}

/** What came in of what somebody sees, the newest first. */
export async function listInbox(
  q: Queryable,
  { all = false, after = null, limit = 100 }: InboxFilter = {},
  { owners, unowned }: Sight = EVERYTHING,
): Promise<InboxMessage[]> {
  const { rows } = await q.query<InboxMessage & Record<string, unknown>>(
    `select ${MESSAGE_COLUMNS}
     from (select m.* from messages m left join leads l on l.id = m.lead_id left join leads p on p.id = m.maybe_lead_id
         left join senders s on s.id = m.sender_id
       where ${all ? 'true' : 'not m.settled'} and ${seesMessage(1)} and ($3::timestamptz is null or (m.at, m.id) < ($3, $4::uuid))
       order by m.at desc, m.id desc limit $5) m
     ${MESSAGE_JOINS} order by m.at desc, m.id desc`,
    [owners, unowned, after?.at ?? null, after?.id ?? null, limit],
  );
  return rows;
}

/** One line of a conversation. */
export interface Utterance {
  readonly id: string;
  readonly from: 'us' | 'lead';
  readonly channel: string;
  readonly at: Date;
  /** Ours: who wrote, as name and address. */
  readonly sender: string | null;
  readonly step: string | null;
  readonly subject: string | null;
  readonly body: string;
  /** Theirs. */
  readonly class: MessageClass | null;
  /** Theirs: the touch that it answers; a rep's reply: the message. */
  readonly answers: string | null;
  /** Ours: `sent`, or of a reply `sending` or `unconfirmed`. */
  readonly state: string | null;
  /** Of a call or a task of ours: what came of it; its body is what was to be said or done. */
  readonly outcome: string | null;
}

/** What went out to a lead and what came back, over all channels, oldest first; the newest `limit` when there is more. */
export async function conversation(q: Queryable, leadId: string, limit = 200): Promise<Utterance[]> {
  const { rows } = await q.query<Utterance & Record<string, unknown>>(
    `select * from (
       (select t.id, 'us' as "from", t.channel, t.at, s.name || ' <' || s.address || '>' as sender, t.step_id as step,
          t.content->>'subject' as subject, coalesce(t.content->>'text', t.content->>'title', '') as body, null as class, null::uuid as answers, t.state,
          case when t.channel in ('call', 'task') then (select k.outcome from tasks k where k.touch_id = t.id and k.state = 'done'
            order by k.done_at desc limit 1) end as outcome
        from touches t left join senders s on s.id = t.sender_id
        where t.lead_id = $1 and t.state = 'sent' and t.channel <> 'webhook' order by t.at desc limit $2)
       union all
       (select r.id, 'us', r.channel, r.sending_at, s.name || ' <' || s.address || '>', null, r.subject, r.body, null, r.answers, r.state, null
        from replies r left join senders s on s.id = r.sender_id
        where r.lead_id = $1 and r.state <> 'failed' order by r.sending_at desc limit $2)
       union all
       (select m.id, 'lead', m.channel, m.at, null, null, null, m.body, m.class, m.touch_id, null, null from messages m
        where m.lead_id = $1 order by m.at desc limit $2)) u
     order by at desc, case when "from" = 'lead' then 1 when step is null then 2 else 0 end desc, id limit $2`,
    [leadId, limit],
  );
  return rows.toReversed();
}

export interface Classed {
  readonly leadId: string | null;
  readonly wake: readonly string[];
}

/**
 * A person says what a message is; their word stands over any rule's, and it waits for nobody any more. `unsubscribe` has its
 * effect: the lead is not contacted again.
 * @throws CommandRefused `not_found`
 */
export async function classMessage(
  db: Db,
  hash: IdentityHasher,
  messageId: string,
  as: MessageClass,
): Promise<Classed> {
  return db.tx(async (tx) => {
    const { rows } = await tx.query<{ leadId: string | null; channel: ContactChannel }>(
      'select lead_id as "leadId", channel from messages where id = $1',
      [messageId],
    );
    const message = rows[0];
    if (!message) throw new CommandRefused('not_found', `There is no message with the id ${messageId}.`);
    const { leadId, channel } = message;
    const effect =
      as === 'unsubscribe' && leadId !== null
        ? await recordLeadEventIn(tx, hash, {
            leadId,
            type: 'unsubscribed',
            channel,
            dedupeKey: `message:${messageId}:unsubscribe`,
          })
        : null;
    if (leadId !== null)
      await emit(tx, {
        type: 'lead.classified',
        leadId,
        extra: { channel, message_id: messageId, class: as },
      });
    await tx.query(`update messages set class = $2, class_by = 'person', settled = true where id = $1`, [
      messageId,
      as,
    ]);
    return { leadId, wake: effect?.wake ?? [] };
  });
}

/** The raw message of one in the inbox (RFC 5322), and whose it is. null: it is kept no more, or was none. */
export async function rawMessage(q: Queryable, messageId: string): Promise<Buffer | null> {
  const { rows } = await q.query<{ raw: Buffer | null }>(
    'select i.raw from messages m left join inbound i on i.id = m.inbound_id where m.id = $1',
    [messageId],
  );
  if (!rows[0]) throw new CommandRefused('not_found', `There is no message with the id ${messageId}.`);
  return rows[0].raw;
}

/** The same, for who asks for it. @throws CommandRefused `not_found`, `not_kept` */
export async function keptMessage(q: Queryable, messageId: string): Promise<Buffer> {
  const raw = await rawMessage(q, messageId);
  if (raw) return raw;
  throw new CommandRefused(
    'not_kept',
    'The mail is not kept (any more), or it was none; CADENZA_RAW_MAIL_DAYS says for how long those that come are.',
  );
}

/**
 * A person says whose message it is: from then on it counts as that lead's answer, or as the opt-out that it is.
 * @param leadId null: whose it was guessed to be
 * @throws CommandRefused `not_found`, `erased`; `already_done` when it is somebody's already; `no_guess`
 */
export async function matchMessage(
  db: Db,
  hash: IdentityHasher,
  messageId: string,
  whose: string | null,
): Promise<Classed> {
  return db.tx(async (tx) => {
    const { rows } = await tx.query<{
      leadId: string | null;
      maybeLeadId: string | null;
      channel: ContactChannel;
      at: Date;
      class: MessageClass;
    }>(
      'select lead_id as "leadId", maybe_lead_id as "maybeLeadId", channel, at, class from messages where id = $1',
      [messageId],
    );
    const message = rows[0];
    if (!message) throw new CommandRefused('not_found', `There is no message with the id ${messageId}.`);
    if (message.leadId !== null)
      throw new CommandRefused('already_done', 'This message is matched already; "inbox show" says to whom.');
    const leadId = whose ?? message.maybeLeadId;
    if (leadId === null)
      throw new CommandRefused('no_guess', 'Nobody was guessed for this message: say whose it is.');
    const type = message.class === 'unsubscribe' ? 'unsubscribed' : 'replied';
    const effect = await recordLeadEventIn(tx, hash, {
      leadId,
      type,
      channel: message.channel,
      at: message.at.getTime(),
      dedupeKey: `message:${messageId}:${type}`,
    });
    await tx.query(
      `with m as (update messages set lead_id = $2, matched_by = 'person' where id = $1 and lead_id is null returning inbound_id)
       update inbound i set lead_id = $2 from m where i.id = m.inbound_id`,
      [messageId, leadId],
    );
    return { leadId, wake: effect.wake };
  });
}
