import type { Queryable } from '../db.ts';
import type { ChangedOwner } from '../owner-changes.ts';

/** Text fields of a lead that a row may fill, in the staging table and in `leads` under the same name. */
const FILLED = [
  'external_id',
  'first_name',
  'last_name',
  'company_name',
  'title',
  'linkedin_url',
  'country',
  'locale',
  'time_zone',
  'preferred_channel',
  'persona',
  'owner',
] as const;
const COMPANY_FIELDS = ['company_ext', 'domain', 'company_time_zone'] as const;

const first = (column: string) =>
  `(array_agg(r.${column} order by r.n) filter (where r.${column} is not null))[1]`;
// A refusal counts more than a consent, and either more than nothing; then the earlier row.
const consented = (column: string) =>
  `(array_agg(r.${column} order by array_position('{refused,given,unknown}', r.consent_status), r.n))[1]`;
const united = (column: string) => `coalesce((
    select array_agg(u.value order by u.place) from (
      select v.value, min(x.n * 1000::bigint + v.place) as place
      from import_rows x cross join lateral unnest(x.${column}) with ordinality v(value, place)
      where x.lead_id = r.lead_id and x.reject is null group by v.value) u), '{}')`;
const TEXTS = [...FILLED, ...COMPANY_FIELDS];

/** One row a lead: rows of the same lead folded into one, the earlier filling first. */
const FOLD = `
  create temp table import_leads on commit drop as
  select r.lead_id, r.is_new, r.n, r.seed, ${TEXTS.map((column) => `r.${column}`).join(', ')},
    r.emails, r.phones, r.consent_status, r.consent_source, r.consent_at, r.attributes
  from import_rows r where r.reject is null and not r.grouped
  union all
  select r.lead_id, bool_and(r.is_new), min(r.n), ${first('seed')}, ${TEXTS.map(first).join(', ')},
    ${united('emails')}, ${united('phones')}, ${consented('consent_status')}, ${consented('consent_source')}, ${consented('consent_at')},
    (select coalesce(jsonb_object_agg(a.key, a.value order by x.n desc), '{}') from import_rows x cross join lateral jsonb_each(x.attributes) a
      where x.lead_id = r.lead_id and x.reject is null)
  from import_rows r where r.reject is null and r.grouped group by r.lead_id`;

/** Leads to be: one row each in `import_leads`. */
export async function foldRows(q: Queryable): Promise<void> {
  await q.query(FOLD);
  await q.query('create unique index on import_leads (lead_id)');
  await q.query('analyze import_leads (lead_id, is_new, n, company_ext, domain)');
}

const COMPANY_ID = 'coalesce(ce.id, cd.id)';
const COMPANY = `left join companies ce on ce.external_id = m.company_ext
  left join companies cd on m.company_ext is null and cd.domain = m.domain`;

/** A lead that has a company keeps it. */
const WANTS_COMPANY = `(m.is_new or exists (select from leads l where l.id = m.lead_id and l.company_id is null))`;

/**
 * Finds or makes each lead's company: the same company id, else the same registrable domain. A company that was known by its
 * domain only takes the id on; a domain belongs to one company.
 */
export async function resolveCompanies(q: Queryable): Promise<void> {
  await q.query(
    `update companies c set external_id = x.company_ext from (
       select distinct on (company_ext) domain, company_ext from (
         select distinct on (m.domain) m.domain, m.company_ext, m.n from import_leads m
         where m.company_ext is not null and m.domain is not null and ${WANTS_COMPANY}
           and not exists (select from companies e where e.external_id = m.company_ext)
         order by m.domain, m.n) d
       order by company_ext, n) x
     where c.domain = x.domain and c.external_id is null`,
  );
  await q.query(
    `insert into companies (external_id, domain, name, time_zone)
     select d.company_ext, case when d.nth = 1 and not exists (select from companies e where e.domain = d.domain) then d.domain end,
       d.company_name, d.company_time_zone
     from (
       select o.*, row_number() over (partition by o.domain order by o.n) as nth from (
         select distinct on (m.company_ext) m.company_ext, m.domain, m.company_name, m.company_time_zone, m.n
         from import_leads m
         where m.company_ext is not null and ${WANTS_COMPANY} and not exists (select from companies e where e.external_id = m.company_ext)
         order by m.company_ext, m.n) o) d
     order by d.n`,
  );
  await q.query(
    `insert into companies (domain, name, time_zone)
     select distinct on (m.domain) m.domain, m.company_name, m.company_time_zone from import_leads m
     where m.company_ext is null and m.domain is not null and ${WANTS_COMPANY}
     order by m.domain, m.n
     on conflict (domain) do nothing`,
  );
  await q.query(
    `update companies c set name = coalesce(c.name, x.name), time_zone = coalesce(c.time_zone, x.time_zone)
     from (
       select ${COMPANY_ID} as id, (array_agg(m.company_name order by m.n) filter (where m.company_name is not null))[1] as name,
         (array_agg(m.company_time_zone order by m.n) filter (where m.company_time_zone is not null))[1] as time_zone
       from import_leads m ${COMPANY} group by 1) x
     where c.id = x.id
       and (c.name is null and x.name is not null or c.time_zone is null and x.time_zone is not null)`,
  );
}

