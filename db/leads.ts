/** Leads as profiles: read whole, written by hand. Files of them go through import/. */
import { createBreath } from '../common/breath.ts';
import type { ContactChannel, LeadProfile } from '../sequences/lead.ts';
import { companyDomainOf } from '../sequences/leads/company-domain.ts';
import type { LeadFields } from '../sequences/leads/row.ts';
import { seedOf } from '../sequences/leads/seed.ts';
import type { Db, Queryable, Tx } from './db.ts';
import { lockIdentities } from './identities.ts';
import { tellOwners, type OwnerChange } from './owner-changes.ts';
import { CommandRefused } from './refused.ts';

interface LeadRow {
  readonly id: string;
  readonly seed: string;
  readonly external_id: string | null;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly company: string | null;
  readonly domain: string | null;
  readonly title: string | null;
  readonly emails: string[];
  readonly phones: string[];
  readonly linkedin_url: string | null;
  readonly country: string | null;
  readonly locale: string | null;
  readonly time_zone: string | null;
  readonly company_time_zone: string | null;
  readonly preferred_channel: ContactChannel | null;
  readonly persona: string | null;
  readonly owner: string | null;
  readonly consent_status: 'unknown' | 'given' | 'refused';
  readonly consent_source: string | null;
  readonly consent_at: Date | null;
  readonly attributes: LeadProfile['attributes'];
}

const SELECT = `select l.id, l.seed, l.external_id, l.first_name, l.last_name, coalesce(l.company_name, c.name) as company, c.domain,
    l.title, l.emails, l.phones, l.linkedin_url, l.country, l.locale, l.time_zone, c.time_zone as company_time_zone,
    l.preferred_channel, l.persona, l.owner, l.consent_status, l.consent_source, l.consent_at, l.attributes
  from leads l left join companies c on c.id = l.company_id where l.erased_at is null`;

function toProfile(row: LeadRow): LeadProfile {
  return {
    id: row.id,
    seed: row.seed,
    externalId: row.external_id,
    firstName: row.first_name,
    lastName: row.last_name,
    company: row.company,
    companyDomain: row.domain,
    title: row.title,
    emails: row.emails,
    phones: row.phones,
    linkedinUrl: row.linkedin_url,
    country: row.country,
    locale: row.locale,
    timeZone: row.time_zone,
    companyTimeZone: row.company_time_zone,
    preferredChannel: row.preferred_channel,
    persona: row.persona,
    owner: row.owner,
    consent: {
      status: row.consent_status,
      source: row.consent_source,
      at: row.consent_at?.toISOString() ?? null,
    },
    attributes: row.attributes,
  };
}

/** The lead as sequences see it. @throws CommandRefused `not_found`, also when it was erased */
export async function loadLead(q: Queryable, id: string): Promise<LeadProfile> {
  const [lead] = await loadLeads(q, [id]);
  if (!lead) throw new CommandRefused('not_found', `There is no lead with the id ${id}.`);
  return lead;
}

/** A lead as people edit it, with the version that they edit. @throws CommandRefused `not_found` */
export async function readLead(
  q: Queryable,
  id: string,
): Promise<LeadProfile & { readonly createdAt: Date; readonly version: number }> {
  const lead = await loadLead(q, id);
  const { rows } = await q.query<{ createdAt: Date; version: number }>(
    'select created_at as "createdAt", version from leads where id = $1',
    [id],
  );
  return { ...lead, ...rows[0]! };
}

/** Those of the leads that there are, by id; erased ones are left out. */
export async function loadLeads(q: Queryable, ids: readonly string[]): Promise<LeadProfile[]> {
  const { rows } = await q.query<LeadRow>(`${SELECT} and l.id = any($1::uuid[]) order by l.id`, [ids]);
  return rows.map(toProfile);
}

/** Every lead, page by page in the order of their ids: what a segment's condition is evaluated over. */
export async function* leadPages(q: Queryable, page = 1000): AsyncGenerator<readonly LeadProfile[]> {
  for (let after: string | null = null; ;) {
    const { rows }: { rows: LeadRow[] } = await q.query<LeadRow>(
      `${SELECT} and ($1::uuid is null or l.id > $1) order by l.id limit $2`,
      [after, page],
    );
    if (rows.length > 0) yield rows.map(toProfile);
    if (rows.length < page) return;
    after = rows.at(-1)!.id;
  }
}

/** How many leads there are. */
export async function countAll(q: Queryable): Promise<number> {
  const { rows } = await q.query<{ count: number }>(
    'select count(*) as count from leads where erased_at is null',
  );
  return rows[0]!.count;
}

/** The ids of the leads of a segment, page by page; `matches` decides. For `enroll`. */
export async function* segmentPages(
  q: Queryable,
  matches: (lead: LeadProfile) => boolean,
  page = 1000,
): AsyncGenerator<readonly string[]> {
  const breath = createBreath();
  for await (const leads of leadPages(q, page)) {
    const ids: string[] = [];
    for (const lead of leads) {
      await breath();
      if (matches(lead)) ids.push(lead.id);
    }
    yield ids;
  }
}

/** An identity belongs to another lead. */
export class IdentityTaken extends Error {
  override readonly name = 'IdentityTaken';
  readonly kind: string;
  readonly leadId: string;
  constructor(kind: string, leadId: string) {
    super(
      `That ${kind === 'external' ? 'external id' : kind} already belongs to lead ${leadId}. Change that lead instead.`,
    );
    this.kind = kind;
    this.leadId = leadId;
  }
}

