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
 * Keeps a draft. `version` is the one that was read (0: there was none); null: whatever there is.
 * @throws CommandRefused `changed_meanwhile`
 */
export async function saveDraft(
  db: Db,
  draft: { readonly name: string; readonly source: string; readonly by: string | null },
  version: number | null,
): Promise<Draft> {
  return db.tx(async (tx) => {
    const { rowCount } = await tx.query(
      `insert into sequence_drafts as d (name, source, changed_by)
       select $1, $2, $3 where coalesce($4, 0) = 0 or exists (select from sequence_drafts where name = $1)
       on conflict (name) do update set source = excluded.source, changed_by = excluded.changed_by,
         version = d.version + 1, changed_at = clock_timestamp()
       where $4::integer is null or d.version = $4`,
      [draft.name, draft.source, draft.by, version],
    );
    if (!rowCount) throw meanwhile();
    return (await findDraft(tx, draft.name))!;
  });
}

/** Throws a draft away; one that is not there stays that way. @throws CommandRefused `changed_meanwhile` */
export async function dropDraft(db: Db, name: string, version: number | null): Promise<void> {
  await db.tx(async (tx) => {
    const { rows } = await tx.query<{ version: number }>(
      'select version from sequence_drafts where name = $1 for update',
      [name],
    );
    if (rows[0] && version !== null && rows[0].version !== version) throw meanwhile();
    await tx.query('delete from sequence_drafts where name = $1', [name]);
  });
}

const meanwhile = () =>
  new CommandRefused('changed_meanwhile', 'Somebody changed this draft meanwhile: look again.');
