/** The leads of a simulation: as they begin, and how they stand. */
import { channelsWithoutConsent } from '../consent.ts';
import { seedNumber } from '../engine/hash.ts';
import { initialState } from '../engine/reduce.ts';
import type { CompiledSequence } from '../plan.ts';
import { addressesOn } from '../route/addresses.ts';
import { hasNoWayLeft } from '../route/plan-channels.ts';
import type { RouteSender } from '../route/route.ts';
import type { SimulatedLead, SimulationLead, SimulationSender } from './types.ts';
import { zoneOf, type LeadRecord, type Walk, type World } from './world.ts';

/** Leads by company. */
export type Companies = ReadonlyMap<string, readonly LeadRecord[]>;

/** Who works where; leads of no company are left out. */
export function byCompany(leads: readonly LeadRecord[]): Companies {
  const companies = new Map<string, LeadRecord[]>();
  for (const lead of leads) {
    if (lead.companyKey === null) continue;
    const colleagues = companies.get(lead.companyKey);
    if (colleagues) colleagues.push(lead);
    else companies.set(lead.companyKey, [lead]);
  }
  return companies;
}

/** A lead before anything happened to it, about to begin. */
export function createLead(world: World, lead: SimulationLead, index: number): LeadRecord {
  const { profile } = lead;
  const names = new Set([profile.id, ...profile.emails]);
  const record: Omit<LeadRecord, 'walk'> = {
    ...lead,
    index,
    companyKey: lead.company === undefined ? profile.companyDomain : lead.company,
    script: (world.input.script ?? [])
      .filter((entry) => entry.lead === null || names.has(entry.lead))
      .map((entry) => ({ entry, used: 0 })),
    sticky: {},
    suppressedOn: new Set(lead.suppressed),
    dead: {},
    unconsented: new Set(channelsWithoutConsent(world.input.consentPolicy ?? {}, profile)),
    isConnected: lead.connected ?? false,
  };
  return Object.assign(record, {
    walk: createWalk(world, record as LeadRecord, world.input.sequence, index),
  });
}

/** An enrollment that has not begun. */
export function createWalk(world: World, lead: LeadRecord, sequence: CompiledSequence, id: number): Walk {
  return {
    id,
    lead,
    sequence,
    senders: allowedSenders(world, sequence),
    touches: new Map(),
    sent: new Set(),
    outcomes: new Map(),
    approved: new Set(),
    state: initialState({ seed: seedNumber(lead.profile.seed), at: world.now }),
    command: null,
    held: null,
    sleepNumber: 0,
    end: null,
  };
}

const allowed = new WeakMap<World, Map<CompiledSequence, readonly RouteSender[]>>();

/** The senders that a definition names, by channel; all of a channel for which it names none. */
function allowedSenders(world: World, sequence: CompiledSequence): readonly RouteSender[] {
  let known = allowed.get(world);
  if (!known) allowed.set(world, (known = new Map()));
  let senders = known.get(sequence);
  if (!senders) {
    senders = world.input.senders.filter((sender) => isNamed(sequence, sender)).map(toRouteSender);
    known.set(sequence, senders);
  }
  return senders;
}

function isNamed({ settings }: CompiledSequence, { profile }: SimulationSender): boolean {
  const names = settings.senders[profile.channel]?.map((name) => name.toLowerCase());
  if (!names || names.length === 0) return true;
  return names.includes(profile.address.toLowerCase()) || names.includes(profile.name.toLowerCase());
}

function toRouteSender({ profile, broken }: SimulationSender): RouteSender {
  const { id, channel, address, owner } = profile;
  return { id, channel, address, owner, broken: broken ?? false };
}

/** Whether of what is ahead of the lead every channel is closed to it; without a suppression nothing is. */
export function isUnreachable({ profile, suppressedOn, walk }: LeadRecord): boolean {
  if (suppressedOn.size === 0) return false;
  const { plan, copy } = walk.sequence;
  return hasNoWayLeft(
    { plan, copy, from: walk.state.step },
    (channel) => addressesOn(channel, profile).length > 0 && !suppressedOn.has(channel),
  );
}

/** An address that is nobody's is not written to again; without another one, nor is the channel used. */
export function bounce({ profile, dead, suppressedOn }: LeadRecord): void {
  const address = profile.emails.find((email) => !dead.email?.includes(email));
  if (address !== undefined) dead.email = [...(dead.email ?? []), address];
  if (dead.email?.length === profile.emails.length) suppressedOn.add('email');
}

/** How a lead stands now. */
export function resultOf(world: World, lead: LeadRecord): SimulatedLead {
  const { walk } = lead;
  const zone = zoneOf(world, walk, lead.sticky.email ?? lead.sticky.linkedin ?? null);
  const stand = walk.end ?? { ...waiting(walk), at: null };
  return {
    leadId: lead.profile.id,
    sequence: walk.sequence.name,
    state: stand.state,
    reason: stand.reason,
    endedAt: stand.at,
    zone,
  };
}

function waiting({ state, held }: Walk): Pick<SimulatedLead, 'state' | 'reason'> {
  switch (state.phase) {
    case 'held':
      return { state: 'held', reason: held ?? 'held' };
    case 'unconfirmed':
      return { state: 'held', reason: 'unconfirmed' };
    case 'paused':
      return { state: 'running', reason: 'paused_sender' };
    case 'task':
      return { state: 'running', reason: 'waits_for_task' };
    case 'awaiting_connection':
      return { state: 'running', reason: 'waits_for_connection' };
    default:
      return { state: 'running', reason: 'waits' };
  }
}
