/**
 * Keeps the tables of analytics true: leads of whom something changed are counted anew, all of them, from what is stored about them.
 * Counting twice is counting once, and one process counts at a time.
 */
import { CONTACT_CHANNELS } from '../../sequences/lead.ts';
import type { Db, Queryable } from '../db.ts';
import { BLOCK, channelSql, DAY, FLAGS, LATER, minuteSql, SLOT, STAGES } from './flags.ts';

/** Leads that are counted in one transaction. */
const LEADS = 500;
/** How far back (days) touches are looked for that led to something; no lookback can be longer. */
export const MAX_LOOKBACK = 365;

/**
 * Counts some leads anew.
 * @returns whether there are more; false also when another process is counting
 */
export async function recount(db: Db): Promise<boolean> {
  return db.tx(async (tx) => {
    // Nothing is known of how many rows the parts have, and a wrong guess would go through them again for each.
    const { rows: lock } = await tx.query<{ mine: boolean }>(
      `select pg_try_advisory_xact_lock(hashtext('cadenza analytics')) as mine, set_config('enable_nestloop', 'off', true),
         set_config('jit', 'off', true)`,
    );
    if (!lock[0]!.mine) return false;
    // What commits after this has a row of its own.
    const { rows } = await tx.query<{ leadId: string }>(
      `delete from analytics_due where lead_id in (
         select distinct lead_id from (select lead_id from analytics_due order by id limit ${LEADS * 10}) d limit ${LEADS})
       returning lead_id as "leadId"`,
    );
    const leads = [...new Set(rows.map(({ leadId }) => leadId))];
    if (leads.length === 0) return false;
    for (const statement of [...NAMES, TOUCHES, PASSED, ARMS, CONVERSIONS, ACTIVITY])
      await tx.query(statement, [leads]);
    for (const statement of EMPTY) await tx.query(statement);
    return !(await isCounted(tx));
  });
}

/** Counts until nothing is left to count, at most so many leads. */
export async function recountAll(db: Db, atMost = 1_000_000): Promise<void> {
  for (let counted = 0; counted < atMost && (await recount(db)); counted += LEADS);
}

/** Whether everything that is known of is counted. */
export async function isCounted(q: Queryable): Promise<boolean> {
  const { rowCount } = await q.query('select from analytics_due limit 1');
  return rowCount === 0;
}

/** Decisions `d` of the leads, by the only index that they have. */
const DECIDED = 'd.enrollment_id = any(array(select id from enrollments where lead_id = any($1)))';

const NAMES: readonly string[] = [
  `insert into analytics_names (kind, name)
   select kind, name from (
     select 'owner' as kind, lower(owner) as name from leads where id = any($1) and owner is not null
     union select 'sender', sender_id::text from touches where lead_id = any($1) and sender_id is not null
     union select 'launch', launch_id::text from enrollments where lead_id = any($1)) x
   where not exists (select from analytics_names n where n.kind = x.kind and n.name = x.name)`,
  `insert into analytics_steps (sequence, step)
   select sequence, step from (
     select v.name as sequence, t.step_id as step from touches t join enrollments e on e.id = t.enrollment_id and e.lead_id = any($1)
       join sequence_versions v on v.id = e.version_id where t.lead_id = any($1)
     union select v.name, d.step_id from decisions d join enrollments e on e.id = d.enrollment_id and e.lead_id = any($1)
       join sequence_versions v on v.id = e.version_id where ${DECIDED} and d.step_id is not null
     union select v.name, e.step from enrollments e join sequence_versions v on v.id = e.version_id
       where e.lead_id = any($1) and e.step is not null) x
   where not exists (select from analytics_steps s where s.sequence = x.sequence and s.step = x.step)`,
];

const OWNER = `owner as (
  select l.id as lead_id, n.id as owner, l.erased_at is not null as erased from leads l
  left join analytics_names n on n.kind = 'owner' and n.name = lower(l.owner) where l.id = any($1))`;

