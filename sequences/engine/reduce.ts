/**
 * The engine: (plan, state, event) → (state, command). Pure, without clock, network or chance; both hosts drive it.
 *
 * After each event exactly one command is outstanding. The host saves state and command, carries the command out and
 * feeds back its answer; while the command is `sleep` it may feed inbox events instead.
 */
import type { Instant, LeadEvent, Plan, StepId, TouchNode } from '../plan.ts';
import { decide, enter, finish, nodeOf, perform, release, reserve, set, sleep, type Draft } from './steps.ts';
import type { Answer, EngineEvent, EngineState, InboxEvent, Transition } from './types.ts';

type OutsideEventEntry = Extract<InboxEvent, { type: 'outside' }>;
type UndeliveredEvent = Extract<InboxEvent, { type: 'undelivered' }>;

/** The state of a lead that has not begun. `seed` by seedNumber(lead.seed). */
export function initialState({ seed, at }: { seed: number; at: Instant }): EngineState {
  return {
    format: 1,
    step: null,
    visit: 1,
    attempt: 1,
    base: at,
    waits: [],
    phase: 'entering',
    until: null,
    happened: {},
    touched: false,
    seen: 0,
    seed,
  };
}

/**
 * The next state and command.
 * @throws Error for an event that cannot follow (a host's mistake, never a lead's).
 */
export function reduce(plan: Plan, state: EngineState, event: EngineEvent): Transition {
  const draft: Draft = { state, decisions: [] };
  if (event.type === 'begin') return enter(plan, set(draft, { base: event.at }), plan.start);
  return 'seq' in event ? takeIn(plan, draft, event) : answered(plan, draft, event);
}

function answered(plan: Plan, draft: Draft, answer: Answer): Transition {
  const { state } = draft;
  switch (answer.type) {
    case 'slot':
      return sleep(set(draft, { phase: 'booked', until: answer.slotAt }));
    case 'until':
      return sleep(set(draft, { phase: 'sleeping', until: answer.until }));
    case 'due':
      return due(plan, draft, answer.at);
    case 'evaluated': {
      const node = nodeOf(plan, state.step!);
      if (node.kind !== 'if') throw new Error(`evaluated at step ${node.id}, which is no condition`);
      return enter(
        plan,
        decide(draft, 'branch', answer.value ? 'then' : 'else'),
        answer.value ? node.then : node.otherwise,
      );
    }
    case 'sent':
      return proceed(plan, sentNow(draft), answer.at, touchAt(plan, state).next);
    case 'skipped':
      return proceed(plan, draft, answer.at, touchAt(plan, state).next);
    case 'failed': {
      const node = touchAt(plan, state);
      if (node.onFailure === 'stop')
        return finish(decide(draft, 'stopped', answer.code), 'stopped', 'step_failed', null);
      if (node.onFailure === 'task') return perform(decide(draft, 'made_a_task', answer.code), true);
      return proceed(plan, draft, answer.at, node.next);
    }
    case 'later':
      return reserve(set(draft, { attempt: state.attempt + 1, base: answer.notBefore, waits: [] }));
    case 'rebook':
      return reserve(set(draft, { base: answer.notBefore, waits: [] }));
    case 'early':
      return sleep(set(draft, { phase: 'booked', until: answer.lookAt }));
    case 'in_flight':
      return sleep(set(draft, { phase: 'in_flight', until: answer.lookAt }));
    case 'task_open':
      return sleep(set(draft, { phase: 'task', until: answer.giveUpAt }));
    case 'not_connected':
      if (answer.waitUntil === null || answer.waitUntil <= answer.at) {
        return release(set(draft, { phase: 'awaiting_connection' }), 'not_connected');
      }
      return sleep(set(draft, { phase: 'awaiting_connection', until: answer.waitUntil }));
    case 'held':
      return sleep(set(draft, { phase: 'held', until: null }));
    case 'paused':
      return sleep(set(draft, { phase: 'paused', until: null }));
    case 'unconfirmed':
      return sleep(set(draft, { phase: 'unconfirmed', until: null }));
    case 'released': {
      const node = touchAt(plan, state);
      const otherwise = state.phase === 'awaiting_connection' ? node.otherwise : undefined;
      return proceed(plan, draft, answer.at, otherwise === undefined ? node.next : otherwise);
    }
  }
}

/** An attempt went out. */
function sentNow(draft: Draft): Draft {
  const { step, visit, attempt } = draft.state;
  return set(draft, { lastSent: { step: step!, visit, attempt } });
}

/** Phases in which nothing is left to be postponed. */
const UNDER_WAY: ReadonlySet<EngineState['phase']> = new Set([
  'task',
  'in_flight',
  'unconfirmed',
  'awaiting_connection',
]);

