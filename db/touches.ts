/**
 * The ledger of touches (promise 1). Rows change state here and nowhere else on the sending side; each change names the states
 * that it may come from, so that a late or repeated writer changes nothing.
 */
import type { Action, Channel } from '../sequences/lead.ts';
import type { Instant, StepId } from '../sequences/plan.ts';
import type { MessageTracking } from '../sequences/tracking.ts';
import type { Queryable, Tx } from './db.ts';

export const TOUCH_STATES = [
  'booked',
  'sending',
  'sent',
  'failed',
  'skipped',
  'unconfirmed',
  'task',
  'cancelled',
] as const;
export type TouchState = (typeof TOUCH_STATES)[number];

/** Which attempt of which step in which enrollment. */
export interface TouchKey {
  readonly enrollmentId: string;
  readonly step: StepId;
  readonly visit: number;
  readonly attempt: number;
}

/** What a touch says, as rendered; PostgreSQL only, erased with the lead. */
export interface TouchContent {
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  /** Of an email: what an edited text is followed by. */
  readonly footer?: string;
  readonly title?: string;
  readonly contentSid?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly data?: unknown;
  /** Names only; the files are in the copy. */
  readonly attachments?: readonly string[];
  /** Message-IDs of the thread that it continues, oldest first. */
  readonly thread?: readonly string[];
  /** Of an email that is tracked; its `html` has the links as they were written. */
  readonly tracking?: MessageTracking;
}

export interface TouchRow extends TouchKey {
  readonly id: string;
  readonly leadId: string;
  readonly channel: Channel | 'webhook';
  readonly action: Action;
  readonly senderId: string | null;
  readonly state: TouchState;
  readonly slotAt: Instant;
  readonly notBefore: Instant | null;
  readonly sendingAt: Instant | null;
  /** Wall clock. */
  readonly leaseUntil: Instant | null;
  /** Whether the lease is over, by PostgreSQL's wall clock. */
  readonly leaseOver: boolean;
  /** Wall milliseconds that the lease still has; negative when it is over. */
  readonly leaseLeftMs: number;
  readonly leaseOwner: string | null;
  readonly at: Instant | null;
  readonly retryAt: Instant | null;
  readonly reason: string | null;
  readonly recipient: string | null;
  readonly copyRevision: number | null;
  readonly content: TouchContent | null;
  readonly messageId: string | null;
}

const ms = (column: string) => `floor(extract(epoch from ${column}) * 1000)::int8`;

const COLUMNS = `id, enrollment_id as "enrollmentId", lead_id as "leadId", step_id as step, visit, attempt, channel, action,
  sender_id as "senderId", state, ${ms('slot_at')} as "slotAt", ${ms('not_before')} as "notBefore",
  ${ms('sending_at')} as "sendingAt", ${ms('lease_until')} as "leaseUntil",
  coalesce(lease_until <= clock_timestamp(), true) as "leaseOver",
  coalesce(${ms('lease_until')} - ${ms('clock_timestamp()')}, 0) as "leaseLeftMs", lease_owner as "leaseOwner",
  ${ms('at')} as at, ${ms('retry_at')} as "retryAt", reason, recipient, copy_revision as "copyRevision", content,
  message_id as "messageId"`;

/** The touch of an attempt, or null. */
export async function readTouch(db: Queryable, key: TouchKey): Promise<TouchRow | null> {
  return one(db, `select ${COLUMNS} from touches where ${KEY}`, keyValues(key));
}

/** The touch by its id, or null. */
export async function readTouchById(db: Queryable, touchId: string): Promise<TouchRow | null> {
  return one(db, `select ${COLUMNS} from touches where id = $1`, [touchId]);
}

/** The same as `readTouch`, locked until the transaction ends; take the lead's lock before. */
export async function lockTouch(tx: Tx, key: TouchKey): Promise<TouchRow | null> {
  return one(tx, `select ${COLUMNS} from touches where ${KEY} for no key update`, keyValues(key));
}

const KEY = 'enrollment_id = $1 and step_id = $2 and visit = $3 and attempt = $4';
const keyValues = ({ enrollmentId, step, visit, attempt }: TouchKey) => [enrollmentId, step, visit, attempt];

async function one(db: Queryable, text: string, values: readonly unknown[]): Promise<TouchRow | null> {
  const { rows } = await db.query<TouchRow & Record<string, unknown>>(text, values);
  return rows[0] ?? null;
}

/** The last touch of a step that went out, whose thread a later one continues. */
export async function readSentTouch(
  db: Queryable,
  { enrollmentId, step }: { enrollmentId: string; step: StepId },
): Promise<TouchRow | null> {
  return one(
    db,
    `select ${COLUMNS} from touches where enrollment_id = $1 and step_id = $2 and state = 'sent'
     order by visit desc, attempt desc limit 1`,
    [enrollmentId, step],
  );
}

/** A slot to write down. */
export interface Booking extends TouchKey {
  readonly leadId: string;
  readonly channel: Channel | 'webhook';
  readonly action: Action;
  readonly senderId: string | null;
  readonly slotAt: Instant;
  readonly notBefore: Instant;
  readonly localDay: string;
}

