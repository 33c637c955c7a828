/** The inbox: what leads wrote, with what it answers, and whole conversations over all channels. */
import type { IdentityHasher } from '../common/crypto.ts';
import type { ContactChannel } from '../sequences/lead.ts';
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
}

/** What came in, the newest first. */
export async function listInbox(
  q: Queryable,
  { all = false, limit = 100 }: { readonly all?: boolean; readonly limit?: number } = {},
): Promise<InboxMessage[]> {
  const { rows } = await q.query<InboxMessage & Record<string, unknown>>(
    `select m.id, m.lead_id as "leadId", nullif(trim(concat_ws(' ', l.first_name, l.last_name)), '') as name,
       coalesce(l.company_name, c.name) as company, m.channel, m.address, m.at, m.class, m.class_by as "classBy", m.body,
       v.name as sequence, t.step_id as step, m.settled
     from (select * from messages where $1 or not settled order by at desc, id limit $2) m
     left join leads l on l.id = m.lead_id left join companies c on c.id = l.company_id
     left join touches t on t.id = m.touch_id left join enrollments e on e.id = t.enrollment_id
     left join sequence_versions v on v.id = e.version_id
     order by m.at desc, m.id`,
    [all, limit],
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
}

/** What went out to a lead and what came back, over all channels, oldest first; the newest `limit` when there is more. */
export async function conversation(q: Queryable, leadId: string, limit = 200): Promise<Utterance[]> {
  const { rows } = await q.query<Utterance & Record<string, unknown>>(
    `select * from (
       (select t.id, 'us' as "from", t.channel, t.at, s.name || ' <' || s.address || '>' as sender, t.step_id as step,
          t.content->>'subject' as subject, coalesce(t.content->>'text', t.content->>'title', '') as body, null as class, null::uuid as answers, t.state
        from touches t left join senders s on s.id = t.sender_id
        where t.lead_id = $1 and t.state = 'sent' and t.channel <> 'webhook' order by t.at desc limit $2)
       union all
       (select r.id, 'us', r.channel, r.sending_at, s.name || ' <' || s.address || '>', null, r.subject, r.body, null, r.answers, r.state
        from replies r left join senders s on s.id = r.sender_id
        where r.lead_id = $1 and r.state <> 'failed' order by r.sending_at desc limit $2)
       union all
       (select m.id, 'lead', m.channel, m.at, null, null, null, m.body, m.class, m.touch_id, null from messages m
        where m.lead_id = $1 order by m.at desc limit $2)) u
     order by at desc, id limit $2`,
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
    await tx.query(`update messages set class = $2, class_by = 'person', settled = true where id = $1`, [
      messageId,
      as,
    ]);
    return { leadId, wake: effect?.wake ?? [] };
  });
}

/**
 * A person says whose message it is: from then on it counts as that lead's answer.
 * @throws CommandRefused `not_found`, `erased`; `already_done` when it is somebody's already
 */
export async function matchMessage(
  db: Db,
  hash: IdentityHasher,
  messageId: string,
  leadId: string,
): Promise<Classed> {
  return db.tx(async (tx) => {
    const { rows } = await tx.query<{ leadId: string | null; channel: ContactChannel; at: Date }>(
      'select lead_id as "leadId", channel, at from messages where id = $1',
      [messageId],
    );
    const message = rows[0];
    if (!message) throw new CommandRefused('not_found', `There is no message with the id ${messageId}.`);
    if (message.leadId !== null)
      throw new CommandRefused('already_done', 'This message is matched already; "inbox show" says to whom.');
    const effect = await recordLeadEventIn(tx, hash, {
      leadId,
      type: 'replied',
      channel: message.channel,
      at: message.at.getTime(),
      dedupeKey: `message:${messageId}:replied`,
    });
    await tx.query(
      `update messages set lead_id = $2, matched_by = 'person' where id = $1 and lead_id is null`,
      [messageId, leadId],
    );
    return { leadId, wake: effect.wake };
  });
}
