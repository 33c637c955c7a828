/** Attempts to sign in, so that nobody guesses for long. They count when they begin, since many can be under way at once. */
import type { Queryable } from '../db.ts';
import { tokenHash } from './sessions.ts';

/** So many in so many minutes for one email, from one network address, or from a device; then nobody signs in that way for a while. */
const MOST = { email: 10, network: 50, device: 10, minutes: 15 };

export interface Attempt {
  readonly email: string;
  readonly network: string;
  /** A device from which this user has signed in before: what strangers try does not keep it out. null: an unknown one. */
  readonly device: string | null;
}

/** An attempt that may be made; it counts as failed until it is forgotten. */
export type Begun = { readonly wait: 0; readonly ids: readonly number[] } | { readonly wait: number };

const limitsOf = ({ email, network, device }: Attempt): readonly (readonly [key: Buffer, most: number])[] =>
  device === null
    ? [
        [tokenHash(`address ${email.trim().toLowerCase()}`), MOST.email],
        [tokenHash(`network ${network}`), MOST.network],
      ]
    : [[tokenHash(`device ${device}`), MOST.device]];

/** Begins an attempt, or says in how many seconds there may be one again. */
export async function beginAttempt(q: Queryable, one: Attempt): Promise<Begun> {
  const limits = limitsOf(one);
  const before = await waitOf(q, limits, 0);
  if (before > 0) return { wait: before };
  const { rows } = await q.query<{ id: number }>(
    'insert into sign_in_failures (key) select unnest($1::bytea[]) returning id',
    [limits.map(([key]) => key)],
  );
  await q.query(
    `delete from sign_in_failures where id in (
       select id from sign_in_failures where at < clock_timestamp() - interval '1 day' order by at limit 500)`,
  );
  // Others began meanwhile: rather nobody is let on than one too many.
  const wait = await waitOf(q, limits, 1);
  return wait > 0 ? { wait } : { wait: 0, ids: rows.map(({ id }) => id) };
}

/** It was no failure, and takes those before back, so that a rep's typing mistakes of a day do not add up. */
export async function forgetAttempts(q: Queryable, one: Attempt, ids: readonly number[]): Promise<void> {
  await q.query('delete from sign_in_failures where key = $1 or id = any($2::bigint[])', [
    limitsOf(one)[0]![0],
    ids,
  ]);
}

/** Seconds until there may be one more; `begun` of those that are counted are one's own. */
async function waitOf(q: Queryable, limits: ReturnType<typeof limitsOf>, begun: 0 | 1): Promise<number> {
  const { rows } = await q.query<{ wait: number }>(
    `select coalesce(max(ceil(extract(epoch from f.oldest + make_interval(mins => $3) - clock_timestamp()))), 0)::int as wait
     from unnest($1::bytea[], $2::int[]) as k(key, most)
     cross join lateral (
       select min(at) as oldest, count(*) as n from (
         select at from sign_in_failures where key = k.key and at > clock_timestamp() - make_interval(mins => $3)
         order by at desc limit k.most) r) f
     where f.n >= k.most`,
    [limits.map(([key]) => key), limits.map(([, most]) => most + begun), MOST.minutes],
  );
  return Math.max(0, rows[0]!.wait);
}
