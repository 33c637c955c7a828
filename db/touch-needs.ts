/** What a touch needs to know beside itself: its launch, its copy, its lead's last WhatsApp; and what becomes of a sender that fails. */
import type { DaysOff } from '../sequences/calendar/index.ts';
import type { StepCopy, StepId } from '../sequences/plan.ts';
import type { Queryable } from './db.ts';

export interface LaunchForTouch {
  readonly status: 'running' | 'stopped';
  readonly timeZone: string;
  readonly senderIds: readonly string[] | null;
  /** Which messages a person approves first, beside those of which the sequence says so. */
  readonly review: 'first' | 'every' | null;
  readonly reviewer: string | null;
  /** The workspace's. */
  readonly daysOff: readonly DaysOff[];
}

export async function readLaunchForTouch(db: Queryable, launchId: string): Promise<LaunchForTouch> {
  const { rows } = await db.query<LaunchForTouch & Record<string, unknown>>(
    `select status, time_zone as "timeZone", sender_ids as "senderIds", review, reviewer, w.days_off as "daysOff"
     from launches cross join workspace w where id = $1`,
    [launchId],
  );
  if (!rows[0]) throw new Error(`there is no launch ${launchId}`);
  return rows[0];
}

/** Whether a message went out to the enrollment's lead before: a step that a person does is none. */
export async function anyMessageSent(db: Queryable, enrollmentId: string): Promise<boolean> {
  const { rows } = await db.query<{ any: boolean }>(
    `select exists (select from touches where enrollment_id = $1 and state in ('sent', 'unconfirmed')
       and action in ('email', 'invite', 'message', 'sms', 'whatsapp')) as any`,
    [enrollmentId],
  );
  return rows[0]!.any;
}

/** The number of a version's current copy. */
export async function currentCopyRevision(db: Queryable, versionId: string): Promise<number> {
  const { rows } = await db.query<{ revision: number | null }>(
    'select max(revision) as revision from copy_revisions where version_id = $1',
    [versionId],
  );
  const revision = rows[0]?.revision;
  if (revision == null) throw new Error(`version ${versionId} has no copy`);
  return revision;
}

/** The copy of one step in one revision, which never changes, and that revision's unsubscribe footer. */
export async function readStepCopy(
  db: Queryable,
  { versionId, revision, step }: { versionId: string; revision: number; step: StepId },
): Promise<{ readonly copy: StepCopy | null; readonly unsubscribeFooter: string | null }> {
  const { rows } = await db.query<{ copy: StepCopy | null; footer: string | null }>(
    `select copy->'steps'->$3 as copy, copy->>'unsubscribeFooter' as footer from copy_revisions where version_id = $1 and revision = $2`,
    [versionId, revision, step],
  );
  return { copy: rows[0]?.copy ?? null, unsubscribeFooter: rows[0]?.footer ?? null };
}

/** Says that a sender cannot send until somebody mends it. The caller holds its lock. Returns whether it was whole before. */
export async function breakSender(db: Queryable, senderId: string, reason: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update senders set broken_reason = $2, broken_at = business_now() where id = $1 and broken_at is null`,
    [senderId, reason],
  );
  return rowCount === 1;
}

/** When the lead last wrote on WhatsApp, which opens 24 hours of free text; null: never. */
export async function lastWhatsappIn(db: Queryable, leadId: string): Promise<number | null> {
  const { rows } = await db.query<{ at: Date | null }>(
    'select last_whatsapp_in_at as at from leads where id = $1',
    [leadId],
  );
  return rows[0]?.at?.getTime() ?? null;
}
