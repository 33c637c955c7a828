import type { SequenceSettings } from './plan.ts';

const LENGTH_MS = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 } as const;
const SEVEN_DAYS_MS = 7 * LENGTH_MS.days;

/** How long a lead is left alone who is away and does not say until when, in ms: what the sequence says, else seven days. */
export function awayMs({ outOfOffice }: Pick<SequenceSettings, 'outOfOffice'>): number {
  return outOfOffice ? outOfOffice.amount * LENGTH_MS[outOfOffice.unit] : SEVEN_DAYS_MS;
}
