import type { Tx } from '../../db/db.ts';
import { recordLeadEventIn } from '../../db/events.ts';
import { addIncomingMessage, type IncomingMessage } from '../../db/messages.ts';
import type { InboundRow } from '../../db/inbound.ts';
import type { InboundDeps, Understood } from './index.ts';

/** What is known of a message beside where it came in. */
export type Written = Omit<IncomingMessage, 'inboundId' | 'at' | 'senderId' | 'class' | 'settled'>;

/**
 * A person's message: it is an answer, which stops what the lead's sequence says that answers stop (promise 3), and a part of the
 * conversation. One from somebody whom nobody knows waits in the inbox for a person, and stops nobody.
 */
export async function recordAnswer(
  tx: Tx,
  deps: InboundDeps,
  arrived: InboundRow,
  written: Written,
): Promise<Understood> {
  const at = arrived.receivedAt.getTime();
  const { leadId, channel, touchId } = written;
  // The event first: it takes the locks of company and leads, which come before everything that is written here.
  const effect =
    leadId === null
      ? null
      : await recordLeadEventIn(tx, deps.hashIdentity, {
          leadId,
          type: 'replied',
          channel,
          at,
          data: { ...(touchId && { touchId }) },
          dedupeKey: arrived.dedupeKey,
        });
  await addIncomingMessage(tx, {
    ...written,
    senderId: arrived.senderId,
    inboundId: arrived.id,
    at,
    class: 'other',
    settled: false,
  });
  if (!effect) return { result: 'unknown_author' };
  return { result: effect.stopped.length > 0 ? 'answer_stopped' : 'answer', leadId, wake: effect.wake };
}
