/** A rep's desk: tasks in the order of their worth, messages as conversations, and what of both waits. */
import type { ContactChannel } from '../sequences/lead.ts';
import type { Instant } from '../sequences/plan.ts';
import { seesMessage, seesTask, type Sight } from './access/sight.ts';
import { MESSAGE_COLUMNS, MESSAGE_JOINS, type InboxMessage } from './conversations.ts';
import type { Queryable } from './db.ts';
import type { MessageClass } from './messages.ts';
import { CommandRefused } from './refused.ts';
import type { TaskKind } from './touch-tasks.ts';

/** A task, with what a rep decides by. */
export interface DeskTask {
  readonly id: string;
  readonly kind: TaskKind;
  readonly state: 'open' | 'done' | 'cancelled';
  readonly title: string;
  /** What to say or do; null in lists that were not asked for it. */
  readonly body: string | null;
  readonly link: string | null;
  readonly assignee: string | null;
  readonly outcome: string | null;
  readonly note: string | null;
  readonly dueAt: Date;
  readonly giveUpAt: Date | null;
  readonly doneAt: Date | null;
  readonly touchId: string;
  readonly enrollmentId: string;
  readonly launchId: string;
  /** How often its lead had come to the step, from 1. */
  readonly visit: number;
  readonly leadId: string;
  readonly leadName: string | null;
  readonly leadTitle: string | null;
  readonly company: string | null;
  readonly timeZone: string | null;
  readonly sequence: string;
  readonly step: string;
  readonly channel: string;
  /** The lead wrote and waits for an answer. */
  readonly waiting: boolean;
  /** The strongest that the lead did within thirty days. */
  readonly engagement: 'replied' | 'clicked' | null;
  /** Less is worth more; see `WORTH`. */
  readonly rank: number;
}

export interface DeskTaskFilter {
  readonly state: DeskTask['state'];
  readonly sort: 'worth' | 'dueAt' | '-doneAt';
  readonly kind?: TaskKind | undefined;
  readonly assignee?: string | undefined;
  readonly leadId?: string | undefined;
  readonly launchId?: string | undefined;
  /** Also what to say or do. */
  readonly bodies?: boolean;
  readonly dueBefore?: Date | undefined;
  /** What is due is due by then; one instant for all pages. */
  readonly asOf: Instant;
  readonly after: { readonly rank: number; readonly at: Date; readonly id: string } | null;
  readonly limit: number;
}

/** So many open tasks, by when they are due, are put in order of their worth. */
export const RANKED = 2000;

/**
 * What is due comes before what is not. Then whose lead wrote and waits for an answer; then calls; then the rest. Among these, who
 * answered within thirty days, then who followed a link; then what has been due for longest.
 */
const WORTH = `case when x.due_at <= $10 then 0 else 100 end
  + case when x.waiting then 0 when x.kind = 'call' and x.due_at <= $10 then 10 else 20 end
  + case x.engagement when 'replied' then 0 when 'clicked' then 1 else 2 end`;

const ORDER = {
  worth: ['rank, due_at, id', '(rank, due_at, id) > ($11::int, $12::timestamptz, $13::uuid)'],
  dueAt: ['due_at, id', '(due_at, id) > ($12::timestamptz, $13::uuid)'],
  '-doneAt': ['done_at desc, id desc', '(done_at, id) < ($12::timestamptz, $13::uuid)'],
} as const;

const COLUMNS = `x.id, x.kind, x.state, x.title, x.link, x.assignee, x.outcome, x.note, x.due_at as "dueAt", x.give_up_at as "giveUpAt",
  x.done_at as "doneAt", x.touch_id as "touchId", x.enrollment_id as "enrollmentId", e.launch_id as "launchId", t.visit, x.lead_id as "leadId", nullif(trim(concat_ws(' ', l.first_name, l.last_name)), '') as "leadName",
  l.title as "leadTitle", coalesce(l.company_name, c.name) as company, coalesce(l.time_zone, c.time_zone) as "timeZone",
  v.name as sequence, t.step_id as step, t.channel, x.waiting, x.engagement, x.rank`;

/** Tasks that somebody sees. `worth` orders the first `RANKED` that are due; `dueAt` and `-doneAt` go through all. */
export async function deskTasks(q: Queryable, sight: Sight, filter: DeskTaskFilter): Promise<DeskTask[]> {
  return select(q, sight, filter, null);
}