/**
 * Books a slot for an attempt that has none, or another one for an attempt that has not left: one that is booked, given back, or
 * reviewed. Returns false, having changed nothing, when the attempt is further than that.
 */
export async function bookTouch(tx: Tx, booking: Booking): Promise<boolean> {
  const { rows } = await tx.query(
    `insert into touches as t (enrollment_id, step_id, visit, attempt, lead_id, channel, action, sender_id, state, slot_at, not_before, local_day)
     values ($1, $2, $3, $4, $5, $6, $7, $8, 'booked', $9, $10, $11)
     on conflict (enrollment_id, step_id, visit, attempt) do update set channel = excluded.channel, action = excluded.action,
       sender_id = excluded.sender_id, state = 'booked', slot_at = excluded.slot_at, not_before = excluded.not_before,
       local_day = excluded.local_day, at = null, sending_at = null, lease_until = null, lease_owner = null, reason = null, detail = null, retry_at = null
     where t.state in ('booked', 'cancelled')
       or (t.state = 'task' and not exists (select 1 from tasks k where k.touch_id = t.id and k.state = 'open'))
     returning t.id`,
    [
      ...keyValues(booking),
      booking.leadId,
      booking.channel,
      booking.action,
      booking.senderId,
      new Date(booking.slotAt),
      new Date(booking.notBefore),
      booking.localDay,
    ],
  );
  return rows.length > 0;
}

/** What a touch becomes when it is handed to its provider. */
export interface Sending {
  readonly at: Instant;
  readonly localDay: string;
  /** Wall milliseconds in which the sender must have answered. */
  readonly leaseMs: number;
  readonly owner: string;
  readonly copyRevision: number;
  readonly content: TouchContent;
  readonly recipient: string;
  readonly messageId: string | null;
}

/** `booked` → `sending`. Returns false when it was not booked. */
export async function markSending(tx: Tx, touchId: string, sending: Sending): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update touches set state = 'sending', sending_at = $2, local_day = $3, lease_until = clock_timestamp() + make_interval(secs => $4 / 1000.0),
       lease_owner = $5, copy_revision = $6, content = $7, recipient = $8, message_id = $9, at = null, reason = null, detail = null
     where id = $1 and state = 'booked'`,
    [
      touchId,
      new Date(sending.at),
      sending.localDay,
      sending.leaseMs,
      sending.owner,
      sending.copyRevision,
      sending.content,
      sending.recipient,
      sending.messageId,
    ],
  );
  return rowCount === 1;
}

/** How a touch that was handed over came out. */
export type Outcome =
  | {
      readonly state: 'sent';
      readonly providerId: string | null;
      readonly threadId: string | null;
      readonly messageId: string | null;
    }
  | { readonly state: 'skipped' | 'unconfirmed'; readonly reason: string; readonly detail: string | null }
  | {
      readonly state: 'failed';
      readonly reason: string;
      readonly detail: string | null;
      readonly retryAt: Instant | null;
    }
  /** Proof that nothing left, and the slot goes back: the same attempt may be booked again. */
  | {
      readonly state: 'cancelled';
      readonly reason: string;
      readonly detail: string | null;
      readonly retryAt: Instant | null;
    };

/**
 * Writes down how a touch came out: from `sending`, and from `unconfirmed` when proof comes late. Returns the state
 * that it was in, or null when it was settled otherwise meanwhile. `at` of a sent touch is when it was handed over, which is the instant its window and cap were
 * checked at. The caller holds the lead's lock.
 */
export async function recordOutcome(
  tx: Tx,
  touchId: string,
  outcome: Outcome,
  now: Instant,
): Promise<'sending' | 'unconfirmed' | null> {
  const sent = outcome.state === 'sent' ? outcome : null;
  const { rows } = await tx.query<{ was: 'sending' | 'unconfirmed' }>(
    `with before as (select id, state from touches where id = $1 for no key update)
     update touches t set state = $2, at = case when $2 = 'sent' then sending_at when $2 in ('failed', 'skipped') then $3 end,
       lease_until = null, lease_owner = null, provider_id = coalesce($4, provider_id), provider_thread_id = coalesce($5, provider_thread_id),
       message_id = coalesce($6, message_id), reason = $7, retry_at = $9,
       detail = case when (select erased_at from leads l where l.id = t.lead_id) is null then $8::text end
     from before b
     where t.id = b.id and (b.state = 'sending' or (b.state = 'unconfirmed' and $2 <> 'unconfirmed'))
     returning b.state as was`,
    [
      touchId,
      outcome.state,
      new Date(now),
      sent?.providerId ?? null,
      sent?.threadId ?? null,
      sent?.messageId ?? null,
      'reason' in outcome ? outcome.reason : null,
      'detail' in outcome ? outcome.detail : null,
      'retryAt' in outcome && outcome.retryAt !== null ? new Date(outcome.retryAt) : null,
    ],
  );
  return rows[0]?.was ?? null;
}

/** Keeps what a provider said while it is still open whether it took the touch. */
export async function noteUnknown(
  tx: Tx,
  touchId: string,
  note: { reason: string; detail: string },
): Promise<void> {
  await tx.query(
    `update touches t set reason = $2, detail = case when (select erased_at from leads l where l.id = t.lead_id) is null then $3::text end
     where id = $1 and state = 'sending'`,
    [touchId, note.reason, note.detail],
  );
}

/** Gives a slot back, saying why, and from when another is worth asking for. Touches that are further than that stay as they are. */
export async function cancelTouch(
  tx: Tx,
  touchId: string,
  { reason, retryAt }: { reason: string; retryAt: Instant | null },
): Promise<void> {
  await tx.query(
    `update touches set state = 'cancelled', reason = $2, retry_at = $3 where id = $1 and state in ('booked', 'cancelled')`,
    [touchId, reason, retryAt === null ? null : new Date(retryAt)],
  );
}

/** `booked`, or an open `task`, or `cancelled` → `skipped`: the step is left out. Returns whether it was. */
export async function skipTouch(
  tx: Tx,
  touchId: string,
  { reason, detail, at }: { reason: string; detail?: string | null; at: Instant },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update touches set state = 'skipped', reason = $2, detail = $3, at = $4 where id = $1 and state in ('booked', 'task', 'cancelled')`,
    [touchId, reason, detail ?? null, new Date(at)],
  );
  return rowCount === 1;
}

