/** Leads as people look for them, within what they may see. */
import { seesLead, type Sight } from './access/sight.ts';
import type { Queryable } from './db.ts';
import { patternOf } from './search.ts';

export const LEAD_STATUSES = ['none', 'pending', 'running', 'finished', 'stopped'] as const;
export type LeadStatus = (typeof LEAD_STATUSES)[number];

export interface LeadListed {
  readonly id: string;
  readonly name: string | null;
  readonly title: string | null;
  readonly company: string | null;
  readonly email: string | null;
  readonly owner: string | null;
  readonly timeZone: string | null;
  /** Of the active enrollment, else the last one; `none`: never in a sequence. */
  readonly status: LeadStatus;
  readonly reason: string | null;
  readonly sequence: string | null;
  readonly nextAction: string | null;
  readonly nextAt: Date | null;
  readonly createdAt: Date;
  /** What the list is sorted by, for the next page. */
  readonly place: string;
}

/** What leads are looked for by; what is left out or null does not matter. */
export interface LeadFilter {
  /** Parts of words of the name, company or email, all of them. */
  readonly q?: string | undefined;
  readonly owner?: string | undefined;
  /** Nobody owns it. */
  readonly unowned?: boolean | undefined;
  readonly company?: string | undefined;
  /** A part of it. */
  readonly title?: string | undefined;
  readonly persona?: string | undefined;
  /** A language tag; `de` is also `de-AT`. */
  readonly language?: string | undefined;
  readonly country?: string | undefined;
  readonly consent?: 'unknown' | 'given' | 'refused' | undefined;
  readonly status?: LeadStatus | undefined;
  /** Is or was in this sequence. */
  readonly sequence?: string | undefined;
  readonly launchId?: string | undefined;
  /** Did this (`opened`, `clicked`, `replied`, …), within `withinDays` if given. */
  readonly did?: string | undefined;
  readonly withinDays?: number | undefined;
  /** Was touched before, and neither touched nor heard of for so many days. */
  readonly silentDays?: number | undefined;
  /** A custom attribute, and what it is; without `is`, that there is one. */
  readonly attribute?: string | undefined;
  readonly is?: string | undefined;
}

/** By what a list is sorted. */
export const LEAD_SORTS = {
  createdAt: { key: 'l.created_at', text: 'l.created_at::text', type: 'timestamptz' },
  name: {
    key: 'lead_sort_name(l.first_name, l.last_name)',
    text: 'lead_sort_name(l.first_name, l.last_name)',
    type: 'text',
  },
  company: {
    key: `lower(coalesce(l.company_name, ''))`,
    text: `lower(coalesce(l.company_name, ''))`,
    type: 'text',
  },
} as const;
export type LeadSort = keyof typeof LEAD_SORTS;

export interface LeadPage {
  readonly sort: LeadSort;
  readonly descending: boolean;
  /** The last one of the page before. */
  readonly after: readonly [place: string, id: string] | null;
  readonly limit: number;
}

/** Collects parameters and says where each stands. */
const parameters = (values: unknown[]) => (value: unknown) => `$${values.push(value)}`;

/** The conditions on a lead `l`. */
async function conditions(
  q: Queryable,
  filter: LeadFilter,
  sight: Sight,
  values: unknown[],
): Promise<string> {
  const add = parameters(values);
  values.push(sight.owners, sight.unowned);
  const found = ['l.erased_at is null', seesLead(values.length - 1)];
  for (const word of (filter.q ?? '').split(/\s+/).filter(Boolean).slice(0, 8))
    found.push(
      `lead_words(l.first_name, l.last_name, l.company_name, l.emails) ~ lower(${add(patternOf(word))})`,
    );
  if (filter.owner !== undefined) found.push(`lower(l.owner) = lower(${add(filter.owner)})`);
  if (filter.unowned) found.push('l.owner is null');
  if (filter.company !== undefined)
    found.push(`lower(coalesce(l.company_name, '')) = lower(${add(filter.company)})`);
  if (filter.title !== undefined) found.push(`strpos(lower(l.title), lower(${add(filter.title)})) > 0`);
  if (filter.persona !== undefined) found.push(`lower(l.persona) = lower(${add(filter.persona)})`);
  if (filter.language !== undefined) {
    const language = `lower(${add(filter.language)})`;
    found.push(`(lower(l.locale) = ${language} or starts_with(lower(l.locale), ${language} || '-'))`);
  }
  if (filter.country !== undefined) found.push(`l.country = ${add(filter.country)}`);
  if (filter.consent !== undefined) found.push(`l.consent_status = ${add(filter.consent)}`);
  if (filter.attribute !== undefined) {
    const name = add(filter.attribute);
    found.push(
      filter.is === undefined ? `l.attributes ? ${name}` : `l.attributes ->> ${name} = ${add(filter.is)}`,
    );
  }
  const enrolled = (more: string) =>
    `exists (select from enrollments e where e.lead_id = l.id and e.status ${more})`;
  const active = `in ('pending', 'running')`;
  if (filter.status === 'none') found.push('not exists (select from enrollments e where e.lead_id = l.id)');
  else if (filter.status === 'pending' || filter.status === 'running')
    found.push(enrolled(`= ${add(filter.status)}`));
  else if (filter.status !== undefined)
    found.push(
      `not ${enrolled(active)} and (select e.status from enrollments e where e.lead_id = l.id order by e.created_at desc, e.id limit 1) = ${add(filter.status)}`,
    );
  if (filter.sequence !== undefined)
    found.push(
      `exists (select from enrollments e join sequence_versions v on v.id = e.version_id where e.lead_id = l.id and v.name = ${add(filter.sequence)})`,
    );
  if (filter.launchId !== undefined)
    found.push(
      `exists (select from enrollments e where e.lead_id = l.id and e.launch_id = ${add(filter.launchId)})`,
    );
  if (filter.did !== undefined) {
    const since =
      filter.withinDays === undefined
        ? ''
        : ` and x.at > (select business_now() - make_interval(days => ${add(filter.withinDays)}))`;
    found.push(
      `exists (select from lead_events x where x.lead_id = l.id and x.type = ${add(filter.did)}${since})`,
    );
  }
  if (filter.silentDays !== undefined) {
    // Known when it is planned: whether a handful or most are silent decides where to begin.
    const { rows } = await q.query<{ at: string }>(
      'select (business_now() - make_interval(days => $1))::text as at',
      [filter.silentDays],
    );
    // Of whom something happened that is not counted yet is not silent.
    found.push(
      `l.id in (select lead_id from lead_activity where last_at <= ${add(rows[0]!.at)}::timestamptz)
       and not exists (select from analytics_due d where d.lead_id = l.id) and not ${enrolled(active)}`,
    );
  }
  return found.join('\n and ');
}

