import type { RouteRequest, RouteSender } from '../../sequences/route/route.ts';
import { simulationSender } from '../../sequences/simulate/defaults.ts';
import { chooseRoute, PERSONA_CHANNELS } from '../../sequences/route/route.ts';
import { CopyError, MissingVariable, renderCopy, type Rendered } from '../../sequences/language/index.ts';
import type { Action, Channel, LeadProfile, SenderProfile } from '../../sequences/lead.ts';
import type { CompiledSequence, StepCopy, TouchNode } from '../../sequences/plan.ts';
import { stepsInOrder } from './sequence-graph.ts';

/** One message as a lead would get it, or why it would not be written. */
export interface PreviewMessage {
  readonly sequence: string;
  readonly stepId: string;
  readonly channel: Channel | 'webhook';
  readonly action: Action;
  /** Of a `message` step, whether this is the channel that this lead would be written to on; true for all others. */
  readonly chosen: boolean;
  readonly to: string | null;
  readonly sender: SenderProfile | null;
  /** Why nobody would be written to, such as `no_email` or `no_sender`. */
  readonly noRoute: string | null;
  readonly rendered: Rendered | null;
  /** The variable that has no value: it would hold the lead. */
  readonly missing: string | null;
  /** Why it cannot be written. */
  readonly problem: string | null;
}

export interface PreviewRequest {
  readonly sequences: readonly CompiledSequence[];
  readonly lead: LeadProfile;
  readonly senders: readonly (SenderProfile & { readonly broken?: boolean })[];
  /** Whether the lead is a LinkedIn connection; `preferred` writes there only then. */
  readonly connected?: boolean;
  /** The sender that the lead keeps, by channel. */
  readonly sticky?: Readonly<Partial<Record<Channel, string>>>;
  readonly suppressed?: ReadonlySet<Channel>;
  readonly dead?: RouteRequest['dead'];
  readonly unsubscribeUrl: string;
  /** Wall ms that each text may take; default: far more than any does. */
  readonly patienceMs?: number;
}

const MESSAGE_ACTION: Readonly<Partial<Record<Channel, Action>>> = { linkedin: 'message' };

/** Renders every message of the sequences for one lead, in the order of their steps. Sends and stores nothing. */
export const preview = (request: PreviewRequest): PreviewMessage[] => [...previewing(request)];

/** `preview` with pauses between messages, for whoever has other work. */
export function* previewing(request: PreviewRequest): Generator<PreviewMessage> {
  for (const sequence of request.sequences)
    for (const node of stepsInOrder(sequence.plan)) {
      const copy = sequence.copy.steps[node.id];
      if (node.kind === 'touch' && copy) yield* messagesOf(request, sequence, node, copy);
    }
}

/** What of a message is told: the sender by name and address, attachments without what is in them. */
export function told({ rendered, sender, ...message }: PreviewMessage) {
  const { attachments, ...texts } = rendered ?? {};
  return {
    ...message,
    sender: sender && { name: sender.name, address: sender.address },
    rendered: rendered && {
      ...texts,
      text: rendered.text,
      ...(attachments && {
        attachments: attachments.map(({ name, contentType }) => ({ name, contentType })),
      }),
    },
  };
}

function messagesOf(
  request: PreviewRequest,
  sequence: CompiledSequence,
  node: TouchNode,
  copy: StepCopy,
): PreviewMessage[] {
  const route = chooseRoute({
    node,
    copy,
    lead: request.lead,
    senders: sendersOf(request, sequence),
    sticky: request.sticky ?? {},
    connected: request.connected ?? false,
    suppressed: request.suppressed ?? new Set(),
    dead: request.dead ?? {},
    personaChannels: PERSONA_CHANNELS,
    rotationKey: request.lead.seed,
  });
  const noRoute = 'reason' in route ? route.reason : null;
  if (node.channel !== 'preferred' && node.action !== 'preferred') {
    return [
      message(request, sequence, node, copy, {
        channel: node.channel,
        action: node.action,
        chosen: true,
        noRoute,
        route,
      }),
    ];
  }
  return (Object.keys(copy.byChannel ?? {}) as Channel[]).map((channel) => {
    const chosen = !('reason' in route) && route.channel === channel;
    const action = MESSAGE_ACTION[channel] ?? (channel as Action);
    return message(request, sequence, node, copy, { channel, action, chosen, noRoute, route });
  });
}