/** Gives back the slots of an enrollment's other touches. */
export async function cancelOtherSlots(tx: Tx, { enrollmentId, step }: TouchKey): Promise<void> {
  await tx.query(
    `update touches set state = 'cancelled', reason = 'goes_back' where enrollment_id = $1 and step_id <> $2 and state = 'booked'`,
    [enrollmentId, step],
  );
}

/** Gives back every slot that an ended enrollment still has. */
export async function cancelTouchesOf(tx: Tx, enrollmentId: string, reason: string): Promise<void> {
  await tx.query(
    `update touches set state = 'cancelled', reason = $2 where enrollment_id = $1 and state in ('booked', 'task')`,
    [enrollmentId, reason],
  );
}

/** `booked`, or `failed` for a touch that a person takes over → `task`. Content and revision are what the task shows. */
export async function markTask(
  tx: Tx,
  touchId: string,
  task: { copyRevision: number; content: TouchContent; recipient: string | null; localDay: string },
): Promise<void> {
  await tx.query(
    `update touches set state = 'task', copy_revision = $2, content = $3, recipient = $4, local_day = $5 where id = $1
       and state in ('booked', 'failed')`,
    [touchId, task.copyRevision, task.content, task.recipient, task.localDay],
  );
}

/** Actions that a lead feels as being contacted: what contact limits count. */
const CONTACTS = `('email', 'invite', 'message', 'sms', 'whatsapp', 'call')`;
const REACHED = `('sending', 'sent', 'unconfirmed')`;

/** When the lead was last contacted in another enrollment, or null. The caller holds the lead's lock. */
export async function lastContact(
  tx: Tx,
  { leadId, exceptEnrollmentId }: { leadId: string; exceptEnrollmentId: string },
): Promise<Instant | null> {
  const { rows } = await tx.query<{ at: Instant | null }>(
    `select max(${ms('coalesce(at, sending_at)')}) as at from touches
     where lead_id = $1 and enrollment_id <> $2 and state in ${REACHED} and action in ${CONTACTS}`,
    [leadId, exceptEnrollmentId],
  );
  return rows[0]?.at ?? null;
}

/**
 * When each of the company's last `limit` contacts since `from` happened, newest first. The caller holds the company's lock
 * alone, so that nobody adds another meanwhile.
 */
export async function companyContacts(
  tx: Tx,
  { companyId, from, limit }: { companyId: string; from: Instant; limit: number },
): Promise<Instant[]> {
  const { rows } = await tx.query<{ at: Instant }>(
    `select ${ms('coalesce(t.at, t.sending_at)')} as at from touches t join leads l on l.id = t.lead_id
     where l.company_id = $1 and coalesce(t.at, t.sending_at) > $2 and t.state in ${REACHED} and t.action in ${CONTACTS}
     order by 1 desc limit $3`,
    [companyId, new Date(from), limit],
  );
  return rows.map(({ at }) => at);
}

/** The last touches of a sender that its provider itself said it took, newest first. */
export async function lastSentBy(db: Queryable, senderId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from touches where sender_id = $1 and state = 'sent' and provider_id is not null order by at desc limit 3`,
    [senderId],
  );
  return rows.map(({ id }) => id);
}

/** The sender that a touch has, or null. */
export async function touchSenderId(db: Queryable, touchId: string): Promise<string | null> {
  const { rows } = await db.query<{ sender_id: string | null }>(
    'select sender_id from touches where id = $1',
    [touchId],
  );
  return rows[0]?.sender_id ?? null;
}
