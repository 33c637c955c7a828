/** The work that a sequence gives to people: calls, manual steps, reviews, touches that failed. */
import { STEP_OUTCOMES, type Instant, type TouchNode } from '../sequences/plan.ts';
import { emit } from './callbacks.ts';
import type { Db, Queryable, Tx } from './db.ts';
import { endEnrollments, lockLeads, recordDecision } from './endings.ts';
import { lockForEvent } from './event-locks.ts';
import { storeEvent, takeEffect } from './events.ts';
import { appendInbox } from './inbox.ts';
import { CommandRefused } from './refused.ts';
import type { TaskKind } from './touch-tasks.ts';

/** What may come of a task, by its kind. */
export const TASK_OUTCOMES: Readonly<Record<TaskKind, readonly string[]>> = {
  ...STEP_OUTCOMES,
  linkedin: ['done', 'skipped'],
  review: ['approved', 'rejected'],
  failed: ['done', 'skipped', 'retry'],
};

export interface TaskRow {
  readonly id: string;
  readonly kind: TaskKind;
  readonly state: 'open' | 'done' | 'cancelled';
  readonly title: string;
  readonly body: string;
  readonly link: string | null;
  readonly assignee: string | null;
  readonly outcome: string | null;
  readonly note: string | null;
  readonly dueAt: Date;
  readonly giveUpAt: Date | null;
  readonly doneAt: Date | null;
  readonly touchId: string;
  readonly enrollmentId: string;
  readonly launchId: string;
  readonly leadId: string;
  /** First and last name, as far as they are known. */
  readonly leadName: string;
  readonly stepId: string;
  readonly visit: number;
  readonly channel: string;
}

export interface TaskFilter {
  /** Open ones when it is missing. */
  readonly state?: 'open' | 'done' | 'cancelled';
  readonly kind?: TaskKind;
  readonly assignee?: string;
  readonly leadId?: string;
  readonly launchId?: string;
  readonly dueBefore?: Instant;
  /** The last task of the page before. */
  readonly after?: Pick<TaskRow, 'dueAt' | 'id'>;
  /** At most 500. */
  readonly limit?: number;
}

const TASK = `select k.id, k.kind, k.state, k.title, k.body, k.link, k.assignee, k.outcome, k.note, k.due_at as "dueAt",
    k.give_up_at as "giveUpAt", k.done_at as "doneAt", k.touch_id as "touchId", k.enrollment_id as "enrollmentId",
    e.launch_id as "launchId", k.lead_id as "leadId", trim(concat_ws(' ', l.first_name, l.last_name)) as "leadName",
    t.step_id as "stepId", t.visit, t.channel
  from tasks k join touches t on t.id = k.touch_id join enrollments e on e.id = k.enrollment_id join leads l on l.id = k.lead_id`;

/** Tasks in the order in which they are due. */
export async function listTasks(q: Queryable, filter: TaskFilter = {}): Promise<TaskRow[]> {
  const { rows } = await q.query<TaskRow>(
    `${TASK} where k.state = $1 and ($2::text is null or k.kind = $2) and ($3::text is null or lower(k.assignee) = lower($3))
       and ($4::uuid is null or k.lead_id = $4) and ($5::uuid is null or e.launch_id = $5)
       and ($6::timestamptz is null or k.due_at < $6) and ($7::timestamptz is null or (k.due_at, k.id) > ($7, $8::uuid))
     order by k.due_at, k.id limit $9`,
    [
      filter.state ?? 'open',
      filter.kind ?? null,
      filter.assignee ?? null,
      filter.leadId ?? null,
      filter.launchId ?? null,
      filter.dueBefore === undefined ? null : new Date(filter.dueBefore),
      filter.after?.dueAt ?? null,
      filter.after?.id ?? null,
      Math.min(filter.limit ?? 100, 500),
    ],
  );
  return rows;
}

/** @throws CommandRefused `not_found` */
export async function getTask(q: Queryable, id: string): Promise<TaskRow> {
  const { rows } = await q.query<TaskRow>(`${TASK} where k.id = $1`, [id]);
  if (!rows[0]) throw new CommandRefused('not_found', `There is no task with the id ${id}.`);
  return rows[0];
}

export interface Completion {
  readonly outcome: string;
  readonly note?: string | null;
  /** Of an approved review: what goes out instead. A changed text replaces the HTML part too. */
  readonly edited?: { readonly subject?: string; readonly text?: string };
}

export interface Completed {
  readonly task: TaskRow;
  readonly wake: readonly string[];
  /** The outcome ended the enrollment (or, booking a meeting, those of colleagues too). */
  readonly stopped: number;
}

/**
 * Completes a task: the touch becomes what the person says, the CRM is told, and the sequence goes on where the outcome leads.
 * @throws CommandRefused `not_found`, `already_done`, `cancelled`, `bad_outcome`, `bad_text`
 */
