/** Leads, tasks and messages of reps, for the desk's tests. */
import { randomUUID } from 'node:crypto';
import type { Db } from '../../../db/db.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  touchNode,
} from '../../support/factories.ts';

export interface GivenTask {
  readonly kind?: 'call' | 'task' | 'linkedin' | 'review' | 'failed';
  readonly owner?: string | null;
  readonly assignee?: string | null;
  readonly dueAt: number;
  readonly firstName?: string;
  readonly body?: string;
  readonly link?: string | null;
}

/** An open task of a new lead, whose sequence waits for it. */
export async function makeTask(
  db: Db,
  given: GivenTask,
): Promise<{ id: string; leadId: string; enrollmentId: string }> {
  const kind = given.kind ?? 'call';
  const channel =
    kind === 'call' ? 'call' : kind === 'linkedin' ? 'linkedin' : kind === 'task' ? 'task' : 'email';
  const version = await makeVersion(db, { plan: makePlan([touchNode('work', channel)]) });
  const launch = await makeLaunch(db, { versionId: version.id });
  const lead = await makeLead(db, {
    owner: given.owner ?? null,
    phone: `+49301${String(Math.random()).slice(2, 9)}`,
    ...(given.firstName !== undefined && { firstName: given.firstName }),
  });
  const enrollment = await makeEnrollment(db, { launchId: launch.id, leadId: lead.id });
  const { rows } = await db.query<{ id: string }>(
    `with t as (insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day, content)
       values ($1, $2, 'work', 1, 1, $3, $4, 'task', $5, '2026-03-10', '{"subject": "Hello", "text": "Dear Ada"}') returning id)
     insert into tasks (enrollment_id, lead_id, touch_id, kind, title, body, link, assignee, due_at, created_at)
     select $1, $2, id, $6, $7, $8, $9, $10, $5, business_now() from t returning id`,
    [
      enrollment.id,
      lead.id,
      channel,
      channel === 'linkedin' ? 'message' : channel,
      new Date(given.dueAt),
      kind,
      `Do it for ${given.firstName ?? 'Ada'}`,
      given.body ?? 'Say hello.',
      given.link ?? null,
      given.assignee ?? null,
    ],
  );
  return { id: rows[0]!.id, leadId: lead.id, enrollmentId: enrollment.id };
}

export interface GivenMessage {
  readonly leadId?: string | null;
  readonly maybeLeadId?: string | null;
  readonly channel?: 'email' | 'sms';
  readonly senderId?: string | null;
  readonly at: number;
  readonly body?: string;
  readonly raw?: string;
  readonly settled?: boolean;
}

/** A message that came in. */
export async function makeMessage(db: Db, given: GivenMessage): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `with i as (insert into inbound (source, kind, dedupe_key, sender_id, lead_id, payload, raw, state, received_at)
       values ('mail', 'message', $1, $2, $3, '{}', $4, 'done', business_now()) returning id)
     insert into messages (lead_id, maybe_lead_id, channel, sender_id, inbound_id, at, address, body, class, class_by, settled)
     select $3, $5, $6, $2, id, $7, 'ada@lead.example', $8, 'other', 'rule', $9 from i returning id`,
    [
      randomUUID(),
      given.senderId ?? null,
      given.leadId ?? null,
      given.raw === undefined ? null : Buffer.from(given.raw),
      given.maybeLeadId ?? null,
      given.channel ?? 'email',
      new Date(given.at),
      given.body ?? 'Tell me more.',
      given.settled ?? false,
    ],
  );
  return rows[0]!.id;
}
