/** API keys: shown once, stored as SHA-256. They are random, so a slow hash would protect nothing. */
import { randomBytes } from 'node:crypto';
import type { Queryable } from '../db.ts';
import { CommandRefused } from '../refused.ts';
import { tokenHash } from './sessions.ts';

export interface ApiKey {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

const COLUMNS = `k.id, k.user_id as "userId", k.name, k.prefix, k.scopes, k.created_at as "createdAt", k.last_used_at as "lastUsedAt",
  k.expires_at as "expiresAt", k.revoked_at as "revokedAt"`;
type Row = ApiKey & Record<string, unknown>;

/** Makes a key of a user; `secret` is stored nowhere. */
export async function addApiKey(
  q: Queryable,
  one: {
    readonly userId: string;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly expiresAt: Date | null;
  },
): Promise<{ readonly key: ApiKey; readonly secret: string }> {
  const secret = `cdz_${randomBytes(32).toString('base64url')}`;
  const { rows } = await q.query<Row>(
    `insert into api_keys as k (user_id, name, prefix, secret_hash, scopes, expires_at) values ($1, $2, $3, $4, $5, $6) returning ${COLUMNS}`,
    [one.userId, one.name, secret.slice(0, 10), tokenHash(secret), one.scopes, one.expiresAt],
  );
  return { key: rows[0]!, secret };
}

/** The key, when it is in force: not revoked, not expired, of a user who is not disabled. */
export async function useApiKey(q: Queryable, secret: string): Promise<ApiKey | null> {
  const { rows } = await q.query<Row & { stale: boolean }>(
    `select ${COLUMNS}, k.last_used_at is null or k.last_used_at < clock_timestamp() - interval '1 minute' as stale
     from api_keys k join users u on u.id = k.user_id and u.disabled_at is null
     where k.secret_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())`,
    [tokenHash(secret)],
  );
  const row = rows[0];
  if (!row) return null;
  if (row.stale)
    await q.query('update api_keys set last_used_at = clock_timestamp() where id = $1', [row.id]);
  return row;
}

/** Keys, the newest first; of one user, or (null) of all. */
export async function listApiKeys(q: Queryable, userId: string | null): Promise<ApiKey[]> {
  const { rows } = await q.query<Row>(
    `select ${COLUMNS} from api_keys k where $1::uuid is null or k.user_id = $1 order by k.created_at desc, k.id limit 500`,
    [userId],
  );
  return rows;
}

/** @param userId whose it must be; null: anybody's. @throws CommandRefused `not_found` */
export async function revokeApiKey(q: Queryable, id: string, userId: string | null): Promise<void> {
  const { rowCount } = await q.query(
    'update api_keys set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = $1 and ($2::uuid is null or user_id = $2)',
    [id, userId],
  );
  if (!rowCount) throw new CommandRefused('not_found', `There is no API key with the id ${id}.`);
}
