import { hash32 } from '../engine/hash.ts';
import type { Action, Channel, ContactChannel, LeadProfile } from '../lead.ts';
import type { StepCopy, TouchNode } from '../plan.ts';
import { addressesOn } from './addresses.ts';
import { MESSAGE_ACTION } from './plan-channels.ts';

/** A sender that the sequence and the launch allow. */
export interface RouteSender {
  readonly id: string;
  readonly channel: Channel;
  /** Decides the rotation together with the lead, so it is the same in every host. */
  readonly address: string;
  /** The rep whose it is. */
  readonly owner: string | null;
  /** A broken sender is passed over, also by leads that keep to it. */
  readonly broken: boolean;
}

export interface RouteRequest {
  readonly node: TouchNode;
  readonly copy: StepCopy;
  readonly lead: LeadProfile;
  readonly senders: readonly RouteSender[];
  /** The sender that the lead keeps, by channel. */
  readonly sticky: Readonly<Partial<Record<Channel, string>>>;
  /** Whether the lead is known to be a LinkedIn connection: `preferred` writes there only to those. */
  readonly connected: boolean;
  /** Channels on which the lead must not be contacted; all of them after a suppression without a channel. */
  readonly suppressed: ReadonlySet<Channel>;
  /** Addresses and numbers that are known to be nobody's, by channel: the next one is taken. */
  readonly dead: Readonly<Partial<Record<Channel, readonly string[]>>>;
  /** The channel that suits a persona, by its name in lower case. */
  readonly personaChannels: Readonly<Record<string, Channel>>;
  /** Stable by lead (its seed): decides which sender a lead without one gets. */
  readonly rotationKey: string;
}

/** Where people of a persona are used to be written to; a lead's own preference goes before. */
export const PERSONA_CHANNELS: Readonly<Record<string, Channel>> = {
  executive: 'email',
  finance: 'email',
  engineer: 'email',
  founder: 'linkedin',
  marketing: 'linkedin',
  sales: 'linkedin',
  recruiter: 'linkedin',
  candidate: 'linkedin',
  field: 'sms',
};

export type NoRoute =
  'no_email' | 'no_phone' | 'no_linkedin' | 'not_connected' | 'no_sender' | 'suppressed' | 'no_channel';

export interface Route {
  readonly channel: Channel | 'webhook';
  readonly action: Action;
  /** Null for tasks and webhooks, which go to no address of the lead. */
  readonly address: string | null;
  /** Null for webhooks, and for tasks when nobody is set up to do tasks. */
  readonly senderId: string | null;
}

/**
 * By which channel, to which address and from which sender a touch goes, or why it can't: suppressed, else no address,
 * else no sender that works. `preferred` takes the first channel that can, of: the lead's, the persona's, the order in
 * which the texts are written.
 */
export function chooseRoute(request: RouteRequest): Route | { readonly reason: NoRoute } {
  const { channel, action } = request.node;
  if (channel === 'webhook') return { channel, action: 'webhook', address: null, senderId: null };
  if (channel !== 'preferred')
    return routeOn(channel, action === 'preferred' ? MESSAGE_ACTION[channel] : action, request);
  const channels = preferredOrder(request);
  const reasons = new Set<NoRoute>();
  for (const candidate of channels) {
    const route = routeOn(candidate, MESSAGE_ACTION[candidate], request);
    const unconnected = candidate === 'linkedin' && !request.connected && !('reason' in route);
    if (!('reason' in route) && !unconnected) return route;
    reasons.add('reason' in route ? route.reason : 'not_connected');
  }
  const [reason] = reasons;
  return { reason: reasons.size === 1 && reason ? reason : 'no_channel' };
}

function preferredOrder({ copy, lead, personaChannels }: RouteRequest): readonly Channel[] {
  const written = Object.keys(copy.byChannel ?? {}) as Channel[];
  const persona = lead.persona?.trim().toLowerCase() ?? '';
  const wanted = [
    lead.preferredChannel,
    Object.hasOwn(personaChannels, persona) ? personaChannels[persona] : undefined,
  ];
  return [
    ...new Set([...wanted.filter((channel) => channel && written.includes(channel)), ...written]),
  ] as Channel[];
}

function routeOn(
  channel: Channel,
  action: Action,
  request: RouteRequest,
): Route | { readonly reason: NoRoute } {
  if (request.suppressed.has(channel)) return { reason: 'suppressed' };
  const address = addressOn(channel, request);
  if (address !== null && 'reason' in address) return address;
  const senderId = chooseSender(channel, request);
  if (senderId === null && channel !== 'task') return { reason: 'no_sender' };
  return { channel, action, address: address && address.value, senderId };
}

const NO_ADDRESS = {
  email: 'no_email',
  linkedin: 'no_linkedin',
  sms: 'no_phone',
  whatsapp: 'no_phone',
  call: 'no_phone',
} as const satisfies Record<ContactChannel, NoRoute>;

/** null: a task goes to no address. */
function addressOn(
  channel: Channel,
  { lead, dead }: RouteRequest,
): { value: string } | { reason: NoRoute } | null {
  if (channel === 'task') return null;
  const value = addressesOn(channel, lead).find((one) => !dead[channel]?.includes(one));
  return value ? { value } : { reason: NO_ADDRESS[channel] };
}

/**
 * The sender that the lead keeps; else one of the lead's owner; else the one with the highest hash: each gets an equal share, and a
 * new sender moves few leads. Hashed by rep first, so that a lead hears from one person on every channel.
 */
function chooseSender(channel: Channel, { lead, senders, sticky, rotationKey }: RouteRequest): string | null {
  const usable = senders.filter((sender) => sender.channel === channel && !sender.broken);
  const kept = usable.find((sender) => sender.id === sticky[channel]);
  if (kept) return kept.id;
  const owned = usable.filter(({ owner }) => owner !== null && owner === lead.owner);
  const ranked = (owned.length > 0 ? owned : usable).map(({ id, address, owner }) => ({
    id,
    rep: hash32(`${rotationKey}:${(owner ?? address).toLowerCase()}`),
    own: hash32(`${rotationKey}:${channel}:${address.toLowerCase()}`),
  }));
  ranked.sort((a, b) => b.rep - a.rep || b.own - a.own || (a.id < b.id ? -1 : 1));
  return ranked[0]?.id ?? null;
}
