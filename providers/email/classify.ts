/** What an SMTP error proves about the message (promise 1): refused and by whom's fault, never handed over, or nobody knows. */
import type { NodemailerError } from 'nodemailer';
import type { SendResult } from '../ports.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Answers of a token endpoint after which no retry helps: somebody must connect the account again (RFC 6749 §5.2, OpenID, Microsoft). */
const DEAD_GRANT =
  /^(invalid_grant|invalid_client|unauthorized_client|invalid_scope|invalid_request|access_denied|consent_required|interaction_required|login_required)\b/;

/** Codes of nodemailer that name a connection rather than an answer. */
const CONNECTION = new Set([
  'ECONNECTION',
  'ESOCKET',
  'EDNS',
  'ETLS',
  'EREQUIRETLS',
  'ETIMEDOUT',
  'EPROTOCOL',
  'EPROXY',
  'EABORT',
  'EMAXLIMIT',
  'ESTREAM',
]);

/**
 * Sorts an error of nodemailer's. `handedOver`: some of the message's bytes were read by the connection, which happens only after the
 * server's 354. From then on only the server's complete answer to the message proves anything.
 */
export function classifySmtp(error: NodemailerError, handedOver: boolean): SendResult {
  const reply = error.responseCode ?? 0;
  const detail = error.response ?? error.message;
  if (handedOver) {
    const answered = error.code === 'EMESSAGE' && error.command === 'DATA' && reply >= 400 && reply < 600;
    if (!answered) return { kind: 'unknown', code: 'no_answer_after_data', detail };
    return reply < 500 ? later(`smtp_${reply}`, detail, 15 * MINUTE) : permanent(reply, detail, 'message');
  }
  if (error.code === 'EAUTH' || error.code === 'ENOAUTH' || error.code === 'EOAUTH2')
    return authentication(error, reply, detail);
  if (reply >= 400 && reply < 500) return later(`smtp_${reply}`, detail, 15 * MINUTE);
  if (error.code === 'EENVELOPE' && error.command === 'API')
    return { kind: 'failed', code: 'invalid_address', detail, addressBad: true };
  if (error.code === 'EENVELOPE' && reply >= 500) return permanent(reply, detail, stage(error.command));
  if (error.code === 'EMESSAGE') return { kind: 'failed', code: 'message_too_large', detail };
  if (error.code === 'ECONFIG') return { kind: 'sender_broken', code: 'bad_settings', detail };
  if (CONNECTION.has(error.code ?? ''))
    return later(
      error.code === 'EDNS' ? 'dns_failed' : error.code === 'ETIMEDOUT' ? 'timeout' : 'connection_failed',
      detail,
      5 * MINUTE,
    );
  return { kind: 'failed', code: 'not_sent', detail };
}

type Stage = 'sender' | 'recipient' | 'message';

function stage(command: string | undefined): Stage {
  return command === 'MAIL FROM' ? 'sender' : command === 'RCPT TO' ? 'recipient' : 'message';
}

function authentication(error: NodemailerError, reply: number, detail: string): SendResult {
  if (reply >= 500) return { kind: 'sender_broken', code: 'auth_failed', detail };
  if (reply >= 400) return later(`smtp_${reply}`, detail, 15 * MINUTE);
  if (error.code === 'ENOAUTH' || DEAD_GRANT.test(error.message))
    return { kind: 'sender_broken', code: 'auth_failed', detail };
  // 334 with an error object, then silence or a closed connection: neither the account's fault for certain.
  return later('auth_unavailable', detail, 15 * MINUTE);
}

/** A 5xx answer. The enhanced code (RFC 3463) decides where there is one. */
function permanent(reply: number, detail: string, at: Stage): SendResult {
  const enhanced = /^\d{3}[ -]5\.(\d{1,3})\.(\d{1,3})\b/.exec(detail);
  const [subject, number] = enhanced ? [Number(enhanced[1]), Number(enhanced[2])] : [null, null];
  const code = enhanced ? `smtp_5_${subject}_${number}` : `smtp_${reply}`;
  // Gmail's and Google Workspace's daily sending quota.
  if (subject === 4 && number === 5) return later(code, detail, 12 * HOUR);
  // Authentication wanted, failed or too weak (RFC 4954 §6), and the sender's own address refused (RFC 3463 X.1.7, X.1.8).
  const account =
    (subject === 7 && (number === 8 || number === 9)) || (subject === 1 && (number === 7 || number === 8));
  if (account || reply === 530 || reply === 534 || reply === 535 || reply === 538)
    return { kind: 'sender_broken', code, detail };
  // Before any recipient was named, a refusal is about who sends; too large (552) and bad parameters (555, 5.5.x) are about the message.
  if (at === 'sender') {
    const sending = (reply === 550 || reply === 553 || reply === 554) && subject !== 5 && subject !== 3;
    return sending ? { kind: 'sender_broken', code, detail } : { kind: 'failed', code, detail };
  }
  const address = subject === 1 || (subject === 2 && number === 1);
  const unnamed =
    at === 'recipient' &&
    (reply === 550 || reply === 551 || reply === 553) &&
    (enhanced === null || (subject === 4 && number === 1));
  return { kind: 'failed', code, detail, addressBad: address || unnamed };
}

function later(code: string, detail: string, retryAfterMs: number): SendResult {
  return { kind: 'later', code, detail, retryAfterMs };
}
