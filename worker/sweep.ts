import { setTimeout as sleep } from 'node:timers/promises';
import type { Waker } from '../activities/waker.ts';
import type { IdentityHasher } from '../common/crypto.ts';
import type { Logger } from '../common/log.ts';
import { continueStops } from '../db/controls.ts';
import { recount } from '../db/analytics/recount.ts';
import type { Db } from '../db/db.ts';
import { enabledEndpointIds } from '../db/endpoints.ts';
import { forgetImports } from '../db/imports.ts';
import { lookAgain } from '../db/look-again.ts';
import { unwatchedSenderIds } from '../db/mailboxes.ts';
import { launchesToPace } from '../db/pacing.ts';
import { announcePauses, endDuePauses, nextToWake, wakeStranded } from '../db/pauses.ts';
import { eraseInactive, forgetAudit } from '../db/retention.ts';
import { expireReplies } from '../db/replies.ts';
import {
  countRunning,
  findExpiredLeases,
  findOverdue,
  findOwed,
  findStranded,
  findUnseen,
  runningPage,
  settleOwed,
  type Overdue,
} from '../db/sweep.ts';

export interface SweepDeps {
  readonly db: Db;
  readonly waker: Waker;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  /** Finds out what became of a send whose process is gone. */
  readonly settleExpired: (touch: { readonly touchId: string }) => Promise<unknown>;
  /** For leads that are erased because their time is over. */
  readonly hashIdentity: IdentityHasher;
  /** Wall ms between two sweeps. */
  readonly everyMs: number;
}

/** How late (wall) news may be before the sweep assumes that the signal was lost, and silence before a lead counts as stuck. */
const PATIENCE_MS = 3_000;
const PAGE = 500;
/** How often (wall) open workflows are counted against running enrollments, and what is too old is erased. */
const CENSUS_MS = 10 * 60 * 1000;

/**
 * Promise 2: finds whoever should have moved and did not, and starts them again from their saved state: overdue or
 * missing workflows, news whose signal was lost, pauses and stops that were carried out half, launches, CRM endpoints and
 * mailboxes without a workflow. What it does is idempotent, so any number of workers may sweep.
 */
