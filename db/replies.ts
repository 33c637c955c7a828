/** What reps answer. A reply is a row before its provider is called, and is never sent twice (promise 1). */
import type { IdentityHasher } from '../common/crypto.ts';
import { WHATSAPP_WINDOW_MS, type ContactChannel } from '../sequences/lead.ts';
import { emit } from './callbacks.ts';
import type { Db, Queryable, Tx } from './db.ts';
import { lockLeads } from './endings.ts';
import { CommandRefused } from './refused.ts';
import { readReachable, suppressedChannels } from './suppressions.ts';
import type { TouchContent } from './touches.ts';

type ReplyChannel = Exclude<ContactChannel, 'call'>;
export type ReplyState = 'sending' | 'sent' | 'failed' | 'unconfirmed';

/** The message that is answered, with the thread that it is in. */
export interface Answered {
  readonly messageId: string;
  readonly leadId: string;
  readonly leadName: string | null;
  readonly channel: ReplyChannel;
  readonly senderId: string;
  readonly senderAddress: string;
  /** Who wrote. */
  readonly address: string;
  /** The provider's own ids of the message and of its conversation; of an email its Message-ID. */
  readonly providerId: string | null;
  readonly threadId: string | null;
  /** The touch that it answered. */
  readonly touchId: string | null;
  readonly touchMessageId: string | null;
  readonly touch: TouchContent | null;
  readonly brokenReason: string | null;
}

/**
 * The lead's newest message, or the one named, on this channel or any.
 * @throws CommandRefused `not_found`
 */
export async function readAnswered(
  q: Queryable,
  leadId: string,
  { messageId = null, channel = null }: { messageId?: string | null; channel?: ReplyChannel | null },
): Promise<Answered> {
  const { rows } = await q.query<Answered & Record<string, unknown>>(
    `select m.id as "messageId", m.lead_id as "leadId", nullif(trim(concat_ws(' ', l.first_name, l.last_name)), '') as "leadName",
       m.channel, s.id as "senderId", s.address as "senderAddress", s.broken_reason as "brokenReason", m.address, m.provider_id as "providerId",
       m.thread_id as "threadId", t.id as "touchId", t.message_id as "touchMessageId", t.content as touch
     from messages m join leads l on l.id = m.lead_id join senders s on s.id = m.sender_id left join touches t on t.id = m.touch_id
     where m.lead_id = $1 and m.address is not null and m.channel <> 'call' and ($2::uuid is null or m.id = $2) and ($3::text is null or m.channel = $3)
     order by m.at desc, m.id limit 1`,
    [leadId, messageId, channel],
  );
  if (rows[0]) return rows[0];
  throw new CommandRefused(
    'not_found',
    messageId === null
      ? `The lead has not written${channel === null ? '' : ` by ${channel}`}: there is nothing to answer.`
      : 'This message is not the lead’s, or came to a sender that is gone.',
  );
}

export interface Reply {
  readonly id: string;
  readonly leadId: string;
  readonly channel: ReplyChannel;
  readonly senderId: string;
  readonly state: ReplyState;
  readonly reason: string | null;
  readonly detail: string | null;
}

const COLUMNS = `id, lead_id as "leadId", channel, sender_id as "senderId", state, reason, detail`;

export interface NewReply {
  readonly id: string;
  readonly answered: Answered;
  readonly subject: string | null;
  readonly body: string;
  /** The email's Message-ID, made of the row's id. */
  readonly messageId: string | null;
  readonly key: string | null;
  readonly leaseMs: number;
  /** Also to somebody who must not be contacted. */
  readonly anyway: boolean;
}

/**
 * Commits a reply as `sending`, under the lead's lock, or answers the one with this key that was there already (`known`).
 * @throws CommandRefused `erased`, `suppressed`, `window_closed`
 */
export async function beginReply(
  db: Db,
  hash: IdentityHasher,
  one: NewReply,
): Promise<{ readonly reply: Reply; readonly known: boolean }> {
  return db.tx(async (tx) => {
    const { answered } = one;
    await lockLeads(tx, [answered.leadId]);
    const before =
      one.key === null
        ? null
        : (
            await tx.query<Reply & Record<string, unknown>>(`select ${COLUMNS} from replies where key = $1`, [
              one.key,
            ])
          ).rows[0];
    if (before) return { reply: before, known: true };
    await assertMayAnswer(tx, hash, one);
    const { rows } = await tx.query<Reply & Record<string, unknown>>(
      `insert into replies (id, lead_id, answers, channel, sender_id, key, recipient, subject, body, message_id, provider_thread_id, sending_at, lease_until)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, business_now(), clock_timestamp() + make_interval(secs => $12))
       returning ${COLUMNS}`,
      [
        one.id,
        answered.leadId,
        answered.messageId,
        answered.channel,
        answered.senderId,
        one.key,
        answered.address,
        one.subject,
        one.body,
        one.messageId,
        answered.threadId,
        one.leaseMs / 1000,
      ],
    );
    // What the lead answers to it is found by it, and is about the touch that began the conversation.
    if (one.messageId !== null && answered.touchId !== null)
      await tx.query(
        'insert into touch_message_ids (message_id, touch_id) values ($1, $2) on conflict do nothing',
        [one.messageId, answered.touchId],
      );
    return { reply: rows[0]!, known: false };
  });
}

