/** The tasks by which touches become a person's work: opened and closed from the sending side. */
import type { Instant, StepId } from '../sequences/plan.ts';
import type { Queryable, Tx } from './db.ts';
import type { TouchContent } from './touches.ts';

export type TaskKind = 'call' | 'task' | 'linkedin' | 'review' | 'failed';

export interface NewTask {
  readonly enrollmentId: string;
  readonly leadId: string;
  readonly touchId: string;
  readonly kind: TaskKind;
  readonly title: string;
  readonly body: string;
  readonly link: string | null;
  readonly assignee: string | null;
  readonly dueAt: Instant;
  readonly giveUpAt: Instant | null;
}

export interface OpenTask {
  readonly id: string;
  readonly giveUpAt: Date | null;
}

/** Opens a task for a touch. The caller holds the enrollment's lock and has seen that the touch has no open one. */
export async function openTask(tx: Tx, task: NewTask): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into tasks (enrollment_id, lead_id, touch_id, kind, title, body, link, assignee, due_at, give_up_at, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, business_now()) returning id`,
    [
      task.enrollmentId,
      task.leadId,
      task.touchId,
      task.kind,
      task.title,
      task.body,
      task.link,
      task.assignee,
      new Date(task.dueAt),
      task.giveUpAt === null ? null : new Date(task.giveUpAt),
    ],
  );
  return rows[0]!.id;
}

/** The open task of a touch, or null. */
export async function findOpenTask(db: Queryable, touchId: string): Promise<OpenTask | null> {
  const { rows } = await db.query<OpenTask & Record<string, unknown>>(
    `select id, give_up_at as "giveUpAt" from tasks where touch_id = $1 and state = 'open' order by created_at desc limit 1`,
    [touchId],
  );
  return rows[0] ?? null;
}

/** Closes the open tasks of a touch, undone. */
export async function cancelTasks(tx: Tx, touchId: string, outcome: string): Promise<void> {
  await tx.query(
    `update tasks set state = 'cancelled', outcome = $2, done_at = business_now() where touch_id = $1 and state = 'open'`,
    [touchId, outcome],
  );
}

/** Closes the open tasks of an ended enrollment, undone. */
export async function cancelTasksOf(tx: Tx, enrollmentId: string, outcome: string): Promise<void> {
  await tx.query(
    `update tasks set state = 'cancelled', outcome = $2, done_at = business_now() where enrollment_id = $1 and state = 'open'`,
    [enrollmentId, outcome],
  );
}

/** The text that a person let pass for a step, as edited, whichever attempt they saw; null: nobody did. */
export async function approvedContent(
  db: Queryable,
  { enrollmentId, step, visit }: { enrollmentId: string; step: StepId; visit: number },
): Promise<{ readonly content: TouchContent; readonly copyRevision: number } | null> {
  const { rows } = await db.query<{ content: TouchContent; copyRevision: number }>(
    `select t.content, t.copy_revision as "copyRevision" from touches t join tasks k on k.touch_id = t.id
     where t.enrollment_id = $1 and t.step_id = $2 and t.visit = $3 and k.kind = 'review' and k.state = 'done' and t.content is not null
     order by k.done_at desc limit 1`,
    [enrollmentId, step, visit],
  );
  return rows[0] ?? null;
}
