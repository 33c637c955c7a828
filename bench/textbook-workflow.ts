/** The textbook pattern, to compare with: an activity on the task queue and a timer for each touch. */
import { proxyActivities, sleep } from '@temporalio/workflow';

/** What the textbook workflow calls. */
export interface TextbookActivities {
  /** Notes in PostgreSQL that the touch goes out, hands it over, and notes that it went. */
  touch(input: { readonly leadId: string; readonly step: number }): Promise<void>;
}

const { touch } = proxyActivities<TextbookActivities>({ startToCloseTimeout: '1 minute' });

/** Touches a lead so many times, with a wait before each. */
export async function textbook(input: {
  readonly leadId: string;
  readonly touches: number;
  readonly waitMs: number;
}): Promise<void> {
  for (let step = 0; step < input.touches; step++) {
    await sleep(input.waitMs);
    await touch({ leadId: input.leadId, step });
  }
}
