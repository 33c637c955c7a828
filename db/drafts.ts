/** Drafts of sequences: what is being written and was not published. */
import type { Db, Queryable } from './db.ts';
import { CommandRefused } from './refused.ts';

export interface Draft {
  readonly name: string;
  readonly source: string;
  /** Counts changes. */
  readonly version: number;
  /** Who changed it last; null: somebody who is gone, or a program. */
  readonly changedBy: string | null;
  readonly changedAt: Date;
}

const SELECT = `select d.name, d.source, d.version, d.changed_at as "changedAt", u.name as "changedBy"
  from sequence_drafts d left join users u on u.id = d.changed_by`;

export async function findDraft(q: Queryable, name: string): Promise<Draft | null> {
  const { rows } = await q.query<Draft & Record<string, unknown>>(`${SELECT} where d.name = $1`, [name]);
  return rows[0] ?? null;
}

/** Every draft, by name; at most 1,000. */
export async function listDrafts(q: Queryable): Promise<Omit<Draft, 'source'>[]> {
  const { rows } = await q.query<Omit<Draft, 'source'> & Record<string, unknown>>(
    `select d.name, d.version, d.changed_at as "changedAt", u.name as "changedBy"
     from sequence_drafts d left join users u on u.id = d.changed_by order by d.name limit 1000`,
  );
  return rows;
}

/**
 * What says which state of a draft was read: its ETag. The instant is in it too, because a draft that was published or thrown away
 * and begun anew counts from 1 again.
 */
export const draftTag = ({ version, changedAt }: Pick<Draft, 'version' | 'changedAt'>): string =>
  `${version}.${changedAt.getTime()}`;

/** The tag of a draft that is not there. */
const NO_DRAFT = '0';

/**
 * Keeps a draft. `wanted` is the tag of the one that was read (`"0"`: there was none); null: whatever there is.
 * @throws CommandRefused `changed_meanwhile`
 */
export async function saveDraft(
  db: Db,
  draft: { readonly name: string; readonly source: string; readonly by: string | null },
  wanted: string | null,
): Promise<Draft> {
  return db.tx(async (tx) => {
    await lockDraft(tx, draft.name, wanted);
    // Two that begin at once both find none: only one may be the first.
    const { rowCount } = await tx.query(
      `insert into sequence_drafts as d (name, source, changed_by) values ($1, $2, $3)
       on conflict (name) do update set source = excluded.source, changed_by = excluded.changed_by,
         version = d.version + 1, changed_at = clock_timestamp()
       where not $4`,
      [draft.name, draft.source, draft.by, wanted === NO_DRAFT],
    );
    if (!rowCount) throw meanwhile();
    return (await findDraft(tx, draft.name))!;
  });
}

/** Throws a draft away; one that is not there stays that way. @throws CommandRefused `changed_meanwhile` */
export async function dropDraft(db: Db, name: string, wanted: string | null): Promise<void> {
  await db.tx(async (tx) => {
    if (!(await findDraft(tx, name))) return;
    await lockDraft(tx, name, wanted);
    await tx.query('delete from sequence_drafts where name = $1', [name]);
  });
}

async function lockDraft(tx: Queryable, name: string, wanted: string | null): Promise<void> {
  const { rows } = await tx.query<{ version: number; changedAt: Date }>(
    'select version, changed_at as "changedAt" from sequence_drafts where name = $1 for update',
    [name],
  );
  if (wanted !== null && wanted !== (rows[0] ? draftTag(rows[0]) : NO_DRAFT)) throw meanwhile();
}

const meanwhile = () =>
  new CommandRefused('changed_meanwhile', 'Somebody changed this draft meanwhile: look again.');
