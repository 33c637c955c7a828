/** Answers to commands, so that the same Idempotency-Key again does nothing and is answered the same. */
import type { Queryable } from '../db.ts';

export type Begun =
  | { readonly kind: 'first' }
  | { readonly kind: 'under_way' }
  | { readonly kind: 'other_request' }
  | { readonly kind: 'answered'; readonly status: number; readonly body: string };

/** A process that ended while it answered holds a key this long. */
const UNDER_WAY_MINUTES = 5;

/** Uses up what may happen once, on whichever server; false: it was used within the last day. */
export async function useOnce(q: Queryable, what: string, key: string): Promise<boolean> {
  await forgetOld(q);
  const { rowCount } = await q.query(
    `insert into idempotency_keys (principal, key, fingerprint, status) values ($1, $2, '', 200) on conflict do nothing`,
    [what, key],
  );
  return rowCount === 1;
}

const forgetOld = (q: Queryable) =>
  q.query(
    `delete from idempotency_keys where (principal, key) in (select principal, key from idempotency_keys
       where created_at < clock_timestamp() - interval '1 day' order by created_at limit 100)`,
  );

/** Takes a key for a request, or says what became of the first with it. Keys are kept for a day. */
export async function beginIdempotent(
  q: Queryable,
  { principal, key, fingerprint }: { principal: string; key: string; fingerprint: Buffer },
): Promise<Begun> {
  await forgetOld(q);
  const { rowCount } = await q.query(
    `insert into idempotency_keys as k (principal, key, fingerprint) values ($1, $2, $3)
     on conflict (principal, key) do update set created_at = clock_timestamp(), fingerprint = $3
       where k.status is null and k.created_at < clock_timestamp() - make_interval(mins => ${UNDER_WAY_MINUTES})`,
    [principal, key, fingerprint],
  );
  if (rowCount === 1) return { kind: 'first' };
  const { rows } = await q.query<{ same: boolean; status: number | null; body: string | null }>(
    'select fingerprint = $3 as same, status, body from idempotency_keys where principal = $1 and key = $2',
    [principal, key, fingerprint],
  );
  const row = rows[0];
  if (!row?.same) return { kind: row ? 'other_request' : 'under_way' };
  return row.status === null
    ? { kind: 'under_way' }
    : { kind: 'answered', status: row.status, body: row.body ?? '' };
}

/** Keeps the answer; a failure of ours (5xx) is forgotten, so that it can be tried again. */
export async function endIdempotent(
  q: Queryable,
  { principal, key, status, body }: { principal: string; key: string; status: number; body: string },
): Promise<void> {
  await q.query(
    status >= 500
      ? 'delete from idempotency_keys where principal = $1 and key = $2 and status is null'
      : 'update idempotency_keys set status = $3, body = $4 where principal = $1 and key = $2',
    status >= 500 ? [principal, key] : [principal, key, status, body],
  );
}
