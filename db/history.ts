/** What happened to a lead, in order. */
import { normaliseIdentity } from '../common/crypto.ts';
import type { Instant } from '../sequences/plan.ts';
import { EVERYTHING, seesLead, type Sight } from './access/sight.ts';
import type { Queryable } from './db.ts';
import { OWNED } from './launch-scope.ts';
import { CommandRefused } from './refused.ts';

/** A lead by name, for people. */
export interface LeadSummary {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly company: string | null;
  /** The lead's, else the company's; null when neither is known. */
  readonly timeZone: string | null;
}

const SUMMARY = `select l.id, trim(concat_ws(' ', l.first_name, l.last_name)) as name, l.emails[1] as email,
    coalesce(l.company_name, c.name) as company, coalesce(l.time_zone, c.time_zone) as "timeZone"
  from leads l left join companies c on c.id = l.company_id`;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The one lead that a person means, of those that they see: by id, email address, external id, LinkedIn URL, or a name that only
 * one lead has.
 * @throws CommandRefused `not_found`, or `ambiguous` with who it could be
 */
export async function findLead(
  q: Queryable,
  text: string,
  { owners, unowned }: Sight = EVERYTHING,
): Promise<LeadSummary> {
  const wanted = text.trim();
  const among = async (condition: string, ...values: readonly string[]) =>
    (
      await q.query<LeadSummary>(`${SUMMARY} where ${seesLead(1)} and ${condition} order by l.id limit 6`, [
        owners,
        unowned,
        ...values,
      ])
    ).rows;
  const [byId] = UUID.test(wanted) ? await among('l.id = $3', wanted) : [];
  if (byId) return byId;
  const found = await among(
    `l.id in (select lead_id from lead_identities
       where (kind, value) in (('email', $3), ('external', $4), ('linkedin', $5), ('linkedin', $4)))`,
    normaliseIdentity('email', wanted),
    wanted,
    normaliseIdentity('linkedin', wanted),
  );
  if (found.length === 0)
    found.push(
      ...(await among(
        `lower(trim(concat_ws(' ', l.first_name, l.last_name))) = lower($3) and l.erased_at is null`,
        wanted.replace(/\s+/g, ' '),
      )),
    );
  if (found.length === 1) return found[0]!;
  if (found.length === 0) {
    throw new CommandRefused(
      'not_found',
      `No lead is known by "${wanted}". Give an id, an email address, an external id, a LinkedIn URL or a full name.`,
    );
  }
  const some = found.slice(0, 5).map((lead) => `${lead.name} <${lead.email ?? 'no email'}> ${lead.id}`);
  throw new CommandRefused(
    'ambiguous',
    `More than one lead is called "${wanted}". Say which by email address or id:\n  ${some.join('\n  ')}${found.length > 5 ? '\n  …' : ''}`,
  );
}

/** One line of a timeline. Instants are business time; render them in the timeline's zone. */
export interface TimelineEntry {
  readonly at: Instant;
  /** `hit`: an open or a click by a machine; a person's are events. */
  readonly what: 'touch' | 'event' | 'decision' | 'task' | 'hit';
  readonly id: string;
  readonly enrollmentId: string | null;
  readonly sequence: string | null;
  readonly step: string | null;
  readonly channel: string | null;
  readonly action: string | null;
  /** Name and address that it went out from. */
  readonly sender: string | null;
  /** A touch's or task's state, an event's type, a decision's kind. */
  readonly state: string;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly visit: number | null;
  readonly attempt: number | null;
  /**
   * What was said, its first 1,000 characters: by us in a touch (its subject on a line of its own) or in a rep's answer, by the lead
   * in the message of an event, by whoever did a task in its note.
   */
  readonly text: string | null;
}

export interface Timeline {
  readonly lead: LeadSummary;
  /** The lead's zone, else the company's, the launch's, or UTC: what times are shown in. */
  readonly timeZone: string;
  readonly entries: readonly TimelineEntry[];
  /** There was more; the newest entries are here. */
  readonly truncated: boolean;
  /** Where the earlier ones begin; null: there are none. */
  readonly earlier: TimelinePlace | null;
}

const said = (text: string) => `nullif(left(trim(${text}), 1000), '')`;

/** An entry's place in its lead's timeline: its instant to the microsecond (ISO 8601), what kind it is, its id. */
export type TimelinePlace = readonly [at: string, kind: number, id: string];

