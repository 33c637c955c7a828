/** Publishing new texts for a structure that leads may be running on (promise 10). */
import type { LeadProfile } from '../sequences/lead.ts';
import type { CompiledSequence, Plan, StepId } from '../sequences/plan.ts';
import { stepsFrom } from '../sequences/route/plan-channels.ts';
import type { Db, Queryable } from './db.ts';
import { loadLeads } from './leads.ts';
import { CommandRefused } from './refused.ts';
import { changedSteps, insertCopy, loadVersion, type Published, type SequenceVersion } from './sequences.ts';

/** Renders one step of the new copy for a lead; answers the first variable that is missing, or null. */
export type RenderCheck = (lead: LeadProfile, step: StepId, compiled: CompiledSequence) => string | null;

/** Leads that a step of the new copy would hold. */
export interface CopyHold {
  readonly step: StepId;
  readonly variable: string;
  readonly leads: number;
}

/** The new copy was not published: it would hold leads that are running now. */
export class CopyWouldHold extends Error {
  override readonly name = 'CopyWouldHold';
  readonly holds: readonly CopyHold[];
  constructor(sequence: string, holds: readonly CopyHold[]) {
    const lines = holds.map(
      ({ step, variable, leads }) =>
        `  step "${step}": {{ ${variable} }} is missing for ${leads} ${leads === 1 ? 'lead' : 'leads'}`,
    );
    super(
      `The new copy of "${sequence}" was not published, because it would hold leads that are running:\n${lines.join('\n')}\nGive these variables a default, or fill them in.`,
    );
    this.holds = holds;
  }
}

const PAGE = 500;

/**
 * Publishes the copy of a compiled file for the version with its structure. Running leads use it from their next touch on, so it
 * is rendered before for each lead that still has a changed step ahead, and refused if it would hold one.
 * @throws CopyWouldHold
 * @throws CommandRefused `not_found` when the structure was never published
 */
export async function publishCopy(
  db: Db,
  compiled: CompiledSequence,
  renderCheck: RenderCheck,
): Promise<Published> {
  const { rows } = await db.query<{ id: string }>(
    'select id from sequence_versions where name = $1 and structure_hash = $2',
    [compiled.name, compiled.structureHash],
  );
  if (!rows[0]) {
    throw new CommandRefused(
      'not_found',
      `Nothing of "${compiled.name}" with this structure was published yet. Launching the file publishes it with its copy.`,
    );
  }
  const version = await loadVersion(db, rows[0].id);
  if (version.copyHash === compiled.copyHash) {
    return { versionId: version.id, revision: version.revision, outcome: 'unchanged' };
  }
  const holds = new Holds();
  // Most leads are looked at before anything is locked; those enrolled meanwhile are looked at under the launches' locks.
  const last = await check(db, { version, compiled, renderCheck, holds, after: null });
  if (holds.size > 0) throw new CopyWouldHold(compiled.name, holds.list());
  return db.tx(async (tx) => {
    await tx.query('select from launches where version_id = $1 order by id for update', [version.id]);
    await tx.query('select from sequence_versions where id = $1 for update', [version.id]);
    const current = await loadVersion(tx, version.id);
    if (current.copyHash === compiled.copyHash) {
      return { versionId: version.id, revision: current.revision, outcome: 'unchanged' };
    }
    await check(tx, { version, compiled, renderCheck, holds, after: last });
    if (holds.size > 0) throw new CopyWouldHold(compiled.name, holds.list());
    await insertCopy(tx, version.id, current.revision + 1, compiled);
    return { versionId: version.id, revision: current.revision + 1, outcome: 'new_copy' };
  });
}

interface Checking {
  readonly version: SequenceVersion;
  readonly compiled: CompiledSequence;
  readonly renderCheck: RenderCheck;
  readonly holds: Holds;
  /** Only enrollments made after this one. */
  readonly after: Position | null;
}

interface Position {
  readonly at: Date;
  readonly id: string;
}

async function check(
  q: Queryable,
  { version, compiled, renderCheck, holds, after }: Checking,
): Promise<Position | null> {
  const changed = changedTouches(version, compiled);
  if (changed.length === 0) return after;
  const ahead = new StepsAhead(version.plan);
  let last = after;
  for (;;) {
    const { rows } = await q.query<{ id: string; at: Date; leadId: string; step: StepId | null }>(
      `select e.id, e.created_at as at, e.lead_id as "leadId", e.engine->'state'->>'step' as step from enrollments e
       where e.version_id = $1 and e.status in ('pending', 'running') and ($2::timestamptz is null or (e.created_at, e.id) > ($2, $3::uuid))
       order by e.created_at, e.id limit ${PAGE}`,
      [version.id, last?.at ?? null, last?.id ?? null],
    );
    const due = rows.flatMap(({ leadId, step }) => {
      const from = step ?? version.plan.start;
      const steps = from === null ? [] : changed.filter((one) => ahead.from(from).has(one));
      return steps.length > 0 ? [{ leadId, steps }] : [];
    });
    const ids = due.map(({ leadId }) => leadId);
    const leads = new Map((await loadLeads(q, ids)).map((lead) => [lead.id, lead]));
    for (const { leadId, steps } of due) {
      const lead = leads.get(leadId);
      if (!lead) continue;
      for (const step of steps) {
        const variable = renderCheck(lead, step, compiled);
        if (variable !== null) holds.add(step, variable);
      }
    }
    if (rows.length > 0) last = { at: rows.at(-1)!.at, id: rows.at(-1)!.id };
    if (rows.length < PAGE) return last;
  }
}

/** Touch steps whose text changes; a changed footer changes every email. */
function changedTouches(version: SequenceVersion, compiled: CompiledSequence): StepId[] {
  const changed = new Set(changedSteps(version.copy, compiled.copy));
  const footer = version.copy.unsubscribeFooter !== compiled.copy.unsubscribeFooter;
  return Object.values(version.plan.nodes)
    .filter((node) => node.kind === 'touch')
    .filter(
      ({ id, channel }) => changed.has(id) || (footer && (channel === 'email' || channel === 'preferred')),
    )
    .map(({ id }) => id);
}

/** `stepsFrom`, remembered. */
class StepsAhead {
  readonly #plan: Plan;
  readonly #known = new Map<StepId, ReadonlySet<StepId>>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  from(step: StepId): ReadonlySet<StepId> {
    let ahead = this.#known.get(step);
    if (!ahead) this.#known.set(step, (ahead = stepsFrom(this.#plan, step)));
    return ahead;
  }
}

class Holds {
  readonly #counts = new Map<string, CopyHold>();

  get size(): number {
    return this.#counts.size;
  }

  add(step: StepId, variable: string): void {
    const key = `${step} ${variable}`;
    this.#counts.set(key, { step, variable, leads: (this.#counts.get(key)?.leads ?? 0) + 1 });
  }

  list(): readonly CopyHold[] {
    return [...this.#counts.values()].sort((a, b) => b.leads - a.leads);
  }
}