/** A sleep came to its end by itself. */
function due(plan: Plan, draft: Draft, at: Instant): Transition {
  const { state } = draft;
  switch (state.phase) {
    case 'booked':
    case 'in_flight':
      return perform(draft);
    case 'task':
      return release(decide(draft, 'gave_up', 'task_not_done_in_time'), 'gave_up');
    case 'awaiting_connection':
      return release(draft, 'not_connected');
    case 'sleeping':
      // From the planned end, not from when somebody looked: what follows is neither shortened nor stretched by lag.
      return woke(plan, set(draft, { base: state.until ?? at }));
    default:
      throw new Error(`due in phase ${state.phase}`);
  }
}

/** What a `sleeping` lead was waiting for is over: the waits before a step, the step's own time, or the last wait. */
function woke(plan: Plan, draft: Draft): Transition {
  const { state } = draft;
  if (state.step === null) return finish(set(draft, { waits: [] }), 'finished', 'completed', null);
  const node = nodeOf(plan, state.step);
  if (node.kind === 'reactivate')
    return finish(set(draft, { waits: [] }), 'finished', 'reactivated', node.with);
  if (node.kind === 'wait_for' && state.waits.length === 0) {
    return enter(plan, decide(draft, 'branch', `${node.event}_did_not_happen`), node.otherwise);
  }
  return enter(plan, set(draft, { waits: [] }), state.step);
}

/** The step is over at `at`; delays count from there. */
function proceed(plan: Plan, draft: Draft, at: Instant, next: StepId | null): Transition {
  return enter(
    plan,
    set(draft, { base: Math.max(present(draft, at), draft.state.base), waits: [], touched: true }),
    next,
  );
}

/** `at`, or when the lead is back, if that is later. */
function present({ state }: Draft, at: Instant): Instant {
  return Math.max(at, state.absentUntil ?? at);
}

function takeIn(plan: Plan, draft: Draft, event: InboxEvent): Transition {
  if (event.seq <= draft.state.seen) return sleep(draft);
  draft = set(draft, { seen: event.seq });
  const { state } = draft;
  switch (event.type) {
    case 'event':
      return happened(plan, draft, event.name, event.at);
    case 'outside':
      return outside(plan, draft, event);
    case 'task_done': {
      if (state.phase !== 'task' || state.step !== event.step || state.visit !== event.visit)
        return sleep(draft);
      const node = touchAt(plan, state);
      const branch =
        node.outcomes && Object.hasOwn(node.outcomes, event.outcome)
          ? node.outcomes[event.outcome]
          : undefined;
      return proceed(
        plan,
        decide(draft, 'outcome', event.outcome),
        event.at,
        branch === undefined ? node.next : branch,
      );
    }
    case 'approved':
      if (state.phase !== 'task' || state.step !== event.step || state.visit !== event.visit)
        return sleep(draft);
      return reserve(set(draft, { base: present(draft, event.at), waits: [] }));
    case 'settled':
      if (state.phase !== 'unconfirmed' || state.step !== event.step || state.visit !== event.visit)
        return sleep(draft);
      return event.sent
        ? proceed(plan, sentNow(draft), event.at, touchAt(plan, state).next)
        : reserve(set(draft, { attempt: state.attempt + 1, base: present(draft, event.at), waits: [] }));
    case 'undelivered':
      return undelivered(draft, event);
    case 'skip':
      return skip(plan, decide(draft, 'skipped', 'by_a_person'), event.at);
    case 'reschedule':
      return postpone(plan, decide(back(draft, event.to), 'rescheduled', 'by_a_person'), event.to);
    case 'hold_until':
      return holdUntil(plan, draft, event.until);
    case 'resume':
      return state.phase === 'held' || state.phase === 'paused' ? again(plan, draft) : sleep(draft);
  }
}

function happened(plan: Plan, draft: Draft, name: LeadEvent, at: Instant): Transition {
  const { state } = draft;
  if (state.happened[name] === undefined) draft = set(draft, { happened: { ...state.happened, [name]: at } });
  // Whoever answers is there.
  if (name === 'replied') draft = back(draft, at);
  if (state.phase === 'awaiting_connection' && name === 'accepted')
    return reserve(set(draft, { base: present(draft, at), waits: [] }));
  // Stored while it was waited for, read when the wait had just run out: then the stop rule applies after all (promise 3).
  if (effectOf(plan, state, name) === 'stop') return finish(draft, 'stopped', name, null);
  if (state.phase !== 'sleeping' || !waitsFor(plan, state, name)) return sleep(draft);
  const node = nodeOf(plan, state.step!);
  if (node.kind !== 'wait_for') throw new Error(`step ${node.id} waits for nothing`);
  return enter(plan, decide(set(draft, { base: at }), 'branch', `${name}_happened`), node.then);
}

/** Phases from which a lead can go back to what it was sent last: nothing else is under way. */
const RESTING: ReadonlySet<EngineState['phase']> = new Set(['booked', 'sleeping', 'held', 'paused']);

/** Back to the touch that did not arrive, unless something has followed it. What comes after it is then booked anew. */
function undelivered(draft: Draft, { step, visit, attempt, retryAt }: UndeliveredEvent): Transition {
  const { lastSent, phase } = draft.state;
  const isLast = lastSent?.step === step && lastSent.visit === visit && lastSent.attempt === attempt;
  if (!isLast || !RESTING.has(phase)) return sleep(draft);
  const again = set(draft, { step, visit, attempt: attempt + 1, base: retryAt, waits: [] });
  return reserve(decide(again, 'sent_again', 'undelivered'));
}

