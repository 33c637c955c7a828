/** What came back undelivered, but may arrive another time (RFC 3463 class 4, a full mailbox), is sent again after these hours. */
const AGAIN_AFTER_HOURS = [4, 24, 48];

/** How long after the report the attempt that follows this one may be made, in ms; null: there is none. */
export function againAfterMs(attempt: number): number | null {
  const hours = AGAIN_AFTER_HOURS[attempt - 1];
  return hours === undefined ? null : hours * 3_600_000;
}
