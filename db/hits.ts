/** Opens and clicks of emails: stored before they are answered, understood afterwards by `activities/inbound`. */
import type { Instant } from '../sequences/plan.ts';
import type { HitKind, MachineReason } from '../sequences/tracking.ts';
import type { Db, Queryable, Tx } from './db.ts';

/** Which link of which touch, or its image (`link` 0). */
export interface HitKey {
  readonly touchId: string;
  readonly kind: HitKind;
  readonly link: number;
}

/** What a hit is about. */
export interface HitTarget {
  readonly leadId: string;
  /** Where the link leads; null for an image. */
  readonly url: string | null;
  /** Business ms since it was sent; null while it is being handed over. */
  readonly sinceMs: number | null;
}

const KEY = 'touch_id = $1 and kind = $2 and link = $3';
const keyValues = ({ touchId, kind, link }: HitKey) => [touchId, kind, link];

/** Null when nothing like that is tracked of the touch, or its content was erased with the lead. */
export async function readHitTarget(
  q: Queryable,
  { touchId, kind, link }: HitKey,
): Promise<HitTarget | null> {
  const { rows } = await q.query<HitTarget & Record<string, unknown>>(
    `select t.lead_id as "leadId", case when $2 = 'click' then t.content->'tracking'->'links'->>$3::int end as url,
       case when t.state <> 'sending'
         then floor(extract(epoch from business_now() - coalesce(t.at, t.sending_at)) * 1000)::int8 end as "sinceMs"
     from touches t
     where t.id = $1 and case when $2 = 'click' then t.content->'tracking'->'links'->>$3::int is not null
       else (t.content->'tracking'->>'opens')::boolean end`,
    [touchId, kind, link],
  );
  return rows[0] ?? null;
}

/** A click waits so long (wall) to be understood: until its neighbours are there, by which a scanner is known. */
const CLICK_WAITS_MS = 2_500;
/** Different links of one message followed within so many ms of business time were not followed by a person. */
const NEIGHBOURS_MS = 2_000;

/**
 * Stores a hit. One that is a machine's for sure, and one that a person repeats, is only counted; another one waits in `inbound`,
 * whose id is returned when it can be understood at once.
 */
export async function storeHit(
  db: Db,
  hit: HitKey & { readonly leadId: string; readonly why: MachineReason | null },
): Promise<number | null> {
  if (hit.why !== null) {
    await upsertHit(db, hit, 'machine');
    return null;
  }
  const { rowCount } = await db.query(
    `update hits set count = count + 1, last_at = business_now() where ${KEY} and why = '' and by = 'person'`,
    keyValues(hit),
  );
  if (rowCount! > 0) return null;
  return db.tx(async (tx) => {
    // One row for each link, however often it comes back to life. First, since whoever understands it holds it.
    const { touchId, kind, link } = hit;
    const { rows } = await tx.query<{ id: number }>(
      `insert into inbound (source, kind, dedupe_key, payload, received_at, retry_wall)
       values ('tracking', $1, $2, $3, business_now(), clock_timestamp() + make_interval(secs => $4::float8 / 1000))
       on conflict (dedupe_key) do update set state = 'pending', payload = excluded.payload, received_at = excluded.received_at,
         retry_wall = excluded.retry_wall, attempts = 0, error = null where inbound.state <> 'pending'
       returning id`,
      [
        kind,
        `hit:${touchId}:${kind}:${link}`,
        JSON.stringify({ touchId, kind, link }),
        kind === 'click' ? CLICK_WAITS_MS : 0,
      ],
    );
    await upsertHit(tx, hit, null);
    return kind === 'open' ? (rows[0]?.id ?? null) : null;
  });
}

async function upsertHit(
  q: Queryable,
  { leadId, why, ...key }: HitKey & { readonly leadId: string; readonly why: MachineReason | null },
  by: 'machine' | null,
): Promise<void> {
  await q.query(
    `insert into hits (touch_id, kind, link, lead_id, by, why, at, last_at)
     values ($1, $2, $3, $4, $5, $6, business_now(), business_now())
     on conflict (touch_id, kind, link, why) do update set count = hits.count + 1, last_at = excluded.last_at`,
    [...keyValues(key), leadId, by, why ?? ''],
  );
}

/** A hit that waits to be understood. */
export interface WaitingHit {
  readonly leadId: string;
  readonly at: Instant;
  /** Null for an image, and when the link was erased meanwhile. */
  readonly url: string | null;
  /** Whether other links of the message were followed at the same time. */
  readonly amongOthers: boolean;
}

/** Null when there is none, or it is understood already. */
export async function readWaitingHit(tx: Tx, key: HitKey): Promise<WaitingHit | null> {
  const { rows } = await tx.query<WaitingHit & Record<string, unknown>>(
    `select h.lead_id as "leadId", floor(extract(epoch from h.at) * 1000)::int8 as at,
       case when h.kind = 'click' then t.content->'tracking'->'links'->>h.link end as url,
       h.kind = 'click' and exists (select from hits o where o.touch_id = h.touch_id and o.kind = 'click' and o.link <> h.link
         and least(abs(extract(epoch from o.at - h.at)), abs(extract(epoch from o.last_at - h.at)),
           abs(extract(epoch from o.at - h.last_at)), abs(extract(epoch from o.last_at - h.last_at))) * 1000 <= ${NEIGHBOURS_MS}
       ) as "amongOthers"
     from hits h join touches t on t.id = h.touch_id
     where h.touch_id = $1 and h.kind = $2 and h.link = $3 and h.why = '' and h.by is null`,
    keyValues(key),
  );
  return rows[0] ?? null;
}

/** The waiting hit was a person's. */
export async function takeForPerson(tx: Tx, key: HitKey): Promise<void> {
  await tx.query(`update hits set by = 'person' where ${KEY} and why = '' and by is null`, keyValues(key));
}

/** The waiting hit was a machine's: it is counted with what that did before, and a person's may still come. */
export async function takeForMachine(tx: Tx, key: HitKey, why: MachineReason): Promise<void> {
  await tx.query(
    `with gone as (delete from hits where ${KEY} and why = '' and by is null returning *)
     insert into hits (touch_id, kind, link, lead_id, by, why, at, last_at, count)
     select touch_id, kind, link, lead_id, 'machine', $4, at, last_at, count from gone
     on conflict (touch_id, kind, link, why) do update set count = hits.count + excluded.count,
       at = least(hits.at, excluded.at), last_at = greatest(hits.last_at, excluded.last_at)`,
    [...keyValues(key), why],
  );
}