const COLUMN: Readonly<Partial<Record<keyof LeadFields, string>>> = {
  externalId: 'external_id',
  firstName: 'first_name',
  lastName: 'last_name',
  company: 'company_name',
  title: 'title',
  emails: 'emails',
  phones: 'phones',
  linkedinUrl: 'linkedin_url',
  country: 'country',
  locale: 'locale',
  timeZone: 'time_zone',
  preferredChannel: 'preferred_channel',
  persona: 'persona',
  owner: 'owner',
  attributes: 'attributes',
};

/**
 * Writes a lead by hand: a new one, or the given fields of a known one (overwriting them, other than an import). Values are
 * expected in their normal form (sequences/leads/fields.ts). Returns the lead's id.
 * @param version of the lead that the caller saw
 * @param change what the CRM hears of another owner of a known lead
 * @throws IdentityTaken when an email, LinkedIn URL or external id is another lead's
 * @throws CommandRefused `not_found`, `changed_meanwhile`; `bad_text` for a new lead without any identity
 */
export async function saveLead(
  db: Db,
  fields: Partial<LeadFields>,
  id?: string,
  version?: number,
  change: OwnerChange = { by: null, reason: 'edit' },
): Promise<string> {
  return db.tx(async (tx) => {
    await lockIdentities(tx);
    const companyId = await companyOf(tx, fields);
    const before = id === undefined ? null : await lockLead(tx, id, version);
    const leadId = id ?? (await insertLead(tx, fields));
    const set: string[] = ['updated_at = clock_timestamp()', 'version = version + 1'];
    const values: unknown[] = [leadId];
    const assign = (column: string, value: unknown) => set.push(`${column} = $${values.push(value)}`);
    for (const [field, column] of Object.entries(COLUMN)) {
      const value = fields[field as keyof LeadFields];
      if (value !== undefined) assign(column, field === 'attributes' ? JSON.stringify(value) : value);
    }
    if (fields.consent) {
      assign('consent_status', fields.consent.status);
      assign('consent_source', fields.consent.source);
      assign('consent_at', fields.consent.at);
    }
    if (companyId !== null) assign('company_id', companyId);
    await tx.query(`update leads set ${set.join(', ')} where id = $1`, values);
    await saveIdentities(tx, leadId);
    if (before && fields.owner !== undefined)
      await tellOwners(tx, [{ leadId, from: before.owner, to: fields.owner }], change);
    return leadId;
  });
}

async function insertLead(tx: Tx, fields: Partial<LeadFields>): Promise<string> {
  const { externalId = null, emails = [], linkedinUrl = null, phones = [] } = fields;
  const seed = seedOf({ externalId, emails, linkedinUrl, phones });
  if (seed === null) {
    throw new CommandRefused('bad_text', 'A lead needs an email, a phone, a LinkedIn URL or an external id.');
  }
  const { rows } = await tx.query<{ id: string }>('insert into leads (seed) values ($1) returning id', [
    seed,
  ]);
  return rows[0]!.id;
}

async function lockLead(
  tx: Tx,
  id: string,
  version: number | undefined,
): Promise<{ readonly owner: string | null }> {
  const { rows } = await tx.query<{ version: number; owner: string | null }>(
    'select version, owner from leads where id = $1 and erased_at is null for no key update',
    [id],
  );
  if (!rows[0]) throw new CommandRefused('not_found', `There is no lead with the id ${id}.`);
  if (version !== undefined && rows[0].version !== version)
    throw new CommandRefused('changed_meanwhile', 'Somebody changed this lead meanwhile: look again.');
  return rows[0];
}

async function companyOf(tx: Tx, fields: Partial<LeadFields>): Promise<string | null> {
  const external = fields.companyId ?? null;
  const domain = fields.companyDomain ?? companyDomainOf(fields.emails ?? [], null);
  if (external === null && domain === null) return null;
  const find = () =>
    tx.query<{ id: string }>(
      `select id from companies where external_id = $1 or ($1::text is null and domain = $2)`,
      [external, domain],
    );
  const known = (await find()).rows[0];
  if (known) return known.id;
  await tx.query(
    `insert into companies (external_id, domain, name, time_zone)
     select $1, case when not exists (select from companies where domain = $2) then $2 end, $3, $4 on conflict do nothing`,
    [external, domain, fields.company ?? null, fields.companyTimeZone ?? null],
  );
  return (await find()).rows[0]?.id ?? null;
}

async function saveIdentities(tx: Tx, leadId: string): Promise<void> {
  const wanted = `select 'email' as kind, unnest(emails) as value from leads where id = $1
    union select 'linkedin', linkedin_url from leads where id = $1 and linkedin_url is not null
    union select 'external', external_id from leads where id = $1 and external_id is not null`;
  const { rows } = await tx.query<{ kind: string; lead_id: string }>(
    `select i.kind, i.lead_id from lead_identities i join (${wanted}) w on w.kind = i.kind and w.value = i.value
     where i.lead_id <> $1 limit 1`,
    [leadId],
  );
  if (rows[0]) throw new IdentityTaken(rows[0].kind, rows[0].lead_id);
  await tx.query(
    `insert into lead_identities (kind, value, lead_id) select w.kind, w.value, $1 from (${wanted}) w on conflict do nothing`,
    [leadId],
  );
  await tx.query(
    `delete from lead_identities i where i.lead_id = $1 and i.kind = 'email' and not exists (
       select from leads l where l.id = $1 and i.value = any(l.emails))`,
    [leadId],
  );
}
