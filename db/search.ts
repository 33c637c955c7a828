/** What somebody may mean by the first letters of a word: for the command palette. */
import { seesLead, type Sight } from './access/sight.ts';
import type { Queryable } from './db.ts';
import { NAME_OF_LEAD } from './launch-scope.ts';
import { SEEN_LAUNCH, type Viewer } from './launch-views.ts';

/** Of each kind at most. */
const FEW = 8;
/** So many leads at most are put in order. */
const RANKED = 200;

export interface LeadFound {
  readonly id: string;
  readonly name: string;
  readonly company: string | null;
  readonly email: string | null;
}

const wordsOf = (text: string) => text.split(/\s+/).filter(Boolean).slice(0, 6);
const escaped = (word: string) => word.replaceAll(/[\\%_]/g, '\\$&');
/**
 * A word as a regular expression of PostgreSQL for what was made lower there. Of `I` Turkish makes `ı` and the database `i`, so that
 * a name is found under both.
 */
export const patternOf = (word: string): string =>
  word.replaceAll(/[^\p{L}\p{M}\p{N}]/gu, '\\$&').replaceAll(/[iıIİ]/g, '[iı]');

/**
 * Leads in whose name, company or email words begin with each of the given ones; whose name does first. Word by word, so that the
 * trigrams of beginnings are asked for, which are there even for two letters.
 */
export async function searchLeads(q: Queryable, text: string, sight: Sight): Promise<LeadFound[]> {
  const words = wordsOf(text);
  const has = `lead_words(l.first_name, l.last_name, l.company_name, l.emails)`;
  const conditions = words.map((_word, index) => `${has} ~ ('(^|[ {,@])' || lower($${index + 4}))`);
  // The planner does not see the limit through the materialized part, and takes the index; with it, it reads the whole table.
  const { rows } = await q.query<LeadFound & Record<string, unknown>>(
    `with l as materialized (select l.id, l.first_name, l.last_name, l.company_name, l.emails, l.phones, l.external_id from leads l
       where l.erased_at is null and ${seesLead(2)} and ${conditions.join(' and ')})
     select l.id, ${NAME_OF_LEAD} as name, l.company_name as company, l.emails[1] as email from (select * from l limit ${RANKED}) l
     order by ' ' || lower(concat_ws(' ', l.first_name, l.last_name)) not like '% ' || lower($1) || '%',
       lead_sort_name(l.first_name, l.last_name), l.id limit ${FEW}`,
    [escaped(words[0] ?? ''), sight.owners, sight.unowned, ...words.map(patternOf)],
  );
  return rows;
}

/** Published sequences whose name or title has the text in it, by name. */
export async function searchSequences(
  q: Queryable,
  text: string,
): Promise<{ name: string; title: string }[]> {
  const { rows } = await q.query<{ name: string; title: string }>(
    `select name, title from (
       select distinct on (name) name, title from sequence_versions order by name, created_at desc, id desc limit 2000) v
     where lower(name) like lower($1) or lower(title) like lower($1) order by name limit ${FEW}`,
    [`%${escaped(text)}%`],
  );
  return rows;
}

/** Launches that somebody sees whose name has the text in it, the newest first. */
export async function searchLaunches(
  q: Queryable,
  text: string,
  viewer: Viewer,
): Promise<{ id: string; name: string; sequence: string }[]> {
  const { rows } = await q.query<{ id: string; name: string; sequence: string }>(
    `select n.id, n.name, v.name as sequence from launches n join sequence_versions v on v.id = n.version_id
     where lower(n.name) like lower($3) and ${SEEN_LAUNCH('$1', '$2')} order by n.created_at desc, n.id limit ${FEW}`,
    [viewer.owners, viewer.userId, `%${escaped(text)}%`],
  );
  return rows;
}
