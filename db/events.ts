/**
 * What comes back from leads. It is stored and takes effect in one transaction (promise 3): whether it stops the enrollment,
 * goes to its inbox, or stops everybody at the company is decided here, whatever Temporal is doing.
 */
import type { IdentityHasher } from '../common/crypto.ts';
import { effectOf } from '../sequences/engine/reduce.ts';
import { isOutside } from '../sequences/engine/steps.ts';
import type { ContactChannel } from '../sequences/lead.ts';
import { awayMs } from '../sequences/absence.ts';
import { LEAD_EVENTS, type Instant, type OutsideEvent } from '../sequences/plan.ts';
import { emit, type CallbackType } from './callbacks.ts';
import type { Db, Tx } from './db.ts';
import { endEnrollments, type Ended } from './endings.ts';
import { appendInbox } from './inbox.ts';
import { isStopRule, lockForEvent, runningOf, stillAt, type LockedLead } from './event-locks.ts';
import { lockStandingLaunches } from './launches.ts';
import { enrollIn, occurrenceOf, takeOutside, type EnrolledByEvent } from './outside-events.ts';
import { sendingTo, type SendingTouch } from './scopes.ts';
import {
  BOUNCE,
  identitiesOf,
  leadsKnownBy,
  ownWish,
  suppressLocked,
  type Identity,
} from './suppressions.ts';

