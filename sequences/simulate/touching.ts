/** What the simulator does when the engine asks for a slot, for a touch, or to leave a touch undone. */
import {
  addWaits,
  localDay,
  placeSlot,
  slotSeed,
  type BusySlot,
  type SenderLimits,
} from '../calendar/index.ts';
import type { Answer, Command } from '../engine/types.ts';
import type { Action } from '../lead.ts';
import type { Duration, Instant, TouchNode } from '../plan.ts';
import { isContact } from './contacts.ts';
import { renderProblem } from './language.ts';
import { nominal, reasonToSkip, routeOf, senderOf } from './routing.ts';
import type { SimulationSender } from './types.ts';
import {
  concerns,
  decide,
  hold,
  scriptOf,
  waitContext,
  wantedTime,
  zoneOf,
  type TouchRecord,
  type Walk,
  type World,
} from './world.ts';

type Attempt = Extract<Command, { kind: 'reserve' | 'perform' | 'release' }>;

/** Slots are looked for this far ahead. */
const HORIZON_DAYS = 366;

export function reserve(world: World, walk: Walk, command: Extract<Command, { kind: 'reserve' }>): Answer {
  const node = touchNode(walk, command);
  const route = routeOf(world, walk, node);
  const sender = senderOf(world, route);
  const zone = zoneOf(world, walk, sender?.profile.id ?? null);
  const wanted = wantedTime(command, world, walk, zone);
  if ('held' in wanted) return hold(world, walk, wanted.held);
  const notBefore = Math.max(world.now, wanted.at);
  const { channel, action } = 'reason' in route ? nominal(walk, node) : route;
  const previous = walk.touches.get(keyOf(command));
  if (previous) giveBack(world, previous);
  if (command.attempt > 1) cancelOtherSlots(world, walk, command);
  const slot =
    action === 'webhook'
      ? { slotAt: notBefore, localDay: localDay(notBefore, zone) }
      : placeSlot({
          notBefore,
          window: walk.sequence.settings.window,
          zone,
          country: walk.lead.profile.country,
          daysOff: world.input.daysOff,
          sender: sender && limitsOf(sender, action),
          action,
          busy: sender ? world.book.of(sender.profile.id) : [],
          ...(sender && { onDay: (day: string) => world.book.onDay(sender.profile.id, action, day) }),
          seedKey: slotSeed(walk.lead.profile.seed, command.step, command.visit, command.attempt),
          horizonDays: HORIZON_DAYS,
        });
  if (!slot) return hold(world, walk, 'no_free_slot');
  const busy: BusySlot | null = sender && { at: slot.slotAt, action, localDay: slot.localDay };
  if (sender && busy) {
    world.book.add(sender.profile.id, busy);
    walk.lead.sticky[sender.profile.channel] = sender.profile.id;
  }
  const booked: TouchRecord = {
    leadId: walk.lead.profile.id,
    sequence: walk.sequence.name,
    stepId: command.step,
    visit: command.visit,
    attempt: command.attempt,
    channel,
    action,
    sender: sender?.profile.address ?? null,
    senderId: sender?.profile.id ?? null,
    state: 'booked',
    at: slot.slotAt,
    reason: null,
    zone,
    busy,
  };
  if (previous) Object.assign(previous, booked);
  else {
    walk.touches.set(keyOf(command), booked);
    world.touches.push(booked);
  }
  return { type: 'slot', at: world.now, slotAt: slot.slotAt };
}

