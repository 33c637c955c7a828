/**
 * Understands what came back. Called right after something was stored, by whoever stored it (a webhook's process, a mailbox's
 * watcher), and by every worker's round for what was left: needs PostgreSQL only, so that a no is in force while Temporal is away.
 */
import type { Clock } from '../../common/clock.ts';
import type { IdentityHasher } from '../../common/crypto.ts';
import type { Logger } from '../../common/log.ts';
import type { Db, Tx } from '../../db/db.ts';
import {
  claimInbound,
  failInbound,
  finishInbound,
  forgetRaw,
  pendingInbound,
  type InboundResult,
  type InboundRow,
  type InboundSource,
} from '../../db/inbound.ts';

export interface InboundDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly hashIdentity: IdentityHasher;
  readonly log: Logger;
  /** How long (days, wall) the raw message of what concerns a lead is kept; 0: not at all. */
  readonly rawDays: number;
  /** Tells workflows to look; what it cannot reach the sweep will. Never throws, never waits for Temporal. */
  readonly wake: (enrollmentIds: readonly string[], launchIds: readonly string[]) => void;
  /** What understands each source. */
  readonly understand: Readonly<Record<InboundSource, Understand>>;
}

/** What it meant, and whose workflows must look. */
export interface Understood extends InboundResult {
  readonly wake?: readonly string[];
  /** Launches in which somebody new waits. */
  readonly launches?: readonly string[];
}

/**
 * Carries out what one arrival means, in the transaction that marks it as understood. Takes the locks itself, in the order that
 * holds everywhere. May run again after a rollback, so it has no effect outside the database.
 */
export type Understand = (tx: Tx, arrived: InboundRow, deps: InboundDeps) => Promise<Understood>;

export interface Inbound {
  /** Understands one stored arrival. A failure is written down and tried again later by a round; it never throws. */
  process(id: number): Promise<void>;
  /** Understands what waits, oldest first, until nothing that is due is left. Returns how many. */
  round(signal?: AbortSignal): Promise<number>;
}

const PAGE = 100;

export function createInbound(deps: InboundDeps): Inbound {
  const { db, log } = deps;

  async function process(id: number): Promise<void> {
    try {
      const understood = await db.tx(async (tx) => {
        const arrived = await claimInbound(tx, id);
        if (!arrived) return null;
        const understood = await deps.understand[arrived.source](tx, arrived, deps);
        await finishInbound(tx, id, {
          ...understood,
          keepRaw: deps.rawDays > 0 && (understood.keepRaw ?? false),
        });
        return understood;
      });
      const { wake = [], launches = [] } = understood ?? {};
      if (wake.length + launches.length > 0) deps.wake(wake, launches);
    } catch (error) {
      log.warn({ err: error, inbound: id }, 'something that came back could not be understood; again later');
      await failInbound(
        db,
        id,
        error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      ).catch((cause: unknown) => log.warn({ err: cause, inbound: id }, 'noting that failed too'));
    }
  }

  return {
    process,
    async round(signal) {
      await forgetRaw(db, deps.rawDays);
      let count = 0;
      for (;;) {
        const page = await pendingInbound(db, PAGE);
        for (const id of page) {
          if (signal?.aborted) return count;
          await process(id);
        }
        count += page.length;
        if (page.length < PAGE) return count;
      }
    },
  };
}
