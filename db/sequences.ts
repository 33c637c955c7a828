/** Sequence versions and their copy. A version's structure never changes (promise 10); its copy is published explicitly. */
import { isDeepStrictEqual } from 'node:util';
import type { CompiledSequence, Plan, SequenceCopy, SequenceSettings, StepId } from '../sequences/plan.ts';
import type { Db, Queryable, Tx } from './db.ts';
import { CommandRefused } from './refused.ts';

/** A version with its current copy. */
export interface SequenceVersion {
  readonly id: string;
  /** The same for all versions of that name. */
  readonly sequenceId: string;
  readonly name: string;
  readonly title: string;
  readonly structureHash: string;
  readonly plan: Plan;
  readonly settings: SequenceSettings;
  readonly revision: number;
  readonly copy: SequenceCopy;
  readonly copyHash: string;
  readonly createdAt: Date;
}

export interface Published {
  readonly versionId: string;
  readonly revision: number;
  /** `new_version`: the structure is new. `new_copy`: only the texts are. `unchanged`: it was all there. */
  readonly outcome: 'new_version' | 'new_copy' | 'unchanged';
}

/** The file's structure is published, but with other copy: sending it takes an explicit `publishCopy`. */
export class CopyNotPublished extends Error {
  override readonly name = 'CopyNotPublished';
  readonly versionId: string;
  readonly revision: number;
  readonly steps: readonly StepId[];
  constructor(sequence: string, current: { id: string; revision: number }, steps: readonly StepId[]) {
    super(
      `The texts of sequence "${sequence}" differ from the published ones (copy revision ${current.revision})${steps.length > 0 ? ` in ${steps.map((step) => `"${step}"`).join(', ')}` : ''}. Publish the new copy first; leads that run now get it too.`,
    );
    this.versionId = current.id;
    this.revision = current.revision;
    this.steps = steps;
  }
}

const SELECT = `select v.id, (select id from sequences where name = v.name) as "sequenceId", v.name, v.title, v.structure_hash as "structureHash", v.plan, v.settings, v.created_at as "createdAt",
    c.revision, c.copy, c.copy_hash as "copyHash"
  from sequence_versions v join lateral (
    select revision, copy, copy_hash from copy_revisions where version_id = v.id order by revision desc limit 1) c on true`;

/** The version with its current copy. @throws CommandRefused `not_found` */
export async function loadVersion(q: Queryable, id: string): Promise<SequenceVersion> {
  const { rows } = await q.query<SequenceVersion & Record<string, unknown>>(`${SELECT} where v.id = $1`, [
    id,
  ]);
  if (!rows[0]) throw new CommandRefused('not_found', `There is no sequence version ${id}.`);
  return rows[0];
}

/** The newest version of a sequence, or null when nothing of that name was published. */
export async function loadNewest(q: Queryable, name: string): Promise<SequenceVersion | null> {
  const { rows } = await q.query<SequenceVersion & Record<string, unknown>>(
    `${SELECT} where v.name = $1 order by v.created_at desc, v.id desc limit 1`,
    [name],
  );
  return rows[0] ?? null;
}

/** The newest version of each sequence, by name. */
export async function listSequences(
  q: Queryable,
): Promise<Pick<SequenceVersion, 'id' | 'name' | 'title' | 'revision' | 'createdAt'>[]> {
  const { rows } = await q.query<Pick<SequenceVersion, 'id' | 'name' | 'title' | 'revision' | 'createdAt'>>(
    `select distinct on (v.name) v.id, v.name, v.title, v.created_at as "createdAt",
       (select max(revision) from copy_revisions where version_id = v.id) as revision
     from sequence_versions v order by v.name, v.created_at desc, v.id desc limit 1000`,
  );
  return rows;
}

/**
 * Makes sure that a compiled file is in the database, so that it can be launched. A new structure becomes a new version; the same
 * structure with the same copy is the version that there is.
 * @throws CopyNotPublished when only the copy differs
 */
export async function publish(db: Db, compiled: CompiledSequence): Promise<Published> {
  return db.tx(async (tx) => {
    const version = await insertVersion(tx, compiled);
    if (version.created) {
      await insertCopy(tx, version.id, 1, compiled);
      return { versionId: version.id, revision: 1, outcome: 'new_version' };
    }
    const current = await loadVersion(tx, version.id);
    if (current.copyHash !== compiled.copyHash) {
      throw new CopyNotPublished(compiled.name, current, changedSteps(current.copy, compiled.copy));
    }
    if (current.title !== compiled.title) {
      await tx.query('update sequence_versions set title = $2 where id = $1', [version.id, compiled.title]);
    }
    return { versionId: version.id, revision: current.revision, outcome: 'unchanged' };
  });
}

/** Inserts the version or finds it; two publishers of the same structure wait for each other on the unique index. */
async function insertVersion(tx: Tx, compiled: CompiledSequence): Promise<{ id: string; created: boolean }> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into sequence_versions (name, title, structure_hash, plan, settings) values ($1, $2, $3, $4, $5)
     on conflict (name, structure_hash) do nothing returning id`,
    [
      compiled.name,
      compiled.title,
      compiled.structureHash,
      JSON.stringify(compiled.plan),
      JSON.stringify(compiled.settings),
    ],
  );
  if (rows[0]) return { id: rows[0].id, created: true };
  const known = await tx.query<{ id: string }>(
    'select id from sequence_versions where name = $1 and structure_hash = $2',
    [compiled.name, compiled.structureHash],
  );
  return { id: known.rows[0]!.id, created: false };
}

/** Writes a copy revision. `revision` is one more than the highest; the caller made sure of it under a lock. */
export async function insertCopy(
  tx: Tx,
  versionId: string,
  revision: number,
  compiled: CompiledSequence,
): Promise<void> {
  await tx.query(
    'insert into copy_revisions (version_id, revision, copy, copy_hash, source) values ($1, $2, $3, $4, $5)',
    [versionId, revision, JSON.stringify(compiled.copy), compiled.copyHash, compiled.source],
  );
}

/** Steps whose copy differs between two revisions, in the order of the newer. A changed footer is not among them. */
export function changedSteps(before: SequenceCopy, after: SequenceCopy): StepId[] {
  const steps = new Set([...Object.keys(after.steps), ...Object.keys(before.steps)]);
  // As stored: keys without a value are not there.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));
  return [...steps].filter((step) => !isDeepStrictEqual(plain(before.steps[step]), plain(after.steps[step])));
}
