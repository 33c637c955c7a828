import type { CallbackType } from './callback-schemas.ts';
import type { Queryable, Tx } from './db.ts';

export { CALLBACK_TYPES, type CallbackType } from './callback-schemas.ts';

/** Something the CRM is told. The rows named by id are read as the caller's transaction left them. */
export interface Emit {
  readonly type: CallbackType;
  readonly leadId: string;
  readonly enrollmentId?: string | null | undefined;
  readonly touchId?: string | null | undefined;
  readonly taskId?: string | null | undefined;
  /** Further fields of `data`: words in snake_case, numbers and ids, users by email; never a lead's personal data. */
  readonly extra?: Readonly<Record<string, string | number | boolean | null>> | undefined;
}

const RESERVED = ['seq', 'lead', 'enrollment', 'touch', 'task'];

/**
 * Writes a callback and one delivery for each enabled endpoint that wants its type, in the caller's transaction, so that it is
 * told if and only if it happened (promise 9). Its number is taken under the lead's row lock, which this takes if the caller does
 * not hold it: so emit before locking any enrollment, or hold the lead's lock already. Without any endpoint the callback is still
 * written: an endpoint that is added later can have it replayed. Throws when the lead does not exist.
 *
 * There is no NOTIFY here: PostgreSQL serialises the commits of notifying transactions, which would slow every sequence for a
 * quarter of a second's gain; deliveries poll instead.
 */
export async function emit(tx: Tx, what: Emit): Promise<void> {
  await emitMany(tx, [what]);
}

/** `emit` for many at once, in two statements; several about one lead are numbered in the order given. Leads are locked in id order. */
export async function emitMany(tx: Tx, all: readonly Emit[]): Promise<void> {
  if (all.length === 0) return;
  const numbers = await takeNumbers(
    tx,
    all.map((one) => one.leadId),
  );
  await insert(tx, all, numbers);
}

/** `emitMany` for who raised `leads.callback_seq` while changing the leads anyway: `numbers` are what it became, one callback a lead. */
export async function emitNumbered(tx: Tx, all: readonly Emit[], numbers: readonly number[]): Promise<void> {
  if (all.length > 0) await insert(tx, all, numbers);
}

async function insert(tx: Tx, all: readonly Emit[], numbers: readonly number[]): Promise<void> {
  for (const { type, extra } of all) {
    const reserved = RESERVED.find((key) => extra && key in extra);
    if (reserved)
      throw new Error(`callback ${type}: "${reserved}" is a field of every callback, extra cannot set it`);
  }
  await tx.query(INSERT, [
    all.map((one) => one.type),
    all.map((one) => one.leadId),
    numbers,
    all.map((one) => one.enrollmentId ?? null),
    all.map((one) => one.touchId ?? null),
    all.map((one) => one.taskId ?? null),
    all.map((one) => JSON.stringify(one.extra ?? {})),
  ]);
}

async function takeNumbers(tx: Tx, leadIds: readonly string[]): Promise<number[]> {
  const { rows } = await tx.query<{ id: string; last: number; taken: number }>(
    `with wanted as (select lead_id, count(*) as taken from unnest($1::uuid[]) as lead_id group by lead_id),
      locked as (select id from leads where id in (select lead_id from wanted) order by id for no key update)
    update leads l set callback_seq = l.callback_seq + w.taken
    from wanted w join locked k on k.id = w.lead_id
    where l.id = w.lead_id
    returning l.id, l.callback_seq as last, w.taken`,
    [leadIds],
  );
  const next = new Map(rows.map((row) => [row.id, row.last - row.taken]));
  return leadIds.map((id) => {
    const last = next.get(id);
    if (last === undefined) throw new Error(`callback about lead ${id}: there is no such lead`);
    next.set(id, last + 1);
    return last + 1;
  });
}

const iso = (instant: string) => `to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

// A statement of its own after the lock: it sees what committed while the lock was waited for. Endpoints are locked against
// removal, so that one that goes away meanwhile is left out instead of failing the caller's transaction.
const INSERT = `
  with wanted as (
    select * from unnest($1::text[], $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[]) with ordinality
      as w(type, lead_id, seq, enrollment_id, touch_id, task_id, extra, place)
  ), written as (
    insert into callbacks (event_id, type, lead_id, lead_seq, payload)
    select 'evt_' || replace(gen_random_uuid()::text, '-', ''), w.type, w.lead_id, w.seq,
      jsonb_build_object('type', w.type, 'timestamp', ${iso('business_now()')}, 'data',
        w.extra::jsonb
        || jsonb_build_object('seq', w.seq, 'lead', jsonb_build_object('id', l.id, 'external_id', l.external_id, 'owner', l.owner))
        || case when e.id is null then '{}' else jsonb_build_object('enrollment', jsonb_build_object(
            'id', e.id, 'sequence', v.name, 'launch_id', e.launch_id, 'status', e.status, 'reason', e.reason)) end
        || case when t.id is null then '{}' else jsonb_build_object('touch', jsonb_build_object(
            'id', t.id, 'step', t.step_id, 'channel', t.channel, 'action', t.action,
            'sender', case when s.id is not null then jsonb_build_object('id', s.id, 'name', s.name, 'address', s.address) end,
            'state', t.state, 'at', ${iso('t.at')}, 'attempt', t.attempt, 'reason', t.reason, 'message_id', t.message_id)) end
        || case when k.id is null then '{}' else jsonb_build_object('task', jsonb_build_object(
            'id', k.id, 'kind', k.kind, 'state', k.state, 'outcome', k.outcome, 'assignee', k.assignee,
            'due_at', ${iso('k.due_at')}, 'done_at', ${iso('k.done_at')})) end)
    from wanted w
      join leads l on l.id = w.lead_id
      left join tasks k on k.id = w.task_id
      left join touches t on t.id = coalesce(w.touch_id, k.touch_id)
      left join enrollments e on e.id = coalesce(w.enrollment_id, t.enrollment_id)
      left join sequence_versions v on v.id = e.version_id
      left join senders s on s.id = t.sender_id
    order by w.place
    returning id, type, lead_id
  ), listening as (
    select id, types from endpoints where disabled_at is null for key share
  )
  insert into deliveries (endpoint_id, callback_id, lead_id)
  select n.id, c.id, c.lead_id from written c join listening n on n.types = '{}' or c.type = any(n.types)
  order by c.id`;

/** A callback as it was recorded. */
export interface CallbackRow {
  readonly eventId: string;
  readonly type: CallbackType;
  readonly leadId: string;
  readonly seq: number;
  readonly payload: unknown;
}

/** The newest callbacks about a lead, in their order. */
export async function listCallbacks(db: Queryable, leadId: string, limit = 1000): Promise<CallbackRow[]> {
  const { rows } = await db.query<CallbackRow>(
    `select * from (
      select event_id as "eventId", type, lead_id as "leadId", lead_seq as seq, payload
      from callbacks where lead_id = $1 order by lead_seq desc limit $2) newest
    order by seq`,
    [leadId, limit],
  );
  return rows;
}
