/** Mailboxes that are read: who watches them, how far each folder was read, and whether what arrived is known. Wall clock. */
import type { Db, Queryable } from './db.ts';
import { storeInbound, type NewInbound } from './inbound.ts';

/** Senders whose mailbox is to be read (email with an `imap` block) and which nobody watches. */
export async function unwatchedSenderIds(q: Queryable): Promise<readonly string[]> {
  const { rows } = await q.query<{ id: string }>(
    `select s.id from senders s left join mailboxes m on m.sender_id = s.id
     where s.channel = 'email' and s.settings ? 'imap' and coalesce(m.owner_until < clock_timestamp(), true)
     order by s.id limit 2000`,
  );
  return rows.map(({ id }) => id);
}

/**
 * Takes or renews the right to watch for so long; null: somebody else watches. `watchedSince`: what arrived from then on is read.
 * A mailbox that is watched for the first time counts from the sender's first touch, at most 60 days back.
 */
export async function takeMailbox(
  db: Queryable,
  senderId: string,
  owner: string,
  leaseMs: number,
): Promise<{ readonly watchedSince: Date } | null> {
  const { rows } = await db.query<{ watchedSince: Date }>(
    `update mailboxes set owner = $2, owner_until = clock_timestamp() + make_interval(secs => $3 / 1000.0)
     where sender_id = $1 and (owner = $2 or owner_until is null or owner_until < clock_timestamp())
     returning watched_since as "watchedSince"`,
    [senderId, owner, leaseMs],
  );
  if (rows[0]) return rows[0];
  const made = await db.query<{ watchedSince: Date }>(
    `insert into mailboxes (sender_id, owner, owner_until, watched_since)
     select id, $2, clock_timestamp() + make_interval(secs => $3 / 1000.0),
       greatest(clock_timestamp() - interval '60 days', least(clock_timestamp(),
         (select min(t.created_at) from touches t where t.sender_id = s.id and t.state in ('sent', 'unconfirmed'))))
     from senders s where id = $1 on conflict (sender_id) do nothing returning watched_since as "watchedSince"`,
    [senderId, owner, leaseMs],
  );
  return made.rows[0] ?? null;
}

/** Lets somebody else watch. What had arrived stays known until the lease of that is over. */
export async function releaseMailbox(db: Queryable, senderId: string, owner: string): Promise<void> {
  await db.query(
    `update mailboxes set owner = null, owner_until = null where sender_id = $1 and owner = $2`,
    [senderId, owner],
  );
}

/** After so many failures (a few minutes) a message that cannot be understood keeps nobody waiting any longer. */
const PATIENCE = 8;

/** Says that everything that arrived is stored, and counts it as read for so long, unless something of it still waits to be understood. */
export async function mailboxLive(
  db: Queryable,
  senderId: string,
  owner: string,
  forMs: number,
): Promise<void> {
  await db.query(
    `update mailboxes set live_until = clock_timestamp() + make_interval(secs => $3 / 1000.0), error = null, error_at = null
     where sender_id = $1 and owner = $2 and not exists (
       select from inbound i where i.state = 'pending' and i.sender_id = $1 and i.source = 'mail' and i.attempts < ${PATIENCE})`,
    [senderId, owner, forMs],
  );
}

/** Notes why it cannot be read, since when; what was known lasts until its lease is over. */
export async function mailboxFailed(
  db: Queryable,
  senderId: string,
  owner: string,
  error: string,
): Promise<void> {
  await db.query(
    `update mailboxes set error = left($3, 500), error_at = coalesce(error_at, clock_timestamp())
     where sender_id = $1 and owner = $2`,
    [senderId, owner, error],
  );
}

/** How far a folder was read. */
export interface FolderMark {
  readonly uidValidity: bigint;
  /** The highest UID that is stored, or was there before watching began. */
  readonly lastUid: number;
  /** Internal date up to which everything is stored. */
  readonly lastDate: Date;
}

