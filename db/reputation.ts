/** A sender that bounces or is complained about too often is paused before its provider or the blocklists do worse. */
import type { Tx } from './db.ts';
import { pauseLocked } from './pauses.ts';
import { lockScope } from './scopes.ts';

/** So many of the last messages are looked at; at least so many of them must have bounced, whatever their share is. */
const BOUNCES = { of: 200, atLeast: 5 };
const COMPLAINTS = { of: 1000 };
/** From where on a sender is paused, unless it says otherwise: the share of bounces in percent, and how many complaints. */
export const USUAL_REPUTATION = { bounced_percent: 5, complaints: 2 } as const;

/**
 * Takes the sender's lock, which comes before those of leads: whoever is about to note a bounce or complaint calls this first, so
 * that each is counted by somebody.
 */
export function lockSender(tx: Tx, senderId: string): Promise<void> {
  return lockScope(tx, { scope: 'sender', scopeId: senderId });
}

/**
 * Pauses the sender when its threshold is passed, under its lock: bounces that were reported and addresses that the server refused at
 * once are one. What went out before somebody resumed it counts no more. Returns the
 * reason, for people, or null: it may go on, or was paused before.
 */
export async function guardReputation(tx: Tx, senderId: string): Promise<string | null> {
  const { rows } = await tx.query<{
    sent: number;
    bounced: number;
    complained: number;
    limits: Partial<typeof USUAL_REPUTATION>;
  }>(
    `with since as (select coalesce(max(ended_at), '-infinity') as at from pauses
       where scope = 'sender' and scope_id = $1 and ended_at is not null),
     last as (
       select delivery, row_number() over (order by t.at desc) as place from (
         (select delivery, at from touches
          where sender_id = $1 and state = 'sent' and at > (select at from since) order by at desc limit ${COMPLAINTS.of})
         union all
         (select delivery, at from touches
          where sender_id = $1 and state = 'failed' and delivery = 'bounced' and at > (select at from since) order by at desc limit ${COMPLAINTS.of})) t
       order by t.at desc limit ${COMPLAINTS.of})
     select (select reputation from senders where id = $1) as limits, count(*) filter (where place <= ${BOUNCES.of}) as sent,
       count(*) filter (where place <= ${BOUNCES.of} and delivery = 'bounced') as bounced,
       count(*) filter (where delivery = 'complained') as complained from last`,
    [senderId],
  );
  const { sent, bounced, complained } = rows[0]!;
  const limits = { ...USUAL_REPUTATION, ...rows[0]!.limits };
  const reason =
    bounced >= BOUNCES.atLeast && bounced * 100 >= sent * limits.bounced_percent
      ? `${bounced} of its last ${sent} messages bounced; look at the list before you resume it`
      : complained >= limits.complaints
        ? `${complained} people complained about its last messages; look at what it sends before you resume it`
        : null;
  if (reason === null) return null;
  const { already } = await pauseLocked(tx, { scope: 'sender', scopeId: senderId, reason });
  return already ? null : reason;
}
