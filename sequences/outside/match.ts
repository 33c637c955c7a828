/** What an event of another system means for a lead: decided where its data are, since they go no further. */
import { waitsForStep } from '../engine/reduce.ts';
import type { EngineState } from '../engine/types.ts';
import { eventMatches } from '../language/conditions/evaluate.ts';
import type { LeadProfile } from '../lead.ts';
import type { OutsideEvent, Plan, StepId } from '../plan.ts';

/** An event as it came. */
export interface Occurrence {
  readonly name: OutsideEvent;
  readonly data: Readonly<Record<string, unknown>>;
  /** Whose it is. */
  readonly lead: LeadProfile;
}

/** Whether a rule means this event. */
export function isMeant(
  { event, where }: { readonly event: string; readonly where?: string },
  { name, data, lead }: Occurrence,
): boolean {
  return event === name && (where === undefined || eventMatches(where, { lead, data }));
}

export interface Meaning {
  /** The steps that wait for just this. */
  readonly met: readonly StepId[];
  /** Whom a stop rule of the sequence stops; null: nobody. */
  readonly stops: 'lead' | 'company' | null;
  /** Whether the lead stops: not when the step it is at waits for just this. */
  readonly effect: 'stop' | 'feed';
}

/** @param state the last saved state; null before the first transition */
export function meaningOf(plan: Plan, state: EngineState | null, occurrence: Occurrence): Meaning {
  const met = Object.values(plan.nodes)
    .filter((node) => node.kind === 'wait_for' && isMeant(node, occurrence))
    .map(({ id }) => id);
  const rules = (plan.stopOnEvents ?? []).filter((rule) => isMeant(rule, occurrence));
  const stops = rules.some(({ scope }) => scope === 'company') ? 'company' : rules.length > 0 ? 'lead' : null;
  const waited = state !== null && waitsForStep(plan, state, met) !== null;
  return { met, stops, effect: stops !== null && !waited ? 'stop' : 'feed' };
}

/** Whether a rule of a sequence may stop colleagues at the company by such an event. */
export function stopsCompany(plan: Plan, occurrence: Occurrence): boolean {
  return (plan.stopOnEvents ?? []).some((rule) => rule.scope === 'company' && isMeant(rule, occurrence));
}
