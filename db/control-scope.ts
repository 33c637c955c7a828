/** What of the scopes of a pause or stop belongs to whom. */
import type { Queryable } from './db.ts';
import { NAME_OF_LEAD } from './launch-scope.ts';
import type { Scope } from './scopes.ts';

/** A scope, as somebody sees it. */
export interface ScopeSeen {
  readonly name: string;
  /** Whether anything of it is theirs. */
  readonly seen: boolean;
  /** Whether all of it is. */
  readonly own: boolean;
}

const VERSIONS = '(select v.id from sequences q join sequence_versions v on v.name = q.name where q.id = $1)';

const QUERY: Readonly<Record<Exclude<Scope, 'all'>, string>> = {
  // Everybody sees sequences. One is theirs whose every launch is, and into which nobody else's sends leads.
  sequence: `select (select title from sequence_versions where name = q.name order by created_at desc, id desc limit 1) as name,
    true as seen, $2::text[] is not null and exists (select from launches n where n.version_id in ${VERSIONS} and n.status = 'running')
      and not exists (select from launches n where n.version_id in ${VERSIONS} and n.status = 'running' and n.created_by is distinct from $3)
      and not exists (select from enrollments e join launches n on n.id = e.launch_id where e.version_id in ${VERSIONS}
        and e.status in ('pending', 'running') and n.created_by is distinct from $3) as own
    from sequences q where q.id = $1`,
  lead: `select ${NAME_OF_LEAD} as name, o.mine as seen, o.mine as own from leads l
    cross join lateral (select coalesce(lower(l.owner) = any($2), false) as mine) o where l.id = $1 and $3::uuid is not null`,
  sender: `select name || ' <' || address || '>' as name, o.mine as seen, o.mine as own from senders s
    cross join lateral (select coalesce(lower(s.owner) = any($2), false) as mine) o where s.id = $1 and $3::uuid is not null`,
  company: `select coalesce(c.name, c.domain, c.external_id, c.id::text) as name,
    exists (select from leads l where l.company_id = c.id and lower(l.owner) = any($2)) as seen,
    not exists (select from leads l where l.company_id = c.id and not coalesce(lower(l.owner) = any($2), false)) as own
    from companies c where c.id = $1 and $3::uuid is not null`,
  launch: `select n.name, n.created_by = $3 or exists (
      select from leads l join enrollments e on e.lead_id = l.id and e.launch_id = n.id where lower(l.owner) = any($2)) as seen,
    coalesce(n.created_by = $3, false) as own from launches n where n.id = $1`,
};

/** The scope, or null when there is none with that id. @param owners null: everything is theirs */
export async function readScope(
  q: Queryable,
  { scope, id }: { readonly scope: Scope; readonly id: string | null },
  viewer: { readonly userId: string; readonly owners: readonly string[] | null },
): Promise<ScopeSeen | null> {
  if (scope === 'all') return { name: 'everything', seen: true, own: viewer.owners === null };
  const { rows } = await q.query<{ name: string; seen: boolean | null; own: boolean }>(QUERY[scope], [
    id,
    viewer.owners ?? [],
    viewer.userId,
  ]);
  const row = rows[0];
  if (!row) return null;
  return viewer.owners === null
    ? { name: row.name, seen: true, own: true }
    : { name: row.name, seen: row.seen ?? false, own: row.own };
}
