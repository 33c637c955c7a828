/** What a person names, found; and short lists for people. */
import type { Instant } from '../sequences/plan.ts';
import { seenBetween, seesLead, type Sight } from './access/sight.ts';
import type { Queryable } from './db.ts';
import { PAUSE_OF_LAUNCH } from './launch-scope.ts';
import { CommandRefused } from './refused.ts';
import type { TouchState } from './touches.ts';

const UUID_START = /^[0-9a-f]{4,8}(-[0-9a-f]{0,4}){0,3}(-[0-9a-f]{0,12})?$/i;
const TABLES = {
  sequence: 'sequences',
  launch: 'launches',
  task: 'tasks',
  touch: 'touches',
  endpoint: 'endpoints',
  message: 'messages',
  reply: 'replies',
} as const;

/** The ids that begin with `text`, four characters at least, as a range; null: `text` is no beginning of an id. */
function rangeOf(text: string): { readonly from: string; readonly to: string } | null {
  const wanted = text.trim().toLowerCase();
  if (!UUID_START.test(wanted)) return null;
  const bound = (filling: string) => {
    const template = `${filling.repeat(8)}-${filling.repeat(4)}-${filling.repeat(4)}-${filling.repeat(4)}-${filling.repeat(12)}`;
    return wanted + template.slice(wanted.length);
  };
  const [from, to] = [bound('0'), bound('f')];
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(from) ? { from, to } : null;
}

/** So many are told when a beginning is not enough. */
const SOME = 3;

/** @throws CommandRefused `ambiguous` */
function theOne(what: string, text: string, ids: readonly string[]): string | null {
  if (ids.length < 2) return ids[0] ?? null;
  throw new CommandRefused(
    'ambiguous',
    `More than one ${what} has an id that begins with ${text.trim().toLowerCase()}. Give more of it:\n  ${ids.join('\n  ')}`,
  );
}

const noSuch = (what: string, text: string) =>
  new CommandRefused('not_found', `There is no ${what} with the id ${text}.`);

/** The one row whose id begins with `text`; null when there is none. @throws CommandRefused `ambiguous` */
async function findByIdStart(q: Queryable, what: keyof typeof TABLES, text: string): Promise<string | null> {
  const range = rangeOf(text);
  if (!range) return null;
  const { rows } = await q.query<{ id: string }>(
    `select id from ${TABLES[what]} where id between $1 and $2 order by id limit ${SOME}`,
    [range.from, range.to],
  );
  return theOne(
    what,
    text,
    rows.map(({ id }) => id),
  );
}

/** The row by id or start of an id. @throws CommandRefused `not_found`, `ambiguous` */
export async function requireId(
  q: Queryable,
  what: 'task' | 'touch' | 'endpoint' | 'message' | 'reply',
  text: string,
): Promise<string> {
  const id = await findByIdStart(q, what, text);
  if (id === null) throw noSuch(what, text);
  return id;
}

/** The same among what somebody sees. @throws CommandRefused `not_found`, `ambiguous` */
export async function requireSeenId(
  q: Queryable,
  what: 'task' | 'touch' | 'message' | 'reply',
  text: string,
  sight: Sight,
): Promise<string> {
  const range = rangeOf(text);
  const id = range && theOne(what, text, await seenBetween(q, what, { ...range, limit: SOME }, sight));
  if (id === null) throw noSuch(what, text);
  return id;
}

/** Something by id and what people call it. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** The launch that a person means: by id, the start of one, or its name. @throws CommandRefused `not_found`, `ambiguous` */
export async function findLaunch(q: Queryable, text: string): Promise<Named> {
  const id = await findByIdStart(q, 'launch', text);
  const { rows } = await q.query<Named & Record<string, unknown>>(
    `select id, name from launches where id = $1 or ($1::uuid is null and lower(name) = lower($2)) order by created_at desc limit 6`,
    [id, text.trim()],
  );
  if (rows.length === 1) return rows[0]!;
  if (rows.length === 0) {
    throw new CommandRefused(
      'not_found',
      `There is no launch called "${text}". "cadenza status" shows them all.`,
    );
  }
  throw new CommandRefused(
    'ambiguous',
    `More than one launch is called "${text}". Say which by id, the newest first:\n  ${rows.map((row) => row.id).join('\n  ')}`,
  );
}

