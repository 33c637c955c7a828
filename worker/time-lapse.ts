import { setTimeout as sleep } from 'node:timers/promises';
import { beginTimeLapse, clockHolds, raiseCeiling, realTime, type ClockHold } from '../db/clock.ts';
import type { Db } from '../db/db.ts';

export interface TimeLapseOptions {
  /** Where business time begins. */
  readonly startAt: Date;
  /** Wall milliseconds a business day takes when nothing is due. Default 2000. */
  readonly msPerDay?: number;
  /** How far business time may pass what is due and not yet done, in business milliseconds. Default one minute. */
  readonly allowanceMs?: number;
  /** How long something overdue may stand still, in wall milliseconds, before time goes on without it. Default 10 s. */
  readonly patienceMs?: number;
  readonly tickMs?: number;
  /** Another instant that must not be passed yet (leads who wait to be started, say); null: none. */
  readonly extraHold?: () => Promise<Date | null>;
  /** Told when time goes on without something. */
  readonly onLag?: (keys: readonly string[]) => void;
  /** A scripted function or a query failed: business time stands. Default: thrown by `stop`. */
  readonly onError?: (error: unknown) => void;
}

export interface TimeLapse {
  /** Business time at the last tick. */
  now(): number;
  /** Runs `work` when business time gets to `at` (at once when it is past); time does not pass it before `work` has ended. */
  at(at: Date, work: (now: Date) => void | Promise<void>): void;
  /** How many things time has gone on without so far. */
  lag(): number;
  /** `frozen`: business time stands from now on, the default. `real`: it is the wall clock again. Throws what went wrong. */
  stop(leave?: 'frozen' | 'real'): Promise<void>;
}

const DAY = 86_400_000;
/** How many ticks ahead the ceiling is: if the governor dies, business time stands soon after. */
const TICKS_AHEAD = 2;
const SLOWEST_TICK_MS = 250;

/**
 * Lets business time run as fast as asked, for as long as everything that is due gets done: it slows itself down when
 * slots lag, rather than break windows. One at a time for a database.
 */
export async function startTimeLapse(db: Db, options: TimeLapseOptions): Promise<TimeLapse> {
  const { allowanceMs = 60_000, patienceMs = 10_000, tickMs = 20 } = options;
  const speed = DAY / (options.msPerDay ?? 2000);
  const script: { at: number; work: (now: Date) => void | Promise<void> }[] = [];
  const stopping = new AbortController();
  let waived: readonly string[] = [];
  let lag = 0;
  let business = options.startAt.getTime();
  let overdue = '';
  let overdueSince = performance.now();
  let failure: unknown;
  let ticked = performance.now();
  /** How long a tick takes with its queries: a ceiling that is nearer would slow time down for nothing. */
  let paceMs = tickMs;

  async function tick(): Promise<void> {
    const begun = performance.now();
    paceMs = Math.min(Math.max(begun - ticked, tickMs), SLOWEST_TICK_MS);
    ticked = begun;
    while (script[0] && script[0].at <= business) await script.shift()!.work(new Date(business));
    const holds = [...(await clockHolds(db, waived)), ...(await extra(options, waived))];
    wait(holds.filter(({ at }) => at.getTime() <= business));
    const limits = holds
      .filter(({ key }) => !waived.includes(key))
      .map(({ at }) => at.getTime() + allowanceMs);
    const ceiling = Math.min(
      business + speed * paceMs * TICKS_AHEAD,
      script[0]?.at ?? Number.POSITIVE_INFINITY,
      ...limits,
    );
    business = (await raiseCeiling(db, new Date(Math.max(ceiling, business)))).getTime();
  }

  function wait(due: readonly ClockHold[]): void {
    const keys = due.map(({ key }) => key);
    const now = performance.now();
    if (keys.join() !== overdue) {
      overdue = keys.join();
      overdueSince = now;
    } else if (keys.length > 0 && now - overdueSince >= patienceMs) {
      // Keys name a state, so what moves later is waited for again. The oldest ones are forgotten, not piled up.
      waived = [...waived, ...keys].slice(-1000);
      lag += keys.length;
      options.onLag?.(keys);
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await tick();
      await sleep(tickMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  await beginTimeLapse(db, options.startAt, speed);
  const running = run().catch((error: unknown) => {
    failure = error;
    options.onError?.(error);
  });
  return {
    now: () => business,
    at(at, work) {
      script.push({ at: at.getTime(), work });
      script.sort((a, b) => a.at - b.at);
    },
    lag: () => lag,
    async stop(leave = 'frozen') {
      stopping.abort();
      await running;
      if (leave === 'real') await realTime(db);
      if (failure !== undefined && !options.onError) throw failure;
    },
  };
}

async function extra(options: TimeLapseOptions, waived: readonly string[]): Promise<ClockHold[]> {
  const at = (await options.extraHold?.()) ?? null;
  const key = `extra ${at?.getTime()}`;
  return at === null || waived.includes(key) ? [] : [{ key, at }];
}