export async function completeTask(db: Db, id: string, completion: Completion): Promise<Completed> {
  return db.tx(async (tx) => {
    const before = await getTask(tx, id);
    validate(before, completion);
    const { leadId, enrollmentId } = before;
    const meeting = completion.outcome === 'meeting_booked';
    const lead = meeting ? await lockForEvent(tx, { leadId, type: 'meeting_booked' }) : null;
    if (!lead) await lockLeads(tx, [leadId]);
    await tx.query('select from enrollments where id = $1 for update', [enrollmentId]);
    const task = await getTask(tx, id);
    refuseClosed(task);

    await tx.query(
      `update tasks set state = 'done', outcome = $2, note = $3, done_at = business_now() where id = $1`,
      [id, completion.outcome, completion.note ?? null],
    );
    const sent = await settleTaskTouch(tx, task, completion);
    await emit(tx, { type: 'task.completed', leadId, taskId: id });
    if (sent !== null)
      await emit(tx, { type: sent ? 'touch.sent' : 'touch.skipped', leadId, touchId: task.touchId });

    if (lead) {
      const event = {
        leadId,
        type: 'meeting_booked',
        channel: 'call',
        dedupeKey: `task:${id}`,
      } as const;
      await storeEvent(tx, lead, event);
      const effect = await takeEffect(tx, lead, event);
      if (effect.stopped.some((one) => one.enrollmentId === enrollmentId)) {
        return { task: await getTask(tx, id), wake: effect.wake, stopped: effect.stopped.length };
      }
      await goOn(tx, task, completion.outcome);
      const wake = [...new Set([enrollmentId, ...effect.wake])];
      return { task: await getTask(tx, id), wake, stopped: effect.stopped.length };
    }
    const stopped = await goOn(tx, task, completion.outcome);
    return { task: await getTask(tx, id), wake: [enrollmentId], stopped };
  });
}

function validate(task: TaskRow, { outcome, edited }: Completion): void {
  refuseClosed(task);
  const outcomes = TASK_OUTCOMES[task.kind];
  if (!outcomes.includes(outcome)) {
    throw new CommandRefused(
      'bad_outcome',
      `"${outcome}" is no outcome of a ${task.kind} task. Possible: ${outcomes.join(', ')}.`,
    );
  }
  if (!edited) return;
  if (task.kind !== 'review' || outcome !== 'approved') {
    throw new CommandRefused('bad_text', 'Only an approved review can change the text that goes out.');
  }
  if (edited.text?.trim() === '')
    throw new CommandRefused('bad_text', 'The edited text is empty. Reject the review instead.');
  if (edited.subject !== undefined && (edited.subject.trim() === '' || /[\r\n]/.test(edited.subject))) {
    throw new CommandRefused('bad_text', 'The edited subject must be one line that is not empty.');
  }
  if (/\{\{|\{%/.test(`${edited.subject ?? ''} ${edited.text ?? ''}`)) {
    throw new CommandRefused(
      'bad_text',
      'An edited text goes out as it is typed: write the name instead of {{ … }}.',
    );
  }
}

function refuseClosed(task: TaskRow): void {
  if (task.state === 'done') {
    throw new CommandRefused(
      'already_done',
      `This task was completed at ${task.doneAt?.toISOString()} with the outcome "${task.outcome}".`,
    );
  }
  if (task.state === 'cancelled') {
    throw new CommandRefused('cancelled', `This task was cancelled: ${task.outcome ?? 'its lead went on'}.`);
  }
}

/** An edited text keeps the way to unsubscribe, unless whoever wrote it left it in. */
async function withFooter(tx: Tx, touchId: string | null, text: string): Promise<string> {
  const { rows } = await tx.query<{ footer: string | null }>(
    `select content ->> 'footer' as footer from touches where id = $1`,
    [touchId],
  );
  const footer = rows[0]?.footer ?? null;
  const link = footer === null ? undefined : /https?:\/\/[^\s)\]>]+/.exec(footer)?.[0];
  if (footer === null || text.includes(link ?? footer)) return text;
  return `${text.trimEnd()}\n\n${footer}`;
}

/** What the touch becomes: true sent, false skipped, null still to be sent (approved, or tried again). */
async function settleTaskTouch(
  tx: Tx,
  task: TaskRow,
  { outcome, edited }: Completion,
): Promise<boolean | null> {
  if (outcome === 'approved') {
    if (edited) {
      const text = edited.text === undefined ? null : await withFooter(tx, task.touchId, edited.text);
      await tx.query(
        `update touches set content = (case when $3::text is null then coalesce(content, '{}') else coalesce(content, '{}') - 'html' end)
           || jsonb_strip_nulls(jsonb_build_object('subject', $2::text, 'text', $3::text))
         where id = $1`,
        [task.touchId, edited.subject ?? null, text],
      );
    }
    return null;
  }
  if (outcome === 'retry') return null;
  const sent = outcome !== 'skipped' && outcome !== 'rejected';
  await tx.query(
    `update touches set state = $2, at = business_now(), reason = $3, detail = null where id = $1 and state = 'task'`,
    [
      task.touchId,
      sent ? 'sent' : 'skipped',
      sent ? null : outcome === 'rejected' ? 'review_rejected' : 'skipped_by_person',
    ],
  );
  return sent;
}

/** Tells the engine, or ends the enrollment where the person says no and no branch is for that. Returns how many ended. */
async function goOn(tx: Tx, task: TaskRow, outcome: string): Promise<number> {
  const { enrollmentId, leadId, stepId, visit } = task;
  if (outcome === 'not_interested' && !(await hasBranch(tx, task, outcome))) {
    return (await endEnrollments(tx, [enrollmentId], 'not_interested')).length;
  }
  if (outcome === 'wrong_number') {
    await recordDecision(tx, {
      enrollmentId,
      leadId,
      stepId,
      kind: 'wrong_number',
      reason: 'reported_by_person',
    });
  }
  // A touch that is approved, or tried again after it failed, is booked anew.
  await appendInbox(
    tx,
    enrollmentId,
    outcome === 'approved' || outcome === 'retry'
      ? { type: 'approved', step: stepId, visit }
      : { type: 'task_done', step: stepId, visit, outcome },
  );
  return 0;
}

async function hasBranch(tx: Tx, task: TaskRow, outcome: string): Promise<boolean> {
  const { rows } = await tx.query<{ node: TouchNode | null }>(
    `select v.plan->'nodes'->$2 as node from enrollments e join sequence_versions v on v.id = e.version_id where e.id = $1`,
    [task.enrollmentId, task.stepId],
  );
  return Object.hasOwn(rows[0]?.node?.outcomes ?? {}, outcome);
}
