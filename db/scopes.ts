/** What a command can take hold of, how it is locked, and what is on its way out within it. */
import type { Queryable, Tx } from './db.ts';
import { CommandRefused } from './refused.ts';

/** What can be paused, the widest first. */
export const SCOPES = ['all', 'sequence', 'launch', 'sender', 'company', 'lead'] as const;
export type Scope = (typeof SCOPES)[number];
/** What can be stopped: of a sequence, its launches are. */
export const STOP_SCOPES = ['all', 'launch', 'sender', 'company', 'lead'] as const;
export type StopScope = (typeof STOP_SCOPES)[number];
/** What a pause may cover: also what belongs to somebody who is on leave (`absences.ts`). */
export type PauseScope = Scope | 'absence';

/** `scopeId` is null for `all` only. */
export interface ScopeRef {
  readonly scope: Scope;
  readonly scopeId: string | null;
}

const TABLE: Record<Exclude<Scope, 'all'>, string> = {
  sequence: 'sequences',
  launch: 'launches',
  sender: 'senders',
  company: 'companies',
  lead: 'leads',
};

/**
 * Locks the scope's row against every transaction that is about to commit `sending` within it (promise 3). They hold shared
 * locks on the workspace, the sequence, the launch and the company, and shared lockers of a row overtake one who waits for it alone: under steady sending
 * he would wait for ever. The table lock is a queue that nobody overtakes and that every sending transaction passes first.
 * @throws CommandRefused `not_found`
 */
export async function lockScope(tx: Tx, { scope, scopeId }: ScopeRef): Promise<void> {
  if (scope !== 'sender' && scope !== 'lead') await tx.query('lock table workspace in exclusive mode');
  const { rowCount } =
    scope === 'all'
      ? await tx.query('select from workspace for update')
      : await tx.query(`select from ${TABLE[scope]} where id = $1 for update`, [scopeId]);
  if (rowCount === 0) {
    throw new CommandRefused('not_found', `There is no ${scope} with the id ${scopeId}.`);
  }
}

/** A touch that was handed to the provider before the command took effect: it may still arrive. */
export interface SendingTouch {
  readonly touchId: string;
  readonly enrollmentId: string;
  readonly leadId: string;
  readonly stepId: string;
  readonly channel: string;
}

/** Condition over enrollments `e` and leads `l` that they are within the scope, whose id is the parameter `id`. */
export function withinScope(scope: PauseScope, id: string): string {
  switch (scope) {
    case 'all':
      // Names the parameter, which PostgreSQL otherwise cannot type.
      return `${id}::uuid is null`;
    case 'sequence':
      return `e.version_id in (select v.id from sequences q join sequence_versions v on v.name = q.name where q.id = ${id})`;
    case 'launch':
      return `e.launch_id = ${id}`;
    case 'lead':
      return `e.lead_id = ${id}`;
    case 'company':
      return `l.company_id = ${id}`;
    case 'sender':
      return `exists (select from lead_senders ls where ls.lead_id = e.lead_id and ls.sender_id = ${id})`;
    case 'absence':
      return `(is_absent(${id}, l.owner) or exists (select from lead_senders ls join senders s on s.id = ls.sender_id
        where ls.lead_id = e.lead_id and (is_absent(${id}, s.owner) or is_absent(${id}, s.address))))`;
  }
}

/** The id of the sequence that a version is of. */
export const sequenceOf = (version: string): string =>
  `(select q.id from sequence_versions v join sequences q on q.name = v.name where v.id = ${version})`;

/** Condition over leads `l` that they, or the sender with that id, are the user's whom the absence is of. */
export const ofAbsent = (absence: string, sender: string): string =>
  `(is_absent(${absence}, l.owner) or exists (select from senders s where s.id = ${sender}
     and (is_absent(${absence}, s.owner) or is_absent(${absence}, s.address))))`;

const SENDING = `select t.id as "touchId", t.enrollment_id as "enrollmentId", t.lead_id as "leadId", t.step_id as "stepId", t.channel
  from touches t join enrollments e on e.id = t.enrollment_id join leads l on l.id = t.lead_id where t.state = 'sending'`;

/** Touches within the scope that are `sending`, oldest first. */
export async function sendingWithin(
  q: Queryable,
  { scope, scopeId }: ScopeRef,
  limit = 1000,
): Promise<SendingTouch[]> {
  const condition = scope === 'sender' ? 't.sender_id = $1' : withinScope(scope, '$1');
  const { rows } = await q.query<SendingTouch>(`${SENDING} and ${condition} order by t.sending_at limit $2`, [
    scopeId,
    limit,
  ]);
  return rows;
}

/** Touches to these leads that are `sending`, oldest first. */
export async function sendingTo(
  q: Queryable,
  leadIds: readonly string[],
  limit = 1000,
): Promise<SendingTouch[]> {
  const { rows } = await q.query<SendingTouch>(
    `${SENDING} and t.lead_id = any($1::uuid[]) order by t.sending_at limit $2`,
    [leadIds, limit],
  );
  return rows;
}
