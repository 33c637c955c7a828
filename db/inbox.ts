/** The inbox of an enrollment: what its workflow must take in, in the order in which it was committed. */
import type { InboxEvent } from '../sequences/engine/types.ts';
import type { Queryable, Tx } from './db.ts';

/** `event` as it is stored: without its number and time, which the row has. */
export type InboxEntry = InboxEvent extends infer Event
  ? Event extends InboxEvent
    ? Omit<Event, 'seq' | 'at'>
    : never
  : never;

/** Adds an entry to the inbox of an enrollment whose lock (and lead's lock) the caller holds. The only way in. */
export async function appendInbox(tx: Tx, enrollmentId: string, entry: InboxEntry): Promise<void> {
  await appendInboxMany(tx, [enrollmentId], entry);
}

/**
 * `appendInbox` for many, whose locks the caller holds. A `resume` that is still unread is not written again: two of them say
 * no more than one.
 */
export async function appendInboxMany(
  tx: Tx,
  enrollmentIds: readonly string[],
  entry: InboxEntry,
): Promise<void> {
  if (enrollmentIds.length === 0) return;
  await tx.query(
    `with added as (
       insert into inbox (enrollment_id, event, at)
       select e.id, $2::jsonb, business_now() from enrollments e
       where e.id = any($1::uuid[]) and not ($2::jsonb = '{"type": "resume"}' and exists (
         select from inbox i where i.enrollment_id = e.id and i.seq > e.seen and i.event = $2::jsonb))
       order by e.id
       returning enrollment_id, seq)
     update enrollments e set inbox_seq = added.seq from added where e.id = added.enrollment_id`,
    [enrollmentIds, JSON.stringify(entry)],
  );
}

/** What came in after entry `seen`, oldest first. */
export async function readInbox(
  q: Queryable,
  enrollmentId: string,
  seen: number,
  limit = 100,
): Promise<InboxEvent[]> {
  const { rows } = await q.query<{ seq: number; at: Date; event: InboxEntry }>(
    'select seq, at, event from inbox where enrollment_id = $1 and seq > $2 order by seq limit $3',
    [enrollmentId, seen, limit],
  );
  return rows.map(({ seq, at, event }) => ({ ...event, seq, at: at.getTime() }) as InboxEvent);
}