/** @throws CommandRefused `not_found`, also when it may not be seen */
export async function deskTask(q: Queryable, sight: Sight, id: string, asOf: Instant): Promise<DeskTask> {
  const filter = { state: 'open', sort: 'dueAt', asOf, after: null, limit: 1, bodies: true } as const;
  const [task] = await select(q, sight, filter, id);
  if (!task) throw new CommandRefused('not_found', 'There is no such task.');
  return task;
}

async function select(
  q: Queryable,
  { owners, unowned }: Sight,
  filter: DeskTaskFilter,
  id: string | null,
): Promise<DeskTask[]> {
  const [order, behind] = ORDER[filter.sort];
  const inner = filter.sort === 'worth' ? `due_at, id limit ${RANKED}` : `${order} limit $9`;
  const { rows } = await q.query<DeskTask & Record<string, unknown>>(
    // Whatever else is shown is looked up for the page only.
    `select ${COLUMNS}, ${filter.bodies ? 'x.body' : 'null'} as body from (select x.* from (
       select x.*, ${WORTH} as rank from (
         select k.*, exists (select from messages m where m.lead_id = k.lead_id and not m.settled) as waiting,
           (select case when e.type = 'replied' then 'replied' else 'clicked' end from lead_events e
            where e.lead_id = k.lead_id and e.type in ('replied', 'clicked') and e.at > $10::timestamptz - interval '30 days'
            order by e.type desc limit 1) as engagement
         from (select k.* from tasks k join leads l on l.id = k.lead_id
           where ${id === null ? 'k.state = $3' : 'k.id = $8 and $3::text is not null'} and ${seesTask(1)}
             and ($4::text is null or k.kind = $4) and ($5::text is null or lower(k.assignee) = lower($5))
             and ($6::uuid is null or k.lead_id = $6)
             and ($14::uuid is null or exists (select from enrollments e where e.id = k.enrollment_id and e.launch_id = $14)) and ($7::timestamptz is null or k.due_at < $7) and ($8::uuid is null or k.id = $8)
             and ($12::timestamptz is null or ${filter.sort === 'worth' ? 'true' : behind.replaceAll(/\b(due_at|done_at|id)\b/g, 'k.$1')})
           order by ${inner.replaceAll(/\b(due_at|done_at|id)\b/g, 'k.$1')}) k) x) x
       where $11::int is null or ${filter.sort === 'worth' ? behind.replaceAll(/\b(rank|due_at|id)\b(?=[,)])/g, 'x.$1') : 'true'}
       order by ${order.replaceAll(/\b(rank|due_at|done_at|id)\b/g, 'x.$1')} limit $9) x
     join touches t on t.id = x.touch_id join enrollments e on e.id = x.enrollment_id join sequence_versions v on v.id = e.version_id
     join leads l on l.id = x.lead_id left join companies c on c.id = l.company_id
     order by ${order.replaceAll(/\b(rank|due_at|done_at|id)\b/g, 'x.$1')}`,
    [
      owners,
      unowned,
      filter.state,
      filter.kind ?? null,
      filter.assignee ?? null,
      filter.leadId ?? null,
      filter.dueBefore ?? null,
      id,
      filter.limit,
      new Date(filter.asOf),
      filter.after?.rank ?? null,
      filter.after?.at ?? null,
      filter.after?.id ?? null,
      filter.launchId ?? null,
    ],
  );
  return rows;
}

/** A conversation, as its newest message. */
export interface DeskMessage extends InboxMessage {
  /** So many messages of this lead wait for an answer. */
  readonly waiting: number;
  /** An answer of ours of which nobody knows whether it went out. */
  readonly unconfirmed: boolean;
}

export interface DeskMessageFilter {
  readonly all: boolean;
  readonly channel?: ContactChannel | undefined;
  readonly class?: MessageClass | undefined;
  readonly leadId?: string | undefined;
  readonly after: { readonly at: Date; readonly id: string } | null;
  readonly limit: number;
}

