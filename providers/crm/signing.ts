import { Webhook } from 'standardwebhooks';
import { wallNow } from '../../common/clock.ts';

/**
 * The headers of the Standard Webhooks specification for one attempt, now by the wall clock: the same id for every attempt, and a
 * signature with each secret (`whsec_…`), so that a receiver may know either during a rotation.
 */
export function webhookHeaders(id: string, body: string, secrets: readonly string[]): Record<string, string> {
  const now = new Date(wallNow());
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    ...(secrets.length > 0 && {
      'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
    }),
  };
}
