/** The second transaction of a touch: how it came out, with everything that follows from it, at once. */
import { emit } from '../../db/callbacks.ts';
import type { Tx } from '../../db/db.ts';
import { addDecisions, movePosition } from '../../db/enrollments.ts';
import { lockForEvent, type LockedLead } from '../../db/event-locks.ts';
import { storeEvent, takeEffect } from '../../db/events.ts';
import { appendInbox } from '../../db/inbox.ts';
import { CommandRefused } from '../../db/refused.ts';
import { noteProviderIds } from '../../db/lead-senders.ts';
import { guardReputation, lockSender } from '../../db/reputation.ts';
import { BOUNCE, hasAnotherAddress, suppressLocked } from '../../db/suppressions.ts';
import { noteDelivery } from '../../db/touch-delivery.ts';
import { breakSender } from '../../db/touch-needs.ts';
import { noteUnknown, readTouch, recordOutcome, type Outcome } from '../../db/touches.ts';
import type { FindResult, SendResult } from '../../providers/ports.ts';
import type { Answer } from '../../sequences/engine/types.ts';
import type { Instant } from '../../sequences/plan.ts';
import { lookLater, type Delivery } from './delivery.ts';
import type { EnrollmentDeps } from './deps.ts';
import { positionAfter } from './position.ts';

/** Refusals of one touch after which it fails for good. */
const MAX_ATTEMPTS = 6;

/** What an outcome means for the ledger and for the engine. */
interface Verdict {
  readonly outcome: Outcome;
  readonly answer: Answer;
  readonly decision: string | null;
  readonly callback: 'touch.sent' | 'touch.failed' | 'touch.skipped' | 'touch.unconfirmed' | null;
}

/** Writes down what the provider answered. */
export async function recordResult(
  deps: EnrollmentDeps,
  delivery: Delivery,
  result: SendResult,
): Promise<Answer> {
  const target = bouncedTarget(delivery, result);
  return deps.db.tx(async (tx) => {
    // Before the lead's, as everywhere.
    if (target && delivery.sender) await lockSender(tx, delivery.sender.id);
    if (result.kind === 'sender_broken') await breakAndTell(tx, deps, delivery, result);
    // A bounce can stop colleagues and suppress the address; it takes its own locks, the lead's among them.
    const bounce = target ? await lockForBounce(tx, delivery.leadId) : null;
    if (!bounce) await lockLead(tx, delivery.leadId);
    const now = await businessNow(tx);
    if (result.kind === 'unknown') return unknown(tx, deps, delivery, result, now);
    const elsewhere =
      bounce !== null && target !== null && (await hasAnotherAddress(tx, deps.identityHash, target));
    const verdict = elsewhere
      ? later(delivery, { ...target, notBefore: now }, now)
      : judge(deps, delivery, result, now);
    const answer = await settle(tx, deps, delivery, verdict, now);
    if ('providerLeadId' in result || result.kind === 'sent') await noteIds(tx, delivery, result);
    if (bounce && target) await recordBounce(tx, deps, delivery, bounce, target);
    return answer;
  });
}

interface BouncedTarget {
  readonly leadId: string;
  readonly channel: 'email' | 'sms' | 'whatsapp';
  readonly address: string;
  readonly code: string;
  readonly detail: string;
}

/** Whose address or number the provider said does not exist; null: it said nothing like that. */
function bouncedTarget({ leadId, channel, to }: Delivery, result: SendResult): BouncedTarget | null {
  if (result.kind !== 'failed' || result.addressBad !== true) return null;
  if (channel !== 'email' && channel !== 'sms' && channel !== 'whatsapp') return null;
  return { leadId, channel, address: to, code: result.code, detail: result.detail };
}

async function recordBounce(
  tx: Tx,
  deps: EnrollmentDeps,
  { touchId, sender }: Delivery,
  lead: LockedLead,
  { leadId, channel, address, code, detail }: BouncedTarget,
): Promise<void> {
  const dedupeKey = `touch:${touchId}:bounced`;
  const event = { leadId, type: 'bounced', channel, address, dedupeKey } as const;
  if (!(await storeEvent(tx, lead, event))) return;
  await takeEffect(tx, lead, event);
  const identity = { kind: channel === 'email' ? 'email' : 'phone', value: address } as const;
  const suppression = { channel, reason: 'bounced', origin: BOUNCE } as const;
  await suppressLocked(tx, deps.identityHash, identity, [leadId], suppression);
  const at = await businessNow(tx);
  await noteDelivery(tx, { touchId, delivery: 'bounced', at, detail: `${code} ${detail}`.slice(0, 500) });
  if (!sender) return;
  const paused = await guardReputation(tx, sender.id);
  if (paused) deps.log.error({ senderId: sender.id, reason: paused }, 'a sender was paused');
}