/** The sequence that a person means: by id, name or title. @throws CommandRefused `not_found`, `ambiguous` */
export async function findSequence(q: Queryable, text: string): Promise<Named> {
  const id = await findByIdStart(q, 'sequence', text);
  const { rows } = await q.query<Named & { known: string }>(
    `select q.id, v.title as name, q.name as known from sequences q cross join lateral (
       select title from sequence_versions where name = q.name order by created_at desc, id desc limit 1) v
     where q.id = $1 or lower(q.name) = lower($2) or lower(v.title) = lower($2) order by lower(q.name) <> lower($2), q.name limit 6`,
    [id, text.trim()],
  );
  const [first, second] = rows;
  // A title may be what another sequence is named: the name is meant.
  if (first && (!second || first.known.toLowerCase() === text.trim().toLowerCase()))
    return { id: first.id, name: first.name };
  throw first
    ? new CommandRefused(
        'ambiguous',
        `More than one sequence is called "${text}". Say which by name:\n  ${rows.map(({ known }) => known).join('\n  ')}`,
      )
    : new CommandRefused('not_found', `No sequence named "${text}" is published.`);
}

/** A company that somebody may mean. */
export interface CompanyLine extends Named {
  readonly domain: string | null;
}

/**
 * The companies that a person may mean, at most six: by id or its beginning, domain, the id that the CRM gave it, or name.
 * @param owners only those of whose leads one is theirs; null: all
 */
export async function companiesCalled(
  q: Queryable,
  text: string,
  owners: readonly string[] | null = null,
): Promise<CompanyLine[]> {
  const { from = null, to = null } = rangeOf(text) ?? {};
  const { rows } = await q.query<CompanyLine & Record<string, unknown>>(
    `select c.id, coalesce(c.name, c.domain, c.external_id, c.id::text) as name, c.domain from companies c
     where (c.id between $1 and $2 or c.external_id = $3 or c.domain = lower($3) or lower(c.name) = lower($3))
       and ($4::text[] is null or exists (select from leads l where l.company_id = c.id and lower(l.owner) = any($4)))
     order by c.id limit 6`,
    [from, to, text.trim(), owners],
  );
  return rows;
}

/** The company that a person means, as `companiesCalled` finds it. @throws CommandRefused `not_found`, `ambiguous` */
export async function findCompany(q: Queryable, text: string): Promise<Named> {
  const rows = await companiesCalled(q, text);
  if (rows.length === 1) return rows[0]!;
  if (rows.length === 0) {
    throw new CommandRefused(
      'not_found',
      `No company is known by "${text}". Give its domain, such as acme.com, its name or its id.`,
    );
  }
  throw new CommandRefused(
    'ambiguous',
    `More than one company is called "${text}". Say which by domain or id:\n  ${rows.map((row) => `${row.name} ${row.id}`).join('\n  ')}`,
  );
}

/**
 * The enrollment that is under way for a lead.
 * @throws CommandRefused `not_running`
 */
export async function activeEnrollment(q: Queryable, leadId: string): Promise<string> {
  const { rows } = await q.query<{ id: string }>(
    `select id from enrollments where lead_id = $1 and status in ('pending', 'running') limit 1`,
    [leadId],
  );
  if (!rows[0]) throw new CommandRefused('not_running', 'This lead is in no sequence now.');
  return rows[0].id;
}

/** Business time. */
export async function businessNow(q: Queryable): Promise<Instant> {
  const { rows } = await q.query<{ now: Date }>('select business_now() as now');
  return rows[0]!.now.getTime();
}

/** A launch as a list shows it. */
export interface LaunchLine {
  readonly id: string;
  readonly name: string;
  readonly sequence: string;
  readonly status: 'running' | 'stopped';
  readonly paused: boolean;
  readonly createdAt: Date;
  readonly pending: number;
  readonly running: number;
  readonly held: number;
  readonly finished: number;
  readonly stopped: number;
}

