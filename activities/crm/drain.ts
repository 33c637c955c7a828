import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Secrets } from '../../common/crypto.ts';
import type { Logger } from '../../common/log.ts';
import type { Db } from '../../db/db.ts';
import {
  endHold,
  holdEndpoint,
  pendingDeliveries,
  recordAttempt,
  releaseDrain,
  takeDrain,
  type DrainState,
  type PendingDelivery,
} from '../../db/deliveries.ts';
import { disableEndpoint } from '../../db/endpoints.ts';
import { backOffMs, deliver, holdMs } from '../../providers/crm/deliver.ts';
import type { OutboundHttp } from '../../providers/crm/outbound.ts';

/** Why a drain ended. */
export type DrainResult =
  /** It was cancelled or has run long enough: drain again. */
  | { readonly kind: 'again' }
  | { readonly kind: 'held'; readonly retryInMs: number }
  | { readonly kind: 'disabled' }
  | { readonly kind: 'removed' };

export interface DrainDeps {
  readonly db: Db;
  readonly secrets: Secrets;
  readonly http: OutboundHttp;
  readonly log: Logger;
  /** Leads that are delivered to at the same time. */
  readonly concurrency?: number;
  /** Wall ms between two looks for new callbacks. */
  readonly pollMs?: number;
  /** Wall ms after which a drain returns `again`. */
  readonly maxMs?: number;
  readonly backOff?: { readonly baseMs: number; readonly capMs: number };
}

const FETCH = 200;
/** What is under way at a cancellation gets this long to be answered. */
const GRACE_MS = 1_500;
const TAKEN_WAIT_MS = 500;

type Open = Extract<DrainState, { kind: 'open' }>;
type Stop =
  | { readonly kind: 'gone' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'hold'; readonly reason: string; readonly retryAfterMs: number | null };

/**
 * Delivers an endpoint's callbacks until it is cancelled, or the endpoint is held, disabled or removed. Per lead one at a time, in
 * the order of their numbers, never past one that is still pending; several leads at once. At least once: what was answered when the
 * process died is posted again under the same id. One drain at a time per endpoint, whichever process it runs in. Wall clock.
 */
export async function drainEndpoint(
  deps: DrainDeps,
  endpointId: string,
  run: { readonly signal: AbortSignal; readonly heartbeat: () => void },
): Promise<DrainResult> {
  const drain = new Drain(deps, endpointId, run);
  try {
    return await drain.run();
  } finally {
    await drain.close();
  }
}

class Drain {
  readonly #deps: DrainDeps;
  readonly #endpointId: string;
  readonly #outer: { readonly signal: AbortSignal; readonly heartbeat: () => void };
  readonly #owner = randomUUID();
  readonly #abort = new AbortController();
  /** What is fetched and not settled, by lead, in order. */
  readonly #queues = new Map<string, PendingDelivery[]>();
  /** Leads of `#queues` with nothing under way. */
  readonly #ready: string[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #opened = new Map<string, string>();
  #stop: Stop | null = null;
  /** What the database refused to write down. */
  #failure: Error | null = null;
  /** Whether the endpoint answered since the last hold. */
  #proven = false;
  #ticking: Promise<void> | null = null;
  #nextFetch = 0;
  #nextLook = 0;
  #leaseUntil = 0;

