/**
 * Never contact again (promise 3), kept as keyed hashes so that it survives an erasure (promise 8). A suppression is in force
 * when it commits: it holds the locks of the leads it concerns, and each send looks for it under the same locks.
 */
import { normaliseIdentity, type IdentityHasher, type IdentityKind } from '../common/crypto.ts';
import { CONTACT_CHANNELS, type ContactChannel } from '../sequences/lead.ts';
import type { Plan, SequenceCopy } from '../sequences/plan.ts';
import { addressesOn } from '../sequences/route/addresses.ts';
import { hasNoWayLeft } from '../sequences/route/plan-channels.ts';
import type { Db, Queryable, Tx } from './db.ts';
import { endEnrollments, lockLeads, type Ended } from './endings.ts';
import { CommandRefused } from './refused.ts';
import { lockScope, sendingTo, type SendingTouch } from './scopes.ts';

export interface Identity {
  readonly kind: IdentityKind;
  readonly value: string;
}

/** Where a person can be found: what suppressions are looked up by. */
export interface Reachable {
  readonly externalId: string | null;
  readonly emails: readonly string[];
  readonly phones: readonly string[];
  readonly linkedinUrl: string | null;
  readonly companyDomain: string | null;
}

/** The person's own identities, without the domains that they share with others. */
export function ownIdentities(lead: Omit<Reachable, 'companyDomain'>): Identity[] {
  return [
    ...lead.emails.map((value) => ({ kind: 'email', value }) as const),
    ...lead.phones.map((value) => ({ kind: 'phone', value }) as const),
    ...(lead.linkedinUrl ? [{ kind: 'linkedin', value: lead.linkedinUrl } as const] : []),
    ...(lead.externalId ? [{ kind: 'external', value: lead.externalId } as const] : []),
  ];
}

/** The hashes under which anything that forbids contacting this lead is kept; a domain forbids what is below it too. */
export function leadHashes(hash: IdentityHasher, lead: Reachable): Buffer[] {
  const domains = new Set<string>();
  for (const host of [...lead.emails.map((email) => email.split('@').at(-1)!), lead.companyDomain]) {
    const labels = (host ?? '').split('.');
    for (let i = 0; i < labels.length - 1; i++) domains.add(labels.slice(i).join('.'));
  }
  return [
    ...ownIdentities(lead).map(({ kind, value }) => hash(kind, value)),
    ...[...domains].map((domain) => hash('domain', domain)),
  ];
}

/** Where somebody must not be contacted. */
export interface Suppressed {
  /** An objection to every channel. */
  readonly all: boolean;
  /** Channels that were objected to, or on which every address is nobody's. */
  readonly channels: ReadonlySet<ContactChannel>;
  /** Addresses and numbers that bounced, by channel. */
  readonly dead: Readonly<Partial<Record<ContactChannel, readonly string[]>>>;
}

/** The origin of what a lead wishes for themselves: they may take it back or narrow it. */
export const ownWish = (leadId: string): string => `lead:${leadId}`;

/** What lays down that an address is nobody's: of all origins the only one that says nothing about the person. */
export const BOUNCE = 'bounce';

/** What is kept under one hash. */
export interface Laid {
  readonly channel: ContactChannel | null;
  readonly bounced: boolean;
}

/** Where this lead must not be contacted. */
export async function suppressedChannels(
  q: Queryable,
  hash: IdentityHasher,
  lead: Reachable,
): Promise<Suppressed> {
  const { rows } = await q.query<Laid & { hash: string }>(
    `select distinct encode(identity_hash, 'hex') as hash, channel, origin = '${BOUNCE}' as bounced
     from suppressions where identity_hash = any($1::bytea[]) limit 1000`,
    [leadHashes(hash, lead)],
  );
  return weighSuppressions(hash, lead, byHash(rows));
}

/** By hash (hex). */
export function byHash<T extends Laid & { readonly hash: string }>(rows: readonly T[]): Map<string, T[]> {
  const laid = new Map<string, T[]>();
  for (const row of rows) laid.set(row.hash, [...(laid.get(row.hash) ?? []), row]);
  return laid;
}

/** What is kept under the hashes of a lead, put together: an objection concerns the person, a bounce one address. */
export function weighSuppressions(
  hash: IdentityHasher,
  lead: Reachable,
  laid: ReadonlyMap<string, readonly Laid[]>,
): Suppressed {
  if (laid.size === 0) return { all: false, channels: new Set(), dead: {} };
  const objections = leadHashes(hash, lead)
    .flatMap((one) => laid.get(one.toString('hex')) ?? [])
    .filter((one) => !one.bounced);
  if (objections.some((one) => one.channel === null))
    return { all: true, channels: new Set(CONTACT_CHANNELS), dead: {} };
  const channels = new Set(objections.map((one) => one.channel!));
  const dead: Partial<Record<ContactChannel, readonly string[]>> = {};
  for (const channel of CONTACT_CHANNELS) {
    const addresses = addressesOn(channel, lead);
    const gone = addresses.filter((value) =>
      laid
        .get(hash(KIND[channel], value).toString('hex'))
        ?.some((one) => one.bounced && one.channel === channel),
    );
    if (gone.length === 0) continue;
    dead[channel] = gone;
    if (gone.length === addresses.length) channels.add(channel);
  }
  return { all: false, channels, dead };
}

