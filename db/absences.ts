/**
 * People on leave. Their leads wait, by a pause that begins and ends by itself (pauses.ts), or a colleague sees their tasks and
 * conversations for that time (`ownersSeenBy`), and new tasks are the colleague's.
 */
import { isZone, startOfDay, UnknownZone } from '../sequences/calendar/index.ts';
import { namesOf, readUser } from './access/users.ts';
import type { Db, Queryable, Tx } from './db.ts';
import { CommandRefused } from './refused.ts';
import { lockScope } from './scopes.ts';

export interface Absence {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly team: string | null;
  /** The first and the last day, `YYYY-MM-DD` in `timeZone`. */
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
  /** Business time; an absence that was ended early is over sooner than its last day. */
  readonly fromAt: Date;
  readonly untilAt: Date;
  readonly state: 'planned' | 'now' | 'over';
  /** null: the leads wait. */
  readonly colleagueId: string | null;
  readonly colleague: string | null;
  readonly version: number;
}

export interface AbsenceDays {
  readonly from: string;
  readonly to: string;
  /** null: that of the user's sender, else UTC. */
  readonly timeZone: string | null;
  readonly colleagueId: string | null;
}

const DAY_MS = 86_400_000;
/** Longer, or farther ahead, is a typing error. */
const LONGEST_DAYS = 366;

const SELECT = `select a.id, a.user_id as "userId", u.name, u.team, a.from_day::text as "from", a.to_day::text as "to",
    a.time_zone as "timeZone", a.from_at as "fromAt", a.until_at as "untilAt", a.colleague_id as "colleagueId", c.name as colleague, a.version,
    case when a.until_at <= n.now then 'over' when a.from_at > n.now then 'planned' else 'now' end as state
  from absences a join users u on u.id = a.user_id left join users c on c.id = a.colleague_id
    cross join (select business_now() as now) n`;
type Row = Absence & Record<string, unknown>;

/** Absences that are not over, or all, the soonest first; at most 500. */
export async function listAbsences(
  q: Queryable,
  { userId, team, all, over }: { userId: string; team: string | null; all: boolean; over: boolean },
): Promise<Absence[]> {
  const { rows } = await q.query<Row>(
    `${SELECT} where ($3 or a.user_id = $1 or a.colleague_id = $1 or u.team = $2) and ($4 or a.until_at > n.now)
     order by a.from_at, a.id limit 500`,
    [userId, team, all, over],
  );
  return rows;
}

/** @throws CommandRefused `not_found` */
export async function readAbsence(q: Queryable, id: string): Promise<Absence> {
  const { rows } = await q.query<Row>(`${SELECT} where a.id = $1`, [id]);
  if (!rows[0]) throw new CommandRefused('not_found', `There is no absence with the id ${id}.`);
  return rows[0];
}

/**
 * Adds a leave; in force when this commits, if it has begun.
 * @throws CommandRefused `not_found`, `bad_time`, `bad_colleague`; UnknownZone
 */
export async function addAbsence(db: Db, userId: string, days: AbsenceDays): Promise<Absence> {
  return db.tx(async (tx) => {
    const when = await place(tx, userId, null, days);
    const { rows } = await tx.query<{ id: string }>(
      `insert into absences (user_id, from_day, to_day, time_zone, from_at, until_at, colleague_id)
       values ($1, $2, $3, $4, $5, $6, $7) returning id`,
      [userId, days.from, days.to, when.timeZone, when.fromAt, when.untilAt, days.colleagueId],
    );
    await setPause(tx, rows[0]!.id);
    return readAbsence(tx, rows[0]!.id);
  });
}

/**
 * Changes the given fields of a leave that is not over.
 * @param version what the caller saw; null: whatever it is
 * @throws CommandRefused `not_found`, `changed_meanwhile`, `already_done`, `bad_time`, `bad_colleague`; UnknownZone
 */
export async function changeAbsence(
  db: Db,
  id: string,
  changes: Partial<AbsenceDays>,
  version: number | null,
): Promise<Absence> {
  return db.tx(async (tx) => {
    const before = await lockAbsence(tx, id);
    if (version !== null && before.version !== version)
      throw new CommandRefused('changed_meanwhile', 'Somebody changed this absence meanwhile: look again.');
    const days = { ...before, ...changes };
    const when = await place(tx, before.userId, id, days);
    await tx.query(
      `update absences set from_day = $2, to_day = $3, time_zone = $4, from_at = $5, until_at = $6, colleague_id = $7, version = version + 1
       where id = $1`,
      [id, days.from, days.to, when.timeZone, when.fromAt, when.untilAt, days.colleagueId],
    );
    await setPause(tx, id);
    return readAbsence(tx, id);
  });
}

/**
 * Ends a leave now; one that has not begun goes. Those who waited are woken by `nextToWake`, which the caller and the sweep call.
 * @throws CommandRefused `not_found`, `already_done`
 */
