/** Paces one launch: starts its leads as the senders' capacity comes near, so open workflows follow what can be sent. */
import { condition, continueAsNew, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { LaunchActivities } from '../activities/launch.ts';
import { WAKE, type LaunchInput } from './messages.ts';

/** Looks in one run; then a run of its own keeps the history short. */
const LOOKS_A_RUN = 200;

const { startNext } = proxyActivities<LaunchActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { initialInterval: '1 s', maximumInterval: '1 minute' },
});

const wake = defineSignal(WAKE);

/** Ends when nobody is pending; adding leads starts it again. */
export async function launch(input: LaunchInput): Promise<void> {
  let woken = false;
  setHandler(wake, () => {
    woken = true;
  });
  for (let looks = 0; looks < LOOKS_A_RUN; looks++) {
    woken = false;
    const { pending, lookAgainMs } = await startNext(input);
    if (pending === 0 && !woken) return;
    await condition(() => woken, Math.max(lookAgainMs, 1));
  }
  await continueAsNew<typeof launch>(input);
}