/** Everything that happened to a lead and what is booked, oldest first; the newest `limit` (before a place) when there is more. */
export async function timeline(
  q: Queryable,
  leadId: string,
  limit = 1000,
  before: TimelinePlace | null = null,
): Promise<Timeline> {
  const lead = (await q.query<LeadSummary>(`${SUMMARY} where l.id = $1`, [leadId])).rows[0];
  if (!lead) throw new CommandRefused('not_found', `There is no lead with the id ${leadId}.`);
  // Each kind is cut by itself, in the order in which all of them are: so a page costs what it shows.
  const cut = (kind: number, at: string, id: string) =>
    `and ($3::timestamptz is null or (${at}, ${kind}, ${id}) < ($3, $4::integer, $5::text))
        order by ${at} desc, ${id} desc limit $2 + 1`;
  const { rows } = await q.query<
    Omit<TimelineEntry, 'at'> & { at: Date; place: number; exactly: string } & Record<string, unknown>
  >(
    `select x.*, to_char(x.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as exactly, v.name as sequence from (
       (select coalesce(t.at, t.sending_at, t.slot_at) as at, 0 as place, 'touch' as what, t.id::text, t.enrollment_id as "enrollmentId",
          t.step_id as step, t.channel, t.action, case when s.id is not null then s.name || ' <' || s.address || '>' end as sender,
          t.state, t.reason, t.detail, t.visit, t.attempt, case when t.channel not in ('call', 'task', 'webhook') and t.state in ('sent', 'sending', 'unconfirmed')
            then ${said("concat_ws(chr(10), t.content->>'subject', coalesce(t.content->>'text', t.content->>'title'))")} end as text
        from touches t left join senders s on s.id = t.sender_id where t.lead_id = $1
        ${cut(0, 'coalesce(t.at, t.sending_at, t.slot_at)', 't.id::text')})
       union all
       (select v.at, 1, 'event', v.id::text, coalesce(v.enrollment_id, t.enrollment_id), t.step_id, v.channel, null,
          s.name || ' <' || s.address || '>', v.type, null, case when v.type = 'clicked' then v.data->>'url' end, null, null,
          case when r.id is not null then ${said('r.body')} when v.type in ('replied', 'unsubscribed', 'out_of_office')
            then (select ${said('m.body')} from messages m where m.lead_id = $1 and m.channel = v.channel
              and m.at between v.at - interval '1 second' and v.at + interval '1 second' order by abs(extract(epoch from m.at - v.at)) limit 1) end
        from lead_events v left join touches t on v.type in ('opened', 'clicked') and t.lead_id = $1 and t.id::text = v.data->>'touchId'
          left join replies r on v.type = 'answered' and r.lead_id = $1 and r.id::text = v.data->>'replyId' left join senders s on s.id = r.sender_id
        where v.lead_id = $1 ${cut(1, 'v.at', 'v.id::text')})
       union all
       (select h.at, 1, 'hit', h.id::text, t.enrollment_id, t.step_id, t.channel, null, null,
          case h.kind when 'open' then 'opened' else 'clicked' end, 'by_machine',
          replace(h.why, '_', ' ') || case when h.count > 1 then ', ' || h.count || ' times' else '' end, null, null, null
        from hits h join touches t on t.id = h.touch_id where h.lead_id = $1 and h.by = 'machine' ${cut(1, 'h.at', 'h.id::text')})
       union all
       (select d.at, 2, 'decision', d.id::text, d.enrollment_id, d.step_id, null, null, null, d.kind, d.reason, d.detail, null, null, null
        from decisions d where (d.enrollment_id in (select id from enrollments where lead_id = $1)
          or (d.enrollment_id is null and d.lead_id = $1)) ${cut(2, 'd.at', 'd.id::text')})
       union all
       (select coalesce(k.done_at, k.created_at), 3, 'task', k.id::text, k.enrollment_id, t.step_id, t.channel, t.action, k.assignee,
          k.state, k.outcome, k.title, t.visit, t.attempt, ${said('k.note')}
        from tasks k join touches t on t.id = k.touch_id join enrollments e on e.id = k.enrollment_id where e.lead_id = $1
        ${cut(3, 'coalesce(k.done_at, k.created_at)', 'k.id::text')})) x
     left join enrollments e on e.id = x."enrollmentId" left join sequence_versions v on v.id = e.version_id
     order by x.at desc, x.place desc, x.id desc limit $2 + 1`,
    [leadId, limit, before?.[0] ?? null, before?.[1] ?? null, before?.[2] ?? null],
  );
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  const zone =
    lead.timeZone ??
    (
      await q.query<{ time_zone: string }>(
        `select l.time_zone from enrollments e join launches l on l.id = e.launch_id where e.lead_id = $1
         order by e.created_at desc limit 1`,
        [leadId],
      )
    ).rows[0]?.time_zone ??
    'UTC';
  return {
    lead,
    timeZone: zone,
    entries: rows
      .slice(0, limit)
      .reverse()
      .map(({ at, what, id, enrollmentId, sequence, step, channel, action, sender, state, ...rest }) => ({
        at: at.getTime(),
        what,
        id,
        enrollmentId,
        sequence,
        step,
        channel,
        action,
        sender,
        state,
        reason: rest.reason,
        detail: rest.detail,
        visit: rest.visit,
        attempt: rest.attempt,
        text: rest.text,
      })),
    truncated: last !== undefined,
    earlier: last ? [last.exactly, last.place, last.id] : null,
  };
}

