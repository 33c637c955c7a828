/** Texts that reps put into answers: their own, and everybody's. */
import type { Queryable } from './db.ts';
import { CommandRefused } from './refused.ts';

export interface Snippet {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  /** null: everybody's. */
  readonly ownerId: string | null;
  readonly version: number;
}

const COLUMNS = `id, name, text, owner_id as "ownerId", version`;
type Row = Snippet & Record<string, unknown>;

/** Everybody's and the user's own, by name; at most 500. */
export async function listSnippets(q: Queryable, userId: string): Promise<Snippet[]> {
  const { rows } = await q.query<Row>(
    `select ${COLUMNS} from snippets where owner_id is null or owner_id = $1 order by lower(name), id limit 500`,
    [userId],
  );
  return rows;
}

/** @throws CommandRefused `not_found`, also when it is another user's */
export async function readSnippet(q: Queryable, id: string, userId: string): Promise<Snippet> {
  const { rows } = await q.query<Row>(
    `select ${COLUMNS} from snippets where id = $1 and (owner_id is null or owner_id = $2)`,
    [id, userId],
  );
  if (!rows[0]) throw new CommandRefused('not_found', 'There is no such snippet.');
  return rows[0];
}

/** @throws CommandRefused `bad_name` when there is one of this name */
export async function addSnippet(
  q: Queryable,
  { name, text, ownerId }: Pick<Snippet, 'name' | 'text' | 'ownerId'>,
): Promise<Snippet> {
  const { rows } = await q.query<Row>(
    `insert into snippets (owner_id, name, text) values ($1, $2, $3) on conflict do nothing returning ${COLUMNS}`,
    [ownerId, name, text],
  );
  return rows[0] ?? taken(name);
}

/** @throws CommandRefused `changed_meanwhile` when there is no such version any more; `bad_name` */
export async function changeSnippet(
  q: Queryable,
  { id, version }: Pick<Snippet, 'id' | 'version'>,
  { name, text }: { readonly name: string; readonly text: string },
): Promise<Snippet> {
  const { rows } = await q
    .query<Row>(
      `update snippets set name = $3, text = $4, version = version + 1 where id = $1 and version = $2 returning ${COLUMNS}`,
      [id, version, name, text],
    )
    .catch((error: { code?: string }) => {
      if (error.code === '23505') return taken(name);
      throw error;
    });
  if (!rows[0]) throw new CommandRefused('changed_meanwhile', 'Somebody changed this snippet: look again.');
  return rows[0];
}

/** @throws CommandRefused `changed_meanwhile` */
export async function deleteSnippet(
  q: Queryable,
  { id, version }: Pick<Snippet, 'id' | 'version'>,
): Promise<void> {
  const { rowCount } = await q.query('delete from snippets where id = $1 and version = $2', [id, version]);
  if (rowCount === 0)
    throw new CommandRefused('changed_meanwhile', 'Somebody changed this snippet: look again.');
}

function taken(name: string): never {
  throw new CommandRefused('bad_name', `There is a snippet called "${name}" already.`);
}
