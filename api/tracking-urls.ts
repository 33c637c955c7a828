import type { TrackingTokens } from '../common/tracking-tokens.ts';
import type { TrackingUrls } from '../providers/email/tracking/rewrite.ts';

/** Makes the addresses that tell opens and clicks of a touch. `publicUrl` may end with a slash or have a path. */
export function trackingUrls(publicUrl: string, tokens: TrackingTokens): TrackingUrls {
  const base = publicUrl.replace(/\/+$/, '');
  return {
    open: (touchId) => `${base}/t/o/${tokens.signOpen(touchId)}.gif`,
    click: (touchId, link) => `${base}/t/c/${tokens.signClick(touchId, link)}`,
  };
}