/** The lead is away: what is booked or slept moves, and whatever comes after waits too. */
function holdUntil(plan: Plan, draft: Draft, until: Instant): Transition {
  const { state } = draft;
  const away = set(draft, { absentUntil: present(draft, until) });
  // One who stands still keeps doing so, and books anew after the absence; what is under way ends in its own time.
  if (
    UNDER_WAY.has(state.phase) ||
    ((state.phase === 'held' || state.phase === 'paused') && isTouch(plan, state))
  )
    return sleep(decide(away, 'postponed', 'absence'));
  return (state.until ?? Infinity) >= until
    ? sleep(away)
    : postpone(plan, decide(away, 'postponed', 'absence'), until);
}

/** The lead is there again, or a person says that it need not be waited for beyond `to`. */
function back(draft: Draft, to: Instant): Draft {
  const { absentUntil, ...state } = draft.state;
  return absentUntil === undefined || absentUntil <= to ? draft : { ...draft, state };
}

function outside(plan: Plan, draft: Draft, { name, met, stop, at }: OutsideEventEntry): Transition {
  const { state } = draft;
  draft = set(draft, {
    outside: { [name]: at, ...state.outside },
    ...(met.length > 0 && { met: { ...Object.fromEntries(met.map((step) => [step, at])), ...state.met } }),
  });
  const waited = waitsForStep(plan, state, met);
  if (stop && !waited) return finish(draft, 'stopped', name, null);
  if (state.phase !== 'sleeping' || !waited) return sleep(draft);
  return enter(plan, decide(set(draft, { base: at }), 'branch', `${name}_happened`), waited.then);
}

/** Leaves the present step, or the wait before it, at a person's word. What is in flight or unconfirmed must be settled first. */
function skip(plan: Plan, draft: Draft, at: Instant): Transition {
  const { state } = draft;
  if (state.phase === 'in_flight' || state.phase === 'unconfirmed') return sleep(draft);
  if (state.phase === 'sleeping') return woke(plan, set(draft, { base: at }));
  const node = state.step === null ? null : nodeOf(plan, state.step);
  if (node?.kind === 'touch') return release(draft, 'skipped_by_person');
  // Held at a condition or at a wait that cannot be worked out: the lead goes on as if it were over, or untrue.
  const moved = set(draft, { base: at, waits: [] });
  return node?.kind === 'if' && state.waits.length === 0
    ? enter(plan, moved, node.otherwise)
    : woke(plan, moved);
}

/** Moves what comes next to `to`. A task already open keeps its time. */
function postpone(plan: Plan, draft: Draft, to: Instant): Transition {
  const { phase } = draft.state;
  if (phase === 'sleeping') return sleep(set(draft, { until: to }));
  if (phase === 'booked' || ((phase === 'held' || phase === 'paused') && isTouch(plan, draft.state))) {
    return reserve(set(draft, { base: to, waits: [] }));
  }
  return sleep(draft);
}

/** Tries again what was held or paused. */
function again(plan: Plan, draft: Draft): Transition {
  return isTouch(plan, draft.state) ? reserve(draft) : enter(plan, draft, draft.state.step);
}

/** Whether a lead who stands like this waits for just that event: then its branch goes on instead of a stop rule. */
function waitsFor(plan: Plan, state: EngineState, name: LeadEvent): boolean {
  if (state.step === null || state.waits.length > 0) return false;
  const node = nodeOf(plan, state.step);
  return node.kind === 'wait_for' && node.event === name;
}

/** The step at which a lead waits, if it is one of these. */
export function waitsForStep(plan: Plan, state: EngineState, steps: readonly StepId[]) {
  if (state.step === null || state.waits.length > 0 || !steps.includes(state.step)) return null;
  const node = nodeOf(plan, state.step);
  return node.kind === 'wait_for' ? node : null;
}

/**
 * What an event does to a running enrollment, decided in the transaction that stores it.
 * `stop`: a stop rule applies. `feed`: it goes to the inbox (a branch may wait for it).
 * @param state the last saved state; null before the first transition.
 */
export function effectOf(plan: Plan, state: EngineState | null, name: LeadEvent): 'stop' | 'feed' {
  if (state && waitsFor(plan, state, name)) return 'feed';
  const scope = Object.hasOwn(plan.stopOn, name) ? plan.stopOn[name as keyof Plan['stopOn']] : 'none';
  return scope === 'none' ? 'feed' : 'stop';
}

function touchAt(plan: Plan, state: EngineState): TouchNode {
  const node = nodeOf(plan, state.step!);
  if (node.kind !== 'touch') throw new Error(`step ${node.id} is no touch`);
  return node;
}

function isTouch(plan: Plan, state: EngineState): boolean {
  return state.step !== null && nodeOf(plan, state.step).kind === 'touch';
}
