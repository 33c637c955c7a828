import { setTimeout as sleep } from 'node:timers/promises';
import { wallNow } from '../../common/clock.ts';
import { BrokenSecretError, UnknownKeyError } from '../../common/crypto.ts';
import { loadAccount } from '../../db/senders.ts';
import { lastSentBy, type TouchRow } from '../../db/touches.ts';
import type { FindResult, SenderAccount, SendResult } from '../../providers/ports.ts';
import type { Answer } from '../../sequences/engine/types.ts';
import { lookLater, outgoingOf, webhookId, type Delivery } from './delivery.ts';
import type { EnrollmentDeps } from './deps.ts';
import { recordFound, recordResult } from './record.ts';

/** Recording is tried for as long as the database may be away; the outcome is known here only. */
const RECORD_TRIES = 12;
const RECORD_PAUSE_MS = { first: 200, most: 10_000 };
/** A provider can have received a touch a little before its lease began, by its own clock. */
const SINCE_MARGIN_MS = 60_000;

/** Hands touches to their providers and follows them to the end, longer than an activity if need be. */
export interface Courier {
  /** Sends a touch that was just committed as `sending`; `in_flight` when it takes long. */
  send(delivery: Delivery): Promise<Answer>;
  /** What became of a touch that is `sending`: waits for it here, or asks its provider once its lease is over. */
  look(touch: TouchRow, delivery: Delivery): Promise<Answer>;
  /** Waits for every send of this process, for its shutdown. */
  drain(): Promise<void>;
}

export function createCourier(deps: EnrollmentDeps): Courier {
  const underWay = new Map<string, Promise<Answer>>();

  /** Follows the work for an activity's time; after that it goes on by itself. */
  async function follow(touchId: string, leaseLeftMs: number, work: () => Promise<Answer>): Promise<Answer> {
    let job = underWay.get(touchId);
    if (!job) {
      job = work().finally(() => underWay.delete(touchId));
      underWay.set(touchId, job);
    }
    const patience = new AbortController();
    const late = sleep(deps.inFlightAfterMs, null, { signal: patience.signal, ref: false }).catch(() => null);
    const answer = await Promise.race([job, late]);
    patience.abort();
    return answer ?? inFlight(deps, leaseLeftMs - deps.inFlightAfterMs);
  }

  return {
    send(delivery) {
      const begun = delivery.leaseFrom;
      return follow(delivery.touchId, deps.leaseMs, async () => {
        const result = await call(deps, delivery, begun);
        return record(deps, delivery, () => recordResult(deps, delivery, result), begun + deps.leaseMs);
      });
    },
    async look(touch, delivery) {
      if (!touch.leaseOver && !underWay.has(touch.id)) return inFlight(deps, touch.leaseLeftMs);
      return follow(touch.id, touch.leaseLeftMs, async () => {
        const found = await find(deps, touch, delivery);
        return record(deps, delivery, () => recordFound(deps, delivery, found), wallNow());
      });
    },
    async drain() {
      await Promise.allSettled(underWay.values());
    },
  };
}

function inFlight({ clock }: EnrollmentDeps, leaseLeftMs: number): Answer {
  const at = clock.now();
  return { type: 'in_flight', at, lookAt: lookLater(at, clock.speed(), leaseLeftMs) };
}

/** Calls the provider. Never throws: what it cannot tell is `unknown`. */
async function call(deps: EnrollmentDeps, delivery: Delivery, begun: number): Promise<SendResult> {
  const { sender, channel, content } = delivery;
  let attempt: () => Promise<SendResult>;
  if (channel === 'webhook') {
    attempt = () => deps.webhook.post(content.url ?? '', content.data ?? {}, webhookId(delivery.key));
  } else {
    const provider = sender && deps.providers.get(sender.channel, sender.provider);
    if (!sender || !provider) {
      return { kind: 'sender_broken', code: 'no_such_provider', detail: 'This provider is not set up here.' };
    }
    const account = await accountOf(deps, sender.id);
    if ('kind' in account) return account;
    const outgoing = outgoingOf(delivery, deps, new Date(begun));
    attempt = () => provider.send(account, outgoing);
  }
  // A process that stood still since the commit may find its lease over: somebody else may have judged the touch by now.
  if (wallNow() - begun > deps.leaseMs - deps.sendTimeoutMs) {
    return { kind: 'later', code: 'process_stalled', detail: 'The process stood still.', retryAfterMs: 0 };
  }
  return withTimeout(deps, delivery, attempt());
}

