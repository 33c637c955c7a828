import type { Queryable, Tx } from './db.ts';
import { validSecrets, type StoredSecret } from './signing-secrets.ts';

/** Where an endpoint stands for the process that delivers to it. */
export type DrainState =
  | { readonly kind: 'removed' }
  | { readonly kind: 'disabled' }
  /** Another process delivers there. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'held'; readonly forMs: number }
  | {
      readonly kind: 'open';
      readonly url: string;
      /** Valid now, newest first, encrypted. */
      readonly secrets: readonly string[];
      /** Failures since the last success: above zero, one callback is tried before the others. */
      readonly holdFailures: number;
      /** For how long the right to deliver lasts yet. */
      readonly leaseMs: number;
    };

/**
 * Takes the right to deliver to an endpoint for `lease.ms` of wall time, which one process at a time may have, or renews it when less
 * than `renewBelowMs` is left; and says where the endpoint stands.
 */
export async function takeDrain(
  db: Queryable,
  endpointId: string,
  owner: string,
  lease: { readonly ms: number; readonly renewBelowMs: number },
): Promise<DrainState> {
  const { rows } = await db.query<{
    url: string;
    secrets: StoredSecret[];
    failures: number;
    disabled: boolean;
    heldMs: number;
    leaseMs: number;
  }>(
    `with taken as (
      update endpoints set drain_owner = $2, drain_until = clock_timestamp() + make_interval(secs => $3)
      where id = $1 and disabled_at is null and (drain_owner is null or drain_until < clock_timestamp()
        or (drain_owner = $2 and drain_until < clock_timestamp() + make_interval(secs => $4)))
      returning drain_until)
    select e.url, e.hold_failures as failures, e.disabled_at is not null as disabled,
      coalesce((select jsonb_agg(s) from ${validSecrets('e.secrets')}), '[]') as secrets,
      coalesce(extract(epoch from e.held_until - clock_timestamp()) * 1000, 0)::float8 as "heldMs",
      coalesce(extract(epoch from coalesce((select drain_until from taken), case when e.drain_owner = $2 then e.drain_until end)
        - clock_timestamp()) * 1000, 0)::float8 as "leaseMs"
    from endpoints e where e.id = $1`,
    [endpointId, owner, lease.ms / 1000, lease.renewBelowMs / 1000],
  );
  const row = rows[0];
  if (!row) return { kind: 'removed' };
  if (row.disabled) return { kind: 'disabled' };
  if (row.leaseMs <= 0) return { kind: 'taken' };
  if (row.heldMs > 0) return { kind: 'held', forMs: Math.ceil(row.heldMs) };
  return {
    kind: 'open',
    url: row.url,
    secrets: row.secrets.map((one) => one.secret),
    holdFailures: row.failures,
    leaseMs: row.leaseMs,
  };
}

/** Gives the right back, so that another process need not wait for it to run out. */
export async function releaseDrain(db: Queryable, endpointId: string, owner: string): Promise<void> {
  await db.query(
    'update endpoints set drain_owner = null, drain_until = null where id = $1 and drain_owner = $2',
    [endpointId, owner],
  );
}

/** A callback that is to be posted. */
export interface PendingDelivery {
  readonly id: number;
  readonly leadId: string;
  readonly eventId: string;
  /** The body, as it is signed and sent. */
  readonly body: string;
}

/** The oldest pending deliveries, in the order of their leads' numbers, without those of `exceptLeads`. */
export async function pendingDeliveries(
  db: Queryable,
  endpointId: string,
  exceptLeads: readonly string[],
  limit: number,
): Promise<PendingDelivery[]> {
  const { rows } = await db.query<PendingDelivery>(
    `select d.id, d.lead_id as "leadId", c.event_id as "eventId", c.payload::text as body
    from deliveries d join callbacks c on c.id = d.callback_id
    where d.endpoint_id = $1 and d.state = 'pending' and d.lead_id <> all($2::uuid[])
    order by d.callback_id limit $3`,
    [endpointId, exceptLeads, limit],
  );
  return rows;
}

/** What came of one attempt, as the delivery log keeps it. */
export interface Attempt {
  readonly status: number | null;
  readonly error: string | null;
  readonly ms: number;
}

/** Writes down an attempt and what it makes of the delivery. `pending`: it is tried again. */
export async function recordAttempt(
  db: Queryable,
  deliveryId: number,
  state: 'pending' | 'delivered' | 'parked',
  attempt: Attempt,
): Promise<void> {
  await db.query(
    `with changed as (
      update deliveries set state = $2, attempts = attempts + 1, last_status = $3, last_error = $4,
        delivered_at = case when $2 = 'delivered' then clock_timestamp() end
      where id = $1 returning id)
    insert into delivery_attempts (delivery_id, status, error, ms) select id, $3, $4, $5 from changed`,
    [deliveryId, state, attempt.status, attempt.error, Math.round(attempt.ms)],
  );
  // A statement of its own: an erasure that the one above waited for is seen here.
  if (state !== 'pending') {
    await db.query(
      `update callbacks c set payload = ${WITHOUT_LEAD}
      from deliveries d join leads l on l.id = d.lead_id
      where d.id = $1 and l.erased_at is not null and c.id = d.callback_id and ${NOBODY_WAITS}`,
      [deliveryId],
    );
  }
}

const WITHOUT_LEAD = `jsonb_set(c.payload, '{data,lead}', c.payload #> '{data,lead}' || '{"external_id": null}')`;
const NOBODY_WAITS = `not exists (select from deliveries w where w.callback_id = c.id and w.state = 'pending')`;

