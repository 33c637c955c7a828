import { wallNow } from '../../common/clock.ts';
import { emit } from '../../db/callbacks.ts';
import type { Tx } from '../../db/db.ts';
import type { Ground } from '../../db/enrollments.ts';
import { anyMessageSent, lastWhatsappIn } from '../../db/touch-needs.ts';
import { readInbox } from '../../db/inbox.ts';
import { approvedContent } from '../../db/touch-tasks.ts';
import {
  cancelTouch,
  lockTouch,
  markSending,
  skipTouch,
  type TouchContent,
  type TouchRow,
} from '../../db/touches.ts';
import type { Answer, Command } from '../../sequences/engine/types.ts';
import type { WaitContext } from '../../sequences/calendar/index.ts';
import { addWaits, localDay } from '../../sequences/calendar/index.ts';
import { WHATSAPP_WINDOW_MS, type Action } from '../../sequences/lead.ts';
import type { Instant } from '../../sequences/plan.ts';
import {
  calendarOf,
  readTouchContext,
  routeTouch,
  type Library,
  type Routed,
  type TouchContext,
} from './context.ts';
import { contactLimit, isContact, slotHolds } from './limits.ts';
import { messageIdOf, withTracking, write } from './message.ts';
import { hold, keyOf } from './reserve.ts';
import { lookLater, type Delivery } from './delivery.ts';
import { makeTask, taskAnswer } from './tasks.ts';
import { unreadAnswers } from './unread.ts';
import { decide, type Run, type Worked } from './transact.ts';

type Perform = Extract<Command, { kind: 'perform' }>;

/** What is left to do when the transaction has committed. */
export type Next =
  | { readonly kind: 'send'; readonly delivery: Omit<Delivery, 'revision'> }
  | { readonly kind: 'look'; readonly touch: TouchRow; readonly delivery: Omit<Delivery, 'revision'> };

interface Performing {
  readonly run: Run;
  readonly library: Library;
  readonly command: Perform;
  /** The sender under lock; the touch must be this one's. */
  readonly lockedSenderId: string | null;
}

/** Decides about a touch, under the locks of all that could forbid it. Ends in `sending`, or in an answer. */
export async function prepare(
  tx: Tx,
  ground: Ground,
  performing: Performing,
): Promise<Worked<Next | undefined>> {
  const { run, command, lockedSenderId } = performing;
  const { now } = ground;
  const touch = await lockTouch(tx, keyOf(run, command));
  // Never booked: nothing can be said about its time.
  if (!touch) return answered({ type: 'rebook', at: now, notBefore: now, reason: 'not_booked' });
  const settledBy = await unreadVerdict(tx, performing, ground);
  if (settledBy) return answered(settledBy);
  switch (touch.state) {
    case 'sent':
      return answered({ type: 'sent', at: touch.at ?? now });
    case 'skipped':
      return answered({ type: 'skipped', at: touch.at ?? now, reason: touch.reason ?? 'skipped' });
    case 'unconfirmed':
      return answered({ type: 'unconfirmed', at: now });
    case 'task':
      return answered(await taskAnswer(tx, ground, touch));
    case 'sending':
      return look(tx, ground, performing, touch);
    case 'failed':
      if (command.asTask) break;
      return answered(refused(touch, now));
    case 'booked':
    case 'cancelled':
  }
  if (touch.senderId !== lockedSenderId)
    throw new Error(`touch ${touch.id} changed its sender under the enrollment's lock`);
  return decideTouch(tx, ground, performing, touch);
}

/** What the record of a failed attempt says. */
function refused(touch: TouchRow, now: Instant): Answer {
  const at = touch.at ?? now;
  const code = touch.reason ?? 'failed';
  return touch.retryAt === null
    ? { type: 'failed', at, code }
    : { type: 'later', at, notBefore: touch.retryAt, code };
}

/**
 * A task done or an unconfirmed touch settled, which the engine has not read yet: it must be where such news leads on, so it is
 * answered with what it answered then.
 */
async function unreadVerdict(
  tx: Tx,
  { run: { input }, command }: Performing,
  ground: Ground,
): Promise<Answer | null> {
  if (ground.inboxSeq <= input.state.seen) return null;
  for (const event of await readInbox(tx, input.enrollmentId, input.state.seen)) {
    if (!('step' in event) || event.step !== command.step || event.visit !== command.visit) continue;
    return event.type === 'settled'
      ? { type: 'unconfirmed', at: ground.now }
      : { type: 'task_open', at: ground.now, giveUpAt: null };
  }
  return null;
}

