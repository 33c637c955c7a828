import { setTimeout as sleep } from 'node:timers/promises';
import type { Waker } from '../activities/waker.ts';
import type { Logger } from '../common/log.ts';
import { continueStops } from '../db/controls.ts';
import type { Db } from '../db/db.ts';
import { enabledEndpointIds } from '../db/endpoints.ts';
import { launchesToPace } from '../db/pacing.ts';
import { announcePauses, nextToWake, wakeStranded } from '../db/pauses.ts';
import {
  countRunning,
  findExpiredLeases,
  findOverdue,
  findStranded,
  findUnseen,
  runningPage,
  type Overdue,
} from '../db/sweep.ts';

export interface SweepDeps {
  readonly db: Db;
  readonly waker: Waker;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  /** Finds out what became of a send whose process is gone. */
  readonly settleExpired: (touch: { readonly touchId: string }) => Promise<unknown>;
  /** Wall ms between two sweeps. */
  readonly everyMs: number;
}

/** How late (wall) news may be before the sweep assumes that the signal was lost, and silence before a lead counts as stuck. */
const PATIENCE_MS = 3_000;
const PAGE = 500;
/** How often (wall) open workflows are counted against running enrollments. */
const CENSUS_MS = 10 * 60 * 1000;

/**
 * Promise 2: finds whoever should have moved and did not, and starts them again from their saved state: overdue or
 * missing workflows, news whose signal was lost, pauses and stops that were carried out half, launches and CRM endpoints
 * without a workflow. What it does is idempotent, so any number of workers may sweep.
 */
export function startSweep(deps: SweepDeps): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  let census = -Infinity;
  const running = (async () => {
    while (!stopping.signal.aborted) {
      // A sweep that fails (a database or server that is away) is the next sweep's work.
      await sweep(deps).catch((error: unknown) =>
        deps.log.warn({ err: error }, 'the sweep failed; it is tried again'),
      );
      if (performance.now() - census >= CENSUS_MS) {
        census = performance.now();
        await startMissing(deps).catch((error: unknown) =>
          deps.log.warn({ err: error }, 'counting workflows failed'),
        );
      }
      await sleep(deps.everyMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** One sweep over everything. Returns how many enrollments it woke. */
export async function sweep({ db, waker, log, settleExpired }: Omit<SweepDeps, 'everyMs'>): Promise<number> {
  let woken = 0;
  const wake = async (ids: readonly string[]) => {
    woken += ids.length;
    await waker.enrollments(ids);
  };

  for (let more = true; more;) {
    const stopped = await continueStops(db);
    await wake(stopped.wake);
    more = stopped.more;
  }
  while (!(await announcePauses(db)).done);
  for (let done = false; !done;) {
    const page = await nextToWake(db);
    await wake(page.wake);
    done = page.done;
  }
  await pages<string>(
    (after) => findStranded(db, { silentMs: PATIENCE_MS, limit: PAGE, ...(after && { after }) }),
    async (ids) => wake(await wakeStranded(db, ids)),
  );
  await pages<string>(
    (after) => findUnseen(db, { olderThanMs: PATIENCE_MS, limit: PAGE, ...(after && { after }) }),
    wake,
  );
  await pages<Overdue>(
    (after) =>
      findOverdue(db, { graceMs: PATIENCE_MS, silentMs: PATIENCE_MS, limit: PAGE, ...(after && { after }) }),
    (overdue) => wake(overdue.map(({ enrollmentId }) => enrollmentId)),
  );
  for (const { touchId } of await findExpiredLeases(db)) await settleExpired({ touchId });
  for (const launchId of await launchesToPace(db)) await waker.launch(launchId);
  for (const endpointId of await enabledEndpointIds(db)) await waker.endpoint(endpointId);
  if (woken > 0) log.info({ woken }, 'the sweep woke leads');
  return woken;
}

/**
 * Starts again whoever sleeps in PostgreSQL without a workflow, after Temporal lost its data: the overdue come first anyhow,
 * this is for those who are due in weeks. Costs one count as long as there are as many workflows as enrollments.
 */
export async function startMissing({
  db,
  waker,
  log,
}: Pick<SweepDeps, 'db' | 'waker' | 'log'>): Promise<void> {
  const [enrollments, workflows] = await Promise.all([countRunning(db), waker.open()]);
  if (workflows >= enrollments) return;
  log.warn({ enrollments, workflows }, 'workflows are missing; they are started again');
  await pages<string>(
    (after) => runningPage(db, { limit: PAGE, ...(after && { after }) }),
    (ids) => waker.missing(ids),
  );
}

/** Reads page by page, each after the last of the one before, until one is not full. */
async function pages<T>(
  read: (after: T | undefined) => Promise<readonly T[]>,
  use: (page: readonly T[]) => Promise<unknown>,
): Promise<void> {
  for (let after: T | undefined; ;) {
    const page = await read(after);
    if (page.length > 0) await use(page);
    if (page.length < PAGE) return;
    after = page.at(-1);
  }
}
