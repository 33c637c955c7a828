/** What of the scopes of a pause or stop belongs to whom. */
import { seesLead, type Sight } from './access/sight.ts';
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

// $1 is the scope's id, $2 and $3 the sight, $4 the viewer.
const SEES = seesLead(2);
const VIEWER = '$4::uuid is not null';

/** Whether all that is under way in the launch `n` is theirs. */
const OWN_LAUNCH = `(n.created_by is not distinct from $4 or not exists (
  select from enrollments e join leads l on l.id = e.lead_id
  where e.launch_id = n.id and e.status in ('pending', 'running') and not coalesce(${SEES}, false)))`;
const RUN = `launches n join sequence_versions v on v.id = n.version_id join sequences q on q.name = v.name
  where q.id = $1 and n.status = 'running'`;

const QUERY: Readonly<Record<Exclude<Scope, 'all'>, string>> = {
  // Everybody sees sequences. One is theirs that runs, and every launch of it is.
  sequence: `select (select title from sequence_versions where name = s.name order by created_at desc, id desc limit 1) as name,
    true as seen, exists (select from ${RUN}) and not exists (select from ${RUN} and not ${OWN_LAUNCH}) as own
    from sequences s where s.id = $1`,
  lead: `select ${NAME_OF_LEAD} as name, ${SEES} as seen, ${SEES} as own from leads l where l.id = $1 and ${VIEWER}`,
  sender: `select l.name || ' <' || l.address || '>' as name, ${SEES} as seen, ${SEES} as own
    from senders l where l.id = $1 and ${VIEWER}`,
  company: `select coalesce(c.name, c.domain, c.external_id, c.id::text) as name,
    exists (select from leads l where l.company_id = c.id and ${SEES}) as seen,
    not exists (select from leads l where l.company_id = c.id and not coalesce(${SEES}, false)) as own
    from companies c where c.id = $1 and ${VIEWER}`,
  launch: `select n.name, n.created_by = $4 or exists (
      select from leads l join enrollments e on e.lead_id = l.id and e.launch_id = n.id where ${SEES}) as seen,
    ${OWN_LAUNCH} as own from launches n where n.id = $1`,
};

/** The scope, or null when there is none with that id. */
export async function readScope(
  q: Queryable,
  { scope, id }: { readonly scope: Scope; readonly id: string | null },
  { owners, unowned, userId }: Sight & { readonly userId: string },
): Promise<ScopeSeen | null> {
  if (scope === 'all') return { name: 'everything', seen: true, own: owners === null };
  const { rows } = await q.query<{ name: string; seen: boolean | null; own: boolean | null }>(QUERY[scope], [
    id,
    owners,
    unowned,
    userId,
  ]);
  const row = rows[0];
  if (!row) return null;
  const all = owners === null;
  return { name: row.name, seen: all || row.seen === true, own: all || row.own === true };
}
