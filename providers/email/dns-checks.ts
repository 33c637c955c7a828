/** What receiving servers look up about a sender's domain: SPF, DKIM, DMARC. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { getDomain } from 'tldts';
import type { CheckLine } from '../ports.ts';

/** Looks up TXT records as `dns.resolveTxt` does; tests give their own. */
export type ResolveTxt = (name: string) => Promise<string[][]>;

/** The system's resolver with a time-out of its own. */
export function systemResolver(): ResolveTxt {
  const resolver = new Resolver({ timeout: 3000, tries: 2 });
  return (name) => resolver.resolveTxt(name);
}

type Records =
  | { readonly ok: true; readonly values: readonly string[] }
  | { readonly ok: false; readonly problem: string };

async function lookUp(resolve: ResolveTxt, name: string): Promise<Records> {
  try {
    return { ok: true, values: (await resolve(name)).map((chunks) => chunks.join('')) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ENOTFOUND' || code === 'ENODATA') return { ok: true, values: [] };
    return { ok: false, problem: `${name} could not be looked up (${code || String(error)})` };
  }
}

/** One line each for SPF, DKIM and DMARC of `domain`; each says what was found and, if need be, what to publish. */
export async function checkDomain(
  resolve: ResolveTxt,
  domain: string,
  dkim: { readonly domain: string; readonly selector: string; readonly privateKey: string | null } | null,
): Promise<CheckLine[]> {
  return Promise.all([spf(resolve, domain), dkimKey(resolve, dkim), dmarc(resolve, domain)]);
}

async function spf(resolve: ResolveTxt, domain: string): Promise<CheckLine> {
  const found = await lookUp(resolve, domain);
  if (!found.ok) return { name: 'SPF', ok: false, detail: found.problem };
  const records = found.values.filter((value) => /^v=spf1(\s|$)/i.test(value));
  if (records.length === 1) return { name: 'SPF', ok: true, detail: `${domain}: ${records[0]}` };
  const detail =
    records.length === 0
      ? `${domain} has no SPF record: publish a TXT record that begins with v=spf1 and names your mail provider`
      : `${domain} has ${records.length} SPF records, receivers then use none: merge them into one`;
  return { name: 'SPF', ok: false, detail };
}

async function dkimKey(resolve: ResolveTxt, dkim: Parameters<typeof checkDomain>[2]): Promise<CheckLine> {
  if (!dkim)
    return {
      name: 'DKIM',
      ok: true,
      detail: 'not signed here (settings.dkim is not set): the mail provider has to sign',
    };
  const name = `${dkim.selector}._domainkey.${dkim.domain}`;
  const found = await lookUp(resolve, name);
  if (!found.ok) return { name: 'DKIM', ok: false, detail: found.problem };
  const record = found.values.find((value) => /(^|;)\s*p=/.test(value));
  if (!record)
    return {
      name: 'DKIM',
      ok: false,
      detail: `${name} has no key: publish a TXT record v=DKIM1; k=rsa; p=<public key>`,
    };
  const published = (/(?:^|;)\s*p=([^;]*)/.exec(record)?.[1] ?? '').replace(/\s+/g, '');
  if (published === '')
    return { name: 'DKIM', ok: false, detail: `${name}: the key was revoked (p= is empty)` };
  if (dkim.privateKey !== null) {
    const own = createPublicKey(createPrivateKey(dkim.privateKey))
      .export({ type: 'spki', format: 'der' })
      .toString('base64');
    if (own !== published)
      return {
        name: 'DKIM',
        ok: false,
        detail: `${name} holds another key than the sender signs with: publish p=${own}`,
      };
  }
  return { name: 'DKIM', ok: true, detail: `${name} holds the key that the sender signs with` };
}

async function dmarc(resolve: ResolveTxt, domain: string): Promise<CheckLine> {
  const organization = getDomain(domain) ?? domain;
  for (const each of new Set([domain, organization])) {
    const found = await lookUp(resolve, `_dmarc.${each}`);
    if (!found.ok) return { name: 'DMARC', ok: false, detail: found.problem };
    const record = found.values.find((value) => /^v=DMARC1\s*(;|$)/i.test(value));
    if (record) return { name: 'DMARC', ok: true, detail: `_dmarc.${each}: ${record}` };
  }
  return {
    name: 'DMARC',
    ok: false,
    detail: `${domain} has no DMARC record: publish a TXT record at _dmarc.${organization}, to begin with v=DMARC1; p=none`,
  };
}
