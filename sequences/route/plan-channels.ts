/** By which channels a plan reaches people, as a whole and from a step on. */
import { CONTACT_CHANNELS, type Action, type Channel, type ContactChannel } from '../lead.ts';
import type { Plan, PlanNode, SequenceCopy, StepId, TouchNode } from '../plan.ts';

/** What a message does on each channel that `preferred` may choose. */
export const MESSAGE_ACTION: Readonly<Record<Channel, Action>> = {
  email: 'email',
  linkedin: 'message',
  sms: 'sms',
  whatsapp: 'whatsapp',
  call: 'call',
  task: 'task',
};

/** The texts of the steps, or what is enough of them to know the channels of a `preferred` one. */
export type Texts = Pick<SequenceCopy, 'steps'>;

/** A channel that a touch may take, and what it does there. */
export interface TouchWay {
  readonly channel: Channel | 'webhook';
  readonly action: Action;
}

/** The ways that a touch may take; of a `preferred` one, each for which it has a text. */
export function touchWays(node: TouchNode, copy: Texts): readonly TouchWay[] {
  if (node.channel !== 'preferred' && node.action !== 'preferred')
    return [{ channel: node.channel, action: node.action }];
  const channels = Object.keys(copy.steps[node.id]?.byChannel ?? {}) as Channel[];
  return channels.map((channel) => ({ channel, action: MESSAGE_ACTION[channel] }));
}

/** The channels by which a sequence reaches people; null when it reaches nobody, having only tasks and webhooks. */
export function planChannels(plan: Plan, copy: Texts): ReadonlySet<ContactChannel> | null {
  const channels = channelsOf(Object.values(plan.nodes), copy);
  const contact = CONTACT_CHANNELS.filter((channel) => channels.has(channel));
  return contact.length > 0 ? new Set(contact) : null;
}

/**
 * Whether the steps from `from` on (null: from the start) have nothing left but what reaches people by channels that are closed
 * to the lead. A task is work for a person, whom no channel stops.
 */
export function hasNoWayLeft(
  { plan, copy, from }: { readonly plan: Plan; readonly copy: Texts; readonly from: StepId | null },
  open: (channel: ContactChannel) => boolean,
): boolean {
  const ahead = [...stepsFrom(plan, from ?? plan.start)].map((step) => plan.nodes[step]!);
  const channels = channelsOf(ahead, copy);
  const contact = CONTACT_CHANNELS.filter((channel) => channels.has(channel));
  return contact.length > 0 && !channels.has('task') && !contact.some(open);
}

function channelsOf(nodes: readonly PlanNode[], copy: Texts): ReadonlySet<TouchWay['channel']> {
  return new Set(
    nodes
      .filter((node) => node.kind === 'touch')
      .flatMap((node) => touchWays(node, copy))
      .map(({ channel }) => channel),
  );
}

/** The touches with which leads of a sequence may begin, past waits and branches. */
export function firstTouches(plan: Plan): readonly TouchNode[] {
  const touches: TouchNode[] = [];
  const seen = new Set<StepId>();
  const open = plan.start === null ? [] : [plan.start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const node = plan.nodes[at];
    if (seen.has(at) || !node) continue;
    seen.add(at);
    if (node.kind === 'touch') touches.push(node);
    else open.push(...successors(node));
  }
  return touches;
}

/** The steps that a lead at a step has not passed, that step included. */
export function stepsFrom(plan: Plan, step: StepId | null): ReadonlySet<StepId> {
  const found = new Set<StepId>();
  const open = step === null ? [] : [step];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const node = plan.nodes[at];
    if (found.has(at) || !node) continue;
    found.add(at);
    open.push(...successors(node));
  }
  return found;
}

/** Where one step can lead next. */
export function successors(node: PlanNode): readonly StepId[] {
  const next: (StepId | null | undefined)[] = [];
  switch (node.kind) {
    case 'touch':
      next.push(node.next, node.otherwise, ...Object.values(node.outcomes ?? {}));
      break;
    case 'wait':
      next.push(node.next);
      break;
    case 'wait_for':
    case 'if':
      next.push(node.then, node.otherwise);
      break;
    case 'split':
      next.push(...node.arms.map((arm) => arm.next));
      break;
    case 'goal':
    case 'end':
    case 'reactivate':
      break;
  }
  return next.filter((step) => step != null);
}
