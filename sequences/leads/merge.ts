import type { LeadFields } from './row.ts';

/** `ambiguous`: the row's identities belong to two different leads. */
export type Claim =
  { readonly kind: 'new' | 'known'; readonly target: string } | { readonly kind: 'ambiguous' };

/** The keys by which rows are the same person. A phone alone is one only together with the name: switchboards are shared. */
export function identityKeys(fields: LeadFields): readonly string[] {
  const keys = fields.emails.map((email) => `email ${email}`);
  if (fields.linkedinUrl !== null) keys.push(`linkedin ${fields.linkedinUrl}`);
  if (fields.externalId !== null) keys.push(`external ${fields.externalId}`);
  if (keys.length === 0 && fields.phones.length > 0) {
    keys.push(
      `phone ${fields.phones[0]} ${fields.firstName?.toLowerCase() ?? ''} ${fields.lastName?.toLowerCase() ?? ''}`,
    );
  }
  return keys;
}

/** Tells which rows are the same lead, as if they were imported one after the other. */
export function createClaims(): {
  /** `known`: ids of leads that already have one of the keys; `fresh`: what to call this row's lead if it is a new one. */
  claim(keys: readonly string[], known: readonly string[], fresh: string): Claim;
} {
  const owners = new Map<string, string>();
  return {
    claim(keys, known, fresh) {
      const targets = new Set(known);
      for (const key of keys) {
        const owner = owners.get(key);
        if (owner !== undefined) targets.add(owner);
      }
      if (targets.size > 1) return { kind: 'ambiguous' };
      const [found] = targets;
      const target = found ?? fresh;
      for (const key of keys) owners.set(key, target);
      return { kind: found === undefined ? 'new' : 'known', target };
    },
  };
}

/**
 * `later` fills what `earlier` leaves empty; lists are united; a refused consent wins over a given one, never the other way round.
 * The import does the same in SQL (db/import/merge.ts).
 */
export function mergeFields(earlier: LeadFields, later: LeadFields): LeadFields {
  const heard = later.consent.status;
  const overrules =
    heard === 'refused'
      ? earlier.consent.status !== 'refused'
      : heard !== 'unknown' && earlier.consent.status === 'unknown';
  return {
    externalId: earlier.externalId ?? later.externalId,
    firstName: earlier.firstName ?? later.firstName,
    lastName: earlier.lastName ?? later.lastName,
    company: earlier.company ?? later.company,
    companyId: earlier.companyId ?? later.companyId,
    companyDomain: earlier.companyDomain ?? later.companyDomain,
    title: earlier.title ?? later.title,
    emails: [...new Set([...earlier.emails, ...later.emails])],
    phones: [...new Set([...earlier.phones, ...later.phones])],
    linkedinUrl: earlier.linkedinUrl ?? later.linkedinUrl,
    country: earlier.country ?? later.country,
    locale: earlier.locale ?? later.locale,
    timeZone: earlier.timeZone ?? later.timeZone,
    companyTimeZone: earlier.companyTimeZone ?? later.companyTimeZone,
    preferredChannel: earlier.preferredChannel ?? later.preferredChannel,
    persona: earlier.persona ?? later.persona,
    owner: earlier.owner ?? later.owner,
    consent: overrules ? later.consent : earlier.consent,
    attributes: { ...later.attributes, ...earlier.attributes },
  };
}
