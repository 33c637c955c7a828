/** By what a person is recognised, in the order in which one identity is preferred to another. */
export interface Identities {
  readonly externalId: string | null;
  readonly emails: readonly string[];
  readonly linkedinUrl: string | null;
  readonly phones: readonly string[];
}

/**
 * The lead's seed: its first identity (external id, else email, else LinkedIn URL, else phone), lower case.
 * It decides A/B arms, spintax and jitter, so the same row gives the same lead in a simulation and in PostgreSQL.
 * null when there is no identity at all.
 */
export function seedOf(identities: Identities): string | null {
  const first =
    identities.externalId ?? identities.emails[0] ?? identities.linkedinUrl ?? identities.phones[0] ?? null;
  return first === null ? null : first.toLowerCase();
}
