import type { Tx } from './db.ts';

/**
 * Only one transaction at a time gives identities to leads: two imports of the same new person wait for each other instead of
 * failing on the unique index. Take it first, before any row lock.
 */
export async function lockIdentities(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('cadenza.lead_identities'))`);
}
