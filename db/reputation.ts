/** A sender that bounces or is complained about too often is paused before its provider or the blocklists do worse. */
import type { Tx } from './db.ts';
import { pauseLocked } from './pauses.ts';
import { lockScope } from './scopes.ts';

/** So many of the last messages are looked at, and such a share of them, but at least so many, may not bounce. */
const BOUNCES = { of: 200, percent: 5, atLeast: 5 };
/** So many complaints among the last messages are too many. */
const COMPLAINTS = { of: 1000, atLeast: 2 };

/**
 * Takes the sender's lock, which comes before those of leads: whoever is about to note a bounce or complaint calls this first, so
 * that each is counted by somebody.
 */
export function lockSender(tx: Tx, senderId: string): Promise<void> {
  return lockScope(tx, { scope: 'sender', scopeId: senderId });
}

/**
 * Pauses the sender when a threshold is passed, under its lock. What went out before somebody resumed it counts no more. Returns the
 * reason, for people, or null: it may go on, or was paused before.
 */
export async function guardReputation(tx: Tx, senderId: string): Promise<string | null> {
  const { rows } = await tx.query<{ sent: number; bounced: number; complained: number }>(
    `with last as (
       select delivery, row_number() over (order by at desc) as place from touches
       where sender_id = $1 and state = 'sent' and at > coalesce((
         select max(ended_at) from pauses where scope = 'sender' and scope_id = $1 and ended_at is not null), '-infinity')
       order by at desc limit ${COMPLAINTS.of})
     select count(*) filter (where place <= ${BOUNCES.of}) as sent,
       count(*) filter (where place <= ${BOUNCES.of} and delivery = 'bounced') as bounced,
       count(*) filter (where delivery = 'complained') as complained from last`,
    [senderId],
  );
  const { sent, bounced, complained } = rows[0]!;
  const reason =
    bounced >= BOUNCES.atLeast && bounced * 100 >= sent * BOUNCES.percent
      ? `${bounced} of its last ${sent} messages bounced; look at the list before you resume it`
      : complained >= COMPLAINTS.atLeast
        ? `${complained} people complained about its last messages; look at what it sends before you resume it`
        : null;
  if (reason === null) return null;
  const { already } = await pauseLocked(tx, { scope: 'sender', scopeId: senderId, reason });
  return already ? null : reason;
}
