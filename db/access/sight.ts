/** Whose leads, tasks and messages somebody sees. */
import type { Queryable } from '../db.ts';

export interface Sight {
  /** Lower-case names of owners; null: everybody's. */
  readonly owners: readonly string[] | null;
  /** Also what nobody owns. */
  readonly unowned: boolean;
}

export const EVERYTHING: Sight = { owners: null, unowned: true };

/** The condition on a lead (by its alias), where parameter `n` is `owners` and `n + 1` `unowned`. */
export const seesLead = (n: number, lead = 'l'): string =>
  `($${n}::text[] is null or lower(${lead}.owner) = any($${n}) or ($${n + 1}::boolean and ${lead}.owner is null))`;

/** The condition on a task `k` of a lead `l`: the lead's owner's or the assignee's. */
export const seesTask = (n: number): string =>
  `($${n}::text[] is null or lower(k.assignee) = any($${n}) or lower(l.owner) = any($${n})
    or ($${n + 1}::boolean and l.owner is null and k.assignee is null))`;

/** The condition on a message `m` with its lead `l`, who it may be from `p`, and the sender it came to `s`. */
export const seesMessage = (n: number): string =>
  `($${n}::text[] is null or lower(l.owner) = any($${n})
    or (m.lead_id is null and (lower(p.owner) = any($${n}) or lower(s.owner) = any($${n}) or lower(s.address) = any($${n})))
    or ($${n + 1}::boolean and l.owner is null and (m.lead_id is not null or coalesce(p.owner, s.owner) is null)))`;

type About = 'lead' | 'task' | 'message' | 'guess' | 'reply' | 'touch';

/** What there is of a kind, in view of a sight ($1, $2), whose id is as the condition says. */
const OF: Readonly<Record<About, (id: (column: string) => string) => string>> = {
  lead: (id) => `select l.id from leads l where ${id('l.id')} and l.erased_at is null and ${seesLead(1)}`,
  task: (id) =>
    `select k.id from tasks k join leads l on l.id = k.lead_id where ${id('k.id')} and ${seesTask(1)}`,
  message: (
    id,
  ) => `select m.id from messages m left join leads l on l.id = m.lead_id left join leads p on p.id = m.maybe_lead_id
    left join senders s on s.id = m.sender_id where ${id('m.id')} and ${seesMessage(1)}`,
  // Whose a message was guessed to be, if it was.
  guess: (id) =>
    `select m.id from messages m left join leads l on l.id = m.maybe_lead_id
    where ${id('m.id')} and (m.maybe_lead_id is null or ${seesLead(1)})`,
  reply: (id) =>
    `select r.id from replies r join leads l on l.id = r.lead_id where ${id('r.id')} and ${seesLead(1)}`,
  touch: (id) =>
    `select t.id from touches t join leads l on l.id = t.lead_id where ${id('t.id')} and ${seesLead(1)}`,
};

/** Whether there is such a thing and it may be seen. */
export async function sees(q: Queryable, what: About, id: string, sight: Sight): Promise<boolean> {
  const { rowCount } = await q.query(
    OF[what]((column) => `${column} = $3`),
    [sight.owners, sight.unowned, id],
  );
  return rowCount === 1;
}

/** The first `limit` ids of a kind, of those that may be seen, from one to another. */
export async function seenBetween(
  q: Queryable,
  what: About,
  { from, to, limit }: { readonly from: string; readonly to: string; readonly limit: number },
  sight: Sight,
): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(
    `${OF[what]((column) => `${column} between $3 and $4`)} order by 1 limit $5`,
    [sight.owners, sight.unowned, from, to, limit],
  );
  return rows.map(({ id }) => id);
}