/** Touches that went out, or whose address the server refused at once. */
const WENT = `went as materialized (
  select t.id, t.lead_id, t.enrollment_id, t.step_id, t.channel, t.sender_id, t.at, t.state, t.delivery from touches t
  where t.lead_id = any($1) and t.at is not null and t.channel <> 'webhook'
    and (t.state = 'sent' or (t.state = 'failed' and t.delivery = 'bounced')))`;

/**
 * What leads did, with the touch that it is known to be about: their messages, calls that they took, what was followed and opened, and
 * events that no message stands for.
 */
const DID = `did as materialized (
  select row_number() over () as n, x.* from (
    select m.lead_id, m.at, m.touch_id, m.channel,
      case when m.class = 'interested' then ${FLAGS.answered | FLAGS.positive} else ${FLAGS.answered} end as flags
    from messages m where m.lead_id = any($1) and m.class not in ('out_of_office', 'bounce', 'unsubscribe')
    union all
    select k.lead_id, k.done_at, k.touch_id, 'call', ${FLAGS.answered} from tasks k
    where k.lead_id = any($1) and k.kind = 'call' and k.state = 'done'
      and k.outcome in ('connected', 'meeting_booked', 'not_interested')
    union all
    select h.lead_id, h.at, h.touch_id, 'email', case h.kind when 'open' then ${FLAGS.opened} else ${FLAGS.clicked} end
    from hits h where h.lead_id = any($1) and h.by = 'person'
    union all
    select e.lead_id, e.at, coalesce(
        case when e.data->>'touchId' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (e.data->>'touchId')::uuid end,
        m.touch_id, (select k.touch_id from tasks k where k.lead_id = e.lead_id and e.dedupe_key = 'task:' || k.id)),
      e.channel, case e.type when 'replied' then ${FLAGS.answered} when 'opened' then ${FLAGS.opened} when 'clicked' then ${FLAGS.clicked}
        when 'unsubscribed' then ${FLAGS.unsubscribed} else ${FLAGS.meetings | FLAGS.positive} end
    from lead_events e join owner o using (lead_id) left join lateral (
      select m.touch_id from messages m where e.type in ('replied', 'unsubscribed') and m.lead_id = e.lead_id
        and m.at between e.at - interval '1 second' and e.at + interval '1 second' limit 1) m on true
    where e.lead_id = any($1) and e.type in ('replied', 'opened', 'clicked', 'unsubscribed', 'meeting_booked')
      and not (e.type = 'replied' and exists (select from messages m where m.lead_id = e.lead_id
        and m.at between e.at - interval '1 second' and e.at + interval '1 second'))
      -- Which touch it was is erased with the lead; hits still know.
      and not (e.type in ('opened', 'clicked') and o.erased)) x)`;

/** What touches are told apart by in sums. */
const TOUCH = 'minute, flags, step, sender, owner, channel';

