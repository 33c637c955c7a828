/** Who did what: every command that came by HTTP and succeeded, and what was erased because its time was over. */
import type { Queryable } from '../db.ts';

export interface Audited {
  /** null: nobody commanded it. */
  readonly userId: string | null;
  readonly who: string;
  readonly apiKeyId: string | null;
  readonly action: string;
  readonly target: string | null;
  readonly requestId: string;
}

export interface AuditEntry extends Audited {
  readonly id: number;
  readonly at: Date;
}

export async function audit(q: Queryable, one: Audited): Promise<void> {
  await q.query(
    'insert into audit (user_id, who, api_key_id, action, target, request_id) values ($1, $2, $3, $4, $5, $6)',
    [one.userId, one.who, one.apiKeyId, one.action, one.target, one.requestId],
  );
}

/** The newest first, before entry `before`. */
export async function listAudit(
  q: Queryable,
  filter: {
    readonly before: number | null;
    readonly limit: number;
    readonly userId?: string | undefined;
    readonly target?: string | undefined;
  },
): Promise<AuditEntry[]> {
  const { rows } = await q.query<AuditEntry & Record<string, unknown>>(
    `select id, at, user_id as "userId", who, api_key_id as "apiKeyId", action, target, request_id as "requestId" from audit
     where ($1::bigint is null or id < $1) and ($2::uuid is null or user_id = $2) and ($3::text is null or target = $3)
     order by id desc limit $4`,
    [filter.before, filter.userId ?? null, filter.target ?? null, filter.limit],
  );
  return rows;
}