/** The sender with its credentials, or why nothing was sent. */
async function accountOf(deps: EnrollmentDeps, senderId: string): Promise<SenderAccount | SendResult> {
  try {
    return await loadAccount(deps.db, senderId, deps.secrets);
  } catch (error) {
    deps.log.error({ err: error, senderId }, 'a sender could not be read');
    if (error instanceof UnknownKeyError || error instanceof BrokenSecretError) {
      return { kind: 'sender_broken', code: 'credentials_unreadable', detail: error.message };
    }
    // Most likely the database; nothing has left.
    return {
      kind: 'later',
      code: 'sender_unreadable',
      detail: 'The sender could not be read.',
      retryAfterMs: 10_000,
    };
  }
}

async function withTimeout(
  deps: EnrollmentDeps,
  delivery: Delivery,
  sending: Promise<SendResult>,
): Promise<SendResult> {
  const settled = sending.catch((error: unknown): SendResult => {
    deps.log.error({ err: error, touchId: delivery.touchId }, 'a provider adapter failed unexpectedly');
    return { kind: 'unknown', code: 'adapter_failed', detail: 'The adapter failed; the log says how.' };
  });
  const patience = new AbortController();
  const late = sleep(deps.sendTimeoutMs, null, { signal: patience.signal, ref: false }).catch(() => null);
  const result = await Promise.race([settled, late]);
  patience.abort();
  if (result) return result;
  // Proof that comes later still counts.
  void settled.then((proof) =>
    proof.kind === 'unknown'
      ? undefined
      : record(deps, delivery, () => recordResult(deps, delivery, proof), wallNow() + deps.leaseMs),
  );
  return { kind: 'unknown', code: 'no_answer', detail: 'The provider did not answer in time.' };
}

async function find(
  deps: EnrollmentDeps,
  touch: TouchRow,
  delivery: Delivery,
): Promise<FindResult | 'again'> {
  // The receiver knows a webhook by its id, so posting it again is not doing it twice.
  if (delivery.channel === 'webhook') return 'again';
  const { sender } = delivery;
  const provider = sender && deps.providers.get(sender.channel, sender.provider);
  if (!sender || !provider) return { kind: 'cannot_say' };
  const since = new Date((touch.leaseUntil ?? wallNow()) - deps.leaseMs - SINCE_MARGIN_MS);
  try {
    const account = await loadAccount(deps.db, sender.id, deps.secrets);
    const alsoSent = await lastSentBy(deps.db, sender.id);
    const asked = provider.find(account, { ...outgoingOf(delivery, deps, since), alsoSent });
    const patience = new AbortController();
    const late = sleep(deps.sendTimeoutMs, null, { signal: patience.signal, ref: false }).catch(() => null);
    const found = await Promise.race([asked, late]);
    patience.abort();
    return found ?? { kind: 'cannot_say' };
  } catch (error) {
    deps.log.warn({ err: error, touchId: touch.id }, 'a provider could not be asked about a touch');
    return { kind: 'cannot_say' };
  }
}

/** Writes an outcome down, again while the database is away. If it never can, the lease ends and the provider is asked. */
async function record(
  deps: EnrollmentDeps,
  { touchId }: Delivery,
  write: () => Promise<Answer>,
  leaseUntil: number,
): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await write();
    } catch (error) {
      deps.log.error({ err: error, touchId, tries }, 'the outcome of a touch could not be written down');
      if (tries >= RECORD_TRIES) return inFlight(deps, leaseUntil - wallNow());
      await sleep(Math.min(RECORD_PAUSE_MS.first * 2 ** tries, RECORD_PAUSE_MS.most));
    }
  }
}
