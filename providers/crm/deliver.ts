import type { OutboundHttp, PostResult } from './outbound.ts';
import { webhookHeaders } from './signing.ts';

/** What one attempt to deliver means (promise 9). */
export type Verdict =
  | { readonly kind: 'delivered' }
  /** The endpoint is gone for good (410). */
  | { readonly kind: 'gone' }
  /** The endpoint does not want this one; the next may pass. */
  | { readonly kind: 'parked' }
  /** The endpoint cannot take anything now. `retryAfterMs`: its own wish, when it said one. */
  | { readonly kind: 'hold'; readonly reason: string; readonly retryAfterMs: number | null }
  /** Ended from this side; nothing is known of the endpoint. */
  | { readonly kind: 'aborted' };

export interface Delivered {
  readonly verdict: Verdict;
  readonly status: number | null;
  /** For the delivery log: a word, or how the endpoint put it. */
  readonly error: string | null;
  readonly ms: number;
}

/** Posts one callback, signed with every valid secret, under its own id. Never throws for what the network or the endpoint does. */
export async function deliver(
  http: OutboundHttp,
  callback: {
    readonly url: string;
    readonly eventId: string;
    readonly body: string;
    readonly secrets: readonly string[];
  },
  signal?: AbortSignal,
): Promise<Delivered> {
  const headers = webhookHeaders(callback.eventId, callback.body, callback.secrets);
  const result = await http.post({
    url: callback.url,
    body: callback.body,
    headers,
    signal,
    repeatable: true,
  });
  const verdict = judge(result);
  if (result.kind === 'failed')
    return { verdict, status: null, error: `${result.code}: ${result.detail}`, ms: result.ms };
  return {
    verdict,
    status: result.status,
    error: verdict.kind === 'delivered' ? null : result.body || null,
    ms: result.ms,
  };
}

/** Redirects are not followed: the address that was registered is the one that gets the data. */
export function judge(result: PostResult): Verdict {
  if (result.kind === 'failed') {
    return result.code === 'aborted'
      ? { kind: 'aborted' }
      : { kind: 'hold', reason: result.code, retryAfterMs: null };
  }
  const { status, retryAfterMs } = result;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  if (status === 429 || status >= 500) return { kind: 'hold', reason: `http_${status}`, retryAfterMs };
  return { kind: 'parked' };
}

/** Wall ms of the back-off after so many failures in a row (from 1): doubling from `baseMs` to `capMs`, the upper half of it by chance. */
export function backOffMs(
  failures: number,
  random: number,
  { baseMs = 1_000, capMs = 300_000 } = {},
): number {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}

/** A receiver may ask for at most this much patience. */
const RETRY_AFTER_CAP_MS = 3_600_000;

/** How long to hold an endpoint: its own Retry-After (up to an hour), or the back-off when that is longer. */
export function holdMs(backOff: number, retryAfterMs: number | null): number {
  return Math.max(backOff, Math.min(retryAfterMs ?? 0, RETRY_AFTER_CAP_MS));
}
