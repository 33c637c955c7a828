import { unreadMailboxOf } from '../../db/mailboxes.ts';
import type { Tx } from '../../db/db.ts';
import type { Instant } from '../../sequences/plan.ts';
import type { Run } from './transact.ts';

/** How soon (wall ms) it is looked again, and how late at most: a mailbox that is away for days fills no history. */
const SOON_MS = 2_000;
const LATEST_MS = 60_000;
/** Of the time that a mailbox has been away: the next look. */
const SHARE = 0.25;

/** Begins the reason of a lead who waits for a mailbox; the sender's name follows. */
const REASON = 'mailbox_not_read';

/** Whether that is why a lead waits. */
export const waitsForMailbox = (reason: string): boolean => reason.startsWith(REASON);

/**
 * Promise 3 while a mailbox cannot be read, and just after: whoever was written to from it may have answered, so nothing leaves to
 * them on any channel. null: everything that came is known.
 */
export async function unreadAnswers(
  tx: Tx,
  { deps, row }: Run,
  now: Instant,
): Promise<{ readonly lookAt: Instant; readonly reason: string } | null> {
  const unread = await unreadMailboxOf(tx, row.leadId);
  if (!unread) return null;
  const wall = Math.min(Math.max((unread.silentMs ?? 0) * SHARE, SOON_MS), LATEST_MS);
  return { lookAt: now + Math.ceil(wall * deps.clock.speed()), reason: `${REASON}:${unread.name}` };
}
