/** What an error of Twilio's proves about the touch (promise 1). Codes: twilio.com/docs/api/errors. */
import type { SendResult } from '../ports.ts';
import { BadSettings } from '../settings.ts';
import { TwilioRefusal, TwilioSilence } from './client.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The number is not one, cannot be reached from here, or cannot take this channel. */
const BAD_ADDRESS = new Set([21211, 21214, 21217, 21401, 21407, 21421, 21614, 63003, 63024]);
/** The account or its number: wrong credentials, suspended, closed, not theirs, no permission, money. */
const BROKEN_SENDER = new Set([
  20003, 20005, 20006, 20008, 20403, 21212, 21603, 21606, 21611, 21659, 21660, 21701, 21703, 30002, 63007,
  63020, 63051,
]);
const TOO_MANY = new Set([20429, 14107, 63018, 63017]);
/** Daily limits: of the account, of an unverified toll-free or WhatsApp number. */
const DAILY = new Set([63038, 63058, 30022, 30023]);

/** Sorts what a call of the twilio package threw. */
export function classifyTwilio(error: unknown): SendResult {
  if (error instanceof BadSettings)
    return { kind: 'sender_broken', code: 'bad_settings', detail: error.message };
  if (error instanceof TwilioSilence) {
    if (error.written) return { kind: 'unknown', code: 'no_answer', detail: error.message };
    return { kind: 'later', code: 'connection_failed', detail: error.message, retryAfterMs: 5 * MINUTE };
  }
  // Anything else was thrown after a 2xx, e.g. by a body that is not what the package expects.
  if (!(error instanceof TwilioRefusal))
    return { kind: 'unknown', code: 'answer_not_understood', detail: String(error) };

  const { status, message } = error;
  const known = error.code ?? 0;
  const code = error.code === null ? `http_${status}` : `twilio_${error.code}`;
  const later = (retryAfterMs: number): SendResult => ({
    kind: 'later',
    code,
    detail: message,
    retryAfterMs: error.retryAfterMs ?? retryAfterMs,
  });
  if (DAILY.has(known)) return later(12 * HOUR);
  if (TOO_MANY.has(known) || status === 429) return later(MINUTE);
  if (known === 21610) return { kind: 'failed', code: 'unsubscribed', detail: message };
  // Comes as 403, but it is this number's country that is switched off, not the sender.
  if (known === 21408) return { kind: 'failed', code: 'region_not_permitted', detail: message };
  if (known === 63016) return { kind: 'failed', code: 'outside_24h_window', detail: message };
  if (BROKEN_SENDER.has(known) || status === 401 || status === 403)
    return { kind: 'sender_broken', code, detail: message };
  if (BAD_ADDRESS.has(known)) return { kind: 'failed', code, detail: message, addressBad: true };
  if (status >= 500) {
    // 503 with Retry-After is the gateway turning requests away; any other 5xx may have happened after the message was queued.
    return status === 503 && error.retryAfterMs !== null
      ? later(MINUTE)
      : { kind: 'unknown', code, detail: message };
  }
  // 404 is the account's own path; 3xx means that the base URL is wrong.
  if (status === 404 || status < 400) return { kind: 'sender_broken', code, detail: message };
  return { kind: 'failed', code, detail: message };
}
