import type { Action, Channel } from '../lead.ts';
import type { LeadEvent, OutsideEvent, PlanNode, StepId, TouchNode, WaitSpec } from '../plan.ts';
import type { Path } from './document.ts';
import { parseDuration } from './duration.ts';
import { UNTIL_FIELD } from './schema-parts.ts';
import type { StepDefinition } from './schema.ts';

/** How long a rep has for a call or a task unless the step says so. */
const DUE = { unit: 'days', amount: 1 } as const;

/** A step of a valid definition, with its id and the node it compiles to. */
export interface CompiledStep {
  readonly id: StepId;
  readonly path: Path;
  readonly definition: StepDefinition;
  readonly node: PlanNode;
}

/**
 * Flattens nested steps: each node names the one after it, and the last of an arm goes on with the step after the arms.
 * `idAt` gives the id of the step at a path.
 */
export function compileNodes(
  steps: readonly StepDefinition[],
  idAt: (path: Path) => StepId,
): readonly CompiledStep[] {
  const compiled: CompiledStep[] = [];

  const visitList = (
    list: readonly StepDefinition[] | undefined,
    path: Path,
    after: StepId | null,
  ): StepId | null => {
    list?.forEach((definition, index) => {
      const own = [...path, index];
      const next = index + 1 < list.length ? idAt([...path, index + 1]) : after;
      const id = idAt(own);
      const slot = compiled.length;
      const arm = (inner: readonly StepDefinition[] | undefined, ...field: Path): StepId | null =>
        visitList(inner, [...own, ...field], next);
      // The step stands before the steps inside it.
      compiled.push({ id, path: own, definition, node: { kind: 'end', id } });
      compiled[slot] = { id, path: own, definition, node: compileNode(definition, id, next, arm) };
    });
    return list && list.length > 0 ? idAt([...path, 0]) : after;
  };

  visitList(steps, ['steps'], null);
  return compiled;
}

type Arm = (steps: readonly StepDefinition[] | undefined, ...field: Path) => StepId | null;

function compileNode(step: StepDefinition, id: StepId, next: StepId | null, arm: Arm): PlanNode {
  if (step.wait !== undefined) return { kind: 'wait', id, wait: compileWait(step.wait), next };
  if (step.wait_for) {
    const { event, where, within } = step.wait_for;
    return {
      kind: 'wait_for',
      id,
      event: event as LeadEvent | OutsideEvent,
      ...(where !== undefined && { where: where.trim() }),
      within: parseDuration(within),
      then: arm(step.then, 'then'),
      otherwise: arm(step.else, 'else'),
    };
  }
  if (step.if !== undefined) {
    return {
      kind: 'if',
      id,
      condition: step.if.trim(),
      then: arm(step.then, 'then'),
      otherwise: arm(step.else, 'else'),
    };
  }
  if (step.split) {
    const arms = Object.entries(step.split).map(([name, { weight, steps }]) => ({
      name,
      weight,
      next: arm(steps, 'split', name, 'steps'),
    }));
    return { kind: 'split', id, arms };
  }
  if (step.goal !== undefined) return { kind: 'goal', id, name: step.goal };
  if (step.end) return { kind: 'end', id };
  if (step.reactivate)
    return {
      kind: 'reactivate',
      id,
      after: parseDuration(step.reactivate.after),
      with: step.reactivate.with,
    };
  return compileTouch(step, id, next, arm);
}

function compileTouch(step: StepDefinition, id: StepId, next: StepId | null, arm: Arm): TouchNode {
  const [channel, action] = channelOf(step);
  const { linkedin } = step;
  const work = step.call ?? step.task;
  const outcomes = Object.entries(step.outcomes ?? {}).map(
    ([name, steps]) => [name, arm(steps, 'outcomes', name)] as const,
  );
  return {
    kind: 'touch',
    id,
    channel,
    action,
    next,
    review: step.review ?? false,
    onFailure: step.on_failure ?? 'continue',
    ...(step.email?.reply_to === undefined ? {} : { replyTo: step.email.reply_to }),
    ...(outcomes.length === 0 ? {} : { outcomes: Object.fromEntries(outcomes) }),
    ...(linkedin?.wait_for_connection === undefined
      ? {}
      : { waitForConnection: parseDuration(linkedin.wait_for_connection) }),
    ...(linkedin?.else === undefined ? {} : { otherwise: arm(linkedin.else, 'linkedin', 'else') }),
    ...(work ? { due: work.due === undefined ? DUE : parseDuration(work.due) } : {}),
    ...(work?.give_up_after === undefined ? {} : { giveUpAfter: parseDuration(work.give_up_after) }),
  };
}

function channelOf(step: StepDefinition): readonly [Channel | 'preferred' | 'webhook', Action | 'preferred'] {
  if (step.linkedin) return ['linkedin', step.linkedin.action];
  if (step.message) return ['preferred', 'preferred'];
  if (step.sms) return ['sms', 'sms'];
  if (step.whatsapp) return ['whatsapp', 'whatsapp'];
  if (step.call) return ['call', 'call'];
  if (step.task) return ['task', 'task'];
  return step.webhook ? ['webhook', 'webhook'] : ['email', 'email'];
}

function compileWait(wait: NonNullable<StepDefinition['wait']>): WaitSpec {
  if (typeof wait === 'string') return parseDuration(wait);
  const field = UNTIL_FIELD.exec(wait.until)?.[1];
  return field === undefined
    ? { unit: 'until', local: wait.until }
    : { unit: 'field', field: `attributes.${field}` };
}
