import type { Queryable } from './db.ts';

/**
 * Lets the pacer look again at once (also by the sweep, when its workflow cannot be woken), after capacity or leads came.
 * Answers the running launches whose leads wait; at most 1000 of them.
 * @param launchId null: every running launch
 */
export async function lookAgain(q: Queryable, launchId: string | null): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `update launches l set next_look_at = null
     where l.id in (
       select id from launches n where status = 'running' and ($1::uuid is null or id = $1)
         and exists (select from enrollments e where e.launch_id = n.id and e.status = 'pending')
       order by id limit 1000)
     returning l.id`,
    [launchId],
  );
  return rows.map((row) => row.id);
}
