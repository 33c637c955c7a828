import { wallNow } from '../../common/clock.ts';
import { readBonds } from '../../db/lead-senders.ts';
import { launchSenders } from '../../db/senders.ts';
import { readTouchById, type TouchState } from '../../db/touches.ts';
import type { Delivery } from './delivery.ts';
import type { EnrollmentDeps } from './deps.ts';
import type { Courier } from './send.ts';

/** No enrollment has this revision: what is next for the lead is not for this to say. */
const NO_REVISION = -1;

/** Asks the provider about a touch whose lease is over, from its row alone: its enrollment may have ended, its lead be erased. */
export async function settleExpired(
  deps: EnrollmentDeps,
  courier: Courier,
  touchId: string,
): Promise<TouchState | 'gone'> {
  const touch = await readTouchById(deps.db, touchId);
  if (!touch) return 'gone';
  if (touch.state !== 'sending' || !touch.leaseOver) return touch.state;
  const { senderId, leadId } = touch;
  const [sender] =
    senderId === null
      ? []
      : await launchSenders(deps.db, { settings: { senders: {} }, senderIds: [senderId] });
  const bonds = await readBonds(deps.db, leadId);
  const delivery: Delivery = {
    key: touch,
    touchId,
    leadId,
    action: touch.action,
    channel: touch.channel,
    sender: sender ?? null,
    to: touch.recipient ?? '',
    toName: null,
    content: touch.content ?? {},
    attachments: [],
    bond: bonds.find((one) => one.senderId === senderId) ?? null,
    connectionUntil: () => null,
    leaseFrom: (touch.leaseUntil ?? wallNow()) - deps.leaseMs,
    revision: NO_REVISION,
  };
  await courier.look(touch, delivery);
  return (await readTouchById(deps.db, touchId))?.state ?? 'gone';
}
