import type { Tx } from '../../db/db.ts';
import type { Ground } from '../../db/enrollments.ts';
import type { Sender } from '../../db/senders.ts';
import { busySlots, senderLimits } from '../../db/slots.ts';
import { companyContacts, lastContact, type TouchRow } from '../../db/touches.ts';
import { addWaits, checkSlot, type WaitContext } from '../../sequences/calendar/index.ts';
import type { Action } from '../../sequences/lead.ts';
import type { Instant } from '../../sequences/plan.ts';
import type { Structure } from './context.ts';
import type { Run } from './transact.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** How far ahead caps, gaps and weeks can reach from one instant. */
const AROUND_MS = 8 * DAY_MS;
/** By how much a send may come closer to another than the sender's gap, in wall time: each comes a little after its slot. */
const LAG_MS = 30_000;

const CONTACTS: ReadonlySet<Action> = new Set<Action>([
  'email',
  'invite',
  'message',
  'sms',
  'whatsapp',
  'call',
]);

/** Whether contact limits concern a touch at all. */
export const isContact = (action: Action): boolean => CONTACTS.has(action);

/** Why a touch must be booked anew, and from when. */
export interface Rebook {
  readonly reason: string;
  readonly notBefore: Instant;
}

/** The limits across sequences: a cool-off per lead, so many per company and any seven days. Null: kept. */
export async function contactLimit(
  tx: Tx,
  { input, row }: Pick<Run, 'input' | 'row'>,
  ground: Ground,
  { settings }: Pick<Structure, 'settings'>,
  calendar: WaitContext,
): Promise<Rebook | null> {
  const { coolOff, companyPerWeek } = settings.contactLimits;
  if (coolOff) {
    const last = await lastContact(tx, { leadId: row.leadId, exceptEnrollmentId: input.enrollmentId });
    const notBefore = last === null ? null : addWaits(last, [coolOff], calendar);
    if (notBefore !== null && notBefore > ground.now) return { reason: 'cool_off', notBefore };
  }
  if (companyPerWeek === null || ground.companyId === null) return null;
  const recent = await companyContacts(tx, {
    companyId: ground.companyId,
    from: ground.now - WEEK_MS,
    limit: Math.max(companyPerWeek, 1),
  });
  if (recent.length < Math.max(companyPerWeek, 1)) return null;
  return { reason: 'company_per_week', notBefore: recent[recent.length - 1]! + WEEK_MS };
}

/** Whether window, cap and gap hold at this very instant (promises 4 and 5): the day that the touch counts against, or when to book. */
export async function slotHolds(
  tx: Tx,
  ground: Ground,
  touch: TouchRow,
  { calendar, sender, speed }: { calendar: WaitContext; sender: Sender | null; speed: number },
): Promise<{ readonly localDay: string } | Rebook> {
  const verdict = checkSlot({
    at: ground.now,
    window: calendar.window,
    zone: calendar.zone,
    country: calendar.country,
    daysOff: calendar.daysOff,
    sender: sender && senderLimits(sender, touch.action),
    action: touch.action,
    toleranceMs: LAG_MS * speed,
    busy: sender
      ? await busySlots(tx, {
          senderId: sender.id,
          from: ground.now - AROUND_MS,
          to: ground.now + AROUND_MS,
          except: touch.id,
        })
      : [],
  });
  return verdict.ok
    ? { localDay: verdict.localDay }
    : { reason: verdict.reason, notBefore: verdict.notBefore };
}
