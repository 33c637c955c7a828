/** What the simulator asks of the language: whether a text can be rendered, and whether a condition holds. */
import { ConditionError, evaluateCondition, type ConditionFacts } from '../language/conditions/evaluate.ts';
import { CopyError, MissingVariable } from '../language/templates/copy-errors.ts';
import { checkCopy } from '../language/templates/render-copy.ts';
import type { Action, Channel, LeadProfile, SenderProfile } from '../lead.ts';
import type { SequenceCopy, StepId } from '../plan.ts';

/** Why a lead is held: a snake_case word, and a sentence that quotes no value of the lead. */
export interface Problem {
  readonly code: string;
  readonly detail: string;
}

/** Stands for the address that each real mail has. */
const UNSUBSCRIBE_URL = 'https://example.test/unsubscribe';

/** Why a step's text cannot be rendered for a lead, in words of the host: null when it can. */
export function renderProblem(
  copy: SequenceCopy,
  touch: {
    readonly step: StepId;
    readonly channel: Channel | 'webhook';
    readonly action: Action;
    readonly lead: LeadProfile;
    readonly sender: SenderProfile | null;
  },
): Problem | null {
  const { step, channel, action, lead, sender } = touch;
  const own = copy.steps[step];
  if (!own) return null;
  const footer = channel === 'email' ? copy.unsubscribeFooter : null;
  try {
    checkCopy(own, channel, {
      lead,
      sender,
      stepId: step,
      action,
      unsubscribeUrl: UNSUBSCRIBE_URL,
      unsubscribeFooter: footer,
    });
    return null;
  } catch (error) {
    if (error instanceof MissingVariable)
      return { code: `missing_variable:${error.variable}`, detail: error.message };
    if (error instanceof CopyError) return { code: error.code, detail: error.message };
    throw error;
  }
}

/** Whether a condition holds; the problem when it cannot be answered for this lead. */
export function conditionHolds(expression: string, facts: ConditionFacts): boolean | Problem {
  try {
    return evaluateCondition(expression, facts);
  } catch (error) {
    if (error instanceof ConditionError) return { code: error.code, detail: error.message };
    throw error;
  }
}
