import providers from 'email-providers';
import { getDomain } from 'tldts';

/** Providers that the list of the `email-providers` package leaves out. */
const MORE_FREEMAIL = [
  'a1.net',
  'bell.net',
  'bk.ru',
  'chello.at',
  'disroot.org',
  'fastmail.com',
  'fastmail.fm',
  'hispeed.ch',
  'mailfence.com',
  'pm.me',
  'posteo.de',
  'posteo.net',
  'runbox.com',
  'swissonline.ch',
  'telia.com',
  'tuta.com',
  'tuta.io',
  'tutamail.com',
  'tutanota.com',
  'tutanota.de',
  'ziggo.nl',
];

/** Reserved for documentation: nobody has a mailbox there, but examples have companies there. */
const NOT_FREEMAIL = new Set(['example.com', 'example.net', 'example.org']);

const FREEMAIL = new Set([...providers, ...MORE_FREEMAIL].filter((domain) => !NOT_FREEMAIL.has(domain)));

/** Places where a company has a page but not its domain: never taken from a website column. */
const PAGES = new Set([
  'facebook.com',
  'google.com',
  'instagram.com',
  'linkedin.com',
  'linktr.ee',
  'medium.com',
  'notion.site',
  'notion.so',
  'tiktok.com',
  'twitter.com',
  'x.com',
  'xing.com',
  'youtube.com',
]);

const OPTIONS = { allowPrivateDomains: true, validateHostname: true } as const;

/** The registrable domain of a host or URL, lower case; null when there is none (an IP address, a bare word). */
function registrableDomain(hostOrUrl: string): string | null {
  return getDomain(hostOrUrl.trim().toLowerCase(), OPTIONS);
}

/** The registrable domain of an address that is not freemail; null for freemail, or when there is none. */
export function ownDomainOf(email: string): string | null {
  const host = email.slice(email.lastIndexOf('@') + 1);
  const domain = registrableDomain(host);
  return domain === null || FREEMAIL.has(domain) || FREEMAIL.has(host) ? null : domain;
}

/**
 * The domain by which colleagues are recognised: that of the first email that is not freemail, else that of the website.
 * Registrable, so `mail.acme.co.uk` and `acme.co.uk` are one company; `acme.github.io` is one of its own.
 */
export function companyDomainOf(emails: readonly string[], website: string | null): string | null {
  for (const email of emails) {
    const domain = ownDomainOf(email);
    if (domain !== null) return domain;
  }
  if (website === null) return null;
  const domain = registrableDomain(website);
  return domain === null || FREEMAIL.has(domain) || PAGES.has(domain) ? null : domain;
}
