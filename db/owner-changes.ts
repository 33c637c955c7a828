/** The CRM hears when a lead gets another owner. */
import type { OWNER_REASONS } from './callback-schemas.ts';
import { emitMany } from './callbacks.ts';
import type { Tx } from './db.ts';

/** Who gave a lead away, by email (null: the terminal), and on what occasion. */
export interface OwnerChange {
  readonly by: string | null;
  readonly reason: (typeof OWNER_REASONS)[number];
}

/** Of a lead, as it says itself: an email, a name or what a user is known as. */
export interface ChangedOwner {
  readonly leadId: string;
  readonly from: string | null;
  readonly to: string | null;
}

const PAGE = 5000;

/**
 * Writes `lead.owner_changed` for each lead whose owner is somebody else now, in the transaction that changed it and under the leads'
 * locks. Owners are told by their email, if exactly one user is called so. Two statements for each 5,000 leads.
 */
export async function tellOwners(
  tx: Tx,
  changes: readonly ChangedOwner[],
  { by, reason }: OwnerChange,
): Promise<void> {
  const emailOf = await emails(tx, new Set(changes.flatMap(({ from, to }) => [from ?? '', to ?? ''])));
  const told = changes
    .map(({ leadId, from, to }) => ({ leadId, from: emailOf(from), to: emailOf(to) }))
    .filter(({ from, to }) => from?.toLowerCase() !== to?.toLowerCase());
  for (let at = 0; at < told.length; at += PAGE)
    await emitMany(
      tx,
      told.slice(at, at + PAGE).map(({ leadId, from, to }) => ({
        type: 'lead.owner_changed',
        leadId,
        extra: { from, to, by, reason },
      })),
    );
}

async function emails(tx: Tx, names: ReadonlySet<string>) {
  const { rows } = await tx.query<{ name: string; email: string }>(
    `select n.name, min(u.email) as email from (select distinct lower(name) as name from unnest($1::text[]) name) n
       join users u on n.name = any(array[u.email, lower(u.name)] || u.known_as)
     group by n.name having count(*) = 1`,
    [[...names]],
  );
  const known = new Map(rows.map(({ name, email }) => [name, email]));
  return (name: string | null) => name && (known.get(name.toLowerCase()) ?? name);
}