const KIND = {
  email: 'email',
  linkedin: 'linkedin',
  sms: 'phone',
  whatsapp: 'phone',
  call: 'phone',
} as const satisfies Record<ContactChannel, IdentityKind>;

/** Whether the lead can be reached on a channel at another address or number than this one. */
export async function hasAnotherAddress(
  q: Queryable,
  hash: IdentityHasher,
  { leadId, channel, address }: { leadId: string; channel: ContactChannel; address: string },
): Promise<boolean> {
  const [lead] = await readReachable(q, [leadId]);
  if (!lead) return false;
  const { channels, dead } = await suppressedChannels(q, hash, lead);
  if (channels.has(channel)) return false;
  return addressesOn(channel, lead).some((one) => one !== address && !dead[channel]?.includes(one));
}

/** Channels on which there is an address. */
export function addressableChannels(
  lead: Pick<Reachable, 'emails' | 'phones' | 'linkedinUrl'>,
): ContactChannel[] {
  return CONTACT_CHANNELS.filter((channel) => addressesOn(channel, lead).length > 0);
}

/** Whom to suppress: everything by which a lead is known, or one identity, whether or not a lead has it. */
export type SuppressTarget = { readonly leadId: string } | Identity;

export interface Suppression {
  /** Channel null: every channel. */
  readonly channel: ContactChannel | null;
  /** A snake_case word; enrollments that end by it say so. */
  readonly reason: string;
  /** What laid it down and may take it back; no personal data. Without it nothing takes it back by itself. */
  readonly origin?: string | undefined;
}

export interface SuppressResult {
  /** Leads that it concerns; of a domain all that fall under it, whether or not they are in a sequence. */
  readonly leads: number;
  readonly wake: readonly string[];
  readonly sending: readonly SendingTouch[];
}

/**
 * Suppresses and ends the enrollments that have no channel left. Suppressing twice changes nothing.
 * @throws CommandRefused `not_found`
 */
export async function suppress(
  db: Db,
  hash: IdentityHasher,
  target: SuppressTarget,
  suppression: Suppression,
): Promise<SuppressResult> {
  if ('kind' in target && target.kind === 'domain') return suppressDomain(db, hash, target, suppression);
  return db.tx(async (tx) => {
    const own = 'leadId' in target ? await identitiesOf(tx, target.leadId) : [target];
    const leadIds = [
      ...new Set([...('leadId' in target ? [target.leadId] : []), ...(await leadsKnownBy(tx, own))]),
    ];
    await lockLeads(tx, leadIds);
    const sending = await sendingTo(tx, leadIds);
    const ended = await suppressLocked(tx, hash, target, leadIds, suppression);
    return { leads: leadIds.length, wake: ended.map((one) => one.enrollmentId), sending };
  });
}

/** `suppress` within a transaction that holds the locks of the leads concerned (see `leadsKnownBy`). */
export async function suppressLocked(
  tx: Tx,
  hash: IdentityHasher,
  target: SuppressTarget,
  leadIds: readonly string[],
  suppression: Suppression,
): Promise<Ended[]> {
  await insert(tx, hash, 'leadId' in target ? await identitiesOf(tx, target.leadId) : [target], suppression);
  return endUnreachable(tx, hash, leadIds, suppression.reason);
}

/** The leads who share any of the identities, a phone number for example. */
export async function leadsKnownBy(q: Queryable, identities: readonly Identity[]): Promise<string[]> {
  const values = (kind: IdentityKind) =>
    identities.filter((one) => one.kind === kind).map((one) => normaliseIdentity(kind, one.value));
  const named = identities.filter(({ kind }) => kind !== 'phone' && kind !== 'domain');
  const { rows } = await q.query<{ id: string }>(
    `select lead_id as id from lead_identities i
       join unnest($1::text[], $2::text[]) as w(kind, value) on w.kind = i.kind and w.value = i.value
     union select id from leads where phones && $3::text[]
     limit 1000`,
    [
      named.flatMap(({ kind }) => [kind, kind]),
      named.flatMap(({ kind, value }) => [normaliseIdentity(kind, value), value]),
      values('phone'),
    ],
  );
  return rows.map((row) => row.id);
}

/** Everything by which a lead is known. @throws CommandRefused `not_found` */
export async function identitiesOf(q: Queryable, leadId: string): Promise<Identity[]> {
  const lead = (await readReachable(q, [leadId]))[0];
  if (!lead) throw new CommandRefused('not_found', `There is no lead with the id ${leadId}.`);
  return ownIdentities(lead);
}

/** The condition on a lead `l` with its company `c` that it falls under the domain $1. */
const UNDER = `(c.domain = $1 or right(c.domain, length($1) + 1) = '.' || $1
  or exists (select from unnest(l.emails) as email where right(email, length($1) + 1) in ('@' || $1, '.' || $1)))`;