const TOUCHES = `
  with gone as (delete from analytics_touches where lead_id = any($1) returning ${TOUCH}), ${OWNER}, ${WENT}, ${DID},
  -- What is not known to be about a touch is about the last one before it, by its channel if there was one.
  about as (
    select coalesce(known.id, last.id) as touch_id, d.flags from did d
    left join went known on known.id = d.touch_id and known.lead_id = d.lead_id
    left join (
      select distinct on (d.n) d.n, t.id from did d join went t on t.lead_id = d.lead_id and t.at <= d.at and t.state = 'sent'
      order by d.n, (t.channel = d.channel) desc nulls last, t.at desc, t.id) last on known.id is null and last.n = d.n),
  came as (select touch_id, bit_or(flags) as flags from about where touch_id is not null group by 1),
  come as (
  insert into analytics_touches (lead_id, minute, flags, step, launch, sender, owner, channel)
  select t.lead_id, ${minuteSql('t.at')},
    coalesce(c.flags, 0) | case when t.delivery = 'bounced' then ${FLAGS.bounced} else 0 end
      | case when t.delivery = 'read' then ${FLAGS.opened} else 0 end
      | case when t.state <> 'sent' then 0 when t.delivery in ('bounced', 'undelivered') then ${FLAGS.sent} else ${FLAGS.sent | FLAGS.delivered} end,
    s.id, n.id, x.id, o.owner, ${channelSql('t.channel')}
  from went t join enrollments e on e.id = t.enrollment_id and e.lead_id = any($1)
  join sequence_versions v on v.id = e.version_id
  join analytics_steps s on s.sequence = v.name and s.step = t.step_id
  join analytics_names n on n.kind = 'launch' and n.name = e.launch_id::text
  left join analytics_names x on x.kind = 'sender' and x.name = t.sender_id::text
  join owner o on o.lead_id = t.lead_id left join came c on c.touch_id = t.id returning ${TOUCH}),
  changed as materialized (
    select ${TOUCH}, sum(n) as n from (select *, 1 as n from come union all select *, -1 from gone) x
    group by ${TOUCH} having sum(n) <> 0),
  slots as (
    insert into analytics_slots (slot, flags, touches)
    select minute / ${SLOT}, flags, sum(n) from changed group by 1, 2 having sum(n) <> 0
    on conflict (slot, flags) do update set touches = analytics_slots.touches + excluded.touches),
  cut as materialized (
    select minute / ${DAY} as day, coalesce(owner, 0) as owner, channel, flags, (minute % ${DAY})::smallint as minute, sum(n) as n from changed
    group by 1, 2, 3, 4, 5 having sum(n) <> 0),
  days as (
    insert into analytics_days (day, owner, channel, flags, minutes)
    select day, owner, channel, flags, coalesce(array_agg(minute order by minute) filter (where nth is not null), '{}') from (
      select day, owner, channel, flags, minute, sum(n)::int as n from (
        select * from cut
        union all
        select day, owner, channel, flags, unnest(minutes), 1 from analytics_days
        where day = any(array(select day from cut)) and (day, owner, channel, flags) in (select day, owner, channel, flags from cut)) x
      group by 1, 2, 3, 4, 5) x left join lateral generate_series(1, n) nth on true
    group by 1, 2, 3, 4
    on conflict (day, owner, channel, flags) do update set minutes = excluded.minutes)
  insert into analytics_weeks (block, step, sender, owner, channel, flags, touches)
  select minute / ${BLOCK}, step, coalesce(sender, 0), coalesce(owner, 0), channel, flags, sum(n) from changed
  group by 1, 2, 3, 4, 5, 6 having sum(n) <> 0
  on conflict (block, owner, step, sender, channel, flags) do update set touches = analytics_weeks.touches + excluded.touches`;

/** Sums that came to nothing. */
const EMPTY: readonly string[] = [
  'delete from analytics_slots where touches = 0',
  'delete from analytics_weeks where touches = 0',
  `delete from analytics_days where minutes = '{}'`,
  'delete from analytics_cohorts where leads = 0',
  'delete from analytics_arms where leads = 0',
];

/** A deal that is told again is the same deal: what was told last counts. */
const DEALS = `deals as (
  select distinct on (lead_id, coalesce(data->>'deal_id', id::text)) lead_id, at, data from lead_events
  where lead_id = any($1) and type = 'deal.won' order by lead_id, coalesce(data->>'deal_id', id::text), at desc, id)`;

