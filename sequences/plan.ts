/**
 * The plan: what a sequence definition compiles to. A skeleton without any text, so that workflows can carry it.
 * Its hash pins a running lead's structure (promise 10). Engine code imports nothing but these types.
 */
import type { Action, Channel } from './lead.ts';

/** An instant in UTC milliseconds since the epoch, of the business clock. */
export type Instant = number;

export interface Duration {
  readonly unit: 'minutes' | 'hours' | 'days' | 'business_days';
  readonly amount: number;
}

/** How long a wait lasts: a length, a fixed local date-time (ISO without offset), or a lead's field holding a date. */
export type WaitSpec =
  | Duration
  | { readonly unit: 'until'; readonly local: string }
  | { readonly unit: 'field'; readonly field: string };

export type StepId = string;

/** Events a lead or a person can cause and steps can wait for. */
export const LEAD_EVENTS = [
  'replied',
  'accepted',
  'opened',
  'clicked',
  'bounced',
  'unsubscribed',
  'meeting_booked',
  'out_of_office',
  'goal',
] as const;
export type LeadEvent = (typeof LEAD_EVENTS)[number];

/** An event of another system: words joined by dots, such as `order.placed`. */
export type OutsideEvent = `${string}.${string}`;
/** How an outside event may be called. */
export const OUTSIDE_EVENT = /^[a-z][a-z0-9_]{0,30}(\.[a-z0-9_]{1,30}){1,3}$/;

/** What an event does when `where` (a condition over the event's data and the lead) holds, or always. */
export interface EventRule {
  readonly event: OutsideEvent;
  readonly where?: string;
}

export const CALL_OUTCOMES = [
  'connected',
  'voicemail',
  'no_answer',
  'wrong_number',
  'meeting_booked',
  'not_interested',
] as const;

/** What may come of the steps that a person does. */
export const STEP_OUTCOMES = { call: CALL_OUTCOMES, task: ['done', 'skipped'] } as const;

export type StopScope = 'lead' | 'company' | 'none';
export type StopRules = Readonly<
  Record<'replied' | 'bounced' | 'unsubscribed' | 'meeting_booked' | 'goal', StopScope>
>;

export type OnFailure = 'continue' | 'stop' | 'task';

interface NodeBase {
  readonly id: StepId;
}

/** Anything that reaches the lead, a rep or another system, and so has a slot and a row in `touches`. */
export interface TouchNode extends NodeBase {
  readonly kind: 'touch';
  /** `preferred`: the channel is chosen per lead when the slot is reserved. */
  readonly channel: Channel | 'preferred' | 'webhook';
  readonly action: Action | 'preferred';
  readonly next: StepId | null;
  readonly review: boolean;
  readonly onFailure: OnFailure;
  /** Continues the thread of that email step. */
  readonly replyTo?: StepId;
  /** Where a call's or task's outcome leads; an outcome that is not named goes to `next`. */
  readonly outcomes?: Readonly<Record<string, StepId | null>>;
  /** LinkedIn messages: how long to wait for the connection before `otherwise` (default: not at all). */
  readonly waitForConnection?: Duration;
  /** LinkedIn messages: where a lead who is not connected goes. Without it the touch is skipped. */
  readonly otherwise?: StepId | null;
  /** Calls and tasks: how long after the slot they are due, and when the sequence goes on without them. */
  readonly due?: Duration;
  readonly giveUpAfter?: Duration;
}