async function assertMayAnswer(tx: Tx, hash: IdentityHasher, { answered, anyway }: NewReply): Promise<void> {
  const { leadId, channel } = answered;
  const { rows } = await tx.query<{ erased: boolean; open: boolean | null }>(
    `select erased_at is not null as erased, last_whatsapp_in_at > business_now() - make_interval(secs => $2) as open from leads where id = $1`,
    [leadId, WHATSAPP_WINDOW_MS / 1000],
  );
  if (rows[0]?.erased !== false) throw new CommandRefused('erased', `The lead ${leadId} was erased.`);
  if (channel === 'whatsapp' && !rows[0].open)
    throw new CommandRefused(
      'window_closed',
      'WhatsApp takes free text only within 24 hours of the lead’s last message there. Answer by another channel.',
    );
  if (anyway) return;
  const [lead] = await readReachable(tx, [leadId]);
  const { all, channels } = await suppressedChannels(tx, hash, lead!);
  if (all || channels.has(channel))
    throw new CommandRefused(
      'suppressed',
      'The lead must not be contacted there. If this is the answer that they asked for, say so: --anyway, or "anyway": true.',
    );
}

/** How a reply came out. */
export type ReplyOutcome =
  | {
      readonly state: 'sent';
      readonly providerId: string | null;
      readonly threadId?: string | null;
      readonly messageId?: string | null;
    }
  | { readonly state: 'failed' | 'unconfirmed'; readonly reason: string; readonly detail: string };

/** Writes down how it came out, unless that is known already. What it answers waits for nobody any more when it was sent. */
export async function finishReply(db: Db, id: string, outcome: ReplyOutcome): Promise<Reply> {
  return db.tx(async (tx) => {
    const reply = await lockReply(tx, id);
    return reply.state === 'sending' || reply.state === 'unconfirmed' ? write(tx, id, outcome) : reply;
  });
}

/**
 * A person says whether a reply whose outcome is unknown went out.
 * @throws CommandRefused `not_found`, `not_unconfirmed`
 */
export async function settleReply(db: Db, id: string, wasSent: boolean): Promise<Reply> {
  return db.tx(async (tx) => {
    const { state } = await lockReply(tx, id);
    if (state !== 'unconfirmed')
      throw new CommandRefused('not_unconfirmed', `This reply is ${state}: there is nothing to settle.`);
    return write(
      tx,
      id,
      wasSent
        ? { state: 'sent', providerId: null }
        : { state: 'failed', reason: 'settled_not_sent', detail: 'Somebody found that it had not gone out.' },
    );
  });
}

/** The lead first, as everywhere, then the reply. @throws CommandRefused `not_found` */
async function lockReply(tx: Tx, id: string): Promise<Reply> {
  const read = async (locked: '' | 'for update') =>
    (
      await tx.query<Reply & Record<string, unknown>>(
        `select ${COLUMNS} from replies where id = $1 ${locked}`,
        [id],
      )
    ).rows[0];
  const found = await read('');
  if (found) await lockLeads(tx, [found.leadId]);
  const reply = found && (await read('for update'));
  if (!reply) throw new CommandRefused('not_found', `There is no reply with the id ${id}.`);
  return reply;
}

/** The caller holds the locks of the lead and the reply. */
async function write(tx: Tx, id: string, outcome: ReplyOutcome): Promise<Reply> {
  const sent = outcome.state === 'sent' ? outcome : null;
  const { rows } = await tx.query<Reply & Record<string, unknown>>(
    `update replies set state = $2, at = case when $2 = 'sent' then sending_at end, lease_until = null,
       provider_id = coalesce($3, provider_id), provider_thread_id = coalesce($4, provider_thread_id),
       message_id = coalesce($5, message_id), reason = $6, detail = left($7, 2000)
     where id = $1 returning ${COLUMNS}`,
    [
      id,
      outcome.state,
      sent?.providerId ?? null,
      sent?.threadId ?? null,
      sent?.messageId ?? null,
      'reason' in outcome ? outcome.reason : null,
      'detail' in outcome ? outcome.detail : null,
    ],
  );
  if (sent) {
    await tx.query(
      `update messages m set settled = true from replies r where r.id = $1 and m.lead_id = r.lead_id and not m.settled and m.at <= r.sending_at`,
      [id],
    );
    const told = await tx.query(
      `insert into lead_events (lead_id, type, channel, at, data, dedupe_key)
       select lead_id, 'answered', channel, at, jsonb_build_object('replyId', id), 'reply:' || id from replies where id = $1
       on conflict (dedupe_key) do nothing`,
      [id],
    );
    const { leadId, channel } = rows[0]!;
    if (told.rowCount) await emit(tx, { type: 'lead.answered', leadId, extra: { channel, reply_id: id } });
  }
  return rows[0]!;
}

/** Replies whose process ended while it sent: whether they went out is a person's to say. Returns how many. */
export async function expireReplies(q: Queryable): Promise<number> {
  const { rowCount } = await q.query(
    `update replies set state = 'unconfirmed', lease_until = null, reason = 'outcome_unknown' where id in (
       select id from replies where state = 'sending' and lease_until < clock_timestamp() order by lease_until limit 500)`,
  );
  return rowCount ?? 0;
}