export function startSweep(deps: SweepDeps): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  let census = -Infinity;
  const running = (async () => {
    while (!stopping.signal.aborted) {
      // A sweep that fails (a database or server that is away) is the next sweep's work.
      await sweep(deps, stopping.signal).catch((error: unknown) =>
        deps.log.warn({ err: error }, 'the sweep failed; it is tried again'),
      );
      if (performance.now() - census >= CENSUS_MS) {
        census = performance.now();
        await startMissing(deps).catch((error: unknown) =>
          deps.log.warn({ err: error }, 'counting workflows failed'),
        );
        await forget(deps).catch((error: unknown) =>
          deps.log.warn({ err: error }, 'erasing what is too old failed; it is tried again'),
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

/** After so many failures in one sweep Temporal is taken to be away; the next sweep asks it again. */
const MAX_FAILURES = 10;
/** Pages of leads that one sweep counts anew for analytics. */
const COUNTED_AT_ONCE = 5;
/** Providers that are asked at the same time what became of a send. */
const ASKED_AT_ONCE = 5;

/**
 * One sweep over everything. Returns how many enrollments it woke. What fails for one keeps no other from its turn; the first
 * failure is thrown at the end.
 */
export async function sweep(
  { db, waker, log, settleExpired }: Omit<SweepDeps, 'everyMs' | 'hashIdentity'>,
  signal?: AbortSignal,
): Promise<number> {
  let woken = 0;
  const failures: unknown[] = [];
  const over = () => signal?.aborted === true || failures.length >= MAX_FAILURES;
  const attempt = async (work: () => Promise<unknown>) => {
    if (!over()) await work().catch((error: unknown) => failures.push(error));
  };
  const wake = (ids: readonly string[]) =>
    attempt(async () => {
      await waker.enrollments(ids);
      woken += ids.length;
    });

  const wakeAll = async () => {
    await attempt(async () => {
      for (let more = true; more && !over();) {
        const stopped = await continueStops(db);
        await wake(stopped.wake);
        more = stopped.more;
      }
    });
    await attempt(async () => {
      const owed = await findOwed(db, { silentMs: PATIENCE_MS, limit: PAGE });
      await waker.ended(owed);
      await settleOwed(db, owed);
    });
    await attempt(() => forgetImports(db));
    await attempt(async () => {
      while (!over() && !(await announcePauses(db)).done);
    });
    await attempt(async () => {
      if ((await endDuePauses(db)) > 0) await lookAgain(db, null);
    });
    await attempt(async () => {
      for (let done = false; !done && !over();) {
        const page = await nextToWake(db);
        await wake(page.wake);
        done = page.done;
      }
    });
    await attempt(() =>
      pages<string>(
        (after) => findStranded(db, { silentMs: PATIENCE_MS, limit: PAGE, ...(after && { after }) }),
        async (ids) => wake(await wakeStranded(db, ids)),
        over,
      ),
    );
    await attempt(() =>
      pages<string>(
        (after) => findUnseen(db, { olderThanMs: PATIENCE_MS, limit: PAGE, ...(after && { after }) }),
        wake,
        over,
      ),
    );
    await attempt(() =>
      pages<Overdue>(
        (after) =>
          findOverdue(db, {
            graceMs: PATIENCE_MS,
            silentMs: PATIENCE_MS,
            limit: PAGE,
            ...(after && { after }),
          }),
        (overdue) => wake(overdue.map(({ enrollmentId }) => enrollmentId)),
        over,
      ),
    );
    await attempt(async () => {
      for (const launchId of await launchesToPace(db)) await attempt(() => waker.launch(launchId));
    });
    await attempt(async () => {
      for (const endpointId of await enabledEndpointIds(db))
        await attempt(() => waker.missingEndpoint(endpointId));
    });
    await attempt(async () => {
      for (const senderId of await unwatchedSenderIds(db))
        await attempt(() => waker.missingMailbox(senderId));
    });
  };

  await attempt(async () => {
    const expired = await expireReplies(db);
    if (expired > 0) log.warn({ expired }, 'whether replies went out is not known: "inbox show" names them');
  });

  const unsettled: unknown[] = [];
  // Providers may take their time, and nobody waits for them here.
  const settleAll = async () => {
    const expired = [...(await findExpiredLeases(db))];
    await Promise.all(
      Array.from({ length: ASKED_AT_ONCE }, async () => {
        for (let touch = expired.shift(); touch && !signal?.aborted; touch = expired.shift()) {
          await settleExpired({ touchId: touch.touchId }).catch((error: unknown) => unsettled.push(error));
        }
      }),
    );
  };
  const countAll = async () => {
    for (let page = 0; page < COUNTED_AT_ONCE && !signal?.aborted && (await recount(db)); page++);
  };
  await Promise.all([
    wakeAll(),
    ...[settleAll(), countAll()].map((work) => work.catch((error: unknown) => unsettled.push(error))),
  ]);

  if (woken > 0) log.info({ woken }, 'the sweep woke leads');
  const [failure] = [...failures, ...unsettled];
  if (failure !== undefined) throw failure;
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

/** Erases and deletes, some at a time, what the workspace keeps no longer. */
export async function forget({
  db,
  waker,
  log,
  hashIdentity,
}: Pick<SweepDeps, 'db' | 'waker' | 'log' | 'hashIdentity'>): Promise<void> {
  const { erased, enrollmentIds } = await eraseInactive(db, hashIdentity);
  if (enrollmentIds.length > 0) await waker.terminate(enrollmentIds);
  if (erased > 0) log.info({ erased }, 'leads without activity were erased');
  await forgetAudit(db);
}

/** Reads page by page, each after the last of the one before, until one is not full. */
async function pages<T>(
  read: (after: T | undefined) => Promise<readonly T[]>,
  use: (page: readonly T[]) => Promise<unknown>,
  over: () => boolean = () => false,
): Promise<void> {
  for (let after: T | undefined; !over();) {
    const page = await read(after);
    if (page.length > 0) await use(page);
    if (page.length < PAGE) return;
    after = page.at(-1);
  }
}
