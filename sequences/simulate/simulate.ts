/**
 * The simulator: the engine's second host, with a virtual clock, slots in memory and a scripted lead and rep. What it
 * shows is what the Temporal host does, since both drive the same reducer, calendar and routing.
 */
import { awayMs } from '../absence.ts';
import { addWaits } from '../calendar/index.ts';
import { effectOf, reduce } from '../engine/reduce.ts';
import { isOutside } from '../engine/steps.ts';
import type { Answer, Command, EngineEvent, InboxEvent } from '../engine/types.ts';
import type { Channel } from '../lead.ts';
import type { Instant, LeadEvent } from '../plan.ts';
import { meaningOf, stopsCompany } from '../outside/match.ts';
import { againAfterMs } from '../undelivered.ts';
import {
  bounce,
  byCompany,
  createLead,
  createWalk,
  isUnreachable,
  resultOf,
  type Companies,
} from './cast.ts';
import { createEventQueue } from './event-queue.ts';
import { conditionHolds } from './language.ts';
import { cancelOpen, closeTask, perform, release, reserve, touchOf } from './touching.ts';
import { createPacer } from './pacer.ts';
import type { ScriptEntry, SimulationInput, SimulationProgress, SimulationResult } from './types.ts';
import {
  createWorld,
  decide,
  hold,
  scriptOf,
  waitContext,
  wantedTime,
  zoneOf,
  type LeadRecord,
  type Pending,
  type TouchRecord,
  type Walk,
  type World,
} from './world.ts';

const TWO_YEARS_MS = 730 * 86_400_000;
/** Commands of one lead at one instant; more means a sequence that never sleeps. */
const MAX_COMMANDS = 10_000;
const EVERY_CHANNEL: readonly Channel[] = ['email', 'linkedin', 'sms', 'whatsapp', 'call'];

/**
 * Plays a sequence for the leads until nothing is left to happen, or `until`. The same input gives the same result.
 * @throws UnknownZone, and Error for a plan or script that no host could run
 */