export async function endAbsence(db: Db, id: string): Promise<void> {
  await db.tx(async (tx) => {
    const before = await lockAbsence(tx, id);
    if (before.state === 'planned') {
      await tx.query(`delete from pauses where scope = 'absence' and scope_id = $1`, [id]);
      await tx.query('delete from absences where id = $1', [id]);
      return;
    }
    await tx.query('update absences set until_at = business_now(), version = version + 1 where id = $1', [
      id,
    ]);
    await endPause(tx, id);
  });
}

/** Who has the tasks of somebody whom owners and assignees call `name`, by email; null: nobody but themselves. */
export async function coveredBy(q: Queryable, name: string): Promise<string | null> {
  const { rows } = await q.query<{ email: string }>(
    `select c.email from absences a join users c on c.id = a.colleague_id
     where a.until_at > business_now() and a.from_at <= business_now() and is_absent(a.id, $1) order by a.from_at limit 1`,
    [name],
  );
  return rows[0]?.email ?? null;
}

/** Against every send, as a pause of everything: a leave covers leads and senders of any launch. */
const lockAll = (tx: Tx) => lockScope(tx, { scope: 'all', scopeId: null });

async function lockAbsence(tx: Tx, id: string): Promise<Absence> {
  await lockAll(tx);
  const absence = await readAbsence(tx, id);
  if (absence.state === 'over') throw new CommandRefused('already_done', 'This absence is over.');
  return absence;
}

/** Checks the days and finds their instants. */
async function place(
  tx: Tx,
  userId: string,
  id: string | null,
  { from, to, timeZone, colleagueId }: AbsenceDays,
): Promise<{ timeZone: string; fromAt: Date; untilAt: Date }> {
  await lockAll(tx);
  const user = await readUser(tx, userId);
  const zone = timeZone ?? (await zoneOf(tx, namesOf(user)));
  if (!isZone(zone)) throw new UnknownZone(zone);
  const length = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
  if (length < 1 || length > LONGEST_DAYS)
    throw new CommandRefused(
      'bad_time',
      `A leave has 1 to ${LONGEST_DAYS} days; the last one comes after the first.`,
    );
  const fromAt = new Date(startOfDay(from, zone));
  const untilAt = new Date(startOfDay(new Date(Date.parse(to) + DAY_MS).toISOString().slice(0, 10), zone));
  const { rows } = await tx.query<{ past: boolean; far: boolean; other: string | null }>(
    `select $2 <= business_now() as past, $1 > business_now() + make_interval(days => ${2 * LONGEST_DAYS}) as far,
       (select a.from_day::text from absences a where a.user_id = $3 and a.id is distinct from $4 and a.from_at < $2 and a.until_at > $1
        limit 1) as other`,
    [fromAt, untilAt, userId, id],
  );
  const { past, far, other } = rows[0]!;
  if (past || far)
    throw new CommandRefused('bad_time', past ? 'These days are over.' : 'These days are too far ahead.');
  if (other !== null)
    throw new CommandRefused('bad_time', `${user.name} is on leave from ${other} already: change that one.`);
  if (colleagueId !== null) await assertTakes(tx, userId, colleagueId, { fromAt, untilAt });
  return { timeZone: zone, fromAt, untilAt };
}

async function assertTakes(
  tx: Tx,
  userId: string,
  colleagueId: string,
  { fromAt, untilAt }: { fromAt: Date; untilAt: Date },
): Promise<void> {
  const colleague = await readUser(tx, colleagueId);
  const { rowCount } = await tx.query(
    'select from absences where user_id = $1 and from_at < $3 and until_at > $2 limit 1',
    [colleagueId, fromAt, untilAt],
  );
  const why =
    colleagueId === userId
      ? 'is who goes on leave'
      : colleague.disabledAt !== null
        ? 'may not sign in'
        : rowCount
          ? 'is on leave then too'
          : null;
  if (why !== null)
    throw new CommandRefused('bad_colleague', `${colleague.name} ${why}: choose another colleague.`);
}

/** The zone of the sender that is the user's. */
async function zoneOf(tx: Tx, names: readonly string[]): Promise<string> {
  const { rows } = await tx.query<{ zone: string }>(
    `select time_zone as zone from senders cross join lateral (select array(select lower(n) from unnest($1::text[]) n) as names) x
     where lower(owner) = any(names) or lower(address) = any(names) order by created_at, id limit 1`,
    [names],
  );
  return rows[0]?.zone ?? 'UTC';
}

/** The absence's pause, as the absence is. */
async function setPause(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `insert into pauses (scope, scope_id, reason, at, from_at, until_at)
     select 'absence', id, 'on leave', business_now(), from_at, until_at from absences where id = $1 and colleague_id is null
     on conflict (scope, coalesce(scope_id, '00000000-0000-0000-0000-000000000000')) where ended_at is null
       do update set from_at = excluded.from_at, until_at = excluded.until_at`,
    [id],
  );
  const { rowCount } = await tx.query('select from absences where id = $1 and colleague_id is null', [id]);
  if (!rowCount) await endPause(tx, id);
}

async function endPause(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `update pauses set ended_at = business_now(), announced = true where scope = 'absence' and scope_id = $1 and ended_at is null`,
    [id],
  );
}
