/** On whom and by whose senders somebody may launch: reps on their own leads by their own senders, managers on their team's. */
import type { IdentityHasher } from '../../../common/crypto.ts';
import type { Db } from '../../../db/db.ts';
import { importLeads, type Importer } from '../../../db/import/import-leads.ts';
import { importedLeads } from '../../../db/imports.ts';
import { loadLeads } from '../../../db/leads.ts';
import { listSenders, type Sender } from '../../../db/senders.ts';
import type { LeadProfile } from '../../../sequences/lead.ts';
import type { ColumnMapping } from '../../../sequences/leads/columns.ts';
import type { KnownAudience, Rehearsed } from '../../operations/launch-leads.ts';
import { HttpProblem, notFound } from '../problem.ts';
import type { Principal } from './principal.ts';
import { sightOf } from './sight.ts';
import { givesWithin } from './team.ts';

/** Whether something with that owner is within the principal's reach; what nobody owns is within a manager's. */
const owns = ({ user, owners }: Principal, owner: string | null): boolean => {
  if (owners === null) return true;
  return owner === null ? user.role === 'manager' : owners.includes(owner.toLowerCase());
};

export const mayTake =
  (principal: Principal) =>
  (lead: Pick<LeadProfile, 'owner'>): boolean =>
    owns(principal, lead.owner);

/** As who somebody imports. As with one added by hand: a rep's new lead is the rep's, and a team's manager gives within the team. */
export const importerOf = (principal: Principal): Importer => ({
  ...sightOf(principal),
  newOwner: principal.user.role === 'rep' ? principal.user.email : null,
  givesWithin: givesWithin(principal.user),
});

const PAGE = 5000;

/** What a file of leads says, to be tried without importing it. */
interface FileOfLeads {
  readonly csv: string;
  readonly mapping: ColumnMapping;
  readonly defaultCountry?: string | undefined;
}

/** Those within the principal's reach. */
async function ownAmong(db: Db, principal: Principal, ids: readonly string[]): Promise<readonly string[]> {
  if (principal.owners === null) return ids;
  const own: string[] = [];
  for (let at = 0; at < ids.length; at += PAGE) {
    const leads = await loadLeads(db, ids.slice(at, at + PAGE));
    own.push(...leads.filter(mayTake(principal)).map(({ id }) => id));
  }
  return own;
}

/** Imports a file, in a rehearsal that takes it back. @throws LeadsCsvError */
export async function tryFile(
  { db, hashIdentity }: { readonly db: Db; readonly hashIdentity: IdentityHasher },
  principal: Principal,
  { csv, mapping, defaultCountry }: FileOfLeads,
): Promise<Rehearsed> {
  const { leadIds, ...imported } = await importLeads(db, csv, {
    hashIdentity,
    mapping,
    importer: importerOf(principal),
    by: principal.user.email,
    ...(defaultCountry !== undefined && { defaultCountry }),
  });
  return { audience: { leadIds: await ownAmong(db, principal, leadIds) }, imported };
}

/** @throws HttpProblem 403 for who does not see all leads: events may be about any of them */
export function assertMayWait(principal: Principal): void {
  if (principal.owners !== null)
    throw new HttpProblem(
      403,
      'not_allowed',
      'Who launches on events launches on whomever they are about: ask somebody who sees all leads.',
    );
}

/** The audience as ids or a condition; of a file those within the principal's reach. @throws CommandRefused */
export async function audienceOf(
  db: Db,
  principal: Principal,
  audience: KnownAudience | { readonly importId: string },
): Promise<KnownAudience> {
  if (!('importId' in audience)) return audience;
  const ids = await importedLeads(
    db,
    audience.importId,
    principal.user.role === 'admin' ? null : principal.user.id,
  );
  return { leadIds: await ownAmong(db, principal, ids) };
}

/** @throws HttpProblem 404 when one of the leads is another rep's; those that are none are left out as such later */
export async function assertLaunchable(db: Db, principal: Principal, audience: KnownAudience): Promise<void> {
  if (principal.owners === null || !('leadIds' in audience)) return;
  const { leadIds } = audience;
  for (let at = 0; at < leadIds.length; at += PAGE) {
    const leads = await loadLeads(db, leadIds.slice(at, at + PAGE));
    if (!leads.every(mayTake(principal))) throw notFound('lead');
  }
}

/** Every sender by which the principal may launch. */
export const ownSenders = async (db: Db, principal: Principal): Promise<Sender[]> =>
  (await listSenders(db)).filter((sender) => owns(principal, sender.owner));

/**
 * The senders of a launch that the principal asks for.
 * @throws HttpProblem 404 for another rep's sender
 */
export async function sendersOf(
  db: Db,
  principal: Principal,
  wanted: readonly string[] | null,
): Promise<readonly string[] | null> {
  if (principal.owners === null) return wanted;
  const own = (await ownSenders(db, principal)).map(({ id }) => id);
  if (wanted === null) {
    if (own.length === 0)
      throw new HttpProblem(422, 'no_sender', 'You have no sender yet: ask an admin to make one yours.');
    return own;
  }
  if (!wanted.every((id) => own.includes(id))) throw notFound('sender');
  return wanted;
}
