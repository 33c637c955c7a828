import { coveredBy } from '../../db/absences.ts';
import { emit } from '../../db/callbacks.ts';
import type { Tx } from '../../db/db.ts';
import type { Ground } from '../../db/enrollments.ts';
import type { Sender } from '../../db/senders.ts';
import { findOpenTask, openTask, type TaskKind } from '../../db/touch-tasks.ts';
import { markTask, type TouchContent, type TouchRow } from '../../db/touches.ts';
import { addWaits, type WaitContext } from '../../sequences/calendar/index.ts';
import type { Answer } from '../../sequences/engine/types.ts';
import type { LeadProfile } from '../../sequences/lead.ts';
import type { Duration } from '../../sequences/plan.ts';
import type { TouchContext } from './context.ts';
import type { Run } from './transact.ts';

/** When a task is due for which the step does not say. */
const USUAL_DUE: Duration = { unit: 'days', amount: 1 };

export interface TaskOrder {
  readonly kind: TaskKind;
  readonly touch: TouchRow;
  readonly content: TouchContent;
  readonly copyRevision: number;
  readonly recipient: string | null;
  readonly localDay: string;
  readonly sender: Sender | null;
  readonly calendar: WaitContext;
}

/** Makes a touch a person's work: the task, the touch's state and the CRM's notice, together. */
export async function makeTask(
  tx: Tx,
  { input, row }: Pick<Run, 'input' | 'row'>,
  ground: Ground,
  { node, lead, launch }: TouchContext,
  order: TaskOrder,
): Promise<Answer> {
  const { kind, touch, content, calendar, sender } = order;
  const { leadId } = row;
  const { enrollmentId } = input;
  const giveUpAt = node.giveUpAfter ? addWaits(ground.now, [node.giveUpAfter], calendar) : null;
  await markTask(tx, touch.id, order);
  const assignee = (kind === 'review' ? launch.reviewer : null) ?? lead.owner ?? sender?.owner ?? null;
  const taskId = await openTask(tx, {
    enrollmentId,
    leadId,
    touchId: touch.id,
    kind,
    title: content.title ?? titleOf(kind, touch, content, lead),
    body: content.text ?? '',
    link: linkOf(touch, order.recipient),
    assignee: assignee === null ? null : ((await coveredBy(tx, assignee)) ?? assignee),
    dueAt: addWaits(ground.now, [node.due ?? USUAL_DUE], calendar),
    giveUpAt,
  });
  await emit(tx, { type: 'task.created', leadId, enrollmentId, touchId: touch.id, taskId });
  return { type: 'task_open', at: ground.now, giveUpAt };
}

/** The answer for a touch that is a task already. */
export async function taskAnswer(tx: Tx, ground: Ground, touch: TouchRow): Promise<Answer> {
  const open = await findOpenTask(tx, touch.id);
  return { type: 'task_open', at: ground.now, giveUpAt: open?.giveUpAt?.getTime() ?? null };
}

function titleOf(kind: TaskKind, { action }: TouchRow, { subject }: TouchContent, lead: LeadProfile): string {
  const name = [lead.firstName, lead.lastName].filter((part) => part !== null).join(' ') || 'the lead';
  switch (kind) {
    case 'call':
      return `Call ${name}`;
    case 'task':
      return `Work on ${name}`;
    case 'linkedin':
      return `LinkedIn: ${BY_HAND[action] ?? action} ${name}`;
    case 'review':
      return `Review before it goes to ${name}${subject === undefined ? '' : `: ${subject}`}`;
    case 'failed':
      return `Could not be sent; reach ${name} another way (${action})`;
  }
}

const BY_HAND: Readonly<Record<string, string>> = {
  visit: 'visit the profile of',
  follow: 'follow',
  invite: 'invite',
  message: 'write to',
};

function linkOf({ channel }: TouchRow, recipient: string | null): string | null {
  if (recipient === null) return null;
  if (channel === 'linkedin') return recipient;
  return channel === 'call' ? `tel:${recipient}` : null;
}
