import ipaddr from 'ipaddr.js';

/** A URL that must not be posted to; the message says what would be right. */
export class UrlRefusedError extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'UrlRefusedError';
  }
}

/** Whether a URL's host is this machine: localhost, 127.0.0.1 or [::1]. */
export const isLoopback = (hostname: string): boolean =>
  ['localhost', '127.0.0.1', '[::1]'].includes(hostname);

/** Whether an IP address is one of the public internet: not loopback, private, link-local, carrier-grade NAT, multicast, documentation … IPv4 in IPv6 counts as what it holds. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // `process` unwraps IPv4-mapped IPv6; the other ways of carrying IPv4 (NAT64, 6to4, Teredo) have ranges of their own.
  const ip = ipaddr.process(address);
  if (ip.range() !== 'unicast') return false;
  // Unassigned parts of IPv6 also read as unicast: only 2000::/3 is given out.
  return ip.kind() === 'ipv4' || ip.match(ipaddr.IPv6.parseCIDR('2000::/3'));
}

/**
 * The URL, when callbacks may be sent there. `allowPrivate` lets plain HTTP and private addresses pass, for development and
 * for receivers in the same network. Names are looked up and checked again at each connection. Throws `UrlRefusedError`.
 */
export function checkCallbackUrl(text: string, { allowPrivate }: { readonly allowPrivate: boolean }): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new UrlRefusedError(
      'This is not a web address. Write it whole, for example https://crm.example.com/hooks/cadenza',
    );
  }
  if (url.username || url.password) {
    throw new UrlRefusedError(
      'The address must not contain a user name or password: every callback is signed, verify the signature instead.',
    );
  }
  if (url.hash) throw new UrlRefusedError('Leave out the part after "#": it is never sent.');
  if (allowPrivate) return url;
  if (url.protocol !== 'https:') {
    throw new UrlRefusedError(
      'Use https: callbacks say who was contacted when. (Plain http works where CADENZA_ALLOW_PRIVATE_ENDPOINTS is set.)',
    );
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const local = host === 'localhost' || host.endsWith('.localhost');
  if (local || (ipaddr.isValid(host) && !isPublicAddress(host))) {
    throw new UrlRefusedError(
      `${host} is not on the public internet. Set CADENZA_ALLOW_PRIVATE_ENDPOINTS=true to allow private addresses.`,
    );
  }
  return url;
}
