import { setTimeout as sleep } from 'node:timers/promises';
import { createInbound, type Inbound } from '../activities/inbound/index.ts';
import type { CatchUp } from '../activities/inbound/catch-up.ts';
import { understandEvent } from '../activities/inbound/events.ts';
import { understandHit } from '../activities/inbound/hits.ts';
import { understandMail } from '../activities/inbound/mail.ts';
import { understandTwilio } from '../activities/inbound/twilio.ts';
import { understandUnipile } from '../activities/inbound/unipile.ts';
import type { Logger } from '../common/log.ts';
import type { Services } from './services.ts';

/** What understands everything that comes back, with this process's database and keys. */
export function inboundOf({ config, db, clock, hashIdentity, waker, log }: Services): Inbound {
  return createInbound({
    db,
    clock,
    hashIdentity,
    log,
    rawDays: config.rawMailDays,
    wake: (enrollmentIds, launchIds) =>
      void waker()
        .then(async (waking) => {
          await waking.enrollments(enrollmentIds);
          for (const id of launchIds) await waking.launch(id);
        })
        .catch((error: unknown) =>
          log.warn({ err: error }, 'waking leads after what came back failed; the sweep will'),
        ),
    understand: {
      mail: understandMail,
      twilio: understandTwilio,
      unipile: understandUnipile,
      events: understandEvent,
      tracking: understandHit,
    },
  });
}

/** Wall ms between two looks for senders whose providers are to be asked. */
const CATCH_UP_MS = 5_000;

/** Asks providers for what they could not tell: soon after the start, and every few minutes. */
export function startCatchUp(catchUp: CatchUp, log: Pick<Logger, 'warn'>): { stop: () => Promise<void> } {
  return repeat(
    CATCH_UP_MS,
    async (signal, first) => {
      if (first) await catchUp.hurry();
      await catchUp.round(signal);
    },
    (error) => log.warn({ err: error }, 'asking providers for what came in failed; again soon'),
  );
}

/** Wall ms between two looks for what was stored and not understood: by a process that ended, or while something failed. */
const ROUND_MS = 1000;

/** Looks again and again for what waits. */
export function startRounds(
  inbound: Pick<Inbound, 'round'>,
  log: Pick<Logger, 'warn'>,
): { stop: () => Promise<void> } {
  return repeat(
    ROUND_MS,
    (signal) => inbound.round(signal),
    (error) => log.warn({ err: error }, 'looking for what came back failed; again soon'),
  );
}

/** Does it again and again, `everyMs` (wall) apart. `first`: until it has succeeded once. */
function repeat(
  everyMs: number,
  work: (signal: AbortSignal, first: boolean) => Promise<unknown>,
  failed: (error: unknown) => void,
): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  const running = (async () => {
    for (let first = true; !stopping.signal.aborted;) {
      await work(stopping.signal, first).then(() => (first = false), failed);
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
