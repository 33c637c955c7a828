import type { Secrets } from '../common/crypto.ts';
import { checkCallbackUrl } from '../common/network.ts';
import { CALLBACK_TYPES } from './callback-schemas.ts';
import type { Db, Queryable } from './db.ts';
import { CommandRefused } from './refused.ts';
import { freshSecret, validSecrets, type StoredSecret } from './signing-secrets.ts';

/** A CRM's address for callbacks, as a list shows it: without its secrets. */
export interface Endpoint {
  readonly id: string;
  readonly url: string;
  /** Empty: every type. */
  readonly types: readonly string[];
  readonly createdAt: Date;
  /** Until when (wall clock) nothing is sent after it could not be reached; null when it is not held. */
  readonly heldUntil: Date | null;
  readonly holdReason: string | null;
  readonly disabledAt: Date | null;
  readonly disabledReason: string | null;
  readonly pending: number;
  readonly parked: number;
  /** How many secrets are valid now: two during a rotation. */
  readonly secrets: number;
}

/** No endpoint has this id (or the start of an id fits none, or several). */
export class UnknownEndpointError extends Error {
  constructor(id: string) {
    super(`There is no endpoint ${id}. "cadenza webhooks list" shows them.`);
    this.name = 'UnknownEndpointError';
  }
}

/** A type that does not exist. */
export class UnknownTypeError extends Error {
  constructor(type: string) {
    super(`There is no callback type "${type}". There are: ${CALLBACK_TYPES.join(', ')}.`);
    this.name = 'UnknownTypeError';
  }
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Registers an address for callbacks of these types (empty: every type) from now on; what happened before can be replayed to it.
 * The secret is returned this once and kept encrypted. Throws `UrlRefusedError`, `UnknownTypeError`, and CommandRefused `already_done`
 * when it is registered already.
 */
export async function addEndpoint(
  db: Db,
  secrets: Secrets,
  endpoint: { readonly url: string; readonly types?: readonly string[] },
  options: { readonly allowPrivate: boolean },
): Promise<{ id: string; secret: string }> {
  const url = checkCallbackUrl(endpoint.url, options).href;
  const types = known(endpoint.types ?? []);
  return db.tx(async (tx) => {
    // One after the other, so that the same address is not added twice at once.
    await tx.query('lock table endpoints in share row exclusive mode');
    const { rows: there } = await tx.query<{ id: string }>('select id from endpoints where url = $1', [url]);
    if (there[0])
      throw new CommandRefused(
        'already_done',
        `Callbacks go to ${url} already (endpoint ${there[0].id}): change which types, or remove it first.`,
      );
    const { secret, stored } = freshSecret(secrets);
    const { rows } = await tx.query<{ id: string }>(
      'insert into endpoints (url, types, secrets) values ($1, $2, $3) returning id',
      [url, types, stored],
    );
    return { id: rows[0]!.id, secret };
  });
}

/** Each once. Throws `UnknownTypeError`. */
function known(types: readonly string[]): string[] {
  const unknown = types.find((type) => !(CALLBACK_TYPES as readonly string[]).includes(type));
  if (unknown !== undefined) throw new UnknownTypeError(unknown);
  return [...new Set(types)];
}

/**
 * From now on only callbacks of these types (empty: every type) go there; what was pending still does. Throws `UnknownTypeError` and
 * `UnknownEndpointError`.
 */
export async function changeTypes(db: Queryable, id: string, types: readonly string[]): Promise<void> {
  await change(db, id, 'types = $2', [known(types)]);
}

/** Every endpoint, oldest first (at most 1000). */
export async function listEndpoints(db: Queryable): Promise<Endpoint[]> {
  const { rows } = await db.query<Endpoint>(
    `select e.id, e.url, e.types, e.created_at as "createdAt",
      case when e.held_until > clock_timestamp() then e.held_until end as "heldUntil", e.hold_reason as "holdReason",
      e.disabled_at as "disabledAt", e.disabled_reason as "disabledReason",
      (select count(*) from deliveries where endpoint_id = e.id and state = 'pending') as pending,
      (select count(*) from deliveries where endpoint_id = e.id and state = 'parked') as parked,
      (select count(*) from ${validSecrets('e.secrets')}) as secrets
    from endpoints e order by e.created_at, e.id
    limit 1000`,
  );
  return rows;
}

/** The ids of all endpoints that are not disabled: those for which a delivery workflow should run. */
export async function enabledEndpointIds(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    'select id from endpoints where disabled_at is null order by created_at limit 1000',
  );
  return rows.map((row) => row.id);
}

/**
 * Gives an endpoint a new secret, returned this once. The one before stays valid for `overlapMs` (a day unless said otherwise), so
 * callbacks carry both signatures meanwhile; older ones end now. Throws `UnknownEndpointError`.
 */
export async function rotateSecret(
  db: Db,
  secrets: Secrets,
  id: string,
  overlapMs = DAY_MS,
): Promise<{ secret: string }> {
  return db.tx(async (tx) => {
    const { rows } = await tx.query<{ secrets: StoredSecret[]; until: Date }>(
      `select secrets, clock_timestamp() + make_interval(secs => $2) as until from endpoints where id = $1 for no key update`,
      [id, overlapMs / 1000],
    );
    const row = rows[0];
    if (!row) throw new UnknownEndpointError(id);
    const { secret, stored } = freshSecret(secrets, { list: row.secrets, until: row.until });
    await tx.query('update endpoints set secrets = $2 where id = $1', [id, stored]);
    return { secret };
  });
}

/** Nothing more is sent there, and what happens meanwhile is not kept for it; what was pending waits. Throws `UnknownEndpointError`. */
export async function disableEndpoint(db: Queryable, id: string, reason = 'by_hand'): Promise<void> {
  await change(
    db,
    id,
    'disabled_at = coalesce(disabled_at, clock_timestamp()), disabled_reason = coalesce(disabled_reason, $2)',
    [reason],
  );
}

/** Sends there again, at once, beginning with what was pending. What happened while it was disabled can be replayed. Throws `UnknownEndpointError`. */
export async function enableEndpoint(db: Queryable, id: string): Promise<void> {
  await change(
    db,
    id,
    'disabled_at = null, disabled_reason = null, held_until = null, hold_failures = 0, hold_reason = null',
    [],
  );
}

async function change(db: Queryable, id: string, set: string, values: readonly unknown[]): Promise<void> {
  const { rowCount } = await db.query(`update endpoints set ${set} where id = $1`, [id, ...values]);
  if (rowCount === 0) throw new UnknownEndpointError(id);
}

/** Forgets an endpoint with its deliveries; the callbacks stay. Throws `UnknownEndpointError`. */
export async function removeEndpoint(db: Queryable, id: string): Promise<void> {
  const { rowCount } = await db.query('delete from endpoints where id = $1', [id]);
  if (rowCount === 0) throw new UnknownEndpointError(id);
}
