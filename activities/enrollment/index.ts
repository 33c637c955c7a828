/** The Temporal side of the engine: what a command means in PostgreSQL and at the providers. */
import { readEnrollment, saveTransition, type EnrollmentRow } from '../../db/enrollments.ts';
import { readInbox } from '../../db/inbox.ts';
import type { TouchState } from '../../db/touches.ts';
import { seedNumber } from '../../sequences/engine/hash.ts';
import type { Answer } from '../../sequences/engine/types.ts';
import { Library } from './context.ts';
import type {
  Ended,
  ExecuteInput,
  ExecuteResult,
  LoadInput,
  LoadResult,
  LookInput,
  LookResult,
} from './contract.ts';
import type { EnrollmentDeps } from './deps.ts';
import { failureOf } from './failures.ts';
import { perform, reach } from './perform.ts';
import { positionAsleep } from './position.ts';
import { reserve } from './reserve.ts';
import { settleExpired } from './settle-expired.ts';
import { createCourier, type Courier } from './send.ts';
import { delay, evaluate, finish, release } from './simple.ts';
import { Moved, Superseded, transact, type Run } from './transact.ts';
import { waitsForMailbox } from './unread.ts';

export type * from './contract.ts';
export type { EnrollmentDeps } from './deps.ts';

/** The local activities of the enrollment workflow. */
export interface EnrollmentActivities {
  /** Where the enrollment stands, to begin or to go on from. */
  load(input: LoadInput): Promise<LoadResult>;
  /** Saves a transition and carries its command out. Run again with the same or a later revision it answers the same. */
  execute(input: ExecuteInput): Promise<ExecuteResult>;
  /** What came in while the lead slept. */
  look(input: LookInput): Promise<LookResult>;
  /**
   * Finds out about a touch that is still `sending` after its lease, whether its enrollment goes on or not: for the sweep, since
   * an ended enrollment has no workflow that would look. Any other touch stays as it is. Answers the state that it is in then.
   */
  settleExpired(input: { readonly touchId: string }): Promise<{ readonly state: TouchState | 'gone' }>;
}

/** How much of a lease the provider may use. */
const LEASE_FOR_PROVIDER = 0.75;

/** The activities, and `drain`: waits for the sends of this process that outlived their activity. */
export function createEnrollmentActivities(
  given: EnrollmentDeps,
): EnrollmentActivities & { drain(): Promise<void> } {
  // A provider must have answered, or be given up, before anybody else may judge the touch.
  const deps = { ...given, sendTimeoutMs: Math.min(given.sendTimeoutMs, given.leaseMs * LEASE_FOR_PROVIDER) };
  const library = new Library();
  const courier = createCourier(deps);
  const { db, clock, log } = deps;

  async function guarded<T>(enrollmentId: string, work: () => Promise<T>): Promise<T | Ended> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Superseded && error.ended !== null) return { kind: 'ended', reason: error.ended };
      throw failureOf(error, log, { enrollmentId });
    }
  }

  return {
    load: ({ enrollmentId }) =>
      guarded(enrollmentId, async () => {
        const row = await running(deps, enrollmentId);
        const { plan } = await library.version(db, row.versionId);
        const state = row.engine?.state ?? null;
        const news = await readInbox(db, enrollmentId, state?.seen ?? 0);
        await clock.refresh();
        return {
          kind: 'run',
          plan,
          state,
          command: row.engine?.command ?? null,
          revision: row.revision,
          news,
          now: clock.now(),
          speed: clock.speed(),
          seed: seedNumber(row.leadSeed),
        };
      }),

    execute: (input) =>
      guarded<ExecuteResult>(input.enrollmentId, async () => {
        for (let moves = 0; ; moves++) {
          try {
            return await carryOut(deps, library, courier, input);
          } catch (error) {
            if (error instanceof Superseded && error.ended === null) return { kind: 'stale' };
            if (!(error instanceof Moved) || moves >= 3) throw error;
          }
        }
      }),

    look: ({ enrollmentId, seen, until }) =>
      guarded(enrollmentId, async () => {
        if (until !== undefined) await reach(clock, until);
        await running(deps, enrollmentId);
        const news = await readInbox(db, enrollmentId, seen);
        await clock.refresh();
        return { kind: 'news', news, now: clock.now(), speed: clock.speed() };
      }),

    async settleExpired({ touchId }) {
      try {
        return { state: await settleExpired(deps, courier, touchId) };
      } catch (error) {
        throw failureOf(error, log, { touchId });
      }
    },

    drain: () => courier.drain(),
  };
}

/** @throws Superseded when the enrollment does not run */
async function running({ db }: EnrollmentDeps, enrollmentId: string): Promise<EnrollmentRow> {
  const row = await readEnrollment(db, enrollmentId);
  if (!row) throw new Superseded('erased');
  // One that waits for capacity is started by its launch, whoever else wakes it.
  if (row.status !== 'running') throw new Superseded(row.reason);
  return row;
}

async function carryOut(
  deps: EnrollmentDeps,
  library: Library,
  courier: Courier,
  input: ExecuteInput,
): Promise<ExecuteResult> {
  const row = await running(deps, input.enrollmentId);
  if (row.revision !== input.revision) return { kind: 'stale' };
  const run: Run = { deps, input, row };
  const { command } = input;
  if (command.kind === 'finish') {
    const { successor } = await finish(run, command);
    if (successor) deps.started(successor);
    return { kind: 'done' };
  }
  const { answer, revision } = await commanded(run, library, courier);
  const news = await readInbox(deps.db, input.enrollmentId, input.state.seen);
  return { kind: 'answer', revision, answer, news, now: deps.clock.now(), speed: deps.clock.speed() };
}

interface Carried {
  readonly answer: Answer | null;
  readonly revision: number;
}

function commanded(run: Run, library: Library, courier: Courier): Promise<Carried> {
  const { command } = run.input;
  switch (command.kind) {
    case 'reserve':
      return reserve(run, library, command);
    case 'perform':
      return perform(run, library, courier, command);
    case 'delay':
      return delay(run, library, command);
    case 'evaluate':
      return evaluate(run, library, command);
    case 'release':
      return release(run, command);
    case 'sleep':
      return fallAsleep(run);
    case 'finish':
      throw new Error('finish has no answer');
  }
}

/** Saves a sleeping lead. Nothing can forbid it, so without anything to tell, one statement is enough. */
async function fallAsleep(run: Run): Promise<Carried> {
  const { deps, input, row } = run;
  const { state, command, decisions } = input;
  const asleep = positionAsleep(state);
  // Until the touch is tried again, it is still what it waits for.
  const position =
    state.phase === 'booked' && waitsForMailbox(row.reason) ? { ...asleep, reason: null } : asleep;
  if (decisions.length > 0 || row.startedAt === null) {
    const { revision } = await transact(run, {}, async () => ({ answer: null, position, more: undefined }));
    return { answer: null, revision };
  }
  const { enrollmentId } = input;
  const saved = await saveTransition(deps.db, {
    enrollmentId,
    revision: row.revision,
    state,
    command,
    ...position,
  });
  if (saved === null) throw new Superseded((await running(deps, enrollmentId)) && null);
  return { answer: null, revision: saved };
}