/** The marks of a mailbox's folders, by path. */
export async function readMarks(q: Queryable, senderId: string): Promise<Map<string, FolderMark>> {
  const { rows } = await q.query<{ folder: string; uidValidity: string; lastUid: string; lastDate: Date }>(
    `select folder, uid_validity::text as "uidValidity", last_uid::text as "lastUid", last_date as "lastDate"
     from mailbox_folders where sender_id = $1 limit 10000`,
    [senderId],
  );
  return new Map(
    rows.map(({ folder, uidValidity, lastUid, lastDate }) => [
      folder,
      { uidValidity: BigInt(uidValidity), lastUid: Number(lastUid), lastDate },
    ]),
  );
}

/** Moves a folder's mark. */
export async function saveMark(
  q: Queryable,
  senderId: string,
  folder: string,
  mark: FolderMark,
): Promise<void> {
  await q.query(
    `insert into mailbox_folders (sender_id, folder, uid_validity, last_uid, last_date) values ($1, $2, $3, $4, $5)
     on conflict (sender_id, folder) do update
       set uid_validity = excluded.uid_validity, last_uid = excluded.last_uid, last_date = excluded.last_date`,
    [senderId, folder, mark.uidValidity.toString(), mark.lastUid, mark.lastDate],
  );
}

/** Stores a message and moves its folder's mark, or neither. Answers as `storeInbound`. */
export async function storeMail(
  db: Db,
  message: NewInbound & { readonly senderId: string },
  folder: string,
  mark: FolderMark,
): Promise<number | null> {
  return db.tx(async (tx) => {
    const id = await storeInbound(tx, message);
    await saveMark(tx, message.senderId, folder, mark);
    return id;
  });
}

/**
 * Notes what a touch's copy in the Sent folder says: another Message-ID that the provider gave it, and its thread. Ids that are
 * no touch of this sender are passed over.
 */
export async function noteSentCopy(
  db: Db,
  copy: {
    readonly senderId: string;
    readonly touchId: string;
    readonly messageId: string | null;
    readonly threadId: string | null;
  },
): Promise<void> {
  await db.tx(async (tx) => {
    const { rows } = await tx.query<{ messageId: string | null }>(
      `update touches set provider_thread_id = coalesce(provider_thread_id, $3)
       where id = $1 and sender_id = $2 returning message_id as "messageId"`,
      [copy.touchId, copy.senderId, copy.threadId],
    );
    if (!rows[0] || copy.messageId === null || rows[0].messageId === copy.messageId) return;
    await tx.query(
      `insert into touch_message_ids (message_id, touch_id) values ($1, $2) on conflict do nothing`,
      [copy.messageId, copy.touchId],
    );
  });
}

/** A mailbox whose answers may not have been read. */
export interface UnreadMailbox {
  readonly senderId: string;
  readonly name: string;
  /** Since when, as far as it is known; null: it never was read. */
  readonly since: Date | null;
  readonly error: string | null;
  /** Wall milliseconds since it was last read; null: never. */
  readonly silentMs: number | null;
}

/**
 * A mailbox from which the lead was written to in the last 60 days and which is not being read now: the lead may have answered.
 * null: whatever the lead wrote to us is known, as of this statement.
 */
export async function unreadMailboxOf(q: Queryable, leadId: string): Promise<UnreadMailbox | null> {
  const { rows } = await q.query<UnreadMailbox & Record<string, unknown>>(
    `select s.id as "senderId", s.name, coalesce(m.error_at, m.live_until) as since, m.error,
       (extract(epoch from clock_timestamp() - m.live_until) * 1000)::float8 as "silentMs"
     from senders s left join mailboxes m on m.sender_id = s.id
     where s.id in (select t.sender_id from touches t where t.lead_id = $1 and t.state in ('sent', 'unconfirmed')
         and t.channel = 'email' and t.at > (select business_now()) - interval '60 days')
       and s.settings ? 'imap' and coalesce(m.live_until <= clock_timestamp(), true) limit 1`,
    [leadId],
  );
  return rows[0] ?? null;
}

/** What is wrong with mailboxes, by sender, for people. */
export async function mailboxErrors(
  q: Queryable,
): Promise<ReadonlyMap<string, { readonly error: string; readonly at: Date }>> {
  const { rows } = await q.query<{ senderId: string; error: string; at: Date }>(
    `select sender_id as "senderId", error, error_at as at from mailboxes where error is not null limit 2000`,
  );
  return new Map(rows.map(({ senderId, error, at }) => [senderId, { error, at }]));
}
