import { seesLead } from '../access/sight.ts';
import { isAnotherTeams } from '../access/users.ts';
import type { Queryable } from '../db.ts';
import type { Importer } from './import-leads.ts';
import { createClaims } from '../../sequences/leads/merge.ts';

const PAGE = 10_000;

/** Marks rows of suppressed people as rejected. Returns how many there were. */
export async function rejectSuppressed(q: Queryable): Promise<number> {
  const { rowCount } = await q.query(
    `update import_rows r set reject = 'suppressed', detail = 'this person must not be contacted again'
     where r.reject is null and exists (
       select from unnest(r.hashes) h join suppressions s on s.identity_hash = decode(h, 'hex') and s.channel is null)`,
  );
  return rowCount ?? 0;
}

const IDENTITIES = `
  create temp table import_identities on commit drop as
  select r.n, split_part(k, ' ', 1) as kind, substr(k, strpos(k, ' ') + 1) as value
  from import_rows r cross join lateral unnest(r.keys) k
  where r.reject is null`;

/** Leads that rows are, by their identities; rows that have a phone only, by phone and name. */
const MATCHES = `
  create temp table import_matches on commit drop as
  select distinct i.n, li.lead_id
  from import_identities i join lead_identities li on li.kind = i.kind and li.value = i.value
  union
  select r.n, l.id from import_rows r join leads l on l.phones @> r.phones[1:1] and l.erased_at is null
    and lower(coalesce(l.first_name, '')) = lower(coalesce(r.first_name, ''))
    and lower(coalesce(l.last_name, '')) = lower(coalesce(r.last_name, ''))
  where r.reject is null and r.keys[1] like 'phone %'`;

/**
 * Decides which lead each row becomes or adds to, as if the rows came one after the other. Rows that share nothing with another
 * row are decided in one statement; the others in the file's order. A row that is two different leads is rejected.
 */
export async function resolveRows(q: Queryable): Promise<void> {
  await q.query(IDENTITIES);
  await q.query('analyze import_identities');
  await q.query(MATCHES);
  await q.query('create index on import_matches (n)');
  await q.query('analyze import_matches');
  await q.query(
    `with shared as (
       select n from (select n, count(*) over (partition by kind, value) as rows from import_identities) i where i.rows > 1
       union select n from (select n, count(*) over (partition by lead_id) as rows from import_matches) m where m.rows > 1
       union select n from import_matches group by n having count(*) > 1)
     update import_rows r set grouped = true from shared where r.n = shared.n`,
  );
  await resolveGrouped(q);
  await q.query(
    `update import_rows r set lead_id = m.lead_id, is_new = false from import_matches m
     where m.n = r.n and not r.grouped and r.reject is null`,
  );
  await q.query('create index on import_rows (lead_id) where grouped');
  // Without these figures the planner takes the rows for few and compares each with each.
  await q.query('analyze import_rows (n, reject, lead_id, is_new, grouped)');
  await q.query(
    `update import_rows r set reject = 'unreachable', detail = 'no email, phone or LinkedIn profile, and no lead has this id yet'
     where r.is_new and r.reject is null and ${unreachable('r')}
       and (not r.grouped or not exists (
         select from import_rows x where x.grouped and x.lead_id = r.lead_id and x.reject is null and not ${unreachable('x')}))`,
  );
}

/**
 * Marks rows that are leads which the importer does not see as rejected, gives new leads their owner, and leaves owners out whom the
 * importer gives no leads.
 */
export async function keepToOwn(
  q: Queryable,
  { owners, unowned, newOwner, givesWithin }: Importer,
): Promise<void> {
  await q.query(
    `update import_rows r set reject = 'not_yours', detail = 'this person is known already and is no lead of yours: ask a manager'
     from leads l where l.id = r.lead_id and not r.is_new and r.reject is null and ${seesLead(1)} is not true`,
    [owners, unowned],
  );
  if (newOwner !== null)
    await q.query('update import_rows set owner = $1 where is_new and reject is null', [newOwner]);
  if (givesWithin !== null)
    await q.query(
      `update import_rows r set owner = null,
         warnings = coalesce(r.warnings::jsonb, '[]') || jsonb_build_object('column', 'owner', 'detail', o.owner || ' is of another team')
       from (select distinct owner from import_rows where owner is not null) o
       where r.owner = o.owner and r.reject is null and ${isAnotherTeams('o.owner', '$1')}`,
      [givesWithin],
    );
}

const unreachable = (row: string) =>
  `(${row}.emails = '{}' and ${row}.phones = '{}' and ${row}.linkedin_url is null)`;

async function resolveGrouped(q: Queryable): Promise<void> {
  const claims = createClaims();
  // Leads that this file makes: rows that add to one of them are new, too.
  const fresh = new Set<string>();
  for (let after = 0; ;) {
    const { rows } = await q.query<{ n: number; lead_id: string; keys: string[]; known: string[] }>(
      `select r.n, r.lead_id, r.keys, array(select m.lead_id::text from import_matches m where m.n = r.n) as known
       from import_rows r where r.grouped and r.reject is null and r.n > $1 order by r.n limit ${PAGE}`,
      [after],
    );
    const resolved = rows.map(({ n, lead_id: id, keys, known }) => {
      const claim = claims.claim(keys, known, id);
      if (claim.kind === 'new') fresh.add(id);
      return { n, claim };
    });
    await q.query(
      `update import_rows r set lead_id = coalesce(t.lead_id, r.lead_id), is_new = t.is_new,
         reject = case when t.lead_id is null then 'ambiguous' end,
         detail = case when t.lead_id is null then 'its identities belong to two different leads' end
       from unnest($1::int[], $2::uuid[], $3::bool[]) t(n, lead_id, is_new) where t.n = r.n`,
      [
        resolved.map(({ n }) => n),
        resolved.map(({ claim }) => (claim.kind === 'ambiguous' ? null : claim.target)),
        resolved.map(({ claim }) => claim.kind !== 'ambiguous' && fresh.has(claim.target)),
      ],
    );
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.n;
  }
}