/** The newest launches first. */
export async function listLaunches(q: Queryable, limit = 50): Promise<LaunchLine[]> {
  const { rows } = await q.query<LaunchLine & Record<string, unknown>>(
    `select n.id, n.name, v.name as sequence, n.status, n.created_at as "createdAt",
       ${PAUSE_OF_LAUNCH} is not null as paused,
       c.pending, c.running, c.held, c.finished, c.stopped
     from (select * from launches order by created_at desc, id limit $1) n
       join sequence_versions v on v.id = n.version_id
       cross join lateral (select count(*) filter (where status = 'pending')::int as pending,
         count(*) filter (where status = 'running' and not held)::int as running, count(*) filter (where held)::int as held,
         count(*) filter (where status = 'finished')::int as finished, count(*) filter (where status = 'stopped')::int as stopped
         from enrollments where launch_id = n.id) c
     order by n.created_at desc, n.id`,
    [limit],
  );
  return rows;
}

/** Who was left out of a launch, by reason. */
export async function launchExclusions(
  q: Queryable,
  launchId: string,
): Promise<{ readonly reason: string; readonly count: number }[]> {
  const { rows } = await q.query<{ reason: string; count: number }>(
    'select reason, sum(count)::int as count from launch_exclusions where launch_id = $1 group by reason order by 2 desc limit 20',
    [launchId],
  );
  return rows;
}

/** When a touch `t` happened or will, to what a cursor can say of it. */
const TOUCH_AT = `date_trunc('milliseconds', coalesce(t.at, t.sending_at, t.slot_at))`;

/** A touch as a list shows it. */
export interface TouchLine {
  readonly id: string;
  readonly leadId: string;
  readonly lead: string;
  readonly timeZone: string;
  readonly sequence: string;
  readonly step: string;
  readonly channel: string;
  readonly sender: string | null;
  readonly recipient: string | null;
  readonly state: TouchState;
  readonly at: Date;
  readonly reason: string | null;
  readonly detail: string | null;
}

/** Touches, the newest first. */
export async function listTouches(
  q: Queryable,
  filter: {
    readonly state?: TouchState | undefined;
    readonly leadId?: string | undefined;
    readonly launchId?: string | undefined;
    /** To the leads that somebody sees; everybody unless given. */
    readonly sight?: Sight;
    /** Only those behind this one. */
    readonly after?: { readonly at: Date; readonly id: string } | null;
    readonly limit?: number | undefined;
  } = {},
): Promise<TouchLine[]> {
  const { state, leadId, launchId, sight, after, limit } = filter;
  const { rows } = await q.query<TouchLine & Record<string, unknown>>(
    // The page is found in the touches alone: names are for those that are shown.
    `with page as (
       select t.id, ${TOUCH_AT} as at from touches t
       where ($1::text is null or t.state = $1) and ($2::uuid is null or t.lead_id = $2)
         and ($3::uuid is null or t.enrollment_id in (select e.id from enrollments e where e.launch_id = $3))
         and ($5::text[] is null or t.lead_id in (select l.id from leads l where ${seesLead(5)}))
         and ($7::timestamptz is null or (${TOUCH_AT}, t.id) < ($7, $8::uuid))
       order by 2 desc, 1 desc limit $4)
     select t.id, t.lead_id as "leadId", coalesce(nullif(trim(concat_ws(' ', l.first_name, l.last_name)), ''), l.emails[1], l.id::text) as lead,
       coalesce(l.time_zone, c.time_zone, n.time_zone) as "timeZone", v.name as sequence, t.step_id as step, t.channel, s.address as sender,
       t.recipient, t.state, p.at, t.reason, t.detail
     from page p join touches t on t.id = p.id join leads l on l.id = t.lead_id left join companies c on c.id = l.company_id
       join enrollments e on e.id = t.enrollment_id join launches n on n.id = e.launch_id
       join sequence_versions v on v.id = e.version_id left join senders s on s.id = t.sender_id
     order by p.at desc, p.id desc`,
    [
      state ?? null,
      leadId ?? null,
      launchId ?? null,
      limit ?? 100,
      sight?.owners ?? null,
      sight?.unowned ?? true,
      after?.at ?? null,
      after?.id ?? null,
    ],
  );
  return rows;
}