const CONSENT_COLUMNS = ['consent_status', 'consent_source', 'consent_at'] as const;

/** The leads that are added to, locked in the order in which everybody locks them. False: one was erased meanwhile. */
export async function lockKnown(q: Queryable): Promise<boolean> {
  await q.query(
    `select from leads where id in (select lead_id from import_leads where not is_new) order by id for no key update`,
  );
  const { rows } = await q.query<{ gone: boolean }>(
    `select exists (
       select from import_leads m left join leads l on l.id = m.lead_id where not m.is_new and (l.id is null or l.erased_at is not null)) as gone`,
  );
  return !rows[0]!.gone;
}

/** The known leads that nobody owns and the file gives an owner. */
export async function ownersFilled(q: Queryable): Promise<ChangedOwner[]> {
  const { rows } = await q.query<ChangedOwner & Record<string, unknown>>(
    `select l.id as "leadId", null as "from", m.owner as "to" from import_leads m join leads l on l.id = m.lead_id
     where not m.is_new and l.owner is null and m.owner is not null order by l.id`,
  );
  return rows;
}

/** Writes new leads and fills what is empty in known ones. Returns how many of each. */
export async function writeLeads(q: Queryable): Promise<{ created: number; updated: number }> {
  const own = [...FILLED, 'emails', 'phones', ...CONSENT_COLUMNS, 'attributes'];
  const { rowCount: created } = await q.query(
    `insert into leads (id, seed, ${own.join(', ')}, company_id)
     select m.lead_id, m.seed, ${own.map((column) => `m.${column}`).join(', ')}, ${COMPANY_ID}
     from import_leads m ${COMPANY} where m.is_new order by m.n`,
  );
  const { rowCount: updated } = await q.query(UPDATE);
  await q.query(
    `insert into lead_identities (kind, value, lead_id)
     select distinct i.kind, i.value, r.lead_id from import_identities i join import_rows r on r.n = i.n
     where r.reject is null and i.kind <> 'phone'
       and not exists (select from lead_identities e where e.kind = i.kind and e.value = i.value and e.lead_id = r.lead_id)`,
  );
  return { created: created ?? 0, updated: updated ?? 0 };
}

const OVERRULES = `case m.consent_status when 'refused' then l.consent_status <> 'refused'
  when 'given' then l.consent_status = 'unknown' else false end`;
const added = (column: string) =>
  `l.${column} || array(select v from unnest(m.${column}) with ordinality u(v, o) where v <> all(l.${column}) order by o)`;
/** Column → what it becomes; `attributes` apart, because null there counts as empty. */
const MERGED: readonly (readonly [string, string])[] = [
  ...FILLED.map((column) => [column, `coalesce(l.${column}, m.${column})`] as const),
  ['company_id', `coalesce(l.company_id, ${COMPANY_ID})`],
  ['emails', added('emails')],
  ['phones', added('phones')],
  ...CONSENT_COLUMNS.map(
    (column) => [column, `case when ${OVERRULES} then m.${column} else l.${column} end`] as const,
  ),
];
const list = (prefix: string) => MERGED.map(([column]) => `${prefix}.${column}`).join(', ');

/** Leads to which the file adds nothing are not written at all. */
const UPDATE = `
  update leads l set ${MERGED.map(([column]) => `${column} = f.${column}`).join(', ')}, attributes = f.attributes,
    updated_at = clock_timestamp()
  from (
    select l.id, ${MERGED.map(([column, value]) => `${value} as ${column}`).join(', ')},
      m.attributes || jsonb_strip_nulls(l.attributes) as attributes
    from import_leads m join leads l on l.id = m.lead_id ${COMPANY} where not m.is_new) f
  where l.id = f.id and (${list('l')}, jsonb_strip_nulls(l.attributes)) is distinct from (${list('f')}, f.attributes)`;