  constructor(
    deps: DrainDeps,
    endpointId: string,
    outer: { readonly signal: AbortSignal; readonly heartbeat: () => void },
  ) {
    this.#deps = deps;
    this.#endpointId = endpointId;
    this.#outer = outer;
    const end = () => setTimeout(() => this.#abort.abort(), GRACE_MS).unref();
    if (outer.signal.aborted) end();
    else outer.signal.addEventListener('abort', end, { once: true });
  }

  async run(): Promise<DrainResult> {
    const { pollMs = 250, maxMs = 600_000 } = this.#deps;
    const endsAt = performance.now() + maxMs;
    let state: DrainState | null = null;
    for (;;) {
      this.#outer.heartbeat();
      if (this.#outer.signal.aborted || performance.now() > endsAt) return { kind: 'again' };
      if (this.#failure) throw this.#failure;
      if (this.#stop) return await this.#halt(this.#stop, state?.kind === 'open' ? state.holdFailures : 0);
      if (!state || performance.now() >= this.#nextLook || !this.#leaseIsSafe()) {
        state = await this.#look();
        this.#nextLook = performance.now() + pollMs;
      }
      if (state.kind === 'removed' || state.kind === 'disabled') return { kind: state.kind };
      if (state.kind === 'held') return { kind: 'held', retryInMs: state.forMs };
      if (state.kind === 'taken') {
        // Somebody else goes on from what is pending; what is under way here must not be followed by more.
        await this.#settle();
        this.#forget();
        await this.#pause(TAKEN_WAIT_MS);
        state = null;
        continue;
      }
      const secrets = this.#open(state);
      if (!secrets) {
        this.#stop = { kind: 'hold', reason: 'secret_unreadable', retryAfterMs: 60_000 };
        continue;
      }
      const width = state.holdFailures > 0 && !this.#proven ? 1 : (this.#deps.concurrency ?? 8);
      if (this.#ready.length < width && performance.now() >= this.#nextFetch) await this.#fetch(pollMs);
      this.#start(state, secrets, width);
      await Promise.race([...this.#underWay, this.#tick(pollMs)]);
    }
  }

  /** Waits for what is under way and lets another process take over. */
  async close(): Promise<void> {
    await this.#settle();
    await releaseDrain(this.#deps.db, this.#endpointId, this.#owner).catch(() => undefined);
  }

  async #look(): Promise<DrainState> {
    const asked = performance.now();
    const { db, http } = this.#deps;
    const lease = { ms: http.timeoutMs + 10_000, renewBelowMs: http.timeoutMs + 5_000 };
    const state = await takeDrain(db, this.#endpointId, this.#owner, lease);
    if (state.kind === 'open') this.#leaseUntil = asked + state.leaseMs;
    return state;
  }

  /** A post that begins now ends before another process may begin. */
  #leaseIsSafe(): boolean {
    return performance.now() + this.#deps.http.timeoutMs + 1_000 < this.#leaseUntil;
  }

  #open(state: Open): readonly string[] | null {
    try {
      return state.secrets.map((envelope) => {
        const secret = this.#opened.get(envelope) ?? this.#deps.secrets.decrypt(envelope);
        this.#opened.set(envelope, secret);
        return secret;
      });
    } catch (error) {
      this.#deps.log.error(
        { endpoint: this.#endpointId, err: error },
        'the secret of an endpoint cannot be read',
      );
      return null;
    }
  }

  async #fetch(pollMs: number): Promise<void> {
    const fetched = await pendingDeliveries(this.#deps.db, this.#endpointId, [...this.#queues.keys()], FETCH);
    for (const delivery of fetched) {
      const queue = this.#queues.get(delivery.leadId);
      if (queue) queue.push(delivery);
      else {
        this.#queues.set(delivery.leadId, [delivery]);
        this.#ready.push(delivery.leadId);
      }
    }
    if (fetched.length === 0) this.#nextFetch = performance.now() + pollMs;
  }

  #start(state: Open, secrets: readonly string[], width: number): void {
    while (this.#underWay.size < width && this.#ready.length > 0 && !this.#stop && this.#leaseIsSafe()) {
      const leadId = this.#ready.shift()!;
      const work = this.#next(leadId, state, secrets)
        .catch((error: Error) => {
          this.#failure ??= error;
        })
        .finally(() => this.#underWay.delete(work));
      this.#underWay.add(work);
    }
  }

  async #next(leadId: string, state: Open, secrets: readonly string[]): Promise<void> {
    const { db, http } = this.#deps;
    const queue = this.#queues.get(leadId)!;
    const delivery = queue[0]!;
    const { verdict, ...attempt } = await deliver(
      http,
      { ...delivery, url: state.url, secrets },
      this.#abort.signal,
    );
    if (verdict.kind === 'aborted') {
      this.#stop ??= verdict;
      return;
    }
    if (verdict.kind === 'gone' || verdict.kind === 'hold') {
      await recordAttempt(db, delivery.id, 'pending', attempt);
      this.#stop = worse(this.#stop, verdict);
      return;
    }
    await recordAttempt(db, delivery.id, verdict.kind, attempt);
    if (verdict.kind === 'parked') {
      this.#deps.log.warn(
        { endpoint: this.#endpointId, event: delivery.eventId, status: attempt.status },
        'an endpoint refused a callback: parked',
      );
    }
    if (state.holdFailures > 0 && !this.#proven) await endHold(db, this.#endpointId);
    this.#proven = true;
    queue.shift();
    if (queue.length > 0) this.#ready.push(leadId);
    else this.#queues.delete(leadId);
  }

  async #halt(stop: Stop, holdFailures: number): Promise<DrainResult> {
    await this.#settle();
    const { db, log, backOff } = this.#deps;
    const endpoint = this.#endpointId;
    const final = this.#stop ?? stop;
    if (final.kind === 'aborted') return { kind: 'again' };
    if (final.kind === 'gone') {
      await disableEndpoint(db, endpoint, 'gone');
      log.warn({ endpoint }, 'an endpoint answered 410 Gone: disabled');
      return { kind: 'disabled' };
    }
    const failures = (this.#proven ? 0 : holdFailures) + 1;
    const ms = holdMs(backOffMs(failures, Math.random(), backOff), final.retryAfterMs);
    await holdEndpoint(db, endpoint, ms, final.reason);
    log.warn(
      { endpoint, reason: final.reason, failures, ms },
      'an endpoint cannot be delivered to now: held',
    );
    return { kind: 'held', retryInMs: ms };
  }

  #forget(): void {
    this.#queues.clear();
    this.#ready.length = 0;
  }

  async #settle(): Promise<void> {
    while (this.#underWay.size > 0) {
      this.#outer.heartbeat();
      await Promise.race([Promise.all(this.#underWay), sleep(1_000)]);
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#outer.signal }).catch(() => undefined);
  }

  /** The next look at the latest; one timer however often it is asked for. */
  #tick(pollMs: number): Promise<void> {
    this.#ticking ??= this.#pause(pollMs).then(() => {
      this.#ticking = null;
    });
    return this.#ticking;
  }
}

/** Of the failures of one moment: gone is final, and the longest Retry-After counts. */
function worse(before: Stop | null, now: Stop): Stop {
  if (before?.kind === 'gone' || now.kind === 'gone') return { kind: 'gone' };
  if (before?.kind === 'hold' && now.kind === 'hold') {
    return (before.retryAfterMs ?? 0) > (now.retryAfterMs ?? 0) ? before : now;
  }
  return now;
}
