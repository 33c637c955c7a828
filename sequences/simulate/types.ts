import type { BusySlot, Cap, DaysOff, RampUp } from '../calendar/index.ts';
import type { ConsentPolicy } from '../consent.ts';
import type { Decision } from '../engine/types.ts';
import type { Action, Channel, LeadProfile, SenderProfile } from '../lead.ts';
import type { CompiledSequence, Duration, Instant, LeadEvent, OutsideEvent, StepId } from '../plan.ts';

export interface SimulationLead {
  readonly profile: LeadProfile;
  /** Colleagues have the same; null: on their own. Default: the company's domain. */
  readonly company?: string | null;
  /** Already a LinkedIn connection. */
  readonly connected?: boolean;
  /** Must not be contacted on these channels. */
  readonly suppressed?: readonly Channel[];
  /** Last wrote on WhatsApp then, which allows free text for 24 hours. */
  readonly lastWhatsappInAt?: Instant;
}

export interface SimulationSender {
  readonly profile: SenderProfile;
  /** By action; an action that is missing is not capped. */
  readonly caps: Readonly<Partial<Record<Action, Cap>>>;
  readonly rampUp: RampUp | null;
  readonly minGapMs: number;
  readonly jitterMs: number;
  readonly broken?: boolean;
  /** Has no wire to its channel: each touch is a task for the rep. */
  readonly byHand?: boolean;
  /** What it has given away already, by time. */
  readonly busy?: readonly BusySlot[];
}

/** When something of a script happens. Lengths are counted in the lead's zone. */
export type ScriptTime =
  | { readonly at: Instant }
  /** After the simulation's start, or after the first touch of `step` (after its task opened). */
  | { readonly after: readonly Duration[]; readonly step?: StepId };

/** What comes back, who does what, and what goes wrong. `lead`: an id or email address; null: every lead. */
export type ScriptEntry =
  | {
      readonly kind: 'event';
      readonly lead: string | null;
      readonly when: ScriptTime;
      readonly event: LeadEvent | OutsideEvent;
      /** Of another system's event. */
      readonly data?: Readonly<Record<string, unknown>>;
      /** Out of office: no touch before. */
      readonly until?: Instant;
    }
  /**
   * The rep ends the task of a step (null: of any step) so long after it opened. `approved` lets a reviewed message go,
   * `retry` sends a failed one again; `skipped` and `rejected` leave the touch out.
   */
  | {
      readonly kind: 'outcome';
      readonly lead: string | null;
      readonly step: StepId | null;
      readonly outcome: string;
      readonly after: readonly Duration[];
    }
  /** The provider's answer to the first `times` attempts of a step. */
  | {
      readonly kind: 'failure';
      readonly lead: string | null;
      readonly step: StepId;
      /** `undelivered`: taken, and come back. */
      readonly result: 'failed' | 'later' | 'unknown' | 'undelivered';
      readonly code: string;
      readonly times: number;
      /** `later`: from when it may be tried again; `undelivered`: when the report comes. */
      readonly retryAfter: readonly Duration[];
    };

export interface SimulationInput {
  readonly sequence: CompiledSequence;
  /** Sequences that `reactivate` steps go on with. */
  readonly others?: readonly CompiledSequence[];
  readonly leads: readonly SimulationLead[];
  readonly senders: readonly SimulationSender[];
  readonly start: Instant;
  /** The zone of leads that have none and whose company and sender have none. */
  readonly launchZone: string;
  readonly script?: readonly ScriptEntry[];
  /** Default: PERSONA_CHANNELS. */
  readonly personaChannels?: Readonly<Record<string, Channel>>;
  /** Where a consent is needed before a channel may be used. Default: nowhere. */
  readonly consentPolicy?: ConsentPolicy;
  /** The company's own, beside its sequences' holidays. Default: none. */
  readonly daysOff?: readonly DaysOff[];
  /** Leads begin as their senders' capacity for first touches comes near, as a launch starts them; else all at the start. */
  readonly paced?: boolean;
  /** Nothing is simulated from here on. Default: two years after the start. */
  readonly until?: Instant;
}

export interface SimulatedTouch {
  readonly leadId: string;
  readonly sequence: string;
  readonly stepId: StepId;
  readonly visit: number;
  readonly attempt: number;
  readonly channel: Channel | 'webhook';
  readonly action: Action;
  /** The sender's address; null: none. */
  readonly sender: string | null;
  /** As in the ledger. `task`: open still; a task that was done is `sent`. */
  readonly state: 'booked' | 'sent' | 'failed' | 'skipped' | 'unconfirmed' | 'task' | 'cancelled';
  /** When it went out, was done or left out; while `task` when it opened; while `booked` or `cancelled` its slot. */
  readonly at: Instant;
  /** Why not. */
  readonly reason: string | null;
  /** The lead's zone, in which its window is read. */
  readonly zone: string;
}

/** How far a simulation is; the list grows. */
export interface SimulationProgress {
  readonly now: Instant;
  /** Leads that began. */
  readonly begun: number;
  readonly touches: readonly (SimulatedTouch & { readonly senderId: string | null })[];
  readonly decisions: readonly SimulatedDecision[];
}

export interface SimulatedDecision extends Decision {
  readonly leadId: string;
  readonly sequence: string;
}

/** How a lead stands at the end, in the last sequence it was in. */
export interface SimulatedLead {
  readonly leadId: string;
  readonly sequence: string;
  /** `held`: only a person can go on. `running`: the simulation's end came first, or only an event could go on. */
  readonly state: 'running' | 'held' | 'finished' | 'stopped';
  readonly reason: string;
  readonly endedAt: Instant | null;
  readonly zone: string;
}

export interface SimulationResult {
  /** In the order in which they were booked or done, over all leads. */
  readonly touches: readonly SimulatedTouch[];
  readonly decisions: readonly SimulatedDecision[];
  /** In the order of the input. */
  readonly leads: readonly SimulatedLead[];
}
