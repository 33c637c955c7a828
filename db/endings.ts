import { emitMany } from './callbacks.ts';
import type { Tx } from './db.ts';

/** An enrollment that was ended before its sequence was. */
export interface Ended {
  readonly enrollmentId: string;
  readonly leadId: string;
}

/** Locks leads in the order in which everybody locks them, against sends to them. Ids that are none are left out. */
export async function lockLeads(tx: Tx, leadIds: readonly string[]): Promise<void> {
  await tx.query('select from leads where id = any($1::uuid[]) order by id for update', [leadIds]);
}

/**
 * Stops those of the enrollments that are pending or running: in force when this commits. Slots are given back, open tasks
 * cancelled, the CRM is told. The caller holds the locks of their leads; the enrollments' are taken here.
 * @param reason a snake_case word for `enrollments.reason`
 * @param detail what a person gave as the reason, for people only
 */
export async function endEnrollments(
  tx: Tx,
  enrollmentIds: readonly string[],
  reason: string,
  detail: string | null = null,
): Promise<Ended[]> {
  if (enrollmentIds.length === 0) return [];
  await tx.query('select from enrollments where id = any($1::uuid[]) order by id for update', [
    enrollmentIds,
  ]);
  const { rows: ended } = await tx.query<Ended>(
    `update enrollments
     set status = 'stopped', wake_owed = status = 'running', reason = $2, ended_at = business_now(), next_action = null, next_at = null, held = false,
       revision = revision + 1, touched_wall = clock_timestamp()
     where id = any($1::uuid[]) and status in ('pending', 'running')
     returning id as "enrollmentId", lead_id as "leadId"`,
    [enrollmentIds, reason],
  );
  if (ended.length === 0) return [];
  const ids = ended.map((one) => one.enrollmentId);
  await tx.query(
    `update touches set state = 'cancelled', reason = $2
     where enrollment_id = any($1::uuid[]) and state in ('booked', 'task')`,
    [ids, reason],
  );
  await tx.query(
    `update tasks set state = 'cancelled', outcome = $2, done_at = business_now()
     where enrollment_id = any($1::uuid[]) and state = 'open'`,
    [ids, reason],
  );
  await tx.query(
    `insert into decisions (enrollment_id, lead_id, at, step_id, kind, reason, detail)
     select id, lead_id, business_now(), engine->'state'->>'step', 'stopped', $2, $3
     from enrollments where id = any($1::uuid[]) order by id`,
    [ids, reason, detail],
  );
  await emitMany(
    tx,
    ended.map((one) => ({ type: 'enrollment.stopped', leadId: one.leadId, enrollmentId: one.enrollmentId })),
  );
  return ended;
}

/** Writes down why something happened to an enrollment that is not the engine's own decision. */
export async function recordDecision(
  tx: Tx,
  decision: {
    enrollmentId: string;
    leadId: string;
    stepId: string | null;
    kind: string;
    reason: string;
    detail?: string | null;
  },
): Promise<void> {
  await tx.query(
    `insert into decisions (enrollment_id, lead_id, at, step_id, kind, reason, detail)
     values ($1, $2, business_now(), $3, $4, $5, $6)`,
    [
      decision.enrollmentId,
      decision.leadId,
      decision.stepId,
      decision.kind,
      decision.reason,
      decision.detail ?? null,
    ],
  );
}