/** A domain concerns more leads than can be locked: it takes the queue that every send passes, and enrollments end afterwards. */
async function suppressDomain(
  db: Db,
  hash: IdentityHasher,
  target: Identity,
  suppression: Suppression,
): Promise<SuppressResult> {
  const domain = normaliseIdentity('domain', target.value);
  await db.tx(async (tx) => {
    await lockScope(tx, { scope: 'all', scopeId: null });
    await insert(tx, hash, [target], suppression);
  });
  const wake: string[] = [];
  let sending: SendingTouch[] = [];
  for (let after: string | null = null; ;) {
    const page: { id: string }[] = await db.tx(async (tx) => {
      const { rows } = await tx.query<{ id: string }>(
        `select l.id from enrollments e join leads l on l.id = e.lead_id left join companies c on c.id = l.company_id
         where e.status in ('pending', 'running') and ($2::uuid is null or e.lead_id > $2) and ${UNDER}
         order by e.lead_id limit 500`,
        [domain, after],
      );
      const ids = rows.map((row) => row.id);
      await lockLeads(tx, ids);
      if (sending.length < 1000) sending = [...sending, ...(await sendingTo(tx, ids))];
      wake.push(...(await endUnreachable(tx, hash, ids, suppression.reason)).map((one) => one.enrollmentId));
      return rows;
    });
    if (page.length < 500) break;
    after = page[page.length - 1]!.id;
  }
  const { rows } = await db.query<{ leads: number }>(
    `select count(*)::int as leads from leads l left join companies c on c.id = l.company_id where l.erased_at is null and ${UNDER}`,
    [domain],
  );
  return { leads: rows[0]!.leads, wake: wake.slice(0, 1000), sending };
}

async function insert(
  tx: Tx,
  hash: IdentityHasher,
  identities: readonly Identity[],
  { channel, reason, origin }: Suppression,
): Promise<void> {
  await tx.query(
    `insert into suppressions (identity_hash, kind, channel, reason, origin, at)
     select h, k, $3, $4, $5, business_now() from unnest($1::bytea[], $2::text[]) as i(h, k) order by h
     on conflict (identity_hash, coalesce(channel, '*'), origin) do nothing`,
    [
      identities.map(({ kind, value }) => hash(kind, value)),
      identities.map(({ kind }) => kind),
      channel,
      reason,
      origin ?? '',
    ],
  );
}

/**
 * Ends the active enrollments that have no channel left: of what is still ahead of them, every channel is closed to the lead. The
 * caller holds the leads' locks.
 */
async function endUnreachable(
  tx: Tx,
  hash: IdentityHasher,
  leadIds: readonly string[],
  reason: string,
): Promise<Ended[]> {
  const unreachable: string[] = [];
  const ways = new Map((await waysOf(tx, leadIds)).map((one) => [one.leadId, one]));
  for (const lead of await readReachable(tx, leadIds)) {
    const way = ways.get(lead.id);
    if (!way) continue;
    const { all, channels } = await suppressedChannels(tx, hash, lead);
    const open = new Set(addressableChannels(lead).filter((channel) => !channels.has(channel)));
    const from = way.step;
    if (all || hasNoWayLeft({ ...way, from }, (channel) => open.has(channel)))
      unreachable.push(way.enrollmentId);
  }
  return endEnrollments(tx, unreachable, reason);
}

interface Ways {
  readonly enrollmentId: string;
  readonly leadId: string;
  readonly step: string | null;
  readonly plan: Plan;
  readonly copy: SequenceCopy;
}

/** The active enrollments of leads, with where they stand in what. */
async function waysOf(q: Queryable, leadIds: readonly string[]): Promise<Ways[]> {
  const { rows: standing } = await q.query<{
    enrollmentId: string;
    leadId: string;
    step: string | null;
    versionId: string;
  }>(
    `select id as "enrollmentId", lead_id as "leadId", engine->'state'->>'step' as step, version_id as "versionId"
     from enrollments where lead_id = any($1::uuid[]) and status in ('pending', 'running')`,
    [leadIds],
  );
  const { rows: versions } = await q.query<{ id: string; plan: Plan; copy: SequenceCopy }>(
    `select v.id, v.plan, (select copy from copy_revisions c where c.version_id = v.id order by revision desc limit 1) as copy
     from sequence_versions v where v.id = any($1::uuid[])`,
    [[...new Set(standing.map((one) => one.versionId))]],
  );
  const byId = new Map(versions.map((version) => [version.id, version]));
  return standing.map(({ versionId, ...one }) => {
    const { plan, copy } = byId.get(versionId)!;
    return { ...one, plan, copy };
  });
}

/** Where leads can be found; ids that are none are left out. */
export async function readReachable(
  q: Queryable,
  leadIds: readonly string[],
): Promise<(Reachable & { readonly id: string })[]> {
  const { rows } = await q.query<Reachable & { readonly id: string }>(
    `select l.id, l.external_id as "externalId", l.emails, l.phones, l.linkedin_url as "linkedinUrl", c.domain as "companyDomain"
     from leads l left join companies c on c.id = l.company_id where l.id = any($1::uuid[]) order by l.id`,
    [leadIds],
  );
  return rows;
}