async function decideTouch(
  tx: Tx,
  ground: Ground,
  performing: Performing,
  touch: TouchRow,
): Promise<Worked<Next | undefined>> {
  const { run, library, command } = performing;
  const { deps, input } = run;
  const { now } = ground;
  // A command that a person gave, or an absence: the engine takes it in before anything goes out.
  if (ground.inboxSeq > input.state.seen) return answered({ type: 'early', at: now, lookAt: now });
  const paused = ground.paused ?? (ground.launchRunning ? null : 'launch');
  if (paused) return pause(tx, ground, run, touch, paused);
  if (touch.state === 'booked' && now < touch.slotAt && !command.asTask) {
    return answered({ type: 'early', at: now, lookAt: touch.slotAt });
  }
  const context = await readTouchContext(tx, library, run, command.step);
  const routed = await routeTouch(tx, deps, context, ground.consentPolicy);
  const skipReason = await reasonToSkip(tx, ground, context, routed);
  if (routed.kind === 'none' || skipReason) return skip(tx, ground, run, touch, skipReason ?? 'no_channel');
  const { route, sender } = routed;
  if (sender?.brokenReason) return pause(tx, ground, run, touch, 'sender');
  const calendar = calendarOf(context, sender);
  if (!command.asTask && touch.state === 'booked') {
    if (route.channel !== touch.channel || route.senderId !== touch.senderId) {
      return rebook(tx, ground, run, touch, { reason: 'route_changed', notBefore: now });
    }
    const limited = isContact(touch.action)
      ? await contactLimit(tx, run, ground, context.version, calendar)
      : null;
    if (limited) return rebook(tx, ground, run, touch, limited);
  }
  const speed = deps.clock.speed();
  const verdict =
    command.asTask || touch.state === 'cancelled' || touch.channel === 'webhook'
      ? { localDay: localDay(now, calendar.zone) }
      : await slotHolds(tx, ground, touch, { calendar, sender, speed });
  if ('reason' in verdict) return rebook(tx, ground, run, touch, verdict);
  const reviewed = await isReviewed(tx, run, context, touch);
  const approved = reviewed ? await approvedContent(tx, keyOf(run, command)) : null;
  const written = approved
    ? { kind: 'written' as const, ...approved }
    : await write(tx, deps, library, run, context, { touchId: touch.id, route, sender });
  if (written.kind === 'held') {
    await cancelTouch(tx, touch.id, { reason: written.reason, retryAt: null });
    return answered(await hold(tx, run, ground, written.reason, written.detail));
  }
  // Its slot was given back: everything is well now, but it needs another one.
  if (touch.state === 'cancelled' && !command.asTask) return answered(bookAgain(touch, now));
  const kind = taskKind(performing, routed, reviewed && approved === null);
  if (kind) {
    const { content, copyRevision } = written;
    const recipient = route.address;
    const order = {
      kind,
      touch,
      content,
      copyRevision,
      recipient,
      localDay: verdict.localDay,
      sender,
      calendar,
    };
    return answered(await makeTask(tx, run, ground, context, order));
  }
  const unread = touch.channel === 'webhook' ? null : await unreadAnswers(tx, run, now);
  if (unread) {
    const { lookAt, reason } = unread;
    return {
      answer: { type: 'early', at: now, lookAt },
      position: { nextAction: 'touch', nextAt: lookAt, reason, held: false },
      more: undefined,
    };
  }
  const content =
    touch.channel === 'email'
      ? withTracking(written.content, context.version.settings, deps.unsubscribeUrl(touch.id))
      : written.content;
  const delivery = deliveryOf(run, touch, { context, routed, content, calendar });
  const marked = await markSending(tx, touch.id, {
    at: now,
    localDay: verdict.localDay,
    leaseMs: deps.leaseMs,
    owner: deps.owner,
    copyRevision: written.copyRevision,
    content,
    recipient: route.address ?? content.url ?? '',
    messageId: messageIdOf(touch.id, sender),
  });
  if (!marked) throw new Error(`touch ${touch.id} was not booked under its lock`);
  const position = {
    nextAction: 'touch',
    nextAt: now + deps.leaseMs * speed,
    reason: 'being_sent',
    held: false,
  };
  return { answer: null, position, more: { kind: 'send', delivery } };
}

/** What a cancelled attempt answers when nothing stands in its way any more. */
function bookAgain(touch: TouchRow, now: Instant): Answer {
  if (touch.reason === 'not_connected') return { type: 'not_connected', at: now, waitUntil: touch.retryAt };
  return {
    type: 'rebook',
    at: now,
    notBefore: Math.max(now, touch.retryAt ?? now),
    reason: touch.reason ?? 'slot_released',
  };
}

async function reasonToSkip(
  tx: Tx,
  { now }: Ground,
  { bonds, copy, lead }: TouchContext,
  routed: Routed,
): Promise<string | null> {
  if (routed.kind === 'none') return routed.reason;
  const { action, senderId } = routed.route;
  const bond = bonds.find((one) => one.senderId === senderId);
  if (action === 'invite' && bond?.connectedAt) return 'already_connected';
  if (action !== 'whatsapp' || (copy.step.byChannel?.whatsapp ?? copy.step).contentSid !== undefined)
    return null;
  const last = await lastWhatsappIn(tx, lead.id);
  return last === null || last + WHATSAPP_WINDOW_MS <= now ? 'whatsapp_window_closed' : null;
}

