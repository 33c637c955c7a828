import type { IdentityHasher } from '../common/crypto.ts';
import type { Tx } from './db.ts';

/**
 * Only one transaction at a time gives identities to leads: two imports of the same new person wait for each other instead of
 * failing on the unique index. Take it first, before any row lock.
 */
export async function lockIdentities(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('cadenza.lead_identities'))`);
}

const REMEMBERED = 10_000;

/** The same hashes; those of domains, which colleagues share, are worked out once. For going through many leads. */
export function rememberingDomains(hash: IdentityHasher): IdentityHasher {
  const domains = new Map<string, Buffer>();
  return (kind, value) => {
    if (kind !== 'domain') return hash(kind, value);
    let known = domains.get(value);
    if (!known) {
      if (domains.size >= REMEMBERED) domains.clear();
      domains.set(value, (known = hash(kind, value)));
    }
    return known;
  };
}
