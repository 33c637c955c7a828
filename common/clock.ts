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

/** Where the row is read: a database pool or connection. */
export interface ClockSource {
  query(text: string): Promise<{ rows: Record<string, unknown>[] }>;
}

const READ = `select business_now() as business, speed, ceiling,
  speed = 1 and ceiling is null and wall_anchor = business_anchor as real from clock`;

interface Reading {
  readonly business: number;
  readonly speed: number;
  readonly ceiling: number;
  readonly real: boolean;
  /** When the answer came, by the process's steady clock: counting from there keeps us behind PostgreSQL, never ahead. */
  readonly steady: number;
}

/**
 * A clock that follows the row: read every `refreshMs` (default 50) in time-lapse, once a second in real time. Between two readings
 * it goes on by itself, up to the ceiling, and it never goes back unless the row changes between real time and time-lapse. While PostgreSQL
 * can't be read it goes on from the last reading.
 */
export async function createClock(source: ClockSource, options: { refreshMs?: number } = {}): Promise<Clock> {
  const refreshMs = options.refreshMs ?? 50;
  let reading = await read(source);
  let latest = reading.business;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function refresh(): Promise<void> {
    const next = await read(source);
    // Two readings may overtake each other.
    if (next.steady < reading.steady) return;
    if (next.real !== reading.real) latest = next.business;
    reading = next;
  }

  function schedule(): void {
    if (closed) return;
    timer = setTimeout(
      () =>
        void refresh()
          .catch(() => {})
          .finally(schedule),
      reading.real ? Math.max(refreshMs, 1000) : refreshMs,
    );
    timer.unref();
  }

  schedule();
  return {
    now() {
      const passed = (performance.now() - reading.steady) * reading.speed;
      latest = Math.max(latest, Math.min(reading.business + passed, reading.ceiling));
      return Math.floor(latest);
    },
    speed: () => reading.speed,
    refresh,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

async function read(source: ClockSource): Promise<Reading> {
  const { rows } = await source.query(READ);
  const row = rows[0] as { business: Date; speed: number; ceiling: Date | null; real: boolean };
  return {
    business: row.business.getTime(),
    speed: row.speed,
    ceiling: row.ceiling?.getTime() ?? Number.POSITIVE_INFINITY,
    real: row.real,
    steady: performance.now(),
  };
}