export async function listLeads(
  q: Queryable,
  filter: LeadFilter,
  sight: Sight,
  { sort, descending, after, limit }: LeadPage,
): Promise<LeadListed[]> {
  const values: unknown[] = [];
  const add = parameters(values);
  const where = await conditions(q, filter, sight, values);
  const { key, text, type } = LEAD_SORTS[sort];
  const order = descending ? 'desc' : 'asc';
  const from = after
    ? `and (${key}, l.id) ${descending ? '<' : '>'} (${add(after[0])}::${type}, ${add(after[1])}::uuid)`
    : '';
  // The page is found before anything is looked up for its rows.
  const { rows } = await q.query<LeadListed & Record<string, unknown>>(
    `with page as materialized (
       select l.id, ${text} as place, row_number() over (order by ${key} ${order}, l.id ${order}) as nth
       from leads l where ${where} ${from} order by ${key} ${order}, l.id ${order} limit ${add(limit)})
     select l.id, nullif(trim(concat_ws(' ', l.first_name, l.last_name)), '') as name, l.title, coalesce(l.company_name, c.name) as company,
       l.emails[1] as email, l.owner, coalesce(l.time_zone, c.time_zone) as "timeZone", coalesce(e.status, 'none') as status, e.reason,
       v.name as sequence, e.next_action as "nextAction", e.next_at as "nextAt", l.created_at as "createdAt", p.place
     from page p join leads l on l.id = p.id left join companies c on c.id = l.company_id
       left join lateral (select * from enrollments where lead_id = l.id
         order by status in ('pending', 'running') desc, created_at desc, id limit 1) e on true
       left join sequence_versions v on v.id = e.version_id
     order by p.nth`,
    values,
  );
  return rows;
}

/** How many there are, counted up to `limit`. */
export async function countLeads(
  q: Queryable,
  filter: LeadFilter,
  sight: Sight,
  limit: number,
): Promise<number> {
  const values: unknown[] = [];
  const where = await conditions(q, filter, sight, values);
  const { rows } = await q.query<{ count: number }>(
    `select count(*)::int as count from (select from leads l where ${where} limit $${values.push(limit)}) found`,
    values,
  );
  return rows[0]!.count;
}

/** Ids of those that are found, in the order of ids, after one of them. */
export async function leadIds(
  q: Queryable,
  filter: LeadFilter,
  sight: Sight,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<string[]> {
  const values: unknown[] = [];
  const add = parameters(values);
  const where = await conditions(q, filter, sight, values);
  const { rows } = await q.query<{ id: string }>(
    `select l.id from leads l where ${where} and (${add(after)}::uuid is null or l.id > $${values.length}) order by l.id limit ${add(limit)}`,
    values,
  );
  return rows.map(({ id }) => id);
}

/** What filters can be set to: the owners, countries, personas, languages and attributes that leads have (of the newest 5,000), and the sequences. */
export async function leadFacets(
  q: Queryable,
  sight: Sight,
): Promise<{
  readonly owners: readonly string[];
  readonly countries: readonly string[];
  readonly personas: readonly string[];
  readonly languages: readonly string[];
  readonly attributes: readonly string[];
  readonly sequences: readonly string[];
  readonly events: readonly string[];
}> {
  const { rows } = await q.query<{
    owners: string[];
    countries: string[];
    personas: string[];
    languages: string[];
    attributes: string[];
    sequences: string[];
    events: string[];
  }>(
    `with recent as materialized (
       select owner, country, persona, locale, attributes from leads l where l.erased_at is null and ${seesLead(1)}
       order by l.created_at desc, l.id desc limit 5000)
     select
       array(select distinct owner from recent where owner is not null order by 1 limit 200) as owners,
       array(select distinct country from recent where country is not null order by 1 limit 250) as countries,
       array(select distinct persona from recent where persona is not null order by 1 limit 200) as personas,
       array(select distinct locale from recent where locale is not null order by 1 limit 200) as languages,
       array(select distinct k from recent, jsonb_object_keys(recent.attributes) k order by 1 limit 200) as attributes,
       array(select distinct name from sequence_versions order by 1 limit 200) as sequences,
       array(select type from (
         with recursive types as (
           (select type from lead_events order by type limit 1)
           union all
           select (select e.type from lead_events e where e.type > types.type order by e.type limit 1) from types where types.type is not null)
         select type from types where type is not null limit 100) t) as events`,
    [sight.owners, sight.unowned],
  );
  return rows[0]!;
}
