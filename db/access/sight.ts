/** Whose leads, tasks and messages somebody sees. */
import type { Queryable } from '../db.ts';

export interface Sight {
  /** Lower-case names of owners; null: everybody's. */
  readonly owners: readonly string[] | null;
  /** Also what nobody owns. */
  readonly unowned: boolean;
}

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

const ABOUT = {
  lead: `select from leads l where l.id = $1 and l.erased_at is null and ${seesLead(2)}`,
  task: `select from tasks k join leads l on l.id = k.lead_id where k.id = $1 and ${seesTask(2)}`,
  message: `select from messages m left join leads l on l.id = m.lead_id left join leads p on p.id = m.maybe_lead_id
    left join senders s on s.id = m.sender_id where m.id = $1 and ${seesMessage(2)}`,
  reply: `select from replies r join leads l on l.id = r.lead_id where r.id = $1 and ${seesLead(2)}`,
  touch: `select from touches t join leads l on l.id = t.lead_id where t.id = $1 and ${seesLead(2)}`,
} as const;

/** Whether there is such a thing and it may be seen. */
export async function sees(
  q: Queryable,
  what: keyof typeof ABOUT,
  id: string,
  { owners, unowned }: Sight,
): Promise<boolean> {
  const { rowCount } = await q.query(ABOUT[what], [id, owners, unowned]);
  return rowCount === 1;
}