/** Writes down what the provider said when it was asked after a touch whose lease was over. */
export async function recordFound(
  deps: EnrollmentDeps,
  delivery: Delivery,
  found: FindResult | 'again',
): Promise<Answer> {
  return deps.db.tx(async (tx) => {
    await lockLead(tx, delivery.leadId);
    const now = await businessNow(tx);
    if (found === 'again' || found.kind === 'not_found') {
      const code = found === 'again' ? 'no_answer' : 'not_taken';
      const detail =
        found === 'again' ? 'The receiver did not answer.' : 'The provider says that it never got it.';
      return settle(tx, deps, delivery, later(delivery, { code, detail, notBefore: now }, now), now);
    }
    if (found.kind === 'found') {
      const { providerId, messageId = null } = found;
      return settle(tx, deps, delivery, sent({ providerId, threadId: null, messageId }, now), now);
    }
    return settle(tx, deps, delivery, UNCONFIRMED(now), now);
  });
}

/** Whether a touch went out is not known here, and nobody who knows could be asked. */
const UNCONFIRMED = (at: Instant): Verdict => ({
  outcome: { state: 'unconfirmed', reason: 'outcome_unknown', detail: null },
  answer: { type: 'unconfirmed', at },
  decision: 'unconfirmed',
  callback: 'touch.unconfirmed',
});

function judge(
  { clock }: EnrollmentDeps,
  delivery: Delivery,
  result: Exclude<SendResult, { kind: 'unknown' }>,
  at: Instant,
): Verdict {
  switch (result.kind) {
    case 'sent': {
      const { providerId, threadId = null, messageId = null } = result;
      return sent({ providerId, threadId, messageId }, at);
    }
    case 'skipped': {
      const { code, detail } = result;
      return {
        outcome: { state: 'skipped', reason: code, detail },
        answer: { type: 'skipped', at, reason: code },
        decision: 'skipped',
        callback: 'touch.skipped',
      };
    }
    case 'not_connected': {
      const waitUntil = delivery.connectionUntil(at);
      return {
        outcome: { state: 'cancelled', reason: 'not_connected', detail: null, retryAt: waitUntil },
        answer: { type: 'not_connected', at, waitUntil },
        decision: 'not_connected',
        callback: null,
      };
    }
    case 'later': {
      // The provider's pause is wall time.
      const notBefore = at + Math.ceil(result.retryAfterMs * clock.speed());
      return later(delivery, { ...result, notBefore }, at);
    }
    case 'failed':
      return failed(result, at);
    case 'sender_broken':
      // Another sender may do it; if there is none, the next look at the touch finds the lead's sender broken and waits.
      return {
        outcome: { state: 'cancelled', reason: 'sender_broken', detail: result.detail, retryAt: null },
        answer: { type: 'rebook', at, notBefore: at, reason: 'sender_broken' },
        decision: 'rebooked',
        callback: null,
      };
  }
}

function sent(
  ids: { providerId: string | null; threadId: string | null; messageId: string | null },
  at: Instant,
): Verdict {
  return {
    outcome: { state: 'sent', ...ids },
    answer: { type: 'sent', at },
    decision: null,
    callback: 'touch.sent',
  };
}

function failed({ code, detail }: { code: string; detail: string }, at: Instant): Verdict {
  return {
    outcome: { state: 'failed', reason: code, detail, retryAt: null },
    answer: { type: 'failed', at, code },
    decision: 'failed',
    callback: 'touch.failed',
  };
}

function later(
  { key }: Delivery,
  { code, detail, notBefore }: { code: string; detail: string; notBefore: Instant },
  at: Instant,
): Verdict {
  if (key.attempt >= MAX_ATTEMPTS) return failed({ code, detail }, at);
  return {
    outcome: { state: 'failed', reason: code, detail, retryAt: notBefore },
    answer: { type: 'later', at, notBefore, code },
    decision: 'later',
    callback: null,
  };
}