export type PlanNode =
  | TouchNode
  | (NodeBase & { readonly kind: 'wait'; readonly wait: WaitSpec; readonly next: StepId | null })
  | (NodeBase & {
      readonly kind: 'wait_for';
      readonly event: LeadEvent | OutsideEvent;
      /** Of an outside event: a condition over its data and the lead. */
      readonly where?: string;
      readonly within: Duration;
      readonly then: StepId | null;
      readonly otherwise: StepId | null;
    })
  | (NodeBase & {
      readonly kind: 'if';
      readonly condition: string;
      readonly then: StepId | null;
      readonly otherwise: StepId | null;
    })
  | (NodeBase & {
      readonly kind: 'split';
      readonly arms: readonly {
        readonly name: string;
        readonly weight: number;
        readonly next: StepId | null;
      }[];
    })
  | (NodeBase & { readonly kind: 'goal'; readonly name: string })
  | (NodeBase & { readonly kind: 'end' })
  | (NodeBase & { readonly kind: 'reactivate'; readonly after: Duration; readonly with: string });

export interface Plan {
  readonly format: 1;
  readonly start: StepId | null;
  readonly nodes: Readonly<Record<StepId, PlanNode>>;
  readonly stopOn: StopRules;
  /** Outside events that stop it; missing when there are none. */
  readonly stopOnEvents?: readonly (EventRule & { readonly scope: 'lead' | 'company' })[];
}

/** Days and hours in which touches may happen; part of the structure, read by the slot activity, not by the workflow. */
export interface WindowRule {
  /** ISO weekdays, 1 = Monday. */
  readonly days: readonly number[];
  /** Local `HH:MM`, `from` inclusive, `to` exclusive. */
  readonly from: string;
  readonly to: string;
  /** `lead` falls back lead → company → sender → launch; or `sender`, `launch`, or an IANA name. */
  readonly timeZone: string;
  /** `lead`: the lead's country; a list: those countries; empty: none. ISO 3166-1 alpha-2, or with a region: `DE-BY`. */
  readonly holidays: 'lead' | readonly string[];
}

export interface SequenceSettings {
  readonly window: WindowRule;
  readonly contactLimits: { readonly coolOff: Duration | null; readonly companyPerWeek: number | null };
  /** How long a lead is left alone who is away and does not say until when; without it, seven days. */
  readonly outOfOffice?: { readonly unit: 'minutes' | 'hours' | 'days'; readonly amount: number };
  /** Whether opens and clicks of its emails are told; missing: neither. */
  readonly tracking?: { readonly opens: boolean; readonly clicks: boolean };
  /** Sender names or addresses to rotate through, by channel; empty: every sender of the channel. */
  readonly senders: Readonly<Partial<Record<Channel, readonly string[]>>>;
  readonly tags: readonly string[];
  /** Outside events that enroll their leads, where the sequence is launched on events; missing when there are none. */
  readonly enrollOn?: readonly EventRule[];
}

/** The copy of one step, in PostgreSQL only. Which fields are set follows the step's kind. All strings are Liquid templates. */
export interface StepCopy {
  readonly subject?: string;
  /** Markdown, for email; plain text elsewhere (LinkedIn note or message, SMS, WhatsApp, call script, task body). */
  readonly body?: string;
  readonly html?: string;
  readonly text?: string;
  readonly title?: string;
  readonly contentSid?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly attachments?: readonly {
    readonly name: string;
    readonly contentType: string;
    readonly base64: string;
  }[];
  readonly url?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  /** `message` steps: one copy per channel that it may take. */
  readonly byChannel?: Readonly<Partial<Record<Channel, StepCopy>>>;
}

export interface SequenceCopy {
  readonly steps: Readonly<Record<StepId, StepCopy>>;
  /** null: no footer (the List-Unsubscribe header is always there). */
  readonly unsubscribeFooter: string | null;
}

/** What `compile` makes of a definition file. */
export interface CompiledSequence {
  readonly name: string;
  readonly title: string;
  readonly plan: Plan;
  readonly settings: SequenceSettings;
  readonly copy: SequenceCopy;
  /** SHA-256 (hex) over canonical JSON of plan and settings. */
  readonly structureHash: string;
  /** SHA-256 (hex) over canonical JSON of the copy. */
  readonly copyHash: string;
  /** The file as it was written. */
  readonly source: string;
}
