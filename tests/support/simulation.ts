/** Sequences, leads and timelines for tests of the simulator, in a line each. */
import { formatLocal } from '../../sequences/calendar/index.ts';
import type { LeadProfile } from '../../sequences/lead.ts';
import type {
  CompiledSequence,
  Duration,
  PlanNode,
  SequenceSettings,
  StepCopy,
  StopRules,
  WaitSpec,
} from '../../sequences/plan.ts';
import { defaultSenders, simulationProfile } from '../../sequences/simulate/defaults.ts';
import { simulate } from '../../sequences/simulate/simulate.ts';
import type {
  ScriptEntry,
  SimulationInput,
  SimulationLead,
  SimulationResult,
} from '../../sequences/simulate/types.ts';
import { makePlan, SETTINGS } from './factories.ts';

/** A Monday, 08:00 in Berlin: an hour before the window opens. */
export const MONDAY = Date.parse('2026-01-05T07:00:00Z');

export const days = (amount: number): Duration => ({ unit: 'days', amount });
export const hours = (amount: number): Duration => ({ unit: 'hours', amount });

let waits = 0;
export function wait(spec: WaitSpec): PlanNode {
  return { id: `wait-${++waits}`, kind: 'wait', wait: spec, next: null };
}

/** A compiled sequence of these nodes, each followed by the next; texts are plain unless given. */
export function sequenceOf(
  nodes: readonly PlanNode[],
  options: {
    name?: string;
    stopOn?: Partial<StopRules>;
    settings?: Partial<SequenceSettings>;
    copy?: Readonly<Record<string, StepCopy>>;
  } = {},
): CompiledSequence {
  const touches = nodes.filter((node) => node.kind === 'touch');
  const plain = Object.fromEntries(touches.map(({ id }) => [id, { subject: 'Hello', body: `Step ${id}` }]));
  return {
    name: options.name ?? 'test',
    title: 'Test',
    plan: makePlan(nodes, options.stopOn),
    settings: { ...SETTINGS, ...options.settings },
    copy: { steps: { ...plain, ...options.copy }, unsubscribeFooter: null },
    structureHash: '',
    copyHash: '',
    source: '',
  };
}

/** A lead in Berlin whom every channel reaches. */
export function someone(name = 'ada', change: Partial<LeadProfile> = {}): SimulationLead {
  return {
    profile: simulationProfile({
      id: name,
      seed: `${name}@x.test`,
      firstName: name,
      emails: [`${name}@x.test`],
      phones: ['+4930123456'],
      linkedinUrl: `https://www.linkedin.com/in/${name}`,
      country: 'DE',
      timeZone: 'Europe/Berlin',
      ...change,
    }),
  };
}

/** Plays a sequence, by default for one lead from Monday on with one unlimited sender a channel. */
export function play(
  sequence: CompiledSequence,
  script: readonly ScriptEntry[] = [],
  change: Partial<SimulationInput> = {},
): SimulationResult {
  return simulate({
    sequence,
    leads: [someone()],
    senders: defaultSenders('Europe/Berlin'),
    start: MONDAY,
    launchZone: 'Europe/Berlin',
    script,
    ...change,
  });
}

/** `hello Mon 2026-01-05 09:00 sent`, in the lead's zone, one line a touch. */
export function timeline({ touches }: SimulationResult): string[] {
  return touches.map(({ stepId, at, zone, state, reason }) =>
    [stepId, formatLocal(at, zone), state, ...(reason === null ? [] : [`(${reason})`])].join(' '),
  );
}

/** `finished completed`, one line a lead. */
export function ends({ leads }: SimulationResult): string[] {
  return leads.map(({ state, reason }) => `${state} ${reason}`);
}
