/** Keeps one CRM endpoint's callbacks flowing; what is delivered and how is in activities/crm. Ids only (promise 8). */
import { condition, continueAsNew, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { CrmActivities } from '../activities/crm/index.ts';
import { WAKE } from './messages.ts';

/** Drains in one run; then a run of its own keeps the history short. */
const DRAINS_A_RUN = 100;

const { drain } = proxyActivities<CrmActivities>({
  // A drain returns by itself after ten minutes.
  startToCloseTimeout: '20 minutes',
  heartbeatTimeout: '20 s',
  retry: { initialInterval: '1 s', maximumInterval: '30 s' },
});

const wake = defineSignal(WAKE);

/** Id: `crmWorkflowId(endpointId)`. */
export interface CrmDeliveryInput {
  readonly endpointId: string;
}

/** Ends when the endpoint is removed or disabled, and says which; enabling it starts it again. A wake ends the wait after a failure. */
export async function crmDelivery(input: CrmDeliveryInput): Promise<'removed' | 'disabled'> {
  let woken = false;
  setHandler(wake, () => {
    woken = true;
  });
  for (let drains = 0; drains < DRAINS_A_RUN; drains++) {
    woken = false;
    const result = await drain(input);
    if (result.kind === 'removed' || result.kind === 'disabled') return result.kind;
    if (result.kind === 'held') await condition(() => woken, Math.max(result.retryInMs, 1));
  }
  return continueAsNew<typeof crmDelivery>(input);
}
