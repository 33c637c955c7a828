import { randomUUID } from 'node:crypto';
import type { Queryable } from '../../db/db.ts';

/** Rows that callbacks speak about: one lead in a sequence, with a sent touch and a task. */
export interface CrmFacts {
  readonly leadId: string;
  readonly enrollmentId: string;
  readonly touchId: string;
  readonly taskId: string;
  readonly senderId: string;
}

/** Writes a lead with an enrollment, a sender, a touch and a task, all in plain SQL. */
export async function makeCrmFacts(
  db: Queryable,
  externalId: string | null = `crm-${randomUUID()}`,
): Promise<CrmFacts> {
  const one = async (text: string, values: readonly unknown[]) =>
    (await db.query<{ id: string }>(text, values)).rows[0]!.id;
  const leadId = await one(
    `insert into leads (seed, external_id, first_name, emails, owner) values ($1, $2, 'Ada', array['ada@lead.test'], 'grace') returning id`,
    [randomUUID(), externalId],
  );
  const versionId = await one(
    `insert into sequence_versions (name, title, structure_hash, plan, settings) values ('classic', 'Classic', $1, '{}', '{}') returning id`,
    [randomUUID()],
  );
  const launchId = await one(
    `insert into launches (version_id, name, time_zone, created_at) values ($1, 'spring', 'Europe/Berlin', business_now()) returning id`,
    [versionId],
  );
  const enrollmentId = await one(
    `insert into enrollments (launch_id, lead_id, version_id, status, reason, created_at) values ($1, $2, $3, 'running', 'sleeping', business_now()) returning id`,
    [launchId, leadId, versionId],
  );
  const senderId = await one(
    `insert into senders (channel, provider, name, address, time_zone) values ('email', 'smtp', 'Grace', $1, 'UTC') returning id`,
    [`grace-${randomUUID()}@acme.test`],
  );
  const touchId = await one(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, at, message_id, recipient)
    values ($1, $2, 'hello', 1, 1, 'email', 'email', $3, 'sent', business_now(), current_date, business_now(), $4, 'ada@lead.test') returning id`,
    [enrollmentId, leadId, senderId, `<${randomUUID()}@acme.test>`],
  );
  const taskId = await one(
    `insert into tasks (enrollment_id, lead_id, touch_id, kind, title, body, due_at, created_at) values ($1, $2, $3, 'call', 'Ring Ada', 'Say hello', business_now(), business_now()) returning id`,
    [enrollmentId, leadId, touchId],
  );
  return { leadId, enrollmentId, touchId, taskId, senderId };
}