/** Decides in the same order as the real host: left out, paused, routed otherwise, limited, without a text, a task, sent. */
export function perform(world: World, walk: Walk, command: Extract<Command, { kind: 'perform' }>): Answer {
  const at = world.now;
  const node = touchNode(walk, command);
  const touch = touchOf(walk, command);
  const route = routeOf(world, walk, node);
  const reason = reasonToSkip(world, walk, node, route);
  if ('reason' in route || reason !== null) return skip(world, walk, touch, reason ?? 'no_channel');
  const sender = senderOf(world, route);
  if (sender?.broken) {
    cancel(world, touch, 'paused_sender');
    return { type: 'paused', at, scope: 'sender' };
  }
  if (!command.asTask) {
    const changed = route.channel !== touch.channel || route.senderId !== touch.senderId;
    const rebook = changed ? { reason: 'route_changed', notBefore: at } : contactLimit(world, walk, touch);
    if (rebook) {
      cancel(world, touch, rebook.reason);
      decide(world, walk, 'rebooked', rebook.reason);
      return { type: 'rebook', at, ...rebook };
    }
  }
  const { channel, action } = route;
  const approved = node.review && walk.approved.has(`${node.id}:${command.visit}`);
  const problem = approved
    ? null
    : renderProblem(walk.sequence.copy, {
        channel,
        action,
        lead: walk.lead.profile,
        sender: sender?.profile ?? null,
        step: node.id,
      });
  if (problem) {
    cancel(world, touch, problem.code);
    return hold(world, walk, problem.code);
  }
  const isTask = channel === 'call' || channel === 'task' || sender?.byHand;
  if (command.asTask || (node.review && !approved) || isTask) return openTask(world, walk, node, touch);
  const failed = failure(world, walk, touch);
  if (failed) return failed;
  if (action === 'message' && !walk.lead.isConnected) {
    cancel(world, touch, 'not_connected');
    const waitUntil = node.waitForConnection ? after(world, walk, touch, at, [node.waitForConnection]) : null;
    return { type: 'not_connected', at, waitUntil };
  }
  return sent(world, walk, touch);
}

export function release(world: World, walk: Walk, command: Extract<Command, { kind: 'release' }>): Answer {
  const touch = walk.touches.get(keyOf(command));
  if (touch && LEAVABLE.has(touch.state)) skip(world, walk, touch, command.reason);
  return { type: 'released', at: world.now };
}

/** The task of a touch is over: done, unless the person says that it was left out. */
export function closeTask(world: World, walk: Walk, touch: TouchRecord, outcome: string): void {
  if (outcome === 'skipped' || outcome === 'rejected') {
    giveBack(world, touch);
    const reason = outcome === 'rejected' ? 'review_rejected' : 'skipped_by_person';
    Object.assign(touch, { state: 'skipped', at: world.now, reason });
  } else sent(world, walk, touch);
}

function sent(world: World, walk: Walk, touch: TouchRecord): Answer {
  Object.assign(touch, { state: 'sent', at: world.now, reason: null });
  walk.sent.add(touch.stepId);
  world.contacts.add({
    lead: walk.lead.profile.id,
    company: walk.lead.companyKey,
    enrollment: walk.id,
    action: touch.action,
    at: world.now,
  });
  touched(world, walk, touch);
  const back = scripted(walk, touch, (result) => result === 'undelivered');
  if (back) {
    back.used++;
    world.schedule(after(world, walk, touch, world.now, back.entry.retryAfter), {
      kind: 'undelivered',
      walk,
      touch,
    });
  }
  return { type: 'sent', at: world.now };
}

/** What the script still has to say about how a touch comes out. */
function scripted(walk: Walk, touch: TouchRecord, which: (result: string) => boolean) {
  return scriptOf(walk.lead, 'failure').find(
    ({ entry, used }) => entry.step === touch.stepId && which(entry.result) && used < entry.times,
  );
}

/** States from which a touch can be left out. */
const LEAVABLE: ReadonlySet<TouchRecord['state']> = new Set(['booked', 'task', 'cancelled']);

/** The attempt's touch. @throws Error when it was never booked: a mistake of the host */
export function touchOf(walk: Walk, attempt: Pick<Attempt, 'step' | 'visit' | 'attempt'>): TouchRecord {
  const touch = walk.touches.get(keyOf(attempt));
  if (!touch) throw new Error(`step ${attempt.step} was never booked`);
  return touch;
}

/** Lets go of what an ended enrollment has booked or open. */
export function cancelOpen(world: World, walk: Walk, reason: string): void {
  for (const touch of walk.touches.values()) {
    if (touch.state === 'booked' || touch.state === 'task') cancel(world, touch, reason);
  }
}

/** Back to a touch that did not arrive: what was booked after it is booked anew when it is its turn again. */
function cancelOtherSlots(world: World, walk: Walk, { step }: Attempt): void {
  for (const touch of walk.touches.values()) {
    if (touch.state === 'booked' && touch.stepId !== step) cancel(world, touch, 'goes_back');
  }
}

function cancel(world: World, touch: TouchRecord, reason: string): void {
  giveBack(world, touch);
  Object.assign(touch, { state: 'cancelled', reason });
}

