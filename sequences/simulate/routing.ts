import { WHATSAPP_WINDOW_MS, type Action, type Channel } from '../lead.ts';
import type { TouchNode } from '../plan.ts';
import {
  chooseRoute,
  PERSONA_CHANNELS,
  type NoRoute,
  type Route,
  type RouteRequest,
} from '../route/route.ts';
import type { SimulationSender } from './types.ts';
import type { Walk, World } from './world.ts';

/** Where a touch goes, or why nowhere. */
export type Routed = Route | { readonly reason: NoRoute | 'no_consent' };

/** When only broken senders could take a touch, it goes to one of them all the same: the lead waits for its mending. */
export function routeOf(world: World, walk: Walk, node: TouchNode): Routed {
  const { lead, sequence, senders } = walk;
  const request: RouteRequest = {
    node,
    copy: sequence.copy.steps[node.id] ?? {},
    lead: lead.profile,
    senders,
    sticky: lead.sticky,
    connected: lead.isConnected,
    suppressed:
      lead.unconsented.size === 0 ? lead.suppressedOn : new Set([...lead.suppressedOn, ...lead.unconsented]),
    dead: lead.dead,
    personaChannels: world.input.personaChannels ?? PERSONA_CHANNELS,
    rotationKey: lead.profile.seed,
  };
  const route = chooseRoute(request);
  if (!('reason' in route)) return route;
  const mended = chooseRoute({
    ...request,
    senders: senders.map((sender) => ({ ...sender, broken: false })),
  });
  if (!('reason' in mended)) return mended;
  return route.reason === 'suppressed' && lead.suppressedOn.size === 0 ? { reason: 'no_consent' } : route;
}

/** The sender of a route, if it has one. */
export function senderOf(world: World, route: Routed): SimulationSender | null {
  return 'reason' in route || route.senderId === null ? null : (world.senders.get(route.senderId) ?? null);
}

/** Why a touch is left out now; null: it is not. */
export function reasonToSkip(
  world: World,
  { lead, sequence }: Walk,
  { id }: TouchNode,
  route: Routed,
): string | null {
  if ('reason' in route) return route.reason;
  if (route.action === 'invite' && lead.isConnected) return 'already_connected';
  const copy = sequence.copy.steps[id];
  if (route.action !== 'whatsapp' || (copy?.byChannel?.whatsapp ?? copy)?.contentSid !== undefined)
    return null;
  const open = lead.lastWhatsappInAt !== undefined && lead.lastWhatsappInAt + WHATSAPP_WINDOW_MS > world.now;
  return open ? null : 'whatsapp_window_closed';
}

/** What a touch without a route is shown as until its time comes. */
export function nominal(
  walk: Walk,
  { id, channel, action }: TouchNode,
): { channel: Channel | 'webhook'; action: Action } {
  const first = Object.keys(walk.sequence.copy.steps[id]?.byChannel ?? {})[0] as Channel | undefined;
  return {
    channel: channel === 'preferred' ? (first ?? 'email') : channel,
    action: action === 'preferred' ? 'message' : action,
  };
}