/** Writes a verdict down, unless the touch was settled otherwise meanwhile: then what was written stands. */
async function settle(
  tx: Tx,
  deps: EnrollmentDeps,
  delivery: Delivery,
  verdict: Verdict,
  now: Instant,
): Promise<Answer> {
  const { key, touchId, leadId } = delivery;
  const { enrollmentId } = key;
  const { outcome, answer } = verdict;
  const was = await recordOutcome(tx, touchId, outcome, now);
  if (!was) return standing(tx, deps, delivery, now);
  if (verdict.decision !== null && 'reason' in outcome) {
    const { reason, detail } = outcome;
    await addDecisions(tx, { enrollmentId, leadId }, [
      { at: now, step: key.step, kind: verdict.decision, reason, detail },
    ]);
  }
  if (verdict.callback) await emit(tx, { type: verdict.callback, leadId, enrollmentId, touchId });
  if (was === 'unconfirmed') {
    // The engine waits for a person to say this; proof says it instead.
    await tx.query('select 1 from enrollments where id = $1 for no key update', [enrollmentId]);
    const { step, visit } = key;
    await appendInbox(tx, enrollmentId, { type: 'settled', step, visit, sent: outcome.state === 'sent' });
    return { type: 'unconfirmed', at: now };
  }
  // The instant that it was handed over, at which window and cap were checked, is when it happened.
  const told = answer.type === 'sent' ? { ...answer, at: (await readTouch(tx, key))?.at ?? now } : answer;
  await movePosition(tx, {
    enrollmentId,
    revision: delivery.revision,
    ...positionAfter(told, { kind: 'perform', ...key, asTask: false }),
  });
  return told;
}

/** The answer that the ledger gives by itself. */
async function standing(tx: Tx, deps: EnrollmentDeps, { key }: Delivery, now: Instant): Promise<Answer> {
  const touch = await readTouch(tx, key);
  const at = touch?.at ?? now;
  const reason = touch?.reason ?? 'unknown';
  switch (touch?.state) {
    case 'sent':
      return { type: 'sent', at };
    case 'skipped':
      return { type: 'skipped', at, reason };
    case 'failed':
      return touch.retryAt === null
        ? { type: 'failed', at, code: reason }
        : { type: 'later', at, notBefore: touch.retryAt, code: reason };
    case 'unconfirmed':
      return { type: 'unconfirmed', at: now };
    default:
      // Another look finds out; an enrollment that was ended or erased says so then.
      return { type: 'in_flight', at: now, lookAt: lookLater(now, deps.clock.speed(), 0) };
  }
}

/** Keeps the lease: the provider may still take it, and is asked when the lease is over. */
async function unknown(
  tx: Tx,
  { clock }: EnrollmentDeps,
  { key, touchId }: Delivery,
  { code, detail }: { code: string; detail: string },
  now: Instant,
): Promise<Answer> {
  await noteUnknown(tx, touchId, { reason: code, detail });
  const touch = await readTouch(tx, key);
  return { type: 'in_flight', at: now, lookAt: lookLater(now, clock.speed(), touch?.leaseLeftMs ?? 0) };
}

/** Null when the lead was erased meanwhile: nothing is recorded about it any more. */
async function lockForBounce(tx: Tx, leadId: string): Promise<LockedLead | null> {
  try {
    return await lockForEvent(tx, { leadId, type: 'bounced' });
  } catch (error) {
    if (error instanceof CommandRefused) return null;
    throw error;
  }
}

async function breakAndTell(
  tx: Tx,
  { log }: EnrollmentDeps,
  { sender, touchId }: Delivery,
  { code, detail }: { code: string; detail: string },
): Promise<void> {
  if (!sender) return;
  const { id } = sender;
  await tx.query('select 1 from senders where id = $1 for no key update', [id]);
  if (await breakSender(tx, id, `${code}: ${detail}`)) {
    log.error(
      { senderId: id, code, touchId },
      'a sender cannot send any more: its touches wait until it is mended',
    );
  }
}

async function noteIds(tx: Tx, { leadId, action, sender }: Delivery, result: SendResult): Promise<void> {
  if (!sender || sender.channel !== 'linkedin') return;
  const providerLeadId = 'providerLeadId' in result ? (result.providerLeadId ?? null) : null;
  const providerChatId = result.kind === 'sent' && action === 'message' ? (result.threadId ?? null) : null;
  // Only connections can be written to, and only they make an invitation needless.
  const connected =
    (result.kind === 'sent' && action === 'message') ||
    (result.kind === 'skipped' && result.code === 'already_connected');
  await noteProviderIds(tx, { leadId, senderId: sender.id, providerLeadId, providerChatId, connected });
}

async function lockLead(tx: Tx, leadId: string): Promise<void> {
  await tx.query('select 1 from leads where id = $1 for no key update', [leadId]);
}

async function businessNow(tx: Tx): Promise<Instant> {
  const { rows } = await tx.query<{ now: Instant }>(
    'select floor(extract(epoch from business_now()) * 1000)::int8 as now',
  );
  return rows[0]!.now;
}