const PASSED = `
  with ${OWNER}, ${DID}, ${DEALS},
  gone as (delete from analytics_passed where lead_id = any($1) returning step, owner, flags),
  over as (
    select e.id, e.lead_id, v.name as sequence, e.status, e.step, e.started_at, e.ended_at,
      lead(e.started_at) over (partition by e.lead_id order by e.started_at, e.id) as until
    from enrollments e join sequence_versions v on v.id = e.version_id where e.lead_id = any($1) and e.started_at is not null),
  -- Somebody stands at a step from when the one before happened.
  stood as (
    select e.id, e.lead_id, e.sequence, e.until, x.step_id,
      coalesce(lag(x.at) over (partition by e.id order by x.at, x.ends), e.started_at) as at
    from over e join (
      select enrollment_id, step_id, coalesce(at, slot_at) as at, false as ends from touches
      where lead_id = any($1) and state in ('sent', 'failed', 'skipped', 'unconfirmed')
      union all
      select enrollment_id, step_id, at, false from decisions d where ${DECIDED} and kind in ('branch', 'arm', 'goal') and step_id is not null
      union all
      select id, step, ended_at, true from over where step is not null and ended_at is not null) x
      on x.enrollment_id = e.id
    where e.status in ('finished', 'stopped')),
  reached as (select lead_id, sequence, until, step_id, min(at) as at from stood group by id, lead_id, sequence, until, step_id),
  good as (
    select lead_id, at, case when flags & ${FLAGS.meetings} > 0 then ${LATER.positive | LATER.meetings} else ${LATER.positive} end as flags
      from did where flags & ${FLAGS.positive} > 0
    union all select lead_id, at, ${LATER.positive} from lead_events where lead_id = any($1) and type = 'contact.qualified'
    union all select lead_id, at, ${LATER.sales} from deals),
  come as (
    insert into analytics_passed (lead_id, step, owner, flags)
    select r.lead_id, s.id, coalesce(o.owner, 0), coalesce(bit_or(g.flags), 0) from reached r
    join analytics_steps s on s.sequence = r.sequence and s.step = r.step_id join owner o on o.lead_id = r.lead_id
    left join good g on g.lead_id = r.lead_id and g.at >= r.at and (r.until is null or g.at < r.until)
    group by r.lead_id, s.id, o.owner, r.until, r.at returning step, owner, flags)
  insert into analytics_cohorts (step, owner, flags, leads)
  select step, owner, flags, sum(n) from (
    select step, owner, flags, 1 as n from come union all select step, owner, flags, -1 from gone) x
  group by 1, 2, 3 having sum(n) <> 0 order by 1, 2, 3
  on conflict (step, owner, flags) do update set leads = analytics_cohorts.leads + excluded.leads`;

const ARMS = `
  with ${OWNER}, ${DID},
  gone as (delete from analytics_chosen where lead_id = any($1) returning version_id, step, arm, owner, flags),
  mine as (
    select id, lead_id, version_id, lead(started_at) over (partition by lead_id order by started_at, id) as until
    from enrollments where lead_id = any($1)),
  chosen as (
    select distinct on (d.enrollment_id, d.step_id) d.enrollment_id, d.step_id, d.reason as arm, d.at from decisions d
    where ${DECIDED} and d.kind = 'arm' and d.step_id is not null order by d.enrollment_id, d.step_id, d.id),
  first as (
    select c.enrollment_id, c.step_id, min(t.at) as at from chosen c join touches t on t.enrollment_id = c.enrollment_id and t.at >= c.at
    where t.lead_id = any($1) and t.state = 'sent' and t.channel <> 'webhook' group by 1, 2),
  come as (
    insert into analytics_chosen (lead_id, version_id, step, arm, owner, flags)
    select m.lead_id, m.version_id, c.step_id, c.arm, coalesce(o.owner, 0),
      case when f.at is null then 0 else ${FLAGS.sent} | (coalesce(bit_or(g.flags), 0) & ${FLAGS.answered | FLAGS.positive | FLAGS.meetings}) end
    from chosen c join mine m on m.id = c.enrollment_id join owner o on o.lead_id = m.lead_id
    left join first f on f.enrollment_id = c.enrollment_id and f.step_id = c.step_id
    left join did g on g.lead_id = m.lead_id and g.at >= f.at and (m.until is null or g.at < m.until)
    group by m.lead_id, m.version_id, c.step_id, c.arm, c.enrollment_id, o.owner, f.at
    returning version_id, step, arm, owner, flags)
  insert into analytics_arms (version_id, step, arm, owner, flags, leads)
  select version_id, step, arm, owner, flags, sum(n) from (
    select *, 1 as n from come union all select *, -1 from gone) x
  group by 1, 2, 3, 4, 5 having sum(n) <> 0 order by 1, 2, 3, 4, 5
  on conflict (version_id, step, arm, owner, flags) do update set leads = analytics_arms.leads + excluded.leads`;

