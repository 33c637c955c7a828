import type { Queryable } from './db.ts';

/** Business time runs from `at`, `speed` times as fast as the wall clock, and stops at `at` until the ceiling is raised. */
export async function beginTimeLapse(db: Queryable, at: Date, speed: number): Promise<void> {
  await db.query(
    'update clock set wall_anchor = clock_timestamp(), business_anchor = $1, ceiling = $1, speed = $2',
    [at, speed],
  );
}

/**
 * Raises the ceiling (it never comes down, so that no process is ever ahead) and anchors the clock anew: time that stood at
 * the ceiling goes on from there and does not catch up. Answers the business time.
 */
export async function raiseCeiling(db: Queryable, ceiling: Date): Promise<Date> {
  const { rows } = await db.query<{ business_anchor: Date }>(
    `with wall as materialized (select clock_timestamp() as t)
     update clock set
       wall_anchor = wall.t,
       business_anchor = least(business_anchor + make_interval(secs => extract(epoch from wall.t - wall_anchor) * speed), clock.ceiling),
       ceiling = greatest(clock.ceiling, $1)
     from wall returning business_anchor`,
    [ceiling],
  );
  return rows[0]!.business_anchor;
}

/** Business time is the wall clock again. */
export async function realTime(db: Queryable): Promise<void> {
  await db.query(
    `with wall as materialized (select clock_timestamp() as t)
     update clock set wall_anchor = wall.t, business_anchor = wall.t, ceiling = null, speed = 1 from wall`,
  );
}

/** Something that should happen before business time goes on beyond `at`. */
export interface ClockHold {
  /** The same for as long as the same thing is meant. */
  readonly key: string;
  readonly at: Date;
}

/**
 * What time-lapse waits for, earliest first, at most `limit`: running enrollments by their next action, touches that are being
 * sent, what came back and is not understood, and inbox entries that no engine has taken in (all three: long due), launches by the
 * pacer's next look. Those in `waived` are left out.
 */
export async function clockHolds(
  db: Queryable,
  waived: readonly string[],
  limit = 100,
): Promise<readonly ClockHold[]> {
  const { rows } = await db.query<{ key: string; at: Date }>(
    `select key, at from (
       (select 'enrollment ' || id || ' ' || revision || ' ' || next_at as key, next_at as at
          from enrollments where status = 'running' and next_at is not null order by next_at limit $2 + cardinality($1::text[]))
       union all
       (select 'launch ' || id || ' ' || coalesce(next_look_at, 'epoch'), coalesce(next_look_at, 'epoch') from launches l
          where status = 'running' and exists (select from enrollments e where e.launch_id = l.id and e.status = 'pending')
          order by next_look_at nulls first limit $2 + cardinality($1::text[]))
       union all
       (select 'touch ' || id, 'epoch' from touches where state = 'sending' limit $2 + cardinality($1::text[]))
       union all
       (select 'inbound ' || id, 'epoch' from inbound where state = 'pending' and attempts = 0 limit $2 + cardinality($1::text[]))
       union all
       (select 'inbox ' || i.seq, 'epoch' from inbox i join enrollments e on e.id = i.enrollment_id
          where e.status = 'running' and i.seq > e.seen limit $2 + cardinality($1::text[]))
       union all
       (select 'pause ' || id, until_at from pauses where ended_at is null and until_at is not null
          order by until_at limit $2 + cardinality($1::text[]))
     ) holds
     where not (key = any($1::text[])) order by at limit $2`,
    [waived, limit],
  );
  return rows;
}
