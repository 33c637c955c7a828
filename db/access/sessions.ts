/** Signing in: sessions and one-time links. Only hashes of what the other side holds are stored. */
import { createHash, randomBytes } from 'node:crypto';
import type { Db, Queryable } from '../db.ts';

export const SESSION_DAYS = 14;
export const LINK_HOURS = 24;

export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest();
const newToken = () => randomBytes(32).toString('base64url');

/** Begins a session of two weeks after its last use; answers its token, which is kept nowhere else. */
export async function beginSession(q: Queryable, userId: string): Promise<string> {
  const token = newToken();
  await q.query(
    `insert into sessions (token_hash, user_id, expires_at) values ($1, $2, clock_timestamp() + make_interval(days => ${SESSION_DAYS}))`,
    [tokenHash(token), userId],
  );
  await q.query('update users set last_sign_in_at = clock_timestamp() where id = $1', [userId]);
  await q.query(
    'delete from sessions where token_hash in (select token_hash from sessions where expires_at < clock_timestamp() limit 100)',
  );
  return token;
}

/** Whose session it is; null: nobody's, any more. Being used prolongs it, written once a minute at the most. */
export async function sessionUser(q: Queryable, token: string): Promise<string | null> {
  const { rows } = await q.query<{ userId: string; stale: boolean }>(
    `select s.user_id as "userId", s.seen_at < clock_timestamp() - interval '1 minute' as stale
     from sessions s join users u on u.id = s.user_id and u.disabled_at is null
     where s.token_hash = $1 and s.expires_at > clock_timestamp()`,
    [tokenHash(token)],
  );
  if (rows[0]?.stale)
    await q.query(
      `update sessions set seen_at = clock_timestamp(), expires_at = clock_timestamp() + make_interval(days => ${SESSION_DAYS}) where token_hash = $1`,
      [tokenHash(token)],
    );
  return rows[0]?.userId ?? null;
}

export async function endSession(q: Queryable, token: string): Promise<void> {
  await q.query('delete from sessions where token_hash = $1', [tokenHash(token)]);
}

/** Makes a link's token, good for a day and for one use; older ones of the user are not good any more. */
export async function newSignInLink(db: Db, userId: string): Promise<string> {
  const token = newToken();
  await db.tx(async (tx) => {
    await tx.query('delete from sign_in_links where user_id = $1 and used_at is null', [userId]);
    await tx.query(
      `insert into sign_in_links (token_hash, user_id, expires_at) values ($1, $2, clock_timestamp() + make_interval(hours => ${LINK_HOURS}))`,
      [tokenHash(token), userId],
    );
  });
  return token;
}

/** Uses a link up: sessions and the password that the user had are none any more, as it is for who lost them. null: it was used, is too old, or never was. */
export async function useSignInLink(db: Db, token: string): Promise<string | null> {
  return db.tx(async (tx) => {
    const { rows } = await tx.query<{ userId: string }>(
      `update sign_in_links l set used_at = clock_timestamp() from users u
       where l.token_hash = $1 and l.used_at is null and l.expires_at > clock_timestamp() and u.id = l.user_id and u.disabled_at is null
       returning l.user_id as "userId"`,
      [tokenHash(token)],
    );
    const userId = rows[0]?.userId;
    if (userId === undefined) return null;
    await tx.query('delete from sessions where user_id = $1', [userId]);
    await tx.query(
      'update users set password_hash = null, version = version + 1 where id = $1 and password_hash is not null',
      [userId],
    );
    return userId;
  });
}

export async function passwordHashOf(
  q: Queryable,
  email: string,
): Promise<{ readonly userId: string; readonly hash: string | null } | null> {
  const { rows } = await q.query<{ userId: string; hash: string | null }>(
    `select id as "userId", password_hash as hash from users where email = lower($1) and disabled_at is null`,
    [email.trim()],
  );
  return rows[0] ?? null;
}

/** Sets a password; every other session of the user ends, as whoever set it may have lost the old one. */
export async function setPasswordHash(
  db: Db,
  userId: string,
  hash: string,
  keep: string | null,
): Promise<void> {
  await db.tx(async (tx) => {
    await tx.query('update users set password_hash = $2, version = version + 1 where id = $1', [
      userId,
      hash,
    ]);
    await tx.query('delete from sessions where user_id = $1 and ($2::bytea is null or token_hash <> $2)', [
      userId,
      keep === null ? null : tokenHash(keep),
    ]);
  });
}
