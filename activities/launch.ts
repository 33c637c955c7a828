import { ApplicationFailure } from '@temporalio/activity';
import type { Clock } from '../common/clock.ts';
import type { Logger } from '../common/log.ts';
import type { Db } from '../db/db.ts';
import { anybodyMayStart, noteNextLook, pacing, startPending } from '../db/pacing.ts';
import { CommandRefused } from '../db/refused.ts';
import type { Waker } from './waker.ts';

export interface LaunchDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly waker: Waker;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

/** What the launch workflow calls. Idempotent: asked again, it starts whoever is next. */
export interface LaunchActivities {
  /** Starts as many pending leads as today's capacity has room for. Answers how many still wait and after how many wall ms to look again. */
  startNext(input: { readonly launchId: string }): Promise<{ pending: number; lookAgainMs: number }>;
}

/** While nobody can say when capacity returns (a pause, a broken sender), a wake tells; this long at most. */
const LONGEST_MS = 60 * 60 * 1000;
/** Started leads book their slots within moments; then the capacity is known. */
const SOON_MS = 250;
/** Leads started in one transaction. */
const PAGE = 100;
/** An activity that starts many ends after this long, well before its time-out, and is called again. */
const BUSY_MS = 60_000;

export function createLaunchActivities({ db, clock, waker, log }: LaunchDeps): LaunchActivities {
  async function startNext(launchId: string): Promise<{ pending: number; lookAgainMs: number }> {
    const endsAt = performance.now() + BUSY_MS;
    for (;;) {
      const { pending, startable, lookAt } = await pacing(db, launchId);
      if (pending === 0) return { pending, lookAgainMs: 0 };
      if (startable === 0) {
        await noteNextLook(db, launchId, lookAt);
        await clock.refresh();
        const wallMs = lookAt === null ? LONGEST_MS : (lookAt - clock.now()) / clock.speed();
        return { pending, lookAgainMs: Math.max(SOON_MS, Math.min(LONGEST_MS, Math.ceil(wallMs))) };
      }
      const started = await startPending(db, launchId, Math.min(startable, PAGE));
      if (started.length === 0) {
        // Everybody who could start is held by another transaction.
        if (await anybodyMayStart(db, launchId)) return { pending, lookAgainMs: SOON_MS };
        // All who are left are paused, or their companies: the end of a pause wakes the launch.
        await noteNextLook(db, launchId, null);
        return { pending, lookAgainMs: LONGEST_MS };
      }
      await waker
        .enrollments(started.map(({ enrollmentId }) => enrollmentId))
        .catch((error: unknown) => log.warn({ err: error }, 'starting workflows failed; the sweep will'));
      if (performance.now() > endsAt) return { pending, lookAgainMs: 1 };
    }
  }

  return {
    async startNext({ launchId }) {
      try {
        return await startNext(launchId);
      } catch (error) {
        if (error instanceof CommandRefused) return { pending: 0, lookAgainMs: 0 };
        log.error({ err: error, launch: launchId }, 'pacing a launch failed; it is tried again');
        throw ApplicationFailure.create({ type: 'pacing_failed', message: 'see the log of the worker' });
      }
    },
  };
}
