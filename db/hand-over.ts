/** Leads and open tasks change hands, some at a time: for each lead its owner, its tasks, the entry in its timeline and what the CRM hears
 * at once. */
import { namesOf, type User } from './access/users.ts';
import { emitNumbered } from './callbacks.ts';
import type { Db, Queryable, Tx } from './db.ts';
import { lockLeads } from './endings.ts';

/** Which of somebody's leads. */
export type HandedLeads = 'all' | { readonly ids: readonly string[] } | { readonly sequence: string };

export interface HandOver {
  readonly from: User;
  readonly to: User;
  readonly leads: HandedLeads;
  /** Also the open tasks that `from` has of these leads; with all leads, every open task. */
  readonly tasks: boolean;
  /** The email of who hands over, for the CRM; null: the terminal. */
  readonly by?: string | null;
}

export interface HandedOver {
  readonly leads: number;
  readonly tasks: number;
  /** Of these leads so many wait for an answer: a conversation is its lead's owner's. */
  readonly conversations: number;
  /** There is more than one call takes: call again. */
  readonly more: boolean;
}

/** Leads in one transaction, and in one call. */
const PAGE = 200;
const AT_ONCE = 10_000;

/** The lower case of the names in a parameter. */
const NAMED = (names: string) => `any(array(select lower(n) from unnest(${names}::text[]) n))`;

/** The condition on a lead `l`, where $1 are the names of who gives, $2 ids or null, $3 a sequence or null. */
const GIVEN = `l.erased_at is null and lower(l.owner) = ${NAMED('$1')} and ($2::uuid[] is null or l.id = any($2))
  and ($3::text is null or exists (select from enrollments e join sequence_versions v on v.id = e.version_id
    where e.lead_id = l.id and v.name = $3))`;

const given = ({ from, leads }: HandOver): unknown[] => [
  namesOf(from),
  leads !== 'all' && 'ids' in leads ? leads.ids : null,
  leads !== 'all' && 'sequence' in leads ? leads.sequence : null,
];

/** What a hand-over would move, counted up to what one call takes. */
export async function countHandOver(q: Queryable, order: HandOver): Promise<HandedOver> {
  const { rows } = await q.query<HandedOver & Record<string, unknown>>(
    `with given as (select l.id from leads l where ${GIVEN} limit ${AT_ONCE + 1}), taken as (select id from given limit ${AT_ONCE})
     select (select count(*)::int from taken) as leads, (select count(*) > ${AT_ONCE} from given) as more,
       (select count(*)::int from (select from tasks k where $4 and k.state = 'open' and lower(k.assignee) = ${NAMED('$1')}
          and ($5 or k.lead_id in (select id from taken)) limit 100000) k) as tasks,
       (select count(distinct m.lead_id)::int from messages m where not m.settled and m.lead_id in (select id from taken)) as conversations`,
    [...given(order), order.tasks, order.leads === 'all'],
  );
  return rows[0]!;
}

/** Gives leads and tasks to a colleague; what was moved stays moved when it is interrupted, and calling again goes on. */
export async function handOver(db: Db, order: HandOver): Promise<HandedOver> {
  const done = { leads: 0, tasks: 0, conversations: 0 };
  while (done.leads < AT_ONCE) {
    const page = await db.tx((tx) => handPage(tx, order));
    done.leads += page.leads;
    done.tasks += page.tasks;
    done.conversations += page.conversations;
    if (page.found === 0) break;
  }
  let more = done.leads >= AT_ONCE;
  for (let pages = 0; !more && order.tasks && order.leads === 'all'; pages++) {
    const tasks = await db.tx((tx) => handTasks(tx, order));
    if (tasks === 0) break;
    done.tasks += tasks;
    more = pages >= AT_ONCE / PAGE;
  }
  return { ...done, more };
}

async function handPage(tx: Tx, order: HandOver) {
  const { rows: found } = await tx.query<{ id: string }>(
    `select l.id from leads l where ${GIVEN} order by l.id limit ${PAGE}`,
    given(order),
  );
  const ids = found.map(({ id }) => id);
  await lockLeads(tx, ids);
  const names = namesOf(order.from);
  // Whoever was given to somebody else meanwhile stays there.
  const { rows: moved } = await tx.query<{ id: string; seq: number }>(
    `update leads set owner = $3, version = version + 1, updated_at = clock_timestamp(), callback_seq = callback_seq + 1
     where id = any($1::uuid[]) and erased_at is null and lower(owner) = ${NAMED('$2')} returning id, callback_seq as seq`,
    [ids, names, order.to.email],
  );
  const leads = moved.map(({ id }) => id);
  const tasks = order.tasks ? await moveTasks(tx, order, leads) : 0;
  await tell(tx, order, leads);
  const extra = { from: order.from.email, to: order.to.email, by: order.by ?? null, reason: 'hand_over' };
  await emitNumbered(
    tx,
    leads.map((leadId) => ({ type: 'lead.owner_changed', leadId, extra })),
    moved.map(({ seq }) => seq),
  );
  const { rows } = await tx.query<{ waiting: number }>(
    'select count(distinct lead_id)::int as waiting from messages where not settled and lead_id = any($1::uuid[])',
    [leads],
  );
  return { found: ids.length, leads: leads.length, tasks, conversations: rows[0]!.waiting };
}

/** Open tasks of leads that are somebody else's. */
async function handTasks(tx: Tx, order: HandOver): Promise<number> {
  const { rows } = await tx.query<{ lead_id: string }>(
    `select distinct lead_id from (select lead_id from tasks where state = 'open' and lower(assignee) = ${NAMED('$1')}
       order by lead_id limit ${PAGE}) k`,
    [namesOf(order.from)],
  );
  const leads = rows.map((row) => row.lead_id);
  await lockLeads(tx, leads);
  const moved = await moveTasks(tx, order, leads);
  await tell(tx, order, leads);
  return moved;
}

async function moveTasks(tx: Tx, { from, to }: HandOver, leadIds: readonly string[]): Promise<number> {
  const { rowCount } = await tx.query(
    `update tasks set assignee = $3 where lead_id = any($1::uuid[]) and state = 'open' and lower(assignee) = ${NAMED('$2')}`,
    [leadIds, namesOf(from), to.email],
  );
  return rowCount ?? 0;
}

/** The entry in each lead's timeline, at its sequence if it is in one. */
async function tell(tx: Tx, { from, to }: HandOver, leadIds: readonly string[]): Promise<void> {
  await tx.query(
    `insert into decisions (enrollment_id, lead_id, at, step_id, kind, reason, detail)
     select e.id, l.id, business_now(), e.engine->'state'->>'step', 'handed_over', 'by_a_person', $2
     from leads l left join enrollments e on e.lead_id = l.id and e.status in ('pending', 'running')
     where l.id = any($1::uuid[]) order by l.id`,
    [leadIds, `from ${from.name} to ${to.name}`],
  );
}