/** Conversations that somebody sees, the newest first: of a lead its newest message (that is open), strangers' one by one. */
export async function deskMessages(
  q: Queryable,
  { owners, unowned }: Sight,
  filter: DeskMessageFilter,
): Promise<DeskMessage[]> {
  const { rows } = await q.query<DeskMessage & Record<string, unknown>>(
    `select ${MESSAGE_COLUMNS},
       case when m.lead_id is null then (not m.settled)::int
         else (select count(*)::int from messages w where w.lead_id = m.lead_id and not w.settled) end as waiting,
       exists (select from replies r where r.lead_id = m.lead_id and r.state = 'unconfirmed') as unconfirmed
     from (select m.* from messages m left join leads l on l.id = m.lead_id left join leads p on p.id = m.maybe_lead_id
         left join senders s on s.id = m.sender_id
       where ${filter.all ? 'true' : 'not m.settled'} and ${seesMessage(1)} and ($3::text is null or m.channel = $3)
         and ($4::text is null or m.class = $4) and ($5::uuid is null or m.lead_id = $5)
         and ($6::timestamptz is null or (m.at, m.id) < ($6, $7::uuid))
         and not exists (select from messages n where n.lead_id = m.lead_id and (n.at, n.id) > (m.at, m.id)
           ${filter.all ? '' : 'and not n.settled'})
       order by m.at desc, m.id desc limit $8) m
     ${MESSAGE_JOINS}
     order by m.at desc, m.id desc`,
    [
      owners,
      unowned,
      filter.channel ?? null,
      filter.class ?? null,
      filter.leadId ?? null,
      filter.after?.at ?? null,
      filter.after?.id ?? null,
      filter.limit,
    ],
  );
  return rows;
}

export interface DeskCounts {
  readonly tasksDue: number;
  readonly tasksOpen: number;
  readonly waiting: number;
}

/** Beyond so many nobody counts. */
const COUNTED = 1000;

/** What waits for somebody; each number at most 1,000. */
export async function deskCounts(q: Queryable, { owners, unowned }: Sight): Promise<DeskCounts> {
  const { rows } = await q.query<DeskCounts & Record<string, unknown>>(
    `select k.due as "tasksDue", k.open as "tasksOpen", m.waiting from
       (select count(*)::int as open, (count(*) filter (where due_at <= (select business_now())))::int as due from (
          select k.due_at from tasks k join leads l on l.id = k.lead_id where k.state = 'open' and ${seesTask(1)}
          order by k.due_at limit ${COUNTED}) k) k,
       (select count(*)::int as waiting from (
          select from messages m left join leads l on l.id = m.lead_id left join leads p on p.id = m.maybe_lead_id
            left join senders s on s.id = m.sender_id where not m.settled and ${seesMessage(1)} limit ${COUNTED}) m) m`,
    [owners, unowned],
  );
  return rows[0]!;
}

/** What of one owner's lies on desks, as a number that changes when it does. */
export interface DeskMark {
  readonly what: 'tasks' | 'inbox';
  /** Lower-case names by which it is somebody's; none: nobody's. */
  readonly names: readonly string[];
  readonly mark: string;
}

export interface DeskVersion {
  /** Grows whenever something on a desk may have changed, but for time passing; also just before it has. */
  readonly version: number;
  readonly now: Date;
  /** Whether open tasks became due after `since`. */
  readonly due: boolean;
}

/** Whether all desks need a look, for next to nothing. `since`: the `now` of the last look; null: there was none. */
export async function deskVersion(q: Queryable, since: Date | null): Promise<DeskVersion> {
  const { rows } = await q.query<DeskVersion & Record<string, unknown>>(
    `select d.last_value as version, c.now, exists (
       select from tasks where state = 'open' and due_at > $1::timestamptz and due_at <= c.now) as due
     from desk_changes d cross join (select business_now() as now) c`,
    [since],
  );
  return rows[0]!;
}

/** One look at all desks; at most 20,000 open tasks and messages. */
export async function deskMarks(q: Queryable): Promise<DeskMark[]> {
  const { rows } = await q.query<DeskMark & Record<string, unknown>>(
    `select 'tasks' as what, array_remove(array[lower(l.owner), lower(k.assignee)], null) as names,
       concat_ws(' ', count(*), count(*) filter (where k.due_at <= (select business_now())), sum(hashtext(k.id::text))) as mark
     from (select id, lead_id, assignee, due_at from tasks where state = 'open' order by due_at, id limit 20000) k
       join leads l on l.id = k.lead_id group by 2
     union all
     select 'inbox', array_remove(case when m.lead_id is not null then array[lower(l.owner)]
         else array[lower(p.owner), lower(s.owner), lower(s.address)] end, null),
       concat_ws(' ', count(*), sum(hashtext(concat_ws(' ', m.id, m.lead_id, m.class))))
     from (select id, lead_id, maybe_lead_id, sender_id, class from messages where not settled order by at desc limit 20000) m
       left join leads l on l.id = m.lead_id left join leads p on p.id = m.maybe_lead_id left join senders s on s.id = m.sender_id
     group by 2`,
  );
  return rows;
}
