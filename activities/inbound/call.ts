import * as z from 'zod';
import { noteCallReport } from '../../db/calls.ts';
import type { Tx } from '../../db/db.ts';
import type { InboundRow } from '../../db/inbound.ts';
import type { Understood } from './index.ts';

/** Request parameters of a call's status callback (twilio.com/docs/voice/api/call-resource#statuscallback), and our own of its address. */
const callSchema = z.looseObject({
  CallStatus: z.string(),
  CallDuration: z.coerce.number().nullish().catch(null),
  task: z.uuid().optional().catch(undefined),
  leg: z.enum(['rep', 'lead']).catch('lead'),
});

const OVER: ReadonlySet<string> = new Set(['completed', 'busy', 'no-answer', 'failed', 'canceled']);

/**
 * How a call ended that was made for a task: a fact for the rep, who says what came of it. Of the rep's own phone only that it was
 * not picked up is one; otherwise the lead's tells more.
 */
export async function understandCall(tx: Tx, arrived: InboundRow): Promise<Understood> {
  const { CallStatus, CallDuration, task, leg } = callSchema.parse(arrived.payload);
  if (!OVER.has(CallStatus) || (leg === 'rep' && CallStatus === 'completed')) return { result: 'on_its_way' };
  if (task === undefined) return { result: 'no_task' };
  const outcome = CallStatus.replaceAll('-', '_');
  const leadId = await noteCallReport(tx, {
    taskId: task,
    senderId: arrived.senderId!,
    reason: leg === 'rep' ? `rep_${outcome}` : outcome,
    detail: CallStatus === 'completed' && CallDuration ? lasted(CallDuration) : null,
  });
  return leadId === null ? { result: 'no_task' } : { result: `call_${outcome}`, leadId };
}

function lasted(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
