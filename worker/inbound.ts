import { setTimeout as sleep } from 'node:timers/promises';
import { createInbound, type Inbound } from '../activities/inbound/index.ts';
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

/** Wall ms between two looks for what was stored and not understood: by a process that ended, or while something failed. */
const ROUND_MS = 1000;

/** Looks again and again for what waits. */
export function startRounds(
  inbound: Pick<Inbound, 'round'>,
  log: Pick<Logger, 'warn'>,
): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await inbound
        .round(stopping.signal)
        .catch((error: unknown) => log.warn({ err: error }, 'looking for what came back failed; again soon'));
      await sleep(ROUND_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
