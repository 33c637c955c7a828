/** Calls that a provider made for a task: which call it is, and what the line says of it. What came of it is for the rep to say. */
import type { Queryable, Tx } from './db.ts';
import { recordDecision } from './endings.ts';

/** Notes the provider's id of the call that was last made for a task. */
export async function noteCall(q: Queryable, touchId: string, callId: string | null): Promise<void> {
  await q.query(`update touches set provider_id = coalesce($2, provider_id) where id = $1`, [
    touchId,
    callId,
  ]);
}

/** What the line says of a call. */
export interface CallReport {
  readonly taskId: string;
  /** Whose account made it: of another sender's tasks it says nothing. */
  readonly senderId: string;
  /** A word: completed, no_answer, busy, failed, canceled; `rep_` before it when the rep's own phone is meant. */
  readonly reason: string;
  readonly detail: string | null;
}

/** Writes it into the timeline; the task, and where the lead stands, stay as they are. Answers the lead; null: there is no such task. */
export async function noteCallReport(tx: Tx, report: CallReport): Promise<string | null> {
  const { rows } = await tx.query<{ enrollmentId: string; leadId: string; stepId: string }>(
    `select k.enrollment_id as "enrollmentId", k.lead_id as "leadId", t.step_id as "stepId"
     from tasks k join touches t on t.id = k.touch_id where k.id = $1 and k.kind = 'call' and t.sender_id = $2`,
    [report.taskId, report.senderId],
  );
  const task = rows[0];
  if (!task) return null;
  await recordDecision(tx, { ...task, kind: 'call', reason: report.reason, detail: report.detail });
  return task.leadId;
}
