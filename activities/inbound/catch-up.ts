/**
 * Asks providers for what they took in while nobody was there to be told: a server that was down, a webhook that was entered wrong.
 * What comes both ways has one name, and so is one arrival.
 */
import { wallNow, type Clock } from '../../common/clock.ts';
import type { Secrets } from '../../common/crypto.ts';
import type { Logger } from '../../common/log.ts';
import {
  catchUpDone,
  catchUpFailed,
  enterCatchUps,
  hurryCatchUps,
  takeCatchUp,
  type DueCatchUp,
} from '../../db/catch-up.ts';
import type { Db } from '../../db/db.ts';
import { storeInbound } from '../../db/inbound.ts';
import { loadAccount } from '../../db/senders.ts';
import type { Missed } from '../../providers/ports.ts';
import type { Providers } from '../../providers/registry.ts';
import { twilioMessage, unipileArrival } from './arrivals.ts';

export interface CatchUpDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly secrets: Pick<Secrets, 'decrypt'>;
  readonly providers: Pick<Providers, 'get'>;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  /** Understands one stored arrival; never throws. */
  readonly process: (inboundId: number) => Promise<void>;
}

export interface CatchUp {
  /** Has everything asked for in the next round: this process was not there. */
  hurry(): Promise<void>;
  /** Asks for everything that is due. Returns how much of it was new. */
  round(signal: AbortSignal): Promise<number>;
}

const MINUTE = 60_000;
/** Who is connected is read from LinkedIn itself, which does not like to be asked; its own news may take eight hours. */
const AGAIN_MS = { messages: 5 * MINUTE, relations: 4 * 60 * MINUTE };
const FAILED_AGAIN_MS = MINUTE;
/** Providers that are asked at the same time. */
const ASKED_AT_ONCE = 4;

export function createCatchUp(deps: CatchUpDeps): CatchUp {
  const { db } = deps;
  return {
    hurry: () => hurryCatchUps(db),
    async round(signal) {
      await enterCatchUps(db);
      let count = 0;
      const work = async () => {
        for (let due; !signal.aborted && (due = await takeCatchUp(db, AGAIN_MS));) {
          const found = await ask(deps, due, signal);
          count += found;
        }
      };
      await Promise.all(Array.from({ length: ASKED_AT_ONCE }, work));
      return count;
    },
  };
}

/** Whatever fails, the next one has its turn, and this one another. */
async function ask(deps: CatchUpDeps, due: DueCatchUp, signal: AbortSignal): Promise<number> {
  const { db, secrets, providers, log } = deps;
  const { senderId, what, since } = due;
  try {
    const account = await loadAccount(db, senderId, secrets);
    const asking = providers.get(account.channel, account.provider).missed?.[what];
    const missed = asking
      ? await unlessAborted(asking(account, since), signal)
      : { arrived: [], whole: true };
    if (missed === null) {
      await catchUpFailed(db, due, 0);
      return 0;
    }
    let count = 0;
    for (const one of missed.arrived) if (await store(deps, senderId, account.provider, one)) count++;
    if (!missed.whole)
      log.error(
        { senderId, what, since },
        'more came in than can be asked for; the oldest of it is not read',
      );
    if (count > 0)
      log.warn({ senderId, what, count }, 'a provider had not told what came in; it was asked for');
    await catchUpDone(db, due);
    return count;
  } catch (error) {
    log.warn({ err: error, senderId, what }, 'a provider could not be asked for what came in; again soon');
    await catchUpFailed(db, due, FAILED_AGAIN_MS).catch(() => {});
    return 0;
  }
}

/** Whether it is new; then it is understood, too. */
async function store(
  { db, clock, process }: CatchUpDeps,
  senderId: string,
  provider: string,
  { at, payload }: Missed,
): Promise<boolean> {
  const arrived =
    provider === 'twilio' ? twilioMessage(payload as Record<string, string>) : unipileArrival(payload);
  if (!arrived) return false;
  const age = Math.max(0, wallNow() - at.getTime());
  const id = await storeInbound(db, {
    ...arrived,
    senderId,
    at: Math.round(clock.now() - age * clock.speed()),
  });
  if (id !== null) await process(id);
  return id !== null;
}

/** null when the signal comes first; nobody waits for a slow provider then. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  let abort = () => {};
  const aborted = new Promise<null>((resolve) => {
    abort = () => resolve(null);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  work.catch(() => {});
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
