/** What the enrollment workflow and its activities say to each other: ids, step names, codes and times, never personal data. */
import type { Answer, Command, Decision, EngineState, InboxEvent } from '../../sequences/engine/types.ts';
import type { Instant, Plan } from '../../sequences/plan.ts';

export interface LoadInput {
  readonly enrollmentId: string;
}

export type LoadResult =
  | {
      readonly kind: 'run';
      readonly plan: Plan;
      /** null: never begun. */
      readonly state: EngineState | null;
      /** What is outstanding. */
      readonly command: Command | null;
      readonly revision: number;
      readonly news: readonly InboxEvent[];
      readonly now: Instant;
      readonly speed: number;
      readonly seed: number;
    }
  | Ended;

export interface ExecuteInput {
  readonly enrollmentId: string;
  /** The revision that `state` was made from. */
  readonly revision: number;
  readonly state: EngineState;
  readonly command: Command;
  readonly decisions: readonly Decision[];
}

export type ExecuteResult =
  | {
      readonly kind: 'answer';
      readonly revision: number;
      /** null: the command has none. */
      readonly answer: Answer | null;
      readonly news: readonly InboxEvent[];
      readonly now: Instant;
      readonly speed: number;
    }
  /** The enrollment was ended as commanded. */
  | { readonly kind: 'done' }
  /** Somebody saved another transition: load again. */
  | { readonly kind: 'stale' }
  | Ended;

export interface LookInput {
  readonly enrollmentId: string;
  readonly seen: number;
  /** A business instant that the clock should have reached by now: waited for if it is moments away. */
  readonly until?: Instant;
}

export type LookResult =
  | {
      readonly kind: 'news';
      readonly news: readonly InboxEvent[];
      readonly now: Instant;
      readonly speed: number;
    }
  | Ended;

/** The enrollment does not run: a stop is in force, or it is over. */
export interface Ended {
  readonly kind: 'ended';
  readonly reason: string;
}
