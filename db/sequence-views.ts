/** Sequences as the web and programs look at them: lists, versions and revisions with their sources, who runs where. */
import type { SequenceCopy } from '../sequences/plan.ts';
import type { Sight } from './access/sight.ts';
import type { Queryable } from './db.ts';
import { OWNED } from './launch-scope.ts';
import { CommandRefused } from './refused.ts';

export interface SequenceLine {
  /** Of the sequence, over all of its versions: what a pause names. */
  readonly id: string;
  readonly name: string;
  readonly title: string;
  /** The newest version. */
  readonly versionId: string;
  readonly revision: number;
  readonly versions: number;
  readonly createdAt: Date;
  /** Leads that are on their way, in any version. */
  readonly running: number;
  /** Leads that were ever started, and how many of them answered. */
  readonly started: number;
  readonly answered: number;
}

/** The sequences behind `after` by name, with numbers over all of their versions. */
export async function sequenceLines(
  q: Queryable,
  {
    after,
    search,
    limit,
    sight,
  }: { after: string | null; search: string | null; limit: number; sight: Sight },
): Promise<SequenceLine[]> {
  const { rows } = await q.query<SequenceLine & Record<string, unknown>>(
    `with newest as (
       select distinct on (v.name) v.name, v.title, v.id, v.created_at from sequence_versions v
       where ($1::text is null or v.name > $1)
         and ($2::text is null or strpos(lower(v.name || ' ' || v.title), lower($2)) > 0)
       order by v.name, v.created_at desc, v.id desc limit $3),
     answers as (select distinct enrollment_id from lead_events where type = 'replied' and enrollment_id is not null),
     counted as (
       select v.name, count(*) filter (where e.status in ('pending', 'running')) as running,
         count(*) filter (where e.started_at is not null or e.status <> 'pending') as started, count(a.enrollment_id) as answered
       from newest n join sequence_versions v on v.name = n.name join enrollments e on e.version_id = v.id
         left join answers a on a.enrollment_id = e.id
         ${sight.owners === null ? 'where $4::text[] is null' : `join leads l on l.id = e.lead_id where ${OWNED('$4', sight.unowned)}`} group by v.name)
     select (select id from sequences where name = n.name) as id, n.name, n.title, n.id as "versionId", n.created_at as "createdAt",
       (select max(revision) from copy_revisions where version_id = n.id) as revision,
       (select count(*) from sequence_versions where name = n.name) as versions,
       coalesce(c.running, 0) as running, coalesce(c.started, 0) as started, coalesce(c.answered, 0) as answered
     from newest n left join counted c on c.name = n.name
     order by n.name`,
    [after, search, limit, sight.owners],
  );
  return rows;
}

export interface VersionLine {
  readonly id: string;
  /** The first is 1. */
  readonly number: number;
  readonly title: string;
  readonly createdAt: Date;
  /** Leads that are on their way in it. */
  readonly running: number;
  /** Whether leads ever began in it, so that there are numbers. */
  readonly begun: boolean;
  readonly revisions: readonly { readonly revision: number; readonly publishedAt: string }[];
}

/** The versions of a sequence with their revisions of copy, the newest first; at most 100 of either. */
export async function versionLines(q: Queryable, name: string): Promise<VersionLine[]> {
  const { rows } = await q.query<VersionLine & Record<string, unknown>>(
    `select v.id, (row_number() over (order by v.created_at, v.id))::int as number, v.title, v.created_at as "createdAt",
       (select count(*) from enrollments where version_id = v.id and status in ('pending', 'running')) as running,
       exists (select from enrollments where version_id = v.id and engine is not null) as begun,
       (select json_agg(json_build_object('revision', c.revision, 'publishedAt', c.published_at) order by c.revision desc)
        from (select revision, published_at from copy_revisions where version_id = v.id order by revision desc limit 100) c) as revisions
     from sequence_versions v where v.name = $1 order by v.created_at desc, v.id desc limit 100`,
    [name],
  );
  return rows;
}

/** A revision of a version's copy; the current one unless given. @throws CommandRefused `not_found` */
export async function readRevision(
  q: Queryable,
  versionId: string,
  revision: number | null,
): Promise<{
  readonly revision: number;
  readonly copy: SequenceCopy;
  readonly source: string;
  readonly publishedAt: Date;
}> {
  const { rows } = await q.query<{ revision: number; copy: SequenceCopy; source: string; publishedAt: Date }>(
    `select revision, copy, source, published_at as "publishedAt" from copy_revisions
     where version_id = $1 and ($2::integer is null or revision = $2) order by revision desc limit 1`,
    [versionId, revision],
  );
  if (!rows[0]) throw new CommandRefused('not_found', 'There is no such version.');
  return rows[0];
}

export interface LeadChoice {
  readonly id: string;
  readonly name: string;
  readonly company: string | null;
}

/** Some leads to look at messages with: those in the sequence who came last, else anybody. At most 20. */
export async function leadsToPreview(
  q: Queryable,
  name: string,
  { owners, unowned }: Sight,
): Promise<LeadChoice[]> {
  const line = `l.id, coalesce(nullif(trim(concat_ws(' ', l.first_name, l.last_name)), ''), l.emails[1], l.external_id, l.id::text) as name,
    l.company_name as company`;
  const mine = `l.erased_at is null and ${OWNED('$1', unowned)}`;
  const inside = await q.query<LeadChoice & Record<string, unknown>>(
    `select ${line} from (
       select distinct e.lead_id from (
         select lead_id from enrollments where version_id in (select id from sequence_versions where name = $2) limit 200) e) x
     join leads l on l.id = x.lead_id where ${mine} order by name, l.id limit 20`,
    [owners, name],
  );
  if (inside.rows.length > 0) return inside.rows;
  const { rows } = await q.query<LeadChoice & Record<string, unknown>>(
    `select ${line} from leads l where ${mine} limit 20`,
    [owners],
  );
  return rows;
}

/** The leads that are on their way in a version, by the step at which they are; null: not begun. */
export async function leadsByStep(
  q: Queryable,
  versionId: string,
): Promise<readonly { readonly step: string | null; readonly leads: number }[]> {
  const { rows } = await q.query<{ step: string | null; leads: number }>(
    `select engine->'state'->>'step' as step, count(*) as leads from enrollments
     where version_id = $1 and status in ('pending', 'running') group by 1 order by 2 desc limit 1000`,
    [versionId],
  );
  return rows;
}