/** How a launch, or everything, stands. */
export interface Status {
  readonly enrollments: {
    readonly pending: number;
    readonly running: number;
    readonly finished: number;
    readonly stopped: number;
  };
  /** Running ones that wait for a person to mend something. */
  readonly held: number;
  /** Why enrollments are where they are, the most frequent first. */
  readonly reasons: readonly { readonly status: string; readonly reason: string; readonly count: number }[];
  readonly touches: readonly {
    readonly step: string;
    readonly channel: string;
    readonly state: string;
    readonly count: number;
  }[];
  /** Emails that persons opened and followed a link of, and those that only machines did, by step. */
  readonly tracking: readonly {
    readonly step: string;
    readonly opened: number;
    readonly clicked: number;
    readonly onlyMachines: number;
  }[];
  readonly openTasks: number;
  /** What happens next. */
  readonly next: readonly {
    readonly enrollmentId: string;
    readonly leadId: string;
    readonly lead: string;
    readonly action: string | null;
    readonly at: Instant;
  }[];
}

/**
 * Counts and next actions of one launch, or of everything, of the leads that somebody sees.
 * @throws CommandRefused `not_found`
 */
export async function status(
  q: Queryable,
  launchId: string | null = null,
  { owners, unowned }: Sight = EVERYTHING,
): Promise<Status> {
  if (launchId !== null && (await q.query('select from launches where id = $1', [launchId])).rowCount === 0) {
    throw new CommandRefused('not_found', `There is no launch with the id ${launchId}.`);
  }
  // Who sees everybody's need not be asked lead by lead.
  const mine =
    owners === null
      ? '$2::text[] is null'
      : `exists (select from leads l where l.id = e.lead_id and ${OWNED('$2', unowned)})`;
  const of = `($1::uuid is null or e.launch_id = $1) and ${mine}`;
  const reasons = await q.query<{ status: string; reason: string; held: boolean; count: number }>(
    `select status, reason, held, count(*)::int as count from enrollments e where ${of}
     group by status, reason, held order by count(*) desc, status, reason limit 200`,
    [launchId, owners],
  );
  const touches = await q.query<{ step: string; channel: string; state: string; count: number }>(
    `select t.step_id as step, t.channel, t.state, count(*)::int as count
     from touches t join enrollments e on e.id = t.enrollment_id where ${of}
     group by t.step_id, t.channel, t.state order by min(t.slot_at), t.step_id, t.channel, t.state limit 1000`,
    [launchId, owners],
  );
  const tracking = await q.query<Status['tracking'][number] & Record<string, unknown>>(
    `select x.step, count(*) filter (where x.opened)::int as opened, count(*) filter (where x.clicked)::int as clicked,
       count(*) filter (where not x.opened and not x.clicked)::int as "onlyMachines"
     from (select t.step_id as step, t.slot_at, coalesce(bool_or(h.kind = 'open' and h.by = 'person'), false) as opened,
         coalesce(bool_or(h.kind = 'click' and h.by = 'person'), false) as clicked
       from hits h join touches t on t.id = h.touch_id join enrollments e on e.id = t.enrollment_id
       where ${of} and h.by is not null group by t.id) x
     group by x.step order by min(x.slot_at), x.step limit 1000`,
    [launchId, owners],
  );
  const tasks = await q.query<{ count: number }>(
    `select count(*)::int as count from tasks k join enrollments e on e.id = k.enrollment_id where k.state = 'open' and ${of}`,
    [launchId, owners],
  );
  const next = await q.query<{
    enrollmentId: string;
    leadId: string;
    lead: string;
    action: string | null;
    at: Date;
  }>(
    `select e.id as "enrollmentId", e.lead_id as "leadId", trim(concat_ws(' ', l.first_name, l.last_name)) as lead,
       e.next_action as action, e.next_at as at
     from enrollments e join leads l on l.id = e.lead_id
     where e.status = 'running' and e.next_at is not null and ${of} order by e.next_at limit 10`,
    [launchId, owners],
  );
  const total = (wanted: string) => sum(reasons.rows.filter((row) => row.status === wanted));
  return {
    enrollments: {
      pending: total('pending'),
      running: total('running'),
      finished: total('finished'),
      stopped: total('stopped'),
    },
    held: sum(reasons.rows.filter((row) => row.held)),
    reasons: reasons.rows.map(({ status, reason, count }) => ({ status, reason, count })),
    touches: touches.rows,
    tracking: tracking.rows,
    openTasks: tasks.rows[0]!.count,
    next: next.rows.map((row) => ({ ...row, at: row.at.getTime() })),
  };
}

function sum(rows: readonly { count: number }[]): number {
  return rows.reduce((total, row) => total + row.count, 0);
}