const MESSAGES: ReadonlySet<Action> = new Set<Action>(['email', 'invite', 'message', 'sms', 'whatsapp']);

/** Whether a person reads the touch's text before it goes out: by the step, or by the launch. */
async function isReviewed(
  tx: Tx,
  { input }: Pick<Run, 'input'>,
  { node, launch }: TouchContext,
  { action }: TouchRow,
): Promise<boolean> {
  if (node.review) return true;
  if (launch.review === null || !MESSAGES.has(action)) return false;
  return launch.review === 'every' || !(await anyMessageSent(tx, input.enrollmentId));
}

/** What kind of task the touch is, if it is one; null: it goes over the wire. */
function taskKind({ run: { deps }, command }: Performing, routed: Routed, toReview: boolean) {
  if (command.asTask) return 'failed' as const;
  if (routed.kind === 'none') return null;
  if (toReview) return 'review' as const;
  const { channel } = routed.route;
  if (channel === 'call' || channel === 'task') return channel;
  const { sender } = routed;
  const provider = sender && deps.providers.get(sender.channel, sender.provider);
  return provider?.mode === 'task' ? ('linkedin' as const) : null;
}

/** What sending needs to know, without any lock. */
function deliveryOf(
  run: Run,
  touch: TouchRow,
  {
    context,
    routed,
    content,
    calendar,
  }: {
    context: TouchContext;
    routed: Extract<Routed, { kind: 'route' }>;
    content: TouchContent;
    calendar: WaitContext;
  },
): Omit<Delivery, 'revision'> {
  const { route, sender } = routed;
  const { lead } = context;
  const wait = context.node.waitForConnection;
  const bond = context.bonds.find((one) => one.senderId === route.senderId) ?? null;
  const copy =
    context.copy.step.byChannel?.[touch.channel as keyof NonNullable<typeof context.copy.step.byChannel>] ??
    context.copy.step;
  return {
    key: keyOf(run, touch),
    touchId: touch.id,
    leadId: run.row.leadId,
    action: touch.action,
    channel: touch.channel,
    sender,
    to: touch.recipient ?? route.address ?? content.url ?? '',
    toName: [lead.firstName, lead.lastName].filter((part) => part !== null).join(' ') || null,
    content,
    attachments: copy.attachments ?? [],
    bond,
    leaseFrom: wallNow(),
    connectionUntil: (from) => (wait ? addWaits(from, [wait], calendar) : null),
  };
}

/** Somebody is sending, or was: what is needed to find out. The lead may be erased by now; then there is little to ask with. */
async function look(
  tx: Tx,
  ground: Ground,
  { run, library, command }: Performing,
  touch: TouchRow,
): Promise<Worked<Next | undefined>> {
  const context = await readTouchContext(tx, library, run, command.step);
  const sender = context.senders.find(({ id }) => id === touch.senderId) ?? null;
  const route = {
    channel: touch.channel,
    action: touch.action,
    address: touch.recipient,
    senderId: touch.senderId,
  };
  const delivery = deliveryOf(run, touch, {
    context,
    routed: { kind: 'route', route, sender },
    content: touch.content ?? {},
    calendar: calendarOf(context, sender),
  });
  const nextAt = lookLater(ground.now, run.deps.clock.speed(), touch.leaseLeftMs);
  const position = { nextAction: 'touch', nextAt, reason: 'being_sent', held: false };
  return { answer: null, position, more: { kind: 'look', touch, delivery } };
}

async function pause(tx: Tx, ground: Ground, run: Run, touch: TouchRow, scope: string) {
  const reason = `paused_${scope}`;
  if (touch.reason !== reason) {
    await decide(tx, run, { at: ground.now, step: touch.step, kind: 'paused', reason: scope });
  }
  await cancelTouch(tx, touch.id, { reason, retryAt: null });
  return answered({ type: 'paused', at: ground.now, scope });
}

async function rebook(
  tx: Tx,
  ground: Ground,
  run: Run,
  touch: TouchRow,
  { reason, notBefore }: { reason: string; notBefore: Instant },
) {
  await decide(tx, run, { at: ground.now, step: touch.step, kind: 'rebooked', reason });
  await cancelTouch(tx, touch.id, { reason, retryAt: notBefore });
  return answered({ type: 'rebook', at: ground.now, notBefore, reason });
}

async function skip(tx: Tx, ground: Ground, run: Run, touch: TouchRow, reason: string) {
  if (await skipTouch(tx, touch.id, { reason, at: ground.now })) {
    const { enrollmentId } = run.input;
    await decide(tx, run, { at: ground.now, step: touch.step, kind: 'skipped', reason });
    await emit(tx, { type: 'touch.skipped', leadId: run.row.leadId, enrollmentId, touchId: touch.id });
  }
  return answered({ type: 'skipped', at: ground.now, reason });
}

function answered(answer: Answer): Worked<Next | undefined> {
  return { answer, more: undefined };
}
