import type { Tx } from '../../db/db.ts';
import type { Ground } from '../../db/enrollments.ts';
import { readConsentPolicy } from '../../db/consent.ts';
import { bindSender } from '../../db/lead-senders.ts';
import { launchSenders, type Sender } from '../../db/senders.ts';
import { busySlots, senderLimits } from '../../db/slots.ts';
import { bookTouch, cancelOtherSlots, lockTouch, type TouchRow } from '../../db/touches.ts';
import {
  addWaits,
  localDay,
  MissingField,
  placeSlot,
  slotSeed,
  type Slot,
  type WaitContext,
} from '../../sequences/calendar/index.ts';
import type { Answer, Command } from '../../sequences/engine/types.ts';
import type { Action, Channel } from '../../sequences/lead.ts';
import type { Instant, WaitSpec } from '../../sequences/plan.ts';
import {
  calendarOf,
  readTouchContext,
  routeTouch,
  type Library,
  type Routed,
  type TouchContext,
} from './context.ts';
import { decide, transact, type Run } from './transact.ts';

type Reserve = Extract<Command, { kind: 'reserve' }>;

/** How far ahead slots are looked for, near first: most are found in the days that few rows tell about. */
const HORIZONS_DAYS = [5, 40, 400];
const DAY_MS = 86_400_000;
/** How far a cap for any seven days looks to each side, and what a day of any zone needs. */
const AROUND_MS = { week: 8 * DAY_MS, day: 2 * DAY_MS };

/**
 * Books the slot of an attempt, or returns the one that was booked for the same question. Nothing of it is forbidden by a pause,
 * so only the sender, the lead and the enrollment are locked.
 */
export async function reserve(run: Run, library: Library, command: Reserve) {
  const { deps, row } = run;
  const context = await readTouchContext(deps.db, library, run, command.step);
  const routed = await routeTouch(deps.db, deps, context, await readConsentPolicy(deps.db));
  const sender = routed.kind === 'route' ? routed.sender : null;
  const senderId = sender?.id ?? null;
  const calendar = calendarOf(context, sender);
  const { worked, revision } = await transact(run, { senderId }, async (tx, ground) => {
    const wanted = wantedTime(command, calendar);
    if ('held' in wanted) return { answer: await hold(tx, run, ground, wanted.held), more: undefined };
    const touch = await lockTouch(tx, keyOf(run, command));
    if (touch && isBookedFor(touch, wanted.at, senderId)) {
      return { answer: slot(ground, touch.slotAt), more: undefined };
    }
    // Back to a touch that did not arrive: what was booked after it is booked anew when it is its turn again.
    if (command.attempt > 1) await cancelOtherSlots(tx, keyOf(run, command));
    const limits = senderId === null ? null : await readLimits(tx, senderId, context);
    const notBefore = Math.max(wanted.at, ground.now);
    const action = actionOf(routed, context);
    const place = { action, notBefore, calendar, sender: limits, seed: context.lead.seed, command };
    const found = await findSlot(tx, place, touch?.id ?? null);
    if (!found) return { answer: await hold(tx, run, ground, 'no_free_slot'), more: undefined };
    const channel = routed.kind === 'route' ? routed.route.channel : context.node.channel;
    const booked = await bookTouch(tx, {
      ...keyOf(run, command),
      leadId: row.leadId,
      channel: channel === 'preferred' ? firstWritten(context) : channel,
      action,
      senderId,
      slotAt: found.slotAt,
      notBefore: wanted.at,
      localDay: found.localDay,
    });
    // Further than booked: whatever became of the attempt is what performing it will answer.
    if (!booked) return { answer: slot(ground, ground.now), more: undefined };
    if (senderId !== null && sender) {
      await bindSender(tx, { leadId: row.leadId, channel: sender.channel, senderId });
    }
    return { answer: slot(ground, found.slotAt), more: undefined };
  });
  return { answer: worked.answer, revision };
}

export function keyOf(
  { input }: Pick<Run, 'input'>,
  { step, visit, attempt }: { step: string; visit: number; attempt: number },
) {
  return { enrollmentId: input.enrollmentId, step, visit, attempt };
}

function slot(ground: Ground, slotAt: Instant): Answer {
  return { type: 'slot', at: ground.now, slotAt };
}

/** The lead waits for a person; said once, however often it is found. */
export async function hold(
  tx: Tx,
  run: Run,
  ground: Ground,
  reason: string,
  detail: string | null = null,
): Promise<Answer> {
  if (!ground.held || ground.reason !== reason) {
    await decide(tx, run, { at: ground.now, step: run.input.state.step, kind: 'held', reason, detail });
  }
  return { type: 'held', at: ground.now, reason };
}

/** When the waits of a command are over, or why that cannot be worked out. */
export function wantedTime(
  {
    base,
    waits,
    notBefore = base,
  }: { readonly base: Instant; readonly waits: readonly WaitSpec[]; readonly notBefore?: Instant },
  calendar: WaitContext,
): { readonly at: Instant } | { readonly held: string } {
  try {
    return { at: Math.max(addWaits(base, waits, calendar), notBefore) };
  } catch (error) {
    if (error instanceof MissingField) return { held: `missing_field:${error.field}` };
    if (error instanceof RangeError) return { held: 'window_never_opens' };
    throw error;
  }
}

function isBookedFor(touch: TouchRow, notBefore: Instant, senderId: string | null): boolean {
  return touch.state === 'booked' && touch.notBefore === notBefore && touch.senderId === senderId;
}

/** A sender as it stands under its lock: caps may have changed since it was chosen. */
async function readLimits(tx: Tx, senderId: string, { version }: TouchContext): Promise<Sender> {
  const [sender] = await launchSenders(tx, { settings: version.settings, senderIds: [senderId] });
  if (!sender) throw new Error(`sender ${senderId} is gone`);
  return sender;
}

interface Place {
  readonly action: Action;
  readonly notBefore: Instant;
  readonly calendar: WaitContext;
  readonly sender: Sender | null;
  readonly seed: string;
  readonly command: Reserve;
}

async function findSlot(tx: Tx, place: Place, except: string | null): Promise<Slot | null> {
  const { action, notBefore, calendar, sender, seed, command } = place;
  // A webhook reaches a machine: it needs no window and nobody's capacity.
  if (action === 'webhook') return { slotAt: notBefore, localDay: localDay(notBefore, calendar.zone) };
  const limits = sender && senderLimits(sender, action);
  const around = limits?.cap?.week == null ? AROUND_MS.day : AROUND_MS.week;
  for (const horizonDays of HORIZONS_DAYS) {
    const found = placeSlot({
      notBefore,
      window: calendar.window,
      zone: calendar.zone,
      country: calendar.country,
      daysOff: calendar.daysOff,
      sender: limits,
      action,
      busy: sender
        ? await busySlots(tx, {
            senderId: sender.id,
            from: notBefore - around,
            to: notBefore + horizonDays * DAY_MS + around,
            except,
          })
        : [],
      seedKey: slotSeed(seed, command.step, command.visit, command.attempt),
      horizonDays,
    });
    if (found) return found;
  }
  return null;
}

function actionOf(routed: Routed, { node }: TouchContext): Action {
  if (routed.kind === 'route') return routed.route.action;
  // A touch that goes nowhere still has a row; `preferred` counts as a message.
  return node.action === 'preferred' ? 'message' : node.action;
}

function firstWritten({ copy }: TouchContext): Channel {
  return (Object.keys(copy.step.byChannel ?? {}) as Channel[])[0] ?? 'email';
}
