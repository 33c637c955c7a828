/** Other systems that may tell what leads did, each with its own secret. */
import type { Secrets } from '../common/crypto.ts';
import type { Db, Queryable } from './db.ts';
import { CommandRefused } from './refused.ts';
import { freshSecret, validSecrets, type StoredSecret } from './signing-secrets.ts';

/** How a source may be called; it stands in the address. */
const SOURCE_NAME = /^[a-z][a-z0-9-]{0,62}$/;
const DAY_MS = 86_400_000;

/**
 * Registers a source. The secret is returned this once and kept encrypted.
 * @throws CommandRefused `bad_name`, `already_done`
 */
export async function addSource(db: Queryable, secrets: Secrets, name: string): Promise<{ secret: string }> {
  if (!SOURCE_NAME.test(name))
    throw new CommandRefused(
      'bad_name',
      `"${name}" is no name for a source: use small letters, digits and hyphens, such as web-shop.`,
    );
  const { secret, stored } = freshSecret(secrets);
  const { rowCount } = await db.query(
    'insert into event_sources (name, secrets) values ($1, $2) on conflict do nothing',
    [name, stored],
  );
  if (rowCount === 0)
    throw new CommandRefused(
      'already_done',
      `There is a source "${name}" already. "sources rotate ${name}" gives it a new secret.`,
    );
  return { secret };
}

export interface EventSource {
  readonly name: string;
  readonly createdAt: Date;
  /** How many secrets are valid now: two during a rotation. */
  readonly secrets: number;
}

/** At most 1,000, by name. */
export async function listSources(q: Queryable): Promise<EventSource[]> {
  const { rows } = await q.query<EventSource & Record<string, unknown>>(
    `select name, created_at as "createdAt", (select count(*)::int from ${validSecrets('secrets')}) as secrets
     from event_sources order by name limit 1000`,
  );
  return rows;
}

/** The secrets that are valid now, newest first; null: there is no such source. */
export async function sourceSecrets(
  q: Queryable,
  secrets: Pick<Secrets, 'decrypt'>,
  name: string,
): Promise<readonly string[] | null> {
  const { rows } = await q.query<{ valid: StoredSecret[] }>(
    `select (select coalesce(jsonb_agg(s), '[]') from ${validSecrets('secrets')}) as valid from event_sources where name = $1`,
    [name],
  );
  return rows[0]?.valid.map((one) => secrets.decrypt(one.secret)) ?? null;
}

/** Gives a source a new secret, returned this once; the one before is accepted for another day. @throws CommandRefused `not_found` */
export async function rotateSource(db: Db, secrets: Secrets, name: string): Promise<{ secret: string }> {
  return db.tx(async (tx) => {
    const { rows } = await tx.query<{ secrets: StoredSecret[]; until: Date }>(
      `select secrets, clock_timestamp() + make_interval(secs => $2) as until from event_sources where name = $1 for no key update`,
      [name, DAY_MS / 1000],
    );
    const row = rows[0];
    if (!row) throw unknownSource(name);
    const { secret, stored } = freshSecret(secrets, { list: row.secrets, until: row.until });
    await tx.query('update event_sources set secrets = $2 where name = $1', [name, stored]);
    return { secret };
  });
}

/** Nothing more is taken from it; what it told stays. @throws CommandRefused `not_found` */
export async function removeSource(q: Queryable, name: string): Promise<void> {
  const { rowCount } = await q.query('delete from event_sources where name = $1', [name]);
  if (rowCount === 0) throw unknownSource(name);
}

function unknownSource(name: string): CommandRefused {
  return new CommandRefused('not_found', `There is no source "${name}". "sources list" shows them.`);
}

/** Something that a source told. */
export interface ToldEvent {
  readonly id: number;
  readonly source: string;
  readonly event: string;
  readonly at: Date;
  readonly leadId: string | null;
  readonly state: string;
  /** What came of it. */
  readonly result: string | null;
  readonly error: string | null;
}

/** What other systems told, the newest first. */
export async function toldEvents(
  q: Queryable,
  {
    source = null,
    before = null,
    limit = 50,
  }: {
    readonly source?: string | null;
    /** Only those older than the one with this id. */
    readonly before?: number | null;
    readonly limit?: number;
  } = {},
): Promise<ToldEvent[]> {
  const { rows } = await q.query<ToldEvent & Record<string, unknown>>(
    `select id, split_part(dedupe_key, ':', 2) as source, kind as event, received_at as at, lead_id as "leadId", state, result, error
     from inbound where source = 'events' and ($1::text is null or split_part(dedupe_key, ':', 2) = $1)
       and ($3::bigint is null or id < $3) order by id desc limit $2`,
    [source, limit, before],
  );
  return rows;
}
