/** The commands that only read, give back or end. */
import { emit } from '../../db/callbacks.ts';
import { addSuccessor, endEnrollment, readHistory } from '../../db/enrollments.ts';
import { readLaunchForTouch } from '../../db/touch-needs.ts';
import { cancelTasks, cancelTasksOf } from '../../db/touch-tasks.ts';
import { cancelTouchesOf, lockTouch, skipTouch } from '../../db/touches.ts';
import type { Answer, Command } from '../../sequences/engine/types.ts';
import {
  ConditionError,
  evaluateCondition,
  type ConditionFacts,
} from '../../sequences/language/conditions/evaluate.ts';
import { calendarOf, leadOf, type Library } from './context.ts';
import { hold, keyOf, wantedTime } from './reserve.ts';
import { decide, transact, type Run } from './transact.ts';

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

/** Works out when the waits are over. */
export async function delay(run: Run, library: Library, command: Of<'delay'>) {
  const { deps, row } = run;
  const version = await library.version(deps.db, row.versionId);
  const lead = await leadOf(deps.db, row.leadId);
  const launch = await readLaunchForTouch(deps.db, row.launchId);
  const wanted = wantedTime(command, calendarOf({ version, launch, lead }, null));
  return answer(run, async (tx, ground) =>
    'held' in wanted
      ? hold(tx, run, ground, wanted.held)
      : { type: 'until', at: ground.now, until: wanted.at },
  );
}

/** Evaluates the condition of an `if`. */
export async function evaluate(run: Run, library: Library, command: Of<'evaluate'>) {
  const { deps, row, input } = run;
  const version = await library.version(deps.db, row.versionId);
  const node = version.plan.nodes[command.step];
  if (node?.kind !== 'if') throw new Error(`step ${command.step} is no condition`);
  const lead = await leadOf(deps.db, row.leadId);
  const { sent, outcomes } = await readHistory(deps.db, input.enrollmentId);
  const result = truth(node.condition, {
    lead,
    happened: input.state.happened,
    outcomes,
    sent: Object.fromEntries(sent.map((step) => [step, true])),
    events: Object.keys(input.state.outside ?? {}),
  });
  return answer(run, async (tx, ground) =>
    typeof result === 'boolean'
      ? { type: 'evaluated', at: ground.now, value: result }
      : hold(tx, run, ground, result.held),
  );
}

/** Leaves a touch undone. What has left, or may have, stays as it is. */
export async function release(run: Run, command: Of<'release'>) {
  const { leadId } = run.row;
  return answer(run, async (tx, ground) => {
    const touch = await lockTouch(tx, keyOf(run, command));
    if (touch && (await skipTouch(tx, touch.id, { reason: command.reason, at: ground.now }))) {
      await cancelTasks(tx, touch.id, command.reason);
      await decide(tx, run, { at: ground.now, step: command.step, kind: 'skipped', reason: command.reason });
      await emit(tx, {
        type: 'touch.skipped',
        leadId,
        enrollmentId: run.input.enrollmentId,
        touchId: touch.id,
      });
    }
    return { type: 'released', at: ground.now };
  });
}

/** Ends the enrollment; `next` enrolls the lead in another sequence in the same transaction. */
export async function finish(
  run: Run,
  command: Of<'finish'>,
): Promise<{ readonly successor: string | null }> {
  const { deps, input, row } = run;
  const { enrollmentId } = input;
  const { outcome, reason, next } = command;
  const { worked } = await transact(run, {}, async (tx, ground) => {
    await cancelTasksOf(tx, enrollmentId, reason);
    await cancelTouchesOf(tx, enrollmentId, reason);
    await endEnrollment(tx, enrollmentId, { status: outcome, reason, state: input.state, command });
    await decide(tx, run, { at: ground.now, step: input.state.step, kind: outcome, reason });
    await emit(tx, { type: `enrollment.${outcome}`, leadId: row.leadId, enrollmentId });
    const successor = next === null ? null : await addSuccessor(tx, enrollmentId, next);
    if (next !== null && successor === null) {
      await decide(tx, run, {
        at: ground.now,
        step: input.state.step,
        kind: 'not_reactivated',
        reason: 'no_such_sequence',
      });
    }
    return { answer: null, position: 'over', more: successor };
  });
  if (next !== null && worked.more === null) {
    deps.log.error({ enrollmentId, sequence: next }, 'no sequence of this name to reactivate with');
  }
  return { successor: worked.more };
}

/** Whether a condition holds, or why that cannot be said of this lead. */
function truth(expression: string, facts: ConditionFacts): boolean | { readonly held: string } {
  try {
    return evaluateCondition(expression, facts);
  } catch (error) {
    if (error instanceof ConditionError) return { held: error.code };
    throw error;
  }
}

async function answer(
  run: Run,
  work: (...args: Parameters<Parameters<typeof transact>[2]>) => Promise<Answer>,
) {
  const { worked, revision } = await transact(run, {}, async (tx, ground) => ({
    answer: await work(tx, ground),
    more: undefined,
  }));
  return { answer: worked.answer, revision };
}