/** When leads who were reached were last reached or heard of. */
const ACTIVITY = `
  insert into lead_activity (lead_id, last_at)
  select lead_id, max(at) from (
    select lead_id, at, true as reached from touches where lead_id = any($1) and state in ('sent', 'unconfirmed') and at is not null
    union all select lead_id, at, false from lead_events where lead_id = any($1)) x
  group by lead_id having bool_or(reached) order by lead_id
  on conflict (lead_id) do update set last_at = excluded.last_at where lead_activity.last_at <> excluded.last_at`;

/** A click that the website tells as a session, too, is one. */
const CONVERSIONS = `
  with gone as (delete from analytics_conversions where lead_id = any($1)), ${OWNER}, ${DID}, ${DEALS},
  happened as materialized (
    select row_number() over () as n, x.* from (
      select e.lead_id, ${STAGES.sessions} as kind, e.at, null::jsonb as data from lead_events e
      where e.lead_id = any($1) and (e.type = 'session.started' or (e.type = 'clicked' and not exists (
        select from lead_events s where s.lead_id = e.lead_id and s.type = 'session.started' and s.at between e.at and e.at + interval '30 minutes')))
      union all
      select lead_id, ${STAGES.contacts}, min(at), null from (
        select lead_id, at from did where flags & ${FLAGS.answered | FLAGS.positive} > 0
        union all select lead_id, at from lead_events where lead_id = any($1) and type in ('contact.created', 'contact.qualified')) a group by 1
      union all
      select lead_id, ${STAGES.qualified}, min(at), null from (
        select lead_id, at from did where flags & ${FLAGS.positive} > 0
        union all select lead_id, at from lead_events where lead_id = any($1) and type = 'contact.qualified') a group by 1
      union all
      select lead_id, ${STAGES.sales}, at, data from deals) x),
  -- Who did not pick up was not reached, and manual work is nobody's touch.
  reached as (
    select t.lead_id, t.at, t.channel, t.step_id, t.enrollment_id, t.id from touches t
    where t.lead_id = any($1) and t.state = 'sent' and t.at is not null and t.channel in ('${CONTACT_CHANNELS.join(`','`)}')
      and not exists (select from tasks k where k.lead_id = t.lead_id and k.touch_id = t.id and k.kind = 'call'
        and k.outcome in ('no_answer', 'wrong_number'))),
  before as (
    select h.n, t.at, t.id, t.channel, t.step_id, t.enrollment_id,
      lag(t.channel) over (partition by h.n order by t.at, t.id) is distinct from t.channel as begins
    from happened h join reached t on t.lead_id = h.lead_id and t.at <= h.at and t.at >= h.at - interval '${MAX_LOOKBACK} days'),
  numbered as (select *, count(*) filter (where begins) over (partition by n order by at, id) as run from before),
  runs as (select n, run, min(channel) as channel, max(at) as until from numbered group by 1, 2),
  way as (select n, array_agg(${channelSql('channel')} order by run) as channels, array_agg(${minuteSql('until')} order by run) as until
    from runs group by 1),
  last as (select distinct on (n) n, s.id as step from before b join enrollments e on e.id = b.enrollment_id and e.lead_id = any($1)
    join sequence_versions v on v.id = e.version_id join analytics_steps s on s.sequence = v.name and s.step = b.step_id
    order by n, b.at desc, b.id desc)
  insert into analytics_conversions (lead_id, kind, minute, owner, step, channels, until, amount, currency)
  select h.lead_id, h.kind, ${minuteSql('h.at')}, o.owner, last.step, coalesce(w.channels, '{}'), coalesce(w.until, '{}'),
    case when m.known then (h.data->>'amount')::numeric end, case when m.known then upper(h.data->>'currency') end
  from happened h join owner o on o.lead_id = h.lead_id left join way w on w.n = h.n left join last on last.n = h.n
  cross join lateral (select coalesce(h.data->>'amount' ~ '^\\d{1,12}(\\.\\d{1,6})?$' and h.data->>'currency' ~ '^[A-Za-z]{3}$', false) as known) m`;
