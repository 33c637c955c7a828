import { STEP_OUTCOMES } from '../plan.ts';
import { checkCondition } from './conditions/evaluate.ts';
import type { Path, SourceDocument } from './document.ts';
import { quote, suggest, type Problem } from './problems.ts';
import { isFields, type WrittenStep } from './walk.ts';

/** Checks the conditions over events: `where` of `wait_for`, `stop_on.events` and `enroll_on`. */
export function checkEventConditions(
  document: SourceDocument,
  steps: readonly WrittenStep[],
): readonly Problem[] {
  const { stop_on: stopOn, enroll_on: enrollOn } = isFields(document.value) ? document.value : {};
  const rules = (list: unknown, path: Path) =>
    Array.isArray(list) ? list.map((rule: unknown, index) => ({ rule, path: [...path, index] })) : [];
  const all = [
    ...rules(isFields(stopOn) ? stopOn.events : null, ['stop_on', 'events']),
    ...rules(enrollOn, ['enroll_on']),
    ...steps.map(({ fields, path }) => ({ rule: fields.wait_for, path: [...path, 'wait_for'] })),
  ];
  return all.flatMap(({ rule, path }): Problem[] => {
    if (!isFields(rule) || typeof rule.where !== 'string' || rule.where.trim() === '') return [];
    const place = [...path, 'where'];
    if (typeof rule.event === 'string' && !rule.event.includes('.'))
      return [
        document.at(
          place,
          `${quote(rule.event)} has no data to ask about`,
          'where goes with events of other systems, such as order.placed',
        ),
      ];
    return checkCondition(rule.where, 'event').faults.map(({ offset, snippet, message, hint }) =>
      document.within(place, offset, snippet, message, hint),
    );
  });
}

/** Checks the conditions of `if` steps: syntax, names, types, and that the steps they ask about exist. */
export function checkConditions(document: SourceDocument, steps: readonly WrittenStep[]): readonly Problem[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const withOutcome = steps
    .filter((step) => step.kinds[0] === 'call' || step.kinds[0] === 'task')
    .map((step) => step.id);
  return steps.flatMap((step): Problem[] => {
    const expression = step.fields.if;
    if (typeof expression !== 'string' || expression.trim() === '') return [];
    const path = [...step.path, 'if'];
    const result = checkCondition(expression);
    const problems = result.faults.map(({ offset, snippet, message, hint }) =>
      document.within(path, offset, snippet, message, hint),
    );
    for (const { map, step: id, offset, comparedWith } of result.steps) {
      const asked = byId.get(id);
      const ids = map === 'outcomes' ? withOutcome : [...byId.keys()];
      const kind = asked?.kinds[0];
      if (comparedWith !== null) {
        const { value } = comparedWith;
        if ((kind !== 'call' && kind !== 'task') || value === '') continue;
        const possible: readonly string[] = STEP_OUTCOMES[kind];
        if (possible.includes(value)) continue;
        problems.push(
          document.within(
            path,
            comparedWith.offset,
            value,
            `a ${kind} has no outcome ${quote(value)}`,
            suggest(value, possible, 'outcomes'),
          ),
        );
      } else if (!asked)
        problems.push(
          document.within(path, offset, id, `there is no step ${quote(id)}`, suggest(id, ids, 'steps')),
        );
      else if (map === 'outcomes' && !withOutcome.includes(id)) {
        problems.push(
          document.within(
            path,
            offset,
            id,
            `the step ${quote(id)} has no outcome`,
            suggest(id, withOutcome, 'calls and tasks'),
          ),
        );
      }
    }
    return problems;
  });
}
