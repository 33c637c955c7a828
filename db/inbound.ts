/** The way in: whatever comes back is stored here before anybody is told that it arrived, and understood afterwards. */
import type { Instant } from '../sequences/plan.ts';
import type { Db, Queryable, Tx } from './db.ts';

export type InboundSource = 'mail' | 'twilio' | 'unipile' | 'events' | 'tracking';

/** Something that arrived, as it came. */
export interface NewInbound {
  readonly source: InboundSource;
  /** In the source's words: message, status, relation, account. */
  readonly kind: string;
  /** The source's own name of it, without personal data: the same one again changes nothing. */
  readonly dedupeKey: string;
  readonly senderId?: string | null;
  readonly payload?: Readonly<Record<string, unknown>>;
  /** Mail: the message's bytes, kept until it is understood. */
  readonly raw?: Buffer | null;
  /** Business time; now when it is missing or in the future. */
  readonly at?: Instant | undefined;
}

/** A stored arrival. */
export interface InboundRow {
  readonly id: number;
  readonly source: InboundSource;
  readonly kind: string;
  readonly dedupeKey: string;
  readonly senderId: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly raw: Buffer | null;
  /** Business time. */
  readonly receivedAt: Date;
  readonly attempts: number;
}

/** What understanding came to. */
export interface InboundResult {
  /** A snake_case word: what came of it. */
  readonly result: string;
  /** Whom it concerns, so that it is erased with them. */
  readonly leadId?: string | null;
  /** Its raw message is kept for the time that the configuration says. Default: it goes at once. */
  readonly keepRaw?: boolean;
}

/** Stores it; answers its id, or null when it was stored before. Whoever answers 2xx does so after this has committed. */
export async function storeInbound(q: Queryable, one: NewInbound): Promise<number | null> {
  const { rows } = await q.query<{ id: number }>(
    `insert into inbound (source, kind, dedupe_key, sender_id, payload, raw, received_at)
     values ($1, $2, $3, $4, $5, $6, least(coalesce($7::timestamptz, 'infinity'), business_now()))
     on conflict (dedupe_key) do nothing returning id`,
    [
      one.source,
      one.kind,
      one.dedupeKey,
      one.senderId ?? null,
      JSON.stringify(one.payload ?? {}),
      one.raw ?? null,
      one.at === undefined ? null : new Date(one.at),
    ],
  );
  return rows[0]?.id ?? null;
}

const COLUMNS = `id, source, kind, dedupe_key as "dedupeKey", sender_id as "senderId", payload, raw, received_at as "receivedAt", attempts`;

/** Takes what arrived under lock, if it waits and nobody else has it. */
export async function claimInbound(tx: Tx, id: number): Promise<InboundRow | null> {
  const { rows } = await tx.query<InboundRow & Record<string, unknown>>(
    `select ${COLUMNS} from inbound where id = $1 and state = 'pending' for no key update skip locked`,
    [id],
  );
  return rows[0] ?? null;
}

/** What waits and is due, oldest first. */
export async function pendingInbound(q: Queryable, limit = 100): Promise<readonly number[]> {
  const { rows } = await q.query<{ id: number }>(
    `select id from inbound where state = 'pending' and retry_wall <= clock_timestamp() order by retry_wall, id limit $1`,
    [limit],
  );
  return rows.map(({ id }) => id);
}

/** Marks it understood, in the transaction of its effects, which hold all that is kept of it. */
export async function finishInbound(tx: Tx, id: number, one: InboundResult): Promise<void> {
  await tx.query(
    `update inbound set state = 'done', payload = '{}', raw = case when $4 then raw end, result = $2, lead_id = coalesce($3, lead_id), error = null, done_wall = clock_timestamp() where id = $1`,
    [id, one.result, one.leadId ?? null, one.keepRaw ?? false],
  );
}

/** Drops raw messages that were understood more than so many days (wall) ago, some at a time. Returns how many. */
export async function forgetRaw(q: Queryable, days: number, limit = 200): Promise<number> {
  const { rowCount } = await q.query(
    `update inbound set raw = null where id in (
       select id from inbound where raw is not null and state = 'done' and done_wall <= clock_timestamp() - make_interval(days => $1)
       order by done_wall limit $2 for update skip locked)`,
    [days, limit],
  );
  return rowCount ?? 0;
}

/** After so many failures (about a day) it is left for a person. */
const MAX_ATTEMPTS = 30;

/** Notes that understanding failed: again later, each time after a longer pause (1 s to 1 h, wall), and parked in the end. */
export async function failInbound(db: Db, id: number, error: string): Promise<void> {
  await db.query(
    `update inbound set attempts = attempts + 1, error = left($2, 2000),
       state = case when attempts + 1 >= ${MAX_ATTEMPTS} then 'parked' else 'pending' end,
       retry_wall = clock_timestamp() + make_interval(secs => least(3600, power(2, least(attempts, 12))))
     where id = $1 and state = 'pending'`,
    [id, error],
  );
}
