import { emit } from '../../db/callbacks.ts';
import type { Tx } from '../../db/db.ts';
import {
  addDecisions,
  readGround,
  saveTransition,
  type EnrollmentRow,
  type Ground,
  type Position,
} from '../../db/enrollments.ts';
import { lockChain, type Chain } from '../../db/locks.ts';
import type { Answer, Decision } from '../../sequences/engine/types.ts';
import type { ExecuteInput } from './contract.ts';
import type { EnrollmentDeps } from './deps.ts';
import { positionAfter } from './position.ts';

/** One call of `execute`: its input, and the enrollment as it was read without locks. */
export interface Run {
  readonly deps: EnrollmentDeps;
  readonly input: ExecuteInput;
  readonly row: EnrollmentRow;
}

/** What a command's transaction came to. */
export interface Worked<More = undefined> {
  readonly answer: Answer | null;
  /** Where the lead stands after it; by the answer unless given. `over`: the enrollment was ended, and saved with that. */
  readonly position?: Position | 'over';
  readonly more: More;
}

/** The transition was made from a state that is no longer the saved one, or the enrollment ended. Nothing was changed. */
export class Superseded extends Error {
  readonly ended: string | null;
  constructor(ended: string | null) {
    super('superseded');
    this.ended = ended;
  }
}

/**
 * Carries a command out and saves the transition that asked for it, in one transaction under the chain of locks: the two are
 * never apart (promise 2). `work` sees the ground under the locks.
 * @throws Superseded, Moved
 */
export async function transact<More>(
  { deps, input, row }: Run,
  chain: Pick<Chain, 'senderId' | 'scopes'>,
  work: (tx: Tx, ground: Ground) => Promise<Worked<More>>,
): Promise<{ readonly worked: Worked<More>; readonly revision: number }> {
  const { enrollmentId } = input;
  const { leadId } = row;
  return deps.db.tx(async (tx) => {
    await lockChain(tx, { ...chain, leadId, enrollmentId });
    const ground = await readGround(tx, { enrollmentId, senderId: chain.senderId ?? null });
    if (!ground) throw new Superseded('erased');
    if (ground.status !== 'running') throw new Superseded(ground.reason);
    if (ground.revision !== input.revision) throw new Superseded(null);
    if (chain.scopes && ground.companyId !== chain.scopes.companyId) throw new Moved();
    if (!ground.started) await emit(tx, { type: 'enrollment.started', leadId, enrollmentId });
    await addDecisions(tx, { enrollmentId, leadId }, input.decisions);
    const worked = await work(tx, ground);
    const position = worked.position ?? (worked.answer && positionAfter(worked.answer, input.command));
    if (!position) throw new Error(`command ${input.command.kind} left no position`);
    if (position === 'over') return { worked, revision: input.revision + 1 };
    const { state, command } = input;
    const revision = await saveTransition(tx, {
      enrollmentId,
      revision: input.revision,
      state,
      command,
      ...position,
    });
    if (revision === null) throw new Error('the enrollment changed under its lock');
    if (position.held && !ground.held) await emit(tx, { type: 'enrollment.held', leadId, enrollmentId });
    return { worked, revision };
  });
}

/** The lead went to another company between reading and locking: the command starts again. */
export class Moved extends Error {}

/** Writes one decision of the activity's own, with what people may read about it. */
export async function decide(
  tx: Tx,
  { input, row }: Pick<Run, 'input' | 'row'>,
  decision: Decision & { readonly detail?: string | null },
): Promise<void> {
  await addDecisions(tx, { enrollmentId: input.enrollmentId, leadId: row.leadId }, [decision]);
}
