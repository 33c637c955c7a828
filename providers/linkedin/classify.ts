/** What an answer of Unipile's proves about the touch (promise 1). Types: the error enumerations of its published OpenAPI document. */
import type { Exchange } from '../http.ts';
import type { SendResult } from '../ports.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const ALREADY: Readonly<Record<string, string>> = {
  already_invited_recently: 'already_invited',
  cannot_resend_within_24hrs: 'already_invited',
  action_already_performed: 'already_done',
};
/** LinkedIn's limits of the account: refused before anything happened. */
const LIMITS: Readonly<Record<string, number>> = {
  cannot_resend_yet: DAY,
  limit_exceeded: DAY,
  too_many_requests: HOUR,
};
const BROKEN_SENDER = new Set([
  'invalid_account',
  'account_configuration_error',
  'sender_rejected',
  'unauthorized',
  'account_restricted',
  'account_mismatch',
  'insufficient_permissions',
  'session_mismatch',
  'feature_not_subscribed',
  'subscription_required',
  'unknown_authentication_context',
  'action_required',
]);
const BAD_ADDRESS = new Set(['invalid_recipient', 'invalid_resource_identifier']);

interface Problem {
  readonly type: string;
  readonly detail: string;
}

/** The problem that an answer's body names, without Unipile's `errors/`. */
function problemOf(status: number, body: unknown): Problem {
  const { type, title, detail } = (typeof body === 'object' && body !== null ? body : {}) as {
    type?: unknown;
    title?: unknown;
    detail?: unknown;
  };
  const parts = [title, detail].filter((part) => typeof part === 'string');
  return {
    type: typeof type === 'string' ? type.replace(/^errors\//, '') : '',
    detail: parts.join(': ') || `Unipile answered ${status}`,
  };
}

/**
 * Sorts an exchange that is not a success. `effect`: the request does something that the lead can notice; when a request that only reads
 * fails, nothing has happened for certain.
 */
export function classifyUnipile(
  exchange: Exchange,
  effect: boolean,
  providerLeadId: string | null,
): SendResult {
  if (exchange.kind === 'broken') {
    const { written, code, detail } = exchange;
    if (effect && written) return { kind: 'unknown', code: 'no_answer', detail: `${code}: ${detail}` };
    return {
      kind: 'later',
      code: 'connection_failed',
      detail: `${code}: ${detail}`,
      retryAfterMs: 5 * MINUTE,
    };
  }
  const { status, body, retryAfterMs } = exchange;
  const { type, detail } = problemOf(status, body);
  const code = type || `http_${status}`;
  const later = (ms: number): SendResult => ({
    kind: 'later',
    code,
    detail,
    retryAfterMs: retryAfterMs ?? ms,
  });

  if (type === 'no_connection_with_recipient') return { kind: 'not_connected', providerLeadId };
  const already = ALREADY[type];
  if (already) return { kind: 'skipped', code: already, detail, providerLeadId };
  const limit = LIMITS[type];
  if (limit !== undefined) return later(limit);
  if (status === 429) return later(HOUR);
  if (BROKEN_SENDER.has(type) || status === 401) return { kind: 'sender_broken', code, detail };
  if (status === 403)
    return type === 'resource_access_restricted'
      ? { kind: 'failed', code, detail }
      : { kind: 'sender_broken', code, detail };
  if (status === 404) {
    // The same status for a person who is not there and for an account that is not.
    if (/\baccount\b/i.test(detail)) return { kind: 'sender_broken', code: 'account_not_found', detail };
    return { kind: 'failed', code: 'profile_not_found', detail, addressBad: true };
  }
  if (status === 501) return { kind: 'failed', code: 'not_supported', detail };
  if (status >= 500) {
    // LinkedIn's quotas also come as 500 (Unipile's own documentation of limits); a Retry-After says so, too.
    if (retryAfterMs !== null || /\b(limit|quota|too many)\b/i.test(detail)) return later(HOUR);
    return effect ? { kind: 'unknown', code, detail } : later(15 * MINUTE);
  }
  if (status >= 300 && status < 400)
    return {
      kind: 'sender_broken',
      code: 'wrong_base_url',
      detail: `redirected (${status}): settings.baseUrl is not Unipile's`,
    };
  if (status < 300)
    return {
      kind: effect ? 'unknown' : 'failed',
      code: 'answer_not_understood',
      detail: 'the answer is not what the API describes',
    };
  return { kind: 'failed', code, detail, addressBad: BAD_ADDRESS.has(type) };
}