export function simulate(input: SimulationInput): SimulationResult {
  const steps = play(input);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Events between two looks at how far it is. */
const A_WHILE = 100;

/** `simulate` with pauses, for whoever has other work between them or has seen enough; the last is at the end. */
export function* play(input: SimulationInput): Generator<SimulationProgress, SimulationResult> {
  const queue = createEventQueue<Pending>();
  const world = createWorld(input, (at, pending) => queue.add(Math.max(at, world.now), pending));
  const leads = input.leads.map((lead, index) => createLead(world, lead, index));
  const companies = byCompany(leads);
  const pacer = createPacer(world, leads);
  if (input.paced) world.schedule(input.start, { kind: 'pace' });
  for (const lead of leads) {
    if (!input.paced) world.schedule(input.start, { kind: 'begin', walk: lead.walk });
    scheduleScript(world, lead);
  }
  const progress = (): SimulationProgress => ({
    now: world.now,
    begun: input.paced ? pacer.begun() : leads.length,
    touches: world.touches,
    decisions: world.decisions,
  });
  const until = input.until ?? input.start + TWO_YEARS_MS;
  let events = 0;
  for (let next = queue.take(); next && next.at < until; next = queue.take()) {
    world.now = next.at;
    if (next.item.kind === 'pace') pacer.look((walk) => drive(world, walk, { type: 'begin', at: world.now }));
    else happen(world, companies, next.item);
    if (++events % A_WHILE === 0) yield progress();
  }
  yield progress();
  return {
    touches: world.touches
      .map(({ senderId: _senderId, busy: _busy, ...touch }) => touch)
      .sort((a, b) => a.at - b.at),
    decisions: world.decisions,
    leads: leads.map((lead) => resultOf(world, lead)),
  };
}

/** Puts what the script says by date, or by time since the start, into the queue. */
function scheduleScript(world: World, lead: LeadRecord): void {
  for (const { entry } of scriptOf(lead, 'event')) {
    const { when } = entry;
    if ('after' in when && when.step !== undefined) continue;
    const context = waitContext(world, lead.walk, zoneOf(world, lead.walk, null));
    const at = 'at' in when ? when.at : addWaits(world.input.start, when.after, context);
    world.schedule(at, { kind: 'event', lead, entry });
  }
}

function happen(world: World, companies: Companies, pending: Exclude<Pending, { kind: 'pace' }>): void {
  switch (pending.kind) {
    case 'begin':
      if (pending.walk.end) return;
      return drive(world, pending.walk, { type: 'begin', at: world.now });
    case 'due':
      if (pending.walk.end || pending.walk.sleepNumber !== pending.sleepNumber) return;
      return drive(world, pending.walk, { type: 'due', at: world.now });
    case 'event':
      return arrive(world, companies, pending.lead, pending.entry);
    case 'undelivered':
      return comeBack(world, pending.walk, pending.touch);
    case 'outcome':
      return finishTask(world, companies, pending);
  }
}

function comeBack(world: World, walk: Walk, { stepId: step, visit, attempt }: TouchRecord): void {
  const after = againAfterMs(attempt);
  if (after === null) return decide(world, walk, 'undelivered', 'not_sent_again');
  inbox(world, walk, { type: 'undelivered', step, visit, attempt, retryAt: world.now + after });
}

function arrive(
  world: World,
  companies: Companies,
  lead: LeadRecord,
  { event, until, data = {} }: Extract<ScriptEntry, { kind: 'event' }>,
): void {
  if (!isOutside(event)) return receive(world, companies, lead, event, until ?? null);
  const occurrence = { name: event, data, lead: lead.profile };
  const { walk } = lead;
  const { met, stops, effect } = meaningOf(walk.sequence.plan, walk.state, occurrence);
  const reached = !walk.end && stops === 'company';
  if (effect === 'stop') stop(world, walk, event);
  else inbox(world, walk, { type: 'outside', name: event, met, stop: stops !== null });
  if (lead.companyKey === null) return;
  for (const colleague of companies.get(lead.companyKey) ?? []) {
    if (colleague !== lead && (reached || stopsCompany(colleague.walk.sequence.plan, occurrence)))
      stop(world, colleague.walk, `company_${event}`);
  }
}

/** Something came back from a lead: it is in force first, then enrollments hear of it. */
function receive(
  world: World,
  companies: Companies,
  lead: LeadRecord,
  event: LeadEvent,
  until: Instant | null,
): void {
  if (event === 'accepted') lead.isConnected = true;
  if (event === 'bounced') bounce(lead);
  if (event === 'unsubscribed') for (const channel of EVERY_CHANNEL) lead.suppressedOn.add(channel);
  const { walk } = lead;
  const { stopOn } = walk.sequence.plan;
  const rule = Object.hasOwn(stopOn, event) ? (event as keyof typeof stopOn) : null;
  const reached = !walk.end && rule !== null && stopOn[rule] === 'company';
  if (!walk.end) {
    if (event === 'unsubscribed' || effectOf(walk.sequence.plan, walk.state, event) === 'stop') {
      stop(world, walk, event);
    } else {
      inbox(world, walk, { type: 'event', name: event });
      if (event === 'out_of_office')
        inbox(world, walk, {
          type: 'hold_until',
          until: until ?? world.now + awayMs(walk.sequence.settings),
        });
      if (isUnreachable(lead)) stop(world, walk, event);
    }
  }
  if (rule === null || lead.companyKey === null) return;
  for (const colleague of companies.get(lead.companyKey) ?? []) {
    if (colleague === lead) continue;
    // A colleague stops when the rule of either sequence says so.
    if (reached || colleague.walk.sequence.plan.stopOn[rule] === 'company')
      stop(world, colleague.walk, `company_${event}`);
  }
}

function finishTask(
  world: World,
  companies: Companies,
  { walk, step, visit, outcome }: Extract<Pending, { kind: 'outcome' }>,
): void {
  const { state } = walk;
  if (walk.end || state.phase !== 'task' || state.step !== step || state.visit !== visit) return;
  if (outcome === 'approved' || outcome === 'retry') {
    walk.approved.add(`${step}:${visit}`);
    return inbox(world, walk, { type: 'approved', step, visit });
  }
  walk.outcomes.set(step, outcome);
  closeTask(world, walk, touchOf(walk, { step, visit, attempt: state.attempt }), outcome);
  if (outcome === 'meeting_booked') receive(world, companies, walk.lead, 'meeting_booked', null);
  const node = walk.sequence.plan.nodes[step];
  const branches = node?.kind === 'touch' ? (node.outcomes ?? {}) : {};
  if (outcome === 'not_interested' && !Object.hasOwn(branches, outcome)) return stop(world, walk, outcome);
  inbox(world, walk, { type: 'task_done', step, visit, outcome });
}

type Entry = InboxEvent extends infer E ? (E extends InboxEvent ? Omit<E, 'seq' | 'at'> : never) : never;

function inbox(world: World, walk: Walk, entry: Entry): void {
  if (walk.end) return;
  drive(world, walk, { ...entry, seq: walk.state.seen + 1, at: world.now } as InboxEvent);
}

function stop(world: World, walk: Walk, reason: string): void {
  if (walk.end) return;
  decide(world, walk, 'stopped', reason);
  end(world, walk, 'stopped', reason);
}

function end(world: World, walk: Walk, state: 'finished' | 'stopped', reason: string): void {
  walk.end = { state, reason, at: world.now };
  cancelOpen(world, walk, reason);
}

/** Feeds an event to the engine and carries out its commands until it sleeps or ends. */
function drive(world: World, walk: Walk, event: EngineEvent): void {
  let next: EngineEvent = event;
  for (let budget = MAX_COMMANDS; budget > 0; budget--) {
    const { state, command, decisions } = reduce(walk.sequence.plan, walk.state, next);
    walk.state = state;
    walk.command = command;
    for (const decision of decisions) {
      world.decisions.push({ ...decision, leadId: walk.lead.profile.id, sequence: walk.sequence.name });
    }
    if (command.kind === 'sleep') return sleep(world, walk, command.until);
    if (command.kind === 'finish') return finish(world, walk, command);
    next = execute(world, walk, command);
  }
  throw new Error(`sequence ${walk.sequence.name} does not come to rest at step ${walk.state.step}`);
}

function sleep(world: World, walk: Walk, until: Instant | null): void {
  walk.sleepNumber++;
  if (until !== null) world.schedule(until, { kind: 'due', walk, sleepNumber: walk.sleepNumber });
}

function finish(world: World, walk: Walk, command: Extract<Command, { kind: 'finish' }>): void {
  end(world, walk, command.outcome, command.reason);
  if (command.next === null) return;
  const sequence = [world.input.sequence, ...(world.input.others ?? [])].find(
    ({ name }) => name === command.next,
  );
  if (!sequence) return decide(world, walk, 'not_reactivated', 'no_such_sequence');
  const { lead } = walk;
  lead.walk = createWalk(world, lead, sequence, walk.id + world.input.leads.length);
  world.schedule(world.now, { kind: 'begin', walk: lead.walk });
}

function execute(world: World, walk: Walk, command: Exclude<Command, { kind: 'sleep' | 'finish' }>): Answer {
  switch (command.kind) {
    case 'reserve':
      return reserve(world, walk, command);
    case 'perform':
      return perform(world, walk, command);
    case 'release':
      return release(world, walk, command);
    case 'delay':
      return delay(world, walk, command);
    case 'evaluate':
      return evaluate(world, walk, command);
  }
}

function delay(world: World, walk: Walk, command: Extract<Command, { kind: 'delay' }>): Answer {
  const wanted = wantedTime(command, world, walk, zoneOf(world, walk, null));
  return 'held' in wanted
    ? hold(world, walk, wanted.held)
    : { type: 'until', at: world.now, until: wanted.at };
}

function evaluate(world: World, walk: Walk, { step }: Extract<Command, { kind: 'evaluate' }>): Answer {
  const node = walk.sequence.plan.nodes[step];
  if (node?.kind !== 'if') throw new Error(`step ${step} is no condition`);
  const value = conditionHolds(node.condition, {
    lead: walk.lead.profile,
    happened: walk.state.happened,
    outcomes: Object.fromEntries(walk.outcomes),
    sent: Object.fromEntries([...walk.sent].map((sent) => [sent, true])),
    events: Object.keys(walk.state.outside ?? {}),
  });
  if (typeof value === 'boolean') return { type: 'evaluated', at: world.now, value };
  return hold(world, walk, value.code);
}
