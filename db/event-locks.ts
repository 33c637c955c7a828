/** What an event may touch, under lock, and read under that lock. */
import { isOutside } from '../sequences/engine/steps.ts';
import type { EngineState } from '../sequences/engine/types.ts';
import type { OutsideEvent, Plan, SequenceSettings, StopRules } from '../sequences/plan.ts';
import type { Tx } from './db.ts';
import { lockLeads } from './endings.ts';
import { CommandRefused } from './refused.ts';

/** A lead under lock, with what decides about an event. */
export interface LockedLead {
  readonly id: string;
  readonly companyId: string | null;
  readonly emails: readonly string[];
  readonly enrollment: Running | null;
  /** Other leads locked for the same event: colleagues in a sequence that it may stop, and whoever shares an identity. */
  readonly alsoLocked: readonly string[];
}

/** An active enrollment. */
export interface Running {
  readonly id: string;
  readonly leadId: string;
  readonly state: EngineState | null;
  readonly plan: Plan;
  readonly settings: SequenceSettings;
}

/** What was read before locking no longer holds; `Db.tx` runs the transaction again. */
class Moved extends Error {
  readonly code = '40001';
}

/**
 * Locks what the event may touch, in order: the company when its rule may reach colleagues, then every lead concerned by id.
 * @throws CommandRefused `not_found`, `erased`
 */
export async function lockForEvent(
  tx: Tx,
  { leadId, type }: { readonly leadId: string; readonly type: string },
  alsoLock: readonly string[] = [],
): Promise<LockedLead> {
  const companyId = await readCompany(tx, leadId);
  const stops = isStopRule(type) || isOutside(type);
  if (companyId && stops) {
    await tx.query('select from companies where id = $1 for update', [companyId]);
  }
  const colleagues = companyId && stops ? await colleaguesStoppedBy(tx, companyId, leadId, type) : [];
  const others = [...new Set([...alsoLock, ...colleagues.map((one) => one.leadId)])].filter(
    (id) => id !== leadId,
  );
  await lockLeads(tx, [leadId, ...others]);
  const { rows } = await tx.query<{ company_id: string | null; emails: string[]; erased_at: Date | null }>(
    'select company_id, emails, erased_at from leads where id = $1',
    [leadId],
  );
  const lead = rows[0];
  if (lead?.erased_at) throw new CommandRefused('erased', `The lead ${leadId} was erased.`);
  if (!lead || lead.company_id !== companyId) throw new Moved();
  const [enrollment] = await runningOf(tx, [leadId]);
  return { id: leadId, companyId, emails: lead.emails, enrollment: enrollment ?? null, alsoLocked: others };
}

/** Whether sequences say whom such an event stops. */
export function isStopRule(type: string): type is keyof StopRules {
  return ['replied', 'bounced', 'unsubscribed', 'meeting_booked', 'goal'].includes(type);
}

async function readCompany(tx: Tx, leadId: string): Promise<string | null> {
  const { rows } = await tx.query<{ company_id: string | null }>(
    'select company_id from leads where id = $1',
    [leadId],
  );
  if (!rows[0]) throw new CommandRefused('not_found', `There is no lead with the id ${leadId}.`);
  return rows[0].company_id;
}

/** More colleagues in sequences at once are not stopped by one event; a stop of the company stops them. */
const COLLEAGUES = 5000;

/** Active enrollments of the company's other leads that an event of this lead could stop. Read under the company's lock. */
async function colleaguesStoppedBy(
  tx: Tx,
  companyId: string,
  leadId: string,
  rule: keyof StopRules | OutsideEvent,
): Promise<{ leadId: string }[]> {
  const reaches = (plan: string) =>
    isOutside(rule)
      ? `${plan}->'stopOnEvents' @> jsonb_build_array(jsonb_build_object('event', $3::text, 'scope', 'company'))`
      : `${plan}->'stopOn'->>$3 = 'company'`;
  const { rows } = await tx.query<{ leadId: string }>(
    `select l.id as "leadId" from leads l join enrollments e on e.lead_id = l.id and e.status in ('pending', 'running')
       join sequence_versions v on v.id = e.version_id
     where l.company_id = $1 and l.id <> $2 and (${reaches('v.plan')} or exists (
       select from enrollments o join sequence_versions ov on ov.id = o.version_id
       where o.lead_id = $2 and o.status in ('pending', 'running') and ${reaches('ov.plan')}))
     order by l.id limit ${COLLEAGUES}`,
    [companyId, leadId, rule],
  );
  return rows;
}

/** The active enrollments of leads. */
export async function runningOf(tx: Tx, leadIds: readonly string[]): Promise<Running[]> {
  const { rows } = await tx.query<Running & Record<string, unknown>>(
    `select e.id, e.lead_id as "leadId", e.engine->'state' as state, v.plan, v.settings
     from enrollments e join sequence_versions v on v.id = e.version_id
     where e.lead_id = any($1::uuid[]) and e.status in ('pending', 'running') order by e.lead_id`,
    [leadIds],
  );
  return rows;
}

/** Those of the enrollments whose lead belongs to the company now, under its lock. */
export async function stillAt(tx: Tx, companyId: string, running: readonly Running[]): Promise<string[]> {
  if (running.length === 0) return [];
  const { rows } = await tx.query<{ id: string }>(
    'select id from leads where id = any($1::uuid[]) and company_id = $2',
    [running.map((one) => one.leadId), companyId],
  );
  const there = new Set(rows.map((row) => row.id));
  return running.filter((one) => there.has(one.leadId)).map((one) => one.id);
}