/**
 * Takes what could name an erased lead out of its callbacks and of what CRMs answered. Callbacks that an endpoint still waits for
 * keep the CRM's own id of the lead until they are delivered, or the CRM could not tell whom they are about.
 * Call it last in the transaction that erases, after `emit` of `lead.erased` and with `leads.erased_at` set.
 */
export async function eraseFromCallbacks(tx: Tx, leadId: string): Promise<void> {
  // A delivery that is being recorded now either is seen as done below, or waits for this and then sees the erasure.
  await tx.query(
    `select from deliveries d join callbacks c on c.id = d.callback_id where c.lead_id = $1 order by d.id for update of d`,
    [leadId],
  );
  await tx.query(
    `update callbacks c set payload = ${WITHOUT_LEAD} where c.lead_id = $1 and ${NOBODY_WAITS}`,
    [leadId],
  );
  await tx.query(
    `with mine as (update deliveries d set last_error = null from callbacks c where c.id = d.callback_id and c.lead_id = $1 returning d.id)
    update delivery_attempts a set error = null from mine where a.delivery_id = mine.id`,
    [leadId],
  );
}

/** Nothing more is sent to the endpoint for `forMs` of wall time; none of its callbacks ages by it. */
export async function holdEndpoint(
  db: Queryable,
  endpointId: string,
  forMs: number,
  reason: string,
): Promise<void> {
  await db.query(
    `update endpoints set held_until = clock_timestamp() + make_interval(secs => $2), hold_failures = hold_failures + 1, hold_reason = $3 where id = $1`,
    [endpointId, forMs / 1000, reason],
  );
}

/** The endpoint takes callbacks again. */
export async function endHold(db: Queryable, endpointId: string): Promise<void> {
  await db.query(
    'update endpoints set held_until = null, hold_failures = 0, hold_reason = null where id = $1',
    [endpointId],
  );
}

/** One delivery as the log shows it. A `parked` one is a gap in its lead's numbers at the CRM. */
export interface DeliveryLine {
  readonly id: number;
  readonly eventId: string;
  readonly type: string;
  readonly leadId: string;
  readonly seq: number;
  readonly state: 'pending' | 'delivered' | 'parked';
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly recordedAt: Date;
  readonly deliveredAt: Date | null;
}

/** The newest deliveries of an endpoint, newest first, at most `limit`. */
export async function deliveryLog(
  db: Queryable,
  endpointId: string,
  options: {
    readonly state?: DeliveryLine['state'] | undefined;
    readonly leadId?: string | undefined;
    readonly limit?: number | undefined;
    /** Only what comes behind this delivery. */
    readonly behind?: number | undefined;
  } = {},
): Promise<DeliveryLine[]> {
  const { rows } = await db.query<DeliveryLine>(
    `select d.id, c.event_id as "eventId", c.type, d.lead_id as "leadId", c.lead_seq as seq, d.state, d.attempts,
      d.last_status as "lastStatus", d.last_error as "lastError", c.created_at as "recordedAt", d.delivered_at as "deliveredAt"
    from deliveries d join callbacks c on c.id = d.callback_id
    where d.endpoint_id = $1 and ($2::text is null or d.state = $2) and ($3::uuid is null or d.lead_id = $3)
      and ($5::bigint is null or d.callback_id < (select callback_id from deliveries where id = $5))
    order by d.callback_id desc limit $4`,
    [endpointId, options.state ?? null, options.leadId ?? null, options.limit ?? 100, options.behind ?? null],
  );
  return rows;
}

/** The attempts of one delivery, oldest first (the newest 100). */
export async function deliveryAttempts(
  db: Queryable,
  deliveryId: number,
): Promise<(Attempt & { readonly at: Date })[]> {
  const { rows } = await db.query<Attempt & { at: Date }>(
    `select * from (select at, status, error, ms, id from delivery_attempts where delivery_id = $1 order by id desc limit 100) newest order by id`,
    [deliveryId],
  );
  return rows.map(({ at, status, error, ms }) => ({ at, status, error, ms }));
}

/** What is to be sent once more: one event, everything recorded since an instant (wall clock), or what was parked. */
export type Replay = { readonly eventId: string } | { readonly since: Date } | { readonly parked: true };

/**
 * Makes callbacks pending again under their old ids, and returns how many. `eventId` goes to the endpoint whatever types it chose;
 * `since` follows its types and includes what was recorded before it existed or while it was disabled. Those that are pending
 * already are counted too.
 */
export async function replay(db: Queryable, endpointId: string, what: Replay): Promise<number> {
  if ('parked' in what) {
    const { rowCount } = await db.query(
      `update deliveries set state = 'pending' where endpoint_id = $1 and state = 'parked'`,
      [endpointId],
    );
    return rowCount ?? 0;
  }
  const { rowCount } = await db.query(
    `insert into deliveries (endpoint_id, callback_id, lead_id)
    select e.id, c.id, c.lead_id from endpoints e, callbacks c
    where e.id = $1 and case when $2::text is not null then c.event_id = $2
      else c.created_at >= $3 and (e.types = '{}' or c.type = any(e.types)) end
    order by c.id
    on conflict (endpoint_id, callback_id) do update set state = 'pending', delivered_at = null`,
    [endpointId, 'eventId' in what ? what.eventId : null, 'since' in what ? what.since : null],
  );
  return rowCount ?? 0;
}