/** The senders that the definition names, all of a channel for which it names none. */
function sendersOf(
  { senders }: PreviewRequest,
  { settings }: CompiledSequence,
): (RouteSender & SenderProfile)[] {
  return senders
    .filter(({ channel, address, name }) => {
      const named = settings.senders[channel]?.map((one) => one.toLowerCase()) ?? [];
      return (
        named.length === 0 || named.includes(address.toLowerCase()) || named.includes(name.toLowerCase())
      );
    })
    .map((sender) => ({ ...sender, broken: sender.broken ?? false }));
}

interface Way {
  readonly channel: Channel | 'webhook';
  readonly action: Action;
  readonly chosen: boolean;
  readonly noRoute: string | null;
  readonly route: ReturnType<typeof chooseRoute>;
}

function message(
  request: PreviewRequest,
  sequence: CompiledSequence,
  node: TouchNode,
  copy: StepCopy,
  { channel, action, chosen, noRoute, route }: Way,
): PreviewMessage {
  const own = sendersOf(request, sequence).filter((sender) => sender.channel === channel);
  const senderId = 'reason' in route || route.channel !== channel ? null : route.senderId;
  // A text that will not go out by this channel is shown with whoever could write it.
  const sender = own.find(({ id }) => id === senderId) ?? own[0] ?? null;
  const context = {
    lead: request.lead,
    // Where nobody could send it, it is skipped, not held for want of the sender's name.
    sender: sender ?? standIn(channel),
    stepId: node.id,
    action,
    unsubscribeUrl: request.unsubscribeUrl,
    unsubscribeFooter: sequence.copy.unsubscribeFooter,
    ...(request.patienceMs !== undefined && { patienceMs: request.patienceMs }),
  };
  const base = {
    sequence: sequence.name,
    stepId: node.id,
    channel,
    action,
    chosen,
    to: 'reason' in route || route.channel !== channel ? null : route.address,
    sender,
    noRoute,
  };
  try {
    const rendered = renderCopy(copy, channel, context);
    return {
      ...base,
      rendered: withThreadSubject(sequence, node, rendered, context),
      missing: null,
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof CopyError)) throw error;
    const missing = error instanceof MissingVariable ? error.variable : null;
    return { ...base, rendered: null, missing, problem: error.message };
  }
}

function standIn(channel: Way['channel']): SenderProfile | null {
  if (channel === 'webhook' || channel === 'task') return null;
  return simulationSender({ channel, timeZone: 'UTC' }).profile;
}

/** Whether it would hold the lead: it would be sent, but cannot be written. */
export function wouldHold(message: Pick<PreviewMessage, 'problem' | 'chosen' | 'noRoute'>): boolean {
  return message.problem !== null && message.chosen && message.noRoute === null;
}

/** A reply without a subject of its own goes out under that of the message it answers. */
function withThreadSubject(
  sequence: CompiledSequence,
  node: TouchNode,
  rendered: Rendered,
  context: Parameters<typeof renderCopy>[2],
): Rendered {
  const earlier = node.replyTo === undefined ? undefined : sequence.copy.steps[node.replyTo];
  if (rendered.subject !== undefined || node.replyTo === undefined || !earlier) return rendered;
  const { subject } = renderCopy(earlier, 'email', { ...context, stepId: node.replyTo });
  if (subject === undefined) return rendered;
  return { ...rendered, subject: /^re:/i.test(subject) ? subject : `Re: ${subject}` };
}
