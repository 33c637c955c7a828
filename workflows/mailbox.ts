/** Sees to it that one mailbox is read; how is in activities/mailbox. Ids only (promise 8). */
import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { MailboxActivities } from '../activities/mailbox/index.ts';

/** Watches in one run; then a run of its own keeps the history short. */
const WATCHES_A_RUN = 100;

const { watchMailbox } = proxyActivities<MailboxActivities>({
  // A watch returns by itself after ten minutes.
  startToCloseTimeout: '20 minutes',
  heartbeatTimeout: '15 s',
  retry: { initialInterval: '1 s', maximumInterval: '30 s' },
});

/** Id: `mailboxWorkflowId(senderId)`. */
export interface MailboxInput {
  readonly senderId: string;
}

/** Ends when the sender is removed or has no mailbox to read any more; adding one starts it again. */
export async function mailbox(input: MailboxInput): Promise<'removed'> {
  for (let watches = 0; watches < WATCHES_A_RUN; watches++) {
    const { kind } = await watchMailbox(input);
    if (kind === 'removed') return kind;
  }
  return continueAsNew<typeof mailbox>(input);
}
