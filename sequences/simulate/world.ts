import { addWaits, MissingField, resolveZone, type BusySlot, type WaitContext } from '../calendar/index.ts';
import type { Answer, Command, EngineState } from '../engine/types.ts';
import { LEAD_FIELDS } from '../language/known-names.ts';
import type { Channel, LeadProfile } from '../lead.ts';
import type { CompiledSequence, Instant, StepId, WaitSpec } from '../plan.ts';
import type { RouteSender } from '../route/route.ts';
import { createContactLog, type ContactLog } from './contacts.ts';
import { createSlotBook, type SlotBook } from './slot-book.ts';
import type {
  ScriptEntry,
  SimulatedDecision,
  SimulatedTouch,
  SimulationInput,
  SimulationLead,
  SimulationSender,
} from './types.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A touch while it is simulated. */
export interface TouchRecord extends Mutable<SimulatedTouch> {
  senderId: string | null;
  /** Its place in the sender's book. */
  busy: BusySlot | null;
}

/** A lead with what happens to it. */
export interface LeadRecord extends SimulationLead {
  readonly index: number;
  readonly companyKey: string | null;
  readonly script: readonly ScriptProgress[];
  readonly sticky: Partial<Record<Channel, string>>;
  readonly suppressedOn: Set<Channel>;
  /** Addresses that bounced, by channel. */
  readonly dead: Partial<Record<Channel, string[]>>;
  /** Channels for which a consent is missing. */
  readonly unconsented: ReadonlySet<Channel>;
  isConnected: boolean;
  /** The enrollment that the lead is in; after the last one ended, that one. */
  walk: Walk;
}

/** A script's entry for one lead, and how often it was used. */
export interface ScriptProgress {
  readonly entry: ScriptEntry;
  used: number;
}

/** One enrollment. */
export interface Walk {
  readonly id: number;
  readonly lead: LeadRecord;
  readonly sequence: CompiledSequence;
  readonly senders: readonly RouteSender[];
  readonly touches: Map<string, TouchRecord>;
  readonly sent: Set<StepId>;
  readonly outcomes: Map<StepId, string>;
  /** Reviewed steps, by step and visit, that the rep let go. */
  readonly approved: Set<string>;
  state: EngineState;
  command: Command | null;
  /** Why it was held last. */
  held: string | null;
  /** Timers of an earlier sleep have another number. */
  sleepNumber: number;
  end: { readonly state: 'finished' | 'stopped'; readonly reason: string; readonly at: Instant } | null;
}

/** What waits in the queue. */
export type Pending =
  | { readonly kind: 'begin'; readonly walk: Walk }
  /** The pacer looks whether more leads can begin. */
  | { readonly kind: 'pace' }
  | { readonly kind: 'due'; readonly walk: Walk; readonly sleepNumber: number }
  | {
      readonly kind: 'event';
      readonly lead: LeadRecord;
      readonly entry: Extract<ScriptEntry, { kind: 'event' }>;
    }
  /** A sent attempt comes back, and may arrive later. */
  | { readonly kind: 'undelivered'; readonly walk: Walk; readonly touch: TouchRecord }
  | {
      readonly kind: 'outcome';
      readonly walk: Walk;
      readonly step: StepId;
      readonly visit: number;
      readonly outcome: string;
    };

/** Everything that one simulation knows. */
export interface World {
  readonly input: SimulationInput;
  readonly senders: ReadonlyMap<string, SimulationSender>;
  readonly book: SlotBook;
  readonly contacts: ContactLog;
  readonly touches: TouchRecord[];
  readonly decisions: SimulatedDecision[];
  now: Instant;
  schedule(at: Instant, pending: Pending): void;
}

export function createWorld(input: SimulationInput, schedule: World['schedule']): World {
  return {
    input,
    senders: new Map(input.senders.map((sender) => [sender.profile.id, sender])),
    book: createSlotBook(new Map(input.senders.map(({ profile, busy = [] }) => [profile.id, busy]))),
    contacts: createContactLog(),
    touches: [],
    decisions: [],
    now: input.start,
    schedule,
  };
}

/** The zone in which a lead's window is read when this sender writes to it. */
export function zoneOf(world: World, walk: Walk, senderId: string | null): string {
  const { profile } = walk.lead;
  return resolveZone(walk.sequence.settings.window.timeZone, {
    lead: profile.timeZone,
    company: profile.companyTimeZone,
    sender: senderId === null ? null : (world.senders.get(senderId)?.profile.timeZone ?? null),
    launch: world.input.launchZone,
  });
}

/** What waits of this lead are worked out with. */
export function waitContext({ input }: Pick<World, 'input'>, walk: Walk, zone: string): WaitContext {
  const { profile } = walk.lead;
  return {
    zone,
    window: walk.sequence.settings.window,
    country: profile.country,
    daysOff: input.daysOff,
    field: (name) => fieldOf(profile, name),
  };
}

/** `lead.attributes.renewal_date`, `renewal_date`: a custom column, or else a field of the profile. */
function fieldOf(profile: LeadProfile, path: string): unknown {
  const name = path.replace(/^lead\./, '').replace(/^attributes\./, '');
  if (Object.hasOwn(profile.attributes, name)) return profile.attributes[name];
  return Object.hasOwn(LEAD_FIELDS, name) ? LEAD_FIELDS[name]?.read(profile) : null;
}

/** Notes why something did or did not happen beside what the engine decides. */
export function decide(world: World, walk: Walk, kind: string, reason: string): void {
  const { lead, sequence, state } = walk;
  world.decisions.push({
    leadId: lead.profile.id,
    sequence: sequence.name,
    at: world.now,
    step: state.step,
    kind,
    reason,
  });
}

/** When the waits of a command are over, or why that cannot be worked out. */
export function wantedTime(
  {
    base,
    waits,
    notBefore = base,
  }: { readonly base: Instant; readonly waits: readonly WaitSpec[]; readonly notBefore?: Instant },
  world: World,
  walk: Walk,
  zone: string,
): { readonly at: Instant } | { readonly held: string } {
  try {
    return { at: Math.max(addWaits(base, waits, waitContext(world, walk, zone)), notBefore) };
  } catch (error) {
    if (error instanceof MissingField) return { held: `missing_field:${error.field}` };
    if (error instanceof RangeError) return { held: 'window_never_opens' };
    throw error;
  }
}

/** The lead waits for a person. */
export function hold(world: World, walk: Walk, reason: string): Answer {
  walk.held = reason;
  decide(world, walk, 'held', reason);
  return { type: 'held', at: world.now, reason };
}

/** The script's entries of one kind that concern a lead. */
export function scriptOf<K extends ScriptEntry['kind']>(
  lead: LeadRecord,
  kind: K,
): (ScriptProgress & { readonly entry: Extract<ScriptEntry, { kind: K }> })[] {
  return lead.script.filter(({ entry }) => entry.kind === kind) as never;
}

/** Whether a script's entry for one step, or for any, is about this one. */
export function concerns(step: StepId | null | undefined, actual: StepId): boolean {
  return step === null || step === actual;
}
