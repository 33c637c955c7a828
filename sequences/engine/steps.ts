import type { OutsideEvent, Plan, PlanNode, StepId } from '../plan.ts';
import { hash32 } from './hash.ts';
import type { Command, Decision, EngineState, Transition } from './types.ts';

/** A transition under construction: what is decided so far on the way to one command. */
export interface Draft {
  readonly state: EngineState;
  readonly decisions: readonly Decision[];
}

/** Where a step that asks nothing of the host sends the lead, or the command that it needs first. */
type Entered = { readonly go: StepId | null; readonly draft: Draft } | Transition;

/** What entering a step of each kind means. A new kind does not compile until it is here. */
const ENTER: {
  readonly [K in PlanNode['kind']]: (node: Extract<PlanNode, { kind: K }>, draft: Draft) => Entered;
} = {
  wait: (node, draft) => ({ go: node.next, draft: set(draft, { waits: [...draft.state.waits, node.wait] }) }),

  touch: (_node, draft) => reserve(draft),

  wait_for(node, draft) {
    if (draft.state.waits.length > 0) return delay(draft);
    if (hasHappened(draft.state, node)) {
      return { go: node.then, draft: decide(draft, 'branch', `${node.event}_already_happened`) };
    }
    return delay(draft, { waits: [node.within] });
  },

  if: (node, draft) =>
    draft.state.waits.length > 0
      ? delay(draft)
      : command(set(draft, { phase: 'evaluating', until: null }), { kind: 'evaluate', step: node.id }),

  split(node, draft) {
    const arm = pickArm(node.arms, draft.state.seed, node.id);
    return { go: arm.next, draft: decide(draft, 'arm', arm.name) };
  },

  goal: (node, draft) =>
    draft.state.waits.length > 0
      ? delay(draft)
      : finish(decide(draft, 'goal', node.name), 'finished', 'goal', null),

  end: (_node, draft) =>
    draft.state.waits.length > 0 ? delay(draft) : finish(draft, 'finished', 'ended', null),

  reactivate: (node, draft) => delay(draft, { waits: [...draft.state.waits, node.after] }),
};

/** Moves the lead to `step` and on, through steps that decide by themselves, to the next command. */
export function enter(plan: Plan, draft: Draft, step: StepId | null): Transition {
  // A plan has no cycles, so its number of steps bounds the walk.
  for (let budget = Object.keys(plan.nodes).length + 1; budget >= 0; budget--) {
    draft = set(draft, { step, attempt: 1, phase: 'entering', until: null });
    if (step === null) {
      return draft.state.waits.length > 0 ? delay(draft) : finish(draft, 'finished', 'completed', null);
    }
    const node = nodeOf(plan, step);
    const entered = (ENTER[node.kind] as (node: PlanNode, draft: Draft) => Entered)(node, draft);
    if ('command' in entered) return entered;
    step = entered.go;
    draft = entered.draft;
  }
  throw new Error(`plan has a cycle without a touch at step ${step}`);
}

function hasHappened(
  { happened, met }: EngineState,
  { id, event }: Extract<PlanNode, { kind: 'wait_for' }>,
): boolean {
  return isOutside(event) ? met?.[id] !== undefined : happened[event] !== undefined;
}

/** Whether an event is another system's: those have dots in their names. */
export function isOutside(event: string): event is OutsideEvent {
  return event.includes('.');
}

/** The node of a step that the plan must have. */
export function nodeOf(plan: Plan, step: StepId): PlanNode {
  const node = Object.hasOwn(plan.nodes, step) ? plan.nodes[step] : undefined;
  if (!node) throw new Error(`plan has no step ${step}`);
  return node;
}

export function set(draft: Draft, change: Partial<EngineState>): Draft {
  return { ...draft, state: { ...draft.state, ...change } };
}

export function decide(draft: Draft, kind: string, reason: string): Draft {
  const { base, step } = draft.state;
  return { ...draft, decisions: [...draft.decisions, { at: base, step, kind, reason }] };
}

export function command(draft: Draft, next: Command): Transition {
  return { state: draft.state, command: next, decisions: draft.decisions };
}

/** Asks for a slot for the present step's present attempt. */
export function reserve(draft: Draft): Transition {
  const { step, visit, attempt, base, waits, touched, absentUntil } = draft.state;
  return command(set(draft, { phase: 'reserving', until: null }), {
    kind: 'reserve',
    step: step!,
    visit,
    attempt,
    base,
    waits,
    ...(absentUntil !== undefined && { notBefore: absentUntil }),
    first: !touched,
  });
}

export function perform(draft: Draft, asTask = false): Transition {
  const { step, visit, attempt } = draft.state;
  return command(set(draft, { phase: 'performing', until: null }), {
    kind: 'perform',
    step: step!,
    visit,
    attempt,
    asTask,
  });
}

/** Asks when the pending waits (or `waits`) end; the present step goes on from there. */
function delay(draft: Draft, { waits } = { waits: draft.state.waits }): Transition {
  const { step, base } = draft.state;
  return command(set(draft, { phase: 'delaying', until: null }), { kind: 'delay', step, base, waits });
}

export function sleep(draft: Draft): Transition {
  return command(draft, { kind: 'sleep', until: draft.state.until });
}

export function release(draft: Draft, reason: string): Transition {
  const { step, visit, attempt } = draft.state;
  return command(draft, { kind: 'release', step: step!, visit, attempt, reason });
}

export function finish(
  draft: Draft,
  outcome: 'finished' | 'stopped',
  reason: string,
  next: string | null,
): Transition {
  return command(set(draft, { phase: 'finishing', until: null }), { kind: 'finish', outcome, reason, next });
}

function pickArm<T extends { readonly weight: number }>(arms: readonly T[], seed: number, step: StepId): T {
  const total = arms.reduce((sum, arm) => sum + arm.weight, 0);
  let point = (hash32(`${seed}:${step}`) / 2 ** 32) * total;
  for (const arm of arms) {
    point -= arm.weight;
    if (point < 0) return arm;
  }
  return arms[arms.length - 1]!;
}
