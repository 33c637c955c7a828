import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseSequence } from '../../../sequences/language/index.ts';
import type { PlanNode, StepId } from '../../../sequences/plan.ts';

type Step = Record<string, unknown>;

const duration = fc
  .tuple(
    fc.integer({ min: 1, max: 999 }),
    fc.constantFrom('minutes', 'hours', 'days', 'business days', 'weeks'),
  )
  .map(([n, unit]) => `${n} ${unit}`);
const text = fc.constantFrom(
  'Hi {{ lead.first_name }}',
  '# A: "b"\n\n- c',
  '{% spin %}a{% or %}b{% endspin %}',
  "it's",
  'yes',
  '{{ lead.title | default: "you" }}',
);
const leaf: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ email: fc.record({ subject: fc.constant('A: b'), body: text }), on_failure: fc.constantFrom('continue', 'stop', 'task') }),
  fc.record({ linkedin: fc.record({ action: fc.constantFrom('visit', 'follow', 'invite') }) }),
  fc.record({ sms: fc.record({ text }), review: fc.boolean() }),
  fc.record({ task: fc.record({ title: text, due: duration, give_up_after: duration }) }),
  fc.record({ wait: fc.oneof(duration, fc.constant({ until: '2026-12-01T09:00' }), fc.constant({ until: 'lead.attributes.when' })) }),
  fc.record({ webhook: fc.record({ url: fc.constant('https://x.test/'), data: fc.record({ a: text, n: fc.integer() }) }) }),
); // prettier-ignore
const last: fc.Arbitrary<Step> = fc.constantFrom(
  { end: true },
  { goal: 'booked' },
  { reactivate: { after: '3 weeks', with: 'again' } },
);

const { steps } = fc.letrec<{ steps: Step[]; step: Step }>((tie) => ({
  steps: fc
    .tuple(fc.array(tie('step'), { maxLength: 4, depthIdentifier: 'steps' }), fc.option(last))
    .map(([list, end]) => reachable(end ? [...list, end] : list)),
  step: fc.oneof(
    { depthIdentifier: 'steps', maxDepth: 4 },
    { weight: 4, arbitrary: leaf },
    { weight: 1, arbitrary: fc.record({ if: fc.constant('lead.country == "DE"'), then: tie('steps'), else: tie('steps') }) },
    { weight: 1, arbitrary: fc.record({ wait_for: fc.record({ event: fc.constantFrom('replied', 'accepted'), within: duration }), then: tie('steps') }) },
    { weight: 1, arbitrary: fc.record({ call: fc.record({ script: text }), outcomes: fc.record({ connected: tie('steps'), voicemail: tie('steps') }) }) },
    { weight: 1, arbitrary: fc.record({ linkedin: fc.record({ action: fc.constant('message'), text, else: tie('steps') }) }) },
    { weight: 1, arbitrary: fc.record({ split: fc.record({ a: arm(tie('steps')), b: arm(tie('steps')) }) }) },
  ),
})); // prettier-ignore

function arm(of: fc.Arbitrary<Step[]>): fc.Arbitrary<unknown> {
  return fc.record({ weight: fc.integer({ min: 1, max: 100 }), steps: of });
}

/** Cuts what would stand after a step that ends the sequence on every way. */
function reachable(list: Step[]): Step[] {
  const end = list.findIndex(ends);
  return end < 0 ? list : list.slice(0, end + 1);
}

function ends(step: Step): boolean {
  if ('end' in step || 'goal' in step || 'reactivate' in step) return true;
  const endsList = (value: unknown): boolean => Array.isArray(value) && (value as Step[]).some(ends);
  if ('split' in step)
    return Object.values(step.split as Record<string, { steps: Step[] }>).every((one) => endsList(one.steps));
  return 'if' in step && endsList(step.then) && endsList(step.else);
}

function pointers(node: PlanNode): (StepId | null | undefined)[] {
  switch (node.kind) {
    case 'touch':
      return [node.next, node.otherwise, ...Object.values(node.outcomes ?? {})];
    case 'wait':
      return [node.next];
    case 'if':
    case 'wait_for':
      return [node.then, node.otherwise];
    case 'split':
      return node.arms.map((one) => one.next);
    default:
      return [];
  }
}

test('every valid definition compiles to a plan whose pointers all exist, whose nodes are all reached, and that ends', () => {
  fc.assert(
    fc.property(
      steps.filter((list) => list.length > 0),
      (list) => {
        const { plan, copy } = parseSequence(stringify({ name: 'generated', steps: list }), 'f.yaml');
        const seen = new Set<StepId>();
        const visit = (id: StepId | null | undefined, path: readonly StepId[]): void => {
          if (id === null || id === undefined) return;
          expect(Object.keys(plan.nodes)).toContain(id);
          // No way leads back: a lead always comes to the end.
          expect(path).not.toContain(id);
          if (seen.has(id)) return;
          seen.add(id);
          const node = plan.nodes[id] as PlanNode;
          expect(node.id).toBe(id);
          for (const next of pointers(node)) visit(next, [...path, id]);
        };
        visit(plan.start, []);
        expect([...seen].sort()).toEqual(Object.keys(plan.nodes).sort());
        expect(Object.keys(plan.nodes)).toEqual(expect.arrayContaining(Object.keys(copy.steps)));
      },
    ),
    { numRuns: 100 },
  );
});