/** `whatsapp_in` opens WhatsApp's 24 hours of free text, and says nothing else. */
export const EVENT_TYPES = [...LEAD_EVENTS, 'whatsapp_in'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export interface IncomingEvent {
  readonly leadId: string;
  /** One of Cadenza's own, or another system's. */
  readonly type: EventType | OutsideEvent;
  readonly channel?: ContactChannel | null;
  /** Business time; now when it is missing or in the future. */
  readonly at?: Instant;
  /** What the source says about it, over which rules ask; PostgreSQL only, erased with the lead. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** The source's own id of it: the second time changes nothing. */
  readonly dedupeKey?: string;
  /** `opened`, `clicked`: of which touch; only the enrollment that it belongs to hears of it. */
  readonly touchId?: string;
  /** `bounced`: the address or number that does not exist; of an email else the lead's first. */
  readonly address?: string;
  /** `unsubscribed`: what may take it back, the person's own wish unless given; see Suppression. */
  readonly origin?: string;
  /** `out_of_office`: when the lead is back; no touch before. When it does not say, the sequence does. */
  readonly until?: Instant;
}

export interface EventEffect {
  /** null: it was known already and changed nothing. */
  readonly eventId: string | null;
  /** Enrollments that it ended: the lead's, or everybody's at the company. */
  readonly stopped: readonly Ended[];
  readonly wake: readonly string[];
  /** Touches of those enrollments that were `sending` at that moment: these may still arrive. */
  readonly sending: readonly SendingTouch[];
  /** Launches that stand open for such events, and whether it enrolled the lead there (null) or why not. */
  readonly enrolled: readonly EnrolledByEvent[];
}

const TOLD: Partial<Record<string, CallbackType>> = {
  replied: 'lead.replied',
  bounced: 'lead.bounced',
  unsubscribed: 'lead.unsubscribed',
  opened: 'lead.opened',
  clicked: 'lead.clicked',
};

/**
 * Records what a lead did, in force when it commits.
 * @throws CommandRefused `not_found`, `erased`
 */
export async function recordLeadEvent(
  db: Db,
  hash: IdentityHasher,
  event: IncomingEvent,
): Promise<EventEffect> {
  return db.tx((tx) => recordLeadEventIn(tx, hash, event));
}

/** `recordLeadEvent` within a transaction that holds no lock of companies, leads or enrollments yet. */
export async function recordLeadEventIn(
  tx: Tx,
  hash: IdentityHasher,
  event: IncomingEvent,
): Promise<EventEffect> {
  const { type } = event;
  const standing = isOutside(type) ? await lockStandingLaunches(tx, type) : [];
  const own = event.type === 'unsubscribed' ? await identitiesOf(tx, event.leadId) : [];
  const locked = await lockForEvent(tx, event, own.length > 0 ? await leadsKnownBy(tx, own) : []);
  const lead = await inEnrollmentOf(tx, locked, event);
  const stored = await storeEvent(tx, lead, event);
  if (!stored) return { eventId: null, stopped: [], wake: [], sending: [], enrolled: [] };
  await noteOnProfile(tx, event, stored.at);
  const concerned = [...lead.alsoLocked, lead.id];
  const sending = await sendingTo(tx, concerned);
  const occurrence = isOutside(type) ? await occurrenceOf(tx, event, type) : null;
  const effect = isOutside(type)
    ? await takeOutside(tx, lead, occurrence!)
    : await takeEffect(tx, lead, { type, until: event.until ?? backAt(lead, type, stored.at) });
  const stopped = [...effect.stopped];
  if (event.type === 'unsubscribed') {
    const origin = event.origin ?? ownWish(lead.id);
    const suppression = { channel: null, reason: 'unsubscribed', origin } as const;
    stopped.push(...(await suppressLocked(tx, hash, { leadId: lead.id }, concerned, suppression)));
  }
  const bounced = event.type === 'bounced' ? bouncedTarget(event, lead) : null;
  if (bounced) {
    const suppression = { channel: bounced.channel, reason: 'bounced', origin: BOUNCE } as const;
    stopped.push(...(await suppressLocked(tx, hash, bounced.identity, [lead.id], suppression)));
  }
  const ended = new Set(stopped.map((one) => one.enrollmentId));
  return {
    eventId: stored.id,
    stopped,
    wake: [...new Set([...effect.wake, ...ended])],
    sending: sending.filter((touch) => ended.has(touch.enrollmentId)),
    enrolled: occurrence ? await enrollIn(tx, hash, standing, occurrence) : [],
  };
}

/** What a lead did with a mail of an earlier sequence says nothing in the present one. */
async function inEnrollmentOf(tx: Tx, lead: LockedLead, { touchId }: IncomingEvent): Promise<LockedLead> {
  if (touchId === undefined || lead.enrollment === null) return lead;
  const { rowCount } = await tx.query('select from touches where id = $1 and enrollment_id = $2', [
    touchId,
    lead.enrollment.id,
  ]);
  return rowCount === 1 ? lead : { ...lead, enrollment: null };
}

/** When a lead who is away and does not say until when is expected back. */
function backAt({ enrollment }: LockedLead, type: string, at: Date): Instant | undefined {
  return enrollment && type === 'out_of_office' ? at.getTime() + awayMs(enrollment.settings) : undefined;
}

/** What a bounce proves to be nobody's: an address, or a number for that kind of message. */
function bouncedTarget(
  { channel, address }: IncomingEvent,
  lead: LockedLead,
): { channel: ContactChannel; identity: Identity } | null {
  switch (channel ?? 'email') {
    case 'email': {
      const value = address ?? lead.emails[0];
      return value === undefined ? null : { channel: 'email', identity: { kind: 'email', value } };
    }
    case 'sms':
    case 'whatsapp':
    case 'call':
      return address === undefined
        ? null
        : { channel: channel!, identity: { kind: 'phone', value: address } };
    case 'linkedin':
      return null;
  }
}

/** Writes the event down and tells the CRM; null when it was written before. */
export async function storeEvent(
  tx: Tx,
  lead: LockedLead,
  event: IncomingEvent,
): Promise<{ id: string; at: Date } | null> {
  const { rows } = await tx.query<{ id: string; at: Date }>(
    `insert into lead_events (lead_id, enrollment_id, type, channel, at, data, dedupe_key)
     values ($1, $2, $3, $4, least(coalesce($5::timestamptz, 'infinity'), business_now()), $6, $7)
     on conflict (dedupe_key) do nothing returning id, at`,
    [
      lead.id,
      lead.enrollment?.id ?? null,
      event.type,
      event.channel ?? null,
      event.at === undefined ? null : new Date(event.at),
      JSON.stringify({
        ...event.data,
        ...(event.address && { address: event.address }),
        ...(event.touchId && { touchId: event.touchId }),
      }),
      event.dedupeKey ?? null,
    ],
  );
  const type = TOLD[event.type];
  if (rows[0] && type) {
    await emit(tx, {
      type,
      leadId: lead.id,
      enrollmentId: lead.enrollment?.id,
      touchId: event.touchId,
      ...(event.channel && { extra: { channel: event.channel } }),
    });
  }
  return rows[0] ?? null;
}

/** Stops or feeds the lead's enrollment, and stops those of colleagues where a rule reaches them. */
export async function takeEffect(
  tx: Tx,
  lead: LockedLead,
  event: { readonly type: EventType; readonly until?: Instant | undefined },
): Promise<{ stopped: readonly Ended[]; wake: readonly string[] }> {
  const name = event.type;
  if (name === 'whatsapp_in') return { stopped: [], wake: [] };
  const own = lead.enrollment;
  const stopped: Ended[] = [];
  const wake: string[] = [];
  const reached = own !== null && isStopRule(name) && own.plan.stopOn[name] === 'company';
  if (own) {
    await tx.query('select from enrollments where id = $1 for update', [own.id]);
    if (name === 'unsubscribed' || effectOf(own.plan, own.state, name) === 'stop') {
      stopped.push(...(await endEnrollments(tx, [own.id], name)));
    } else {
      await appendInbox(tx, own.id, { type: 'event', name });
      if (name === 'out_of_office' && event.until !== undefined) {
        await postponeSlots(tx, own.id, event.until);
        await appendInbox(tx, own.id, { type: 'hold_until', until: event.until });
      }
      wake.push(own.id);
    }
  }
  // A colleague stops when the rule of either sequence says so.
  const colleagues = (await runningOf(tx, lead.alsoLocked)).filter(
    (one) => isStopRule(name) && (reached || one.plan.stopOn[name] === 'company'),
  );
  const atCompany = lead.companyId ? await stillAt(tx, lead.companyId, colleagues) : [];
  stopped.push(...(await endEnrollments(tx, atCompany, `company_${name}`)));
  wake.push(...stopped.map((one) => one.enrollmentId));
  return { stopped, wake };
}

/** No touch of the enrollment before `to`, from this commit on; the engine then books anew. The caller holds its lock. */
export async function postponeSlots(tx: Tx, enrollmentId: string, to: Instant): Promise<void> {
  await tx.query(
    `update touches set slot_at = greatest(slot_at, $2) where enrollment_id = $1 and state = 'booked'`,
    [enrollmentId, new Date(to)],
  );
}

/** What an event says about the lead beyond its enrollment. */
async function noteOnProfile(tx: Tx, event: IncomingEvent, at: Date): Promise<void> {
  if (event.type === 'whatsapp_in' || (event.type === 'replied' && event.channel === 'whatsapp')) {
    await tx.query('update leads set last_whatsapp_in_at = greatest(last_whatsapp_in_at, $2) where id = $1', [
      event.leadId,
      at,
    ]);
  }
  if (event.type === 'accepted') {
    await tx.query(
      `update lead_senders set connected_at = coalesce(connected_at, $2) where lead_id = $1 and channel = 'linkedin'`,
      [event.leadId, at],
    );
  }
}
