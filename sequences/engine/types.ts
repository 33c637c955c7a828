/**
 * The engine's words: state, events, commands. One reducer, two hosts (Temporal and the simulator).
 * Everything here is plain data without personal data: it is recorded in Temporal histories.
 */
import type { Instant, LeadEvent, OutsideEvent, StepId, WaitSpec } from '../plan.ts';

/** Where one enrollment stands. Saved in PostgreSQL, with the command that is outstanding, at each transition. */
export interface EngineState {
  readonly format: 1;
  /** The step the lead is at; null before the first and after the last. */
  readonly step: StepId | null;
  readonly visit: number;
  readonly attempt: number;
  /** What delays count from: when the last touch happened or its slot passed. */
  readonly base: Instant;
  /** Waits met since `base`, not yet slept. */
  readonly waits: readonly WaitSpec[];
  readonly phase:
    | 'entering'
    | 'reserving'
    | 'booked'
    | 'performing'
    | 'in_flight'
    | 'task'
    | 'delaying'
    | 'sleeping'
    | 'evaluating'
    | 'held'
    | 'paused'
    | 'unconfirmed'
    | 'awaiting_connection'
    | 'finishing'
    | 'done';
  /** When the present sleep ends; null: only an event ends it. */
  readonly until: Instant | null;
  /** First time each event came in this enrollment. */
  readonly happened: Readonly<Partial<Record<LeadEvent, Instant>>>;
  /** First time each event of another system came. */
  readonly outside?: Readonly<Record<OutsideEvent, Instant>>;
  /** The `wait_for` steps whose outside event has come, as they want it. */
  readonly met?: Readonly<Record<StepId, Instant>>;
  /** Whether a touch step lies behind: until then the next one is the lead's first. */
  readonly touched: boolean;
  /** Until when the lead is away: whatever comes next waits for it. An answer or an earlier date set by a person ends it. */
  readonly absentUntil?: Instant;
  /** The attempt that went out last: one that comes back undelivered is made again while nothing else has followed it. */
  readonly lastSent?: { readonly step: StepId; readonly visit: number; readonly attempt: number };
  /** Number of the last inbox entry that was taken in. */
  readonly seen: number;
  /** Decides A/B arms; from the lead's seed. */
  readonly seed: number;
}

/** What the reducer asks of its host. Each can be carried out again with the same answer (idempotent by enrollment, step, visit, attempt). */
export type Command =
  /** Book the first free slot at or after `base` plus `waits` and not before now, for this attempt. Webhook steps know no window. Answers: slot; held when a wait's field is missing. */
  | {
      readonly kind: 'reserve';
      readonly step: StepId;
      readonly visit: number;
      readonly attempt: number;
      readonly base: Instant;
      readonly waits: readonly WaitSpec[];
      /** Not before this either, however short the waits (an absence). */
      readonly notBefore?: Instant;
      readonly first: boolean;
    }
  /**
   * Do the touch now. A touch that has become a task answers `task_open` however often it is asked, also when the task is
   * done (its inbox event says so), except an approved review, which sends. Answers: sent, skipped, failed, later, rebook, early, in_flight, task_open, held, paused, unconfirmed, not_connected.
   */
  | {
      readonly kind: 'perform';
      readonly step: StepId;
      readonly visit: number;
      readonly attempt: number;
      readonly asTask: boolean;
    }
  /** Work out when `base` plus `waits` is. Answers: until. */
  | {
      readonly kind: 'delay';
      readonly step: StepId | null;
      readonly base: Instant;
      readonly waits: readonly WaitSpec[];
    }
  /**
   * Sleep; ended by `due` at `until` or earlier by an inbox event. Executing it only saves the state (after inbox events
   * changed it): the answer is null, and a lead loaded with it goes on sleeping.
   */
  | { readonly kind: 'sleep'; readonly until: Instant | null }
  /** Evaluate the condition of an `if`. Answers: evaluated, or held when it cannot be evaluated. */
  | { readonly kind: 'evaluate'; readonly step: StepId }
  /** Leave this touch undone: give back its slot or close its task. Answers: released. */
  | {
      readonly kind: 'release';
      readonly step: StepId;
      readonly visit: number;
      readonly attempt: number;
      readonly reason: string;
    }
  /** The end. `reactivated` also enrolls the lead in the sequence `next`. Answers: nothing. */
  | {
      readonly kind: 'finish';
      readonly outcome: 'finished' | 'stopped';
      readonly reason: string;
      readonly next: string | null;
    };

