/**
 * Business time for a process. Windows, waits, caps and slots follow it; leases, signatures and back-off use `wallNow`.
 * One row in PostgreSQL (`clock`) drives it, so that time-lapse is the same in every process; inside SQL it is `business_now()`.
 */
export interface Clock {
  /** The business instant (UTC ms), never ahead of PostgreSQL's `business_now()`; behind by at most the refresh interval. */
  now(): number;
  /** Business milliseconds that pass in one millisecond of wall time; 1 in production. */
  speed(): number;
  /** Reads the row again. */
  refresh(): Promise<void>;
  close(): void;
}

/** The only place outside the clock's own implementation that reads the wall clock: protocol time. */
export function wallNow(): number {
  return Date.now();
}
