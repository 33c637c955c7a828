import type { Secrets } from '../../common/crypto.ts';
import { noteCall } from '../../db/calls.ts';
import type { Db } from '../../db/db.ts';
import { loadLead } from '../../db/leads.ts';
import { CommandRefused } from '../../db/refused.ts';
import { findSender, loadAccount } from '../../db/senders.ts';
import { getTask } from '../../db/tasks.ts';
import { touchSenderId } from '../../db/touches.ts';
import { clickToCall } from '../../providers/twilio/calls.ts';

/**
 * Click-to-call: rings the rep, and when the rep picks up, the lead of an open call task. How the call ended comes back by Twilio's
 * webhook; the outcome stays the rep's to set.
 * The rep's own number is the sender's attribute `rep_number`.
 * @throws CommandRefused when the task is no open call, or its sender cannot ring
 */
export async function ring(
  { db, secrets, publicUrl }: { readonly db: Db; readonly secrets: Secrets; readonly publicUrl: string },
  taskId: string,
): Promise<{ readonly callId: string | null }> {
  const task = await getTask(db, taskId);
  if (task.kind !== 'call' || task.state !== 'open') {
    throw new CommandRefused('cannot_ring', 'Only an open call task can be rung.');
  }
  const senderId = await touchSenderId(db, task.touchId);
  const sender = senderId === null ? null : await findSender(db, senderId);
  const repNumber = sender?.attributes.rep_number;
  if (!sender || sender.provider !== 'twilio' || !repNumber) {
    throw new CommandRefused(
      'cannot_ring',
      `${sender ? `The sender ${sender.name}` : 'This task has no sender that'} cannot ring: a call sender needs the provider twilio and the attribute rep_number, the phone to ring first.`,
    );
  }
  const [leadNumber] = (await loadLead(db, task.leadId)).phones;
  if (!leadNumber) throw new CommandRefused('cannot_ring', 'The lead has no phone number any more.');
  const tell = `${publicUrl}/hooks/twilio/${sender.id}/call?task=${task.id}`;
  const account = await loadAccount(db, sender.id, secrets);
  const result = await clickToCall(account, { repNumber, leadNumber, tell });
  if (result.kind === 'sent') {
    await noteCall(db, task.touchId, result.providerId);
    return { callId: result.providerId };
  }
  throw new CommandRefused(
    'cannot_ring',
    `Twilio did not ring: ${'detail' in result ? result.detail : result.kind}.`,
  );
}
