import type { ConsentPolicy } from '../sequences/consent.ts';
import type { Command, Decision, EngineState } from '../sequences/engine/types.ts';
import type { StepId } from '../sequences/plan.ts';
import type { Queryable, Tx } from './db.ts';
import { ofAbsent, sequenceOf, type PauseScope } from './scopes.ts';

/** What runs an enrollment: where it stands, and whose it is. */
export interface EnrollmentRow {
  readonly id: string;
  readonly launchId: string;
  readonly leadId: string;
  readonly versionId: string;
  readonly status: 'pending' | 'running' | 'finished' | 'stopped';
  readonly reason: string;
  readonly revision: number;
  readonly seen: number;
  readonly engine: { readonly state: EngineState; readonly command: Command } | null;
  readonly startedAt: Date | null;
  readonly held: boolean;
  readonly leadSeed: string;
  readonly companyId: string | null;
}

/** The enrollment, or null when there is none. */
export async function readEnrollment(db: Queryable, id: string): Promise<EnrollmentRow | null> {
  const { rows } = await db.query<EnrollmentRow>(
    `select e.id, e.launch_id as "launchId", e.lead_id as "leadId", e.version_id as "versionId", e.status, e.reason,
       e.revision, e.seen, e.engine, e.started_at as "startedAt", e.held, l.seed as "leadSeed", l.company_id as "companyId"
     from enrollments e join leads l on l.id = e.lead_id where e.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** What the enrollment does next, for people, the sweep and the clock; null: as it is. */
export interface Position {
  /** null: only a person or an event goes on. */
  readonly nextAction: string | null;
  /** Business time. */
  readonly nextAt: number | null;
  readonly reason: string | null;
  readonly held: boolean | null;
}

/** A transition, as it is saved. */
export interface Saving extends Position {
  readonly enrollmentId: string;
  /** The revision that this transition was made from. */
  readonly revision: number;
  readonly state: EngineState;
  readonly command: Command;
}

/** Saves a transition if the enrollment runs and nobody saved another meanwhile. Returns the new revision, or null: nothing changed. */
export async function saveTransition(db: Queryable, saving: Saving): Promise<number | null> {
  const { rows } = await db.query<{ revision: number }>(
    `update enrollments set engine = $3, revision = revision + 1, seen = greatest(seen, $4), next_action = $5, next_at = $6,
       reason = coalesce($7, reason), held = coalesce($8, held), started_at = coalesce(started_at, business_now()),
       touched_wall = clock_timestamp()
     where id = $1 and revision = $2 and status = 'running' returning revision`,
    [
      saving.enrollmentId,
      saving.revision,
      JSON.stringify({ state: saving.state, command: saving.command }),
      saving.state.seen,
      saving.nextAction,
      saving.nextAt === null ? null : new Date(saving.nextAt),
      saving.reason,
      saving.held,
    ],
  );
  return rows[0]?.revision ?? null;
}

/** Writes what is next after a send that outlived its transition. An enrollment that went on meanwhile stays as it is. */
export async function movePosition(
  tx: Tx,
  { enrollmentId, revision, ...position }: Position & { enrollmentId: string; revision: number },
): Promise<void> {
  await tx.query(
    `update enrollments set next_action = $3, next_at = $4, reason = coalesce($5, reason), held = coalesce($6, held)
     where id = $1 and revision = $2 and status = 'running'`,
    [
      enrollmentId,
      revision,
      position.nextAction,
      position.nextAt === null ? null : new Date(position.nextAt),
      position.reason,
      position.held,
    ],
  );
}

/** What decides whether an enrollment may act, read under its locks. */
export interface Ground {
  /** Business time at that moment. */
  readonly now: number;
  readonly status: 'pending' | 'running' | 'finished' | 'stopped';
  readonly reason: string;
  readonly revision: number;
  readonly held: boolean;
  readonly started: boolean;
  readonly inboxSeq: number;
  readonly companyId: string | null;
  readonly launchRunning: boolean;
  /** The widest scope that is paused and covers it; null: none. */
  readonly paused: PauseScope | null;
  readonly consentPolicy: ConsentPolicy;
}

/** Reads the ground that the caller's locks hold still. Null when there is no such enrollment. */
export async function readGround(
  tx: Tx,
  { enrollmentId, senderId }: { enrollmentId: string; senderId: string | null },
): Promise<Ground | null> {
  const { rows } = await tx.query<Ground & Record<string, unknown>>(
    `select floor(extract(epoch from business_now()) * 1000)::int8 as now, e.status, e.reason, e.revision, e.held,
       e.started_at is not null as started, e.inbox_seq as "inboxSeq", l.company_id as "companyId",
       n.status = 'running' as "launchRunning", w.consent_policy as "consentPolicy",
       (select p.scope from pauses_in_force p where (p.scope = 'all'
          or (p.scope = 'sequence' and p.scope_id = ${sequenceOf('e.version_id')})
          or (p.scope = 'launch' and p.scope_id = e.launch_id) or (p.scope = 'sender' and p.scope_id = $2)
          or (p.scope = 'company' and p.scope_id = l.company_id) or (p.scope = 'lead' and p.scope_id = l.id)
          or (p.scope = 'absence' and ${ofAbsent('p.scope_id', '$2')}))
        order by array_position(array['all', 'sequence', 'launch', 'sender', 'company', 'lead', 'absence'], p.scope) limit 1) as paused
     from enrollments e join leads l on l.id = e.lead_id join launches n on n.id = e.launch_id cross join workspace w
     where e.id = $1`,
    [enrollmentId, senderId],
  );
  return rows[0] ?? null;
}

/** Adds to the trace of why things happened or did not. A detail may quote a lead, and is left out for one who was erased. */
export async function addDecisions(
  tx: Tx,
  { enrollmentId, leadId }: { enrollmentId: string; leadId: string },
  decisions: readonly (Decision & { readonly detail?: string | null })[],
): Promise<void> {
  if (decisions.length === 0) return;
  await tx.query(
    `insert into decisions (enrollment_id, lead_id, at, step_id, kind, reason, detail)
     select $1, $2, at, step, kind, reason, case when (select erased_at from leads where id = $2) is null then detail end
     from unnest($3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[]) as d(at, step, kind, reason, detail)`,
    [
      enrollmentId,
      leadId,
      decisions.map(({ at }) => new Date(at)),
      decisions.map(({ step }) => step),
      decisions.map(({ kind }) => kind),
      decisions.map(({ reason }) => reason),
      decisions.map(({ detail }) => detail ?? null),
    ],
  );
}

/** Ends a running enrollment and saves the transition that did. The caller holds its lock and has seen that it runs. */
export async function endEnrollment(
  tx: Tx,
  enrollmentId: string,
  ending: {
    readonly status: 'finished' | 'stopped';
    readonly reason: string;
    readonly state: EngineState;
    readonly command: Command;
  },
): Promise<void> {
  await tx.query(
    `update enrollments set status = $2, reason = $3, engine = $4, revision = revision + 1, seen = greatest(seen, $5),
       started_at = coalesce(started_at, business_now()), ended_at = business_now(), next_action = null, next_at = null,
       held = false, touched_wall = clock_timestamp()
     where id = $1`,
    [
      enrollmentId,
      ending.status,
      ending.reason,
      JSON.stringify({ state: ending.state, command: ending.command }),
      ending.state.seen,
    ],
  );
}

/**
 * Enrolls the lead of an enrollment that was just ended in the newest version of another sequence, in the same launch.
 * Due at once, so that the sweep starts it if nobody else does. Null when no sequence has that name.
 */
export async function addSuccessor(tx: Tx, enrollmentId: string, sequence: string): Promise<string | null> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into enrollments (launch_id, lead_id, version_id, reactivated_from, status, reason, next_action, next_at, created_at)
     select e.launch_id, e.lead_id, v.id, e.id, 'running', 'reactivated', 'begin', business_now(), business_now()
     from enrollments e, lateral (
       select id from sequence_versions where name = $2 order by created_at desc, id desc limit 1) v
     where e.id = $1
     returning id`,
    [enrollmentId, sequence],
  );
  return rows[0]?.id ?? null;
}

/** What the conditions of an enrollment may ask about its past. */
export interface EnrollmentHistory {
  /** Steps whose touch went out. */
  readonly sent: readonly StepId[];
  /** How the latest task of a step ended. */
  readonly outcomes: Readonly<Record<StepId, string>>;
}

export async function readHistory(db: Queryable, enrollmentId: string): Promise<EnrollmentHistory> {
  const { rows } = await db.query<{ step: StepId; sent: boolean; outcome: string | null }>(
    `select t.step_id as step, bool_or(t.state = 'sent') as sent,
       (array_agg(k.outcome order by k.done_at desc) filter (where k.outcome is not null))[1] as outcome
     from touches t left join tasks k on k.touch_id = t.id and k.state = 'done'
     where t.enrollment_id = $1 group by t.step_id`,
    [enrollmentId],
  );
  return {
    sent: rows.filter(({ sent }) => sent).map(({ step }) => step),
    outcomes: Object.fromEntries(
      rows.flatMap(({ step, outcome }) => (outcome === null ? [] : [[step, outcome]])),
    ),
  };
}
