import type { RenderCheck } from '../../db/publish-copy.ts';
import type { Sender } from '../../db/senders.ts';
import { touchWays } from '../../sequences/route/plan-channels.ts';
import { checkCopy, MissingVariable } from '../../sequences/language/index.ts';
import type { Channel, SenderProfile } from '../../sequences/lead.ts';

/**
 * A check of new copy against leads: the first variable that is missing, on whichever channel the step may take. Which sender
 * will write is not asked per lead, so a sender's field counts as there only when every sender of the channel has it.
 */
export function copyCheck(senders: readonly Sender[]): RenderCheck {
  const known = new Map<string, SenderProfile>();
  const senderOf = (channel: Channel | 'webhook'): SenderProfile => {
    let profile = known.get(channel);
    if (!profile)
      known.set(
        channel,
        (profile = commonSender(
          channel,
          senders.filter((sender) => sender.channel === channel),
        )),
      );
    return profile;
  };
  return (lead, step, compiled) => {
    const node = compiled.plan.nodes[step];
    const copy = compiled.copy.steps[step];
    if (node?.kind !== 'touch' || !copy) return null;
    for (const { channel, action } of touchWays(node, compiled.copy)) {
      try {
        checkCopy(copy, channel, {
          lead,
          sender: senderOf(channel),
          stepId: step,
          action,
          unsubscribeUrl: 'https://unsubscribe.example/',
          unsubscribeFooter: compiled.copy.unsubscribeFooter,
        });
      } catch (error) {
        if (error instanceof MissingVariable) return error.variable;
        if (error instanceof Error && error.name === 'CopyError') return error.message;
        throw error;
      }
    }
    return null;
  };
}

/** What all of them have, with the first one's values; where there is none, somebody who has everything but attributes. */
function commonSender(channel: Channel | 'webhook', senders: readonly Sender[]): SenderProfile {
  const [first] = senders;
  const base = {
    id: first?.id ?? '',
    name: first?.name ?? 'Sam Sender',
    channel: channel === 'webhook' ? ('task' as const) : channel,
    provider: first?.provider ?? '',
    address: first?.address ?? 'sam@sender.example',
    timeZone: first?.timeZone ?? 'UTC',
  };
  if (!first) return { ...base, owner: 'sam', attributes: {} };
  const shared = Object.entries(first.attributes).filter(([name]) =>
    senders.every((sender) => sender.attributes[name]?.trim()),
  );
  return {
    ...base,
    owner: senders.every((sender) => sender.owner) ? first.owner : null,
    attributes: Object.fromEntries(shared),
  };
}
