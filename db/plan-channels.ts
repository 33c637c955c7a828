import { CONTACT_CHANNELS, type Action, type Channel, type ContactChannel } from '../sequences/lead.ts';
import type { Plan, SequenceCopy, StepId, TouchNode } from '../sequences/plan.ts';
import { successors } from './publish-copy.ts';

/** What a message does on each channel that `preferred` may choose. */
const MESSAGE_ACTION: Readonly<Record<Channel, Action>> = {
  email: 'email',
  linkedin: 'message',
  sms: 'sms',
  whatsapp: 'whatsapp',
  call: 'call',
  task: 'task',
};

/** A channel that a touch may take, and what it does there. */
export interface TouchWay {
  readonly channel: Channel | 'webhook';
  readonly action: Action;
}

/** The ways that a touch may take; of a `preferred` one, each for which it has a text. */
export function touchWays(node: TouchNode, copy: SequenceCopy): readonly TouchWay[] {
  if (node.channel !== 'preferred' && node.action !== 'preferred')
    return [{ channel: node.channel, action: node.action }];
  const channels = Object.keys(copy.steps[node.id]?.byChannel ?? {}) as Channel[];
  return channels.map((channel) => ({ channel, action: MESSAGE_ACTION[channel] }));
}

/** The channels by which a sequence reaches people; null when it reaches nobody, having only tasks and webhooks. */
export function planChannels(plan: Plan, copy: SequenceCopy): ReadonlySet<ContactChannel> | null {
  const channels = Object.values(plan.nodes)
    .filter((node) => node.kind === 'touch')
    .flatMap((node) => touchWays(node, copy))
    .map(({ channel }) => channel);
  const contact = CONTACT_CHANNELS.filter((channel) => channels.includes(channel));
  return contact.length > 0 ? new Set(contact) : null;
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
