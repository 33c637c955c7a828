/** What was sent and came back is sent again by its sequence, while nothing has followed it. */
import type { Instant, StepId } from '../sequences/plan.ts';
import type { Tx } from './db.ts';
import { lockLeads } from './endings.ts';
import { appendInbox } from './inbox.ts';

/** The attempt that came back. */
export interface CameBack {
  readonly enrollmentId: string;
  readonly leadId: string;
  readonly step: StepId;
  readonly visit: number;
  readonly attempt: number;
}

/** Which attempt a sent touch was; null when it is none of a running enrollment. */
export async function readCameBack(tx: Tx, touchId: string): Promise<CameBack | null> {
  const { rows } = await tx.query<CameBack & Record<string, unknown>>(
    `select t.enrollment_id as "enrollmentId", t.lead_id as "leadId", t.step_id as step, t.visit, t.attempt
     from touches t join enrollments e on e.id = t.enrollment_id and e.status = 'running'
     where t.id = $1 and t.state = 'sent'`,
    [touchId],
  );
  return rows[0] ?? null;
}

/**
 * Has the enrollment make the next attempt from `retryAt` on. Takes the locks of its lead and its own. Returns the enrollment to
 * wake, or null when it has ended meanwhile.
 */
export async function sendAgain(tx: Tx, one: CameBack, retryAt: Instant): Promise<string | null> {
  const { enrollmentId, leadId, step, visit, attempt } = one;
  await lockLeads(tx, [leadId]);
  const { rowCount } = await tx.query(
    `select from enrollments where id = $1 and status = 'running' for update`,
    [enrollmentId],
  );
  if (rowCount === 0) return null;
  await appendInbox(tx, enrollmentId, { type: 'undelivered', step, visit, attempt, retryAt });
  return enrollmentId;
}
