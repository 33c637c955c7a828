/** Filters of the list of leads under a name, each user's own. */
import type { Db, Queryable } from '../db.ts';
import { CommandRefused } from '../refused.ts';

export interface LeadView {
  readonly id: string;
  readonly name: string;
  readonly filters: Readonly<Record<string, string>>;
}

/** Of one user. */
const MOST = 100;

/** By name; at most 100. */
export async function listLeadViews(q: Queryable, userId: string): Promise<LeadView[]> {
  const { rows } = await q.query<LeadView & Record<string, unknown>>(
    `select id, name, filters from lead_views where user_id = $1 order by lower(name), id limit ${MOST}`,
    [userId],
  );
  return rows;
}

/** Keeps filters in the place of those that had the name. @throws CommandRefused `too_many` beyond 100 */
export async function keepLeadView(
  db: Db,
  userId: string,
  { name, filters }: Omit<LeadView, 'id'>,
): Promise<LeadView> {
  return db.tx(async (tx) => {
    // One after the other, so that they can be counted.
    await tx.query('select from users where id = $1 for no key update', [userId]);
    const { rows } = await tx.query<LeadView & Record<string, unknown>>(
      `insert into lead_views (user_id, name, filters)
       select $1::uuid, $2, $3 where (select count(*) from lead_views where user_id = $1 and name <> $2) < ${MOST}
       on conflict (user_id, name) do update set filters = excluded.filters returning id, name, filters`,
      [userId, name, filters],
    );
    if (!rows[0]) throw new CommandRefused('too_many', `Nobody has more than ${MOST} views: remove one.`);
    return rows[0];
  });
}

/** @throws CommandRefused `not_found`, also when it is another user's */
export async function removeLeadView(q: Queryable, userId: string, id: string): Promise<void> {
  const { rowCount } = await q.query('delete from lead_views where user_id = $1 and id = $2', [userId, id]);
  if (rowCount === 0) throw new CommandRefused('not_found', 'There is no such view.');
}
