import { checkCallbackUrl } from '../../common/network.ts';
import type { SendResult } from '../ports.ts';
import type { OutboundHttp, PostResult } from './outbound.ts';
import { webhookHeaders } from './signing.ts';

/** How long to wait before a receiver that refused for now is asked again, when it did not say. */
const LATER_MS = 60_000;

export interface WebhookSteps {
  /** Posts a `webhook` step's data as JSON, with the touch's id as `webhook-id`. Sorts what came of it; never throws for what the network or the receiver does. */
  post(url: string, body: unknown, touchId: string): Promise<SendResult>;
}

/** `secrets` (`whsec_…`) sign the posts when there are any. `allowPrivate` must be the one that `http` was made with. */
export function createWebhookSteps(options: {
  readonly http: OutboundHttp;
  readonly allowPrivate: boolean;
  readonly secrets?: readonly string[];
}): WebhookSteps {
  return {
    async post(url, body, touchId) {
      try {
        checkCallbackUrl(url, options);
      } catch (error) {
        return { kind: 'failed', code: 'bad_url', detail: (error as Error).message };
      }
      const text = JSON.stringify(body ?? {});
      return classify(
        await options.http.post({
          url,
          body: text,
          headers: webhookHeaders(touchId, text, options.secrets ?? []),
        }),
      );
    },
  };
}

/**
 * A connection that never came about is proof that the receiver knows nothing, and an answer of refusal that it took nothing: those
 * may be tried again. A time-out after the request left, or a gateway that lost its receiver, is no proof (promise 1).
 */
function classify(result: PostResult): SendResult {
  if (result.kind === 'failed') {
    const { code, detail } = result;
    if (code === 'private_address') return { kind: 'failed', code, detail };
    return result.handedOver
      ? { kind: 'unknown', code, detail }
      : { kind: 'later', code, detail, retryAfterMs: LATER_MS };
  }
  const [code, detail] = [`http_${result.status}`, result.body || `The receiver answered ${result.status}`];
  if (result.status >= 200 && result.status < 300) return { kind: 'sent', providerId: null };
  if (result.status === 502 || result.status === 504) return { kind: 'unknown', code, detail };
  if (result.status === 429 || result.status >= 500)
    return { kind: 'later', code, detail, retryAfterMs: result.retryAfterMs ?? LATER_MS };
  return { kind: 'failed', code, detail };
}