/** `waits` after an instant, in the zone of the touch. */
function after(
  world: World,
  walk: Walk,
  touch: TouchRecord,
  at: Instant,
  waits: readonly Duration[],
): Instant {
  return addWaits(at, waits, waitContext(world, walk, touch.zone));
}

function keyOf({ step, visit, attempt }: Pick<Attempt, 'step' | 'visit' | 'attempt'>): string {
  return `${step}:${visit}:${attempt}`;
}

function touchNode(walk: Walk, { step }: Attempt): TouchNode {
  const node = walk.sequence.plan.nodes[step];
  if (node?.kind !== 'touch') throw new Error(`step ${step} is no touch`);
  return node;
}

function limitsOf(sender: SimulationSender, action: Action): SenderLimits {
  const { profile, caps, rampUp, minGapMs, jitterMs } = sender;
  return { timeZone: profile.timeZone, cap: caps[action] ?? null, rampUp, minGapMs, jitterMs };
}

function contactLimit(
  world: World,
  walk: Walk,
  touch: TouchRecord,
): { notBefore: Instant; reason: string } | null {
  if (!isContact(touch.action)) return null;
  const { coolOff, companyPerWeek } = walk.sequence.settings.contactLimits;
  const last = coolOff && world.contacts.lastElsewhere(walk.lead.profile.id, walk.id);
  if (coolOff && last !== null) {
    const notBefore = after(world, walk, touch, last, [coolOff]);
    if (notBefore > world.now) return { notBefore, reason: 'cool_off' };
  }
  if (companyPerWeek === null || walk.lead.companyKey === null) return null;
  const free = world.contacts.companyFreeAt(walk.lead.companyKey, companyPerWeek, world.now);
  return free === null ? null : { notBefore: free, reason: 'company_per_week' };
}

function openTask(world: World, walk: Walk, node: TouchNode, touch: TouchRecord): Answer {
  const at = world.now;
  Object.assign(touch, { state: 'task', at, reason: null });
  const giveUpAt = node.giveUpAfter ? after(world, walk, touch, at, [node.giveUpAfter]) : null;
  const scripted = scriptOf(walk.lead, 'outcome').find(
    ({ entry, used }) => concerns(entry.step, node.id) && (entry.step === null || used === 0),
  );
  if (scripted) {
    scripted.used++;
    world.schedule(after(world, walk, touch, at, scripted.entry.after), {
      kind: 'outcome',
      walk,
      step: node.id,
      visit: touch.visit,
      outcome: scripted.entry.outcome,
    });
  }
  touched(world, walk, touch);
  return { type: 'task_open', at, giveUpAt };
}

/** Sets off what the script says to happen some time after this step. */
function touched(world: World, walk: Walk, touch: TouchRecord): void {
  for (const progress of scriptOf(walk.lead, 'event')) {
    const { entry } = progress;
    const { when } = entry;
    if (!('after' in when) || when.step !== touch.stepId || progress.used > 0) continue;
    progress.used++;
    const at = after(world, walk, touch, world.now, when.after);
    world.schedule(at, { kind: 'event', lead: walk.lead, entry });
  }
}

/** Refusals of one touch after which it fails for good. */
const MAX_ATTEMPTS = 6;

function failure(world: World, walk: Walk, touch: TouchRecord): Answer | null {
  const at = world.now;
  const progress = scripted(walk, touch, (result) => result !== 'undelivered');
  if (!progress) return null;
  progress.used++;
  const { result, code, retryAfter } = progress.entry;
  if (result === 'unknown') {
    Object.assign(touch, { state: 'unconfirmed', at, reason: code });
    return { type: 'unconfirmed', at };
  }
  giveBack(world, touch);
  Object.assign(touch, { state: 'failed', at, reason: code });
  return result === 'failed' || touch.attempt >= MAX_ATTEMPTS
    ? { type: 'failed', at, code }
    : { type: 'later', at, notBefore: after(world, walk, touch, at, retryAfter), code };
}

function skip(world: World, walk: Walk, touch: TouchRecord, reason: string): Answer {
  giveBack(world, touch);
  Object.assign(touch, { state: 'skipped', at: world.now, reason });
  decide(world, walk, 'skipped', reason);
  return { type: 'skipped', at: world.now, reason };
}

function giveBack(world: World, touch: TouchRecord): void {
  if (touch.senderId !== null && touch.busy) world.book.remove(touch.senderId, touch.busy);
  touch.busy = null;
}
