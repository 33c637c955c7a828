import type { UnsubscribeTokens } from '../common/crypto.ts';

/** Makes the link by which the lead of a touch unsubscribes, for the List-Unsubscribe header and the footer. `publicUrl` may end with a slash or have a path. */
export function unsubscribeUrl(publicUrl: string, tokens: UnsubscribeTokens): (touchId: string) => string {
  const base = publicUrl.replace(/\/+$/, '');
  return (touchId) => `${base}/u/${tokens.sign(touchId)}`;
}