/** Answers to commands. `at` is the business clock when it happened. */
export type Answer =
  | { readonly type: 'slot'; readonly at: Instant; readonly slotAt: Instant }
  | { readonly type: 'until'; readonly at: Instant; readonly until: Instant }
  | { readonly type: 'due'; readonly at: Instant }
  | { readonly type: 'evaluated'; readonly at: Instant; readonly value: boolean }
  | { readonly type: 'released'; readonly at: Instant }
  | { readonly type: 'sent'; readonly at: Instant }
  | { readonly type: 'skipped'; readonly at: Instant; readonly reason: string }
  | { readonly type: 'failed'; readonly at: Instant; readonly code: string }
  /** The provider refused for now: proof that this attempt did not go out. */
  | { readonly type: 'later'; readonly at: Instant; readonly notBefore: Instant; readonly code: string }
  /** Window, cap, gap or a contact limit no longer hold: book the same attempt anew. */
  | { readonly type: 'rebook'; readonly at: Instant; readonly notBefore: Instant; readonly reason: string }
  /** The clock has not reached the slot yet (a slowed time-lapse), or the send is still under way: look again. */
  | { readonly type: 'early'; readonly at: Instant; readonly lookAt: Instant }
  | { readonly type: 'in_flight'; readonly at: Instant; readonly lookAt: Instant }
  | { readonly type: 'task_open'; readonly at: Instant; readonly giveUpAt: Instant | null }
  | { readonly type: 'not_connected'; readonly at: Instant; readonly waitUntil: Instant | null }
  | { readonly type: 'held'; readonly at: Instant; readonly reason: string }
  | { readonly type: 'paused'; readonly at: Instant; readonly scope: string }
  | { readonly type: 'unconfirmed'; readonly at: Instant };

/** What came in from outside, in the order of `seq` (promise 3: already in force in PostgreSQL when it gets here). */
export type InboxEvent =
  | { readonly type: 'event'; readonly seq: number; readonly at: Instant; readonly name: LeadEvent }
  /** An event of another system; its data stay in PostgreSQL, where `met` (steps that wait for just that) and `stop` were decided. */
  | {
      readonly type: 'outside';
      readonly seq: number;
      readonly at: Instant;
      readonly name: OutsideEvent;
      readonly met: readonly StepId[];
      readonly stop: boolean;
    }
  | {
      readonly type: 'task_done';
      readonly seq: number;
      readonly at: Instant;
      readonly step: StepId;
      readonly visit: number;
      readonly outcome: string;
    }
  /** A review task was answered: the touch may go, as edited. */
  | {
      readonly type: 'approved';
      readonly seq: number;
      readonly at: Instant;
      readonly step: StepId;
      readonly visit: number;
    }
  | {
      readonly type: 'settled';
      readonly seq: number;
      readonly at: Instant;
      readonly step: StepId;
      readonly visit: number;
      readonly sent: boolean;
    }
  /** An attempt that was sent has come back undelivered, which proves that it reached nobody: again from `retryAt` on. */
  | {
      readonly type: 'undelivered';
      readonly seq: number;
      readonly at: Instant;
      readonly step: StepId;
      readonly visit: number;
      readonly attempt: number;
      readonly retryAt: Instant;
    }
  | { readonly type: 'skip'; readonly seq: number; readonly at: Instant }
  | { readonly type: 'reschedule'; readonly seq: number; readonly at: Instant; readonly to: Instant }
  /** A pause ended or what held the lead was mended: try again. */
  | { readonly type: 'resume'; readonly seq: number; readonly at: Instant }
  /** An absence (out of office): no touch before `until`. */
  | { readonly type: 'hold_until'; readonly seq: number; readonly at: Instant; readonly until: Instant };

export type EngineEvent = { readonly type: 'begin'; readonly at: Instant } | Answer | InboxEvent;

/** Why something did or did not happen, for `why` and `timeline`. Saved with the transition that made it. */
export interface Decision {
  readonly at: Instant;
  readonly step: StepId | null;
  readonly kind: string;
  readonly reason: string;
}

export interface Transition {
  readonly state: EngineState;
  readonly command: Command;
  readonly decisions: readonly Decision[];
}
