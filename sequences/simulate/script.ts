import {
  LEAD_EVENTS,
  OUTSIDE_EVENT,
  type Duration,
  type LeadEvent,
  type OutsideEvent,
  type Plan,
} from '../plan.ts';
import type { ScriptEntry } from './types.ts';

/** An event for a simulation that cannot be understood; the message says what would be right. */
export class ScriptError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ScriptError';
  }
}

const UNITS: Readonly<Record<string, Duration['unit']>> = {
  m: 'minutes',
  h: 'hours',
  d: 'days',
  bd: 'business_days',
};
const FORM = 'write it as "LEAD EVENT +TIME" or "LEAD STEP=OUTCOME +TIME", such as "ada@x.test replied +3d"';

/**
 * Reads one line of a script: `ada@x.test replied +3d` (so long after the start), `* accepted +2d4h` (every lead), or
 * `ada@x.test ring=connected +1h` (so long after the task of step `ring` opened; `*=done`: of any step).
 * Times: m, h, d and bd (business days). @throws ScriptError
 */
export function parseScriptEvent(text: string): ScriptEntry {
  const [lead, what, time, ...rest] = text.trim().split(/\s+/);
  if (!lead || !what || rest.length > 0)
    throw new ScriptError(`${JSON.stringify(text)} is no event: ${FORM}`);
  const after = parseOffset(time, text);
  const who = lead === '*' ? null : lead;
  const task = /^([a-z][a-z0-9_-]*|\*)=([a-z0-9_-]+)$/.exec(what);
  if (task) {
    return { kind: 'outcome', lead: who, step: task[1] === '*' ? null : task[1]!, outcome: task[2]!, after };
  }
  if (!(LEAD_EVENTS as readonly string[]).includes(what) && !OUTSIDE_EVENT.test(what)) {
    throw new ScriptError(
      `${JSON.stringify(what)} is no event; events are ${LEAD_EVENTS.join(', ')}, or another system's such as order.placed`,
    );
  }
  return { kind: 'event', lead: who, when: { after }, event: what as LeadEvent | OutsideEvent };
}

function parseOffset(time: string | undefined, text: string): Duration[] {
  if (time === undefined) return [];
  if (!/^\+(\d{1,4}(bd|m|h|d))+$/.test(time)) {
    throw new ScriptError(
      `${JSON.stringify(time)} in ${JSON.stringify(text)} is no time: such as +3d, +2h, +90m, +1d4h, +2bd`,
    );
  }
  return [...time.matchAll(/(\d+)(bd|m|h|d)/g)].map(([, amount, unit]) => ({
    unit: UNITS[unit!]!,
    amount: Number(amount),
  }));
}

/** People do their work at once, calls reach nobody, and nobody answers: the most that a sequence asks of its senders. */
export function workDone({ nodes }: Plan): ScriptEntry[] {
  const entry = (step: string, outcome: string): ScriptEntry => ({
    kind: 'outcome',
    lead: null,
    step,
    outcome,
    after: [],
  });
  return Object.values(nodes)
    .filter((node) => node.kind === 'touch')
    .flatMap(({ id, channel, review }) => [
      ...(review ? [entry(id, 'approved')] : []),
      entry(id, channel === 'call' ? 'no_answer' : 'done'),
    ]);
}
