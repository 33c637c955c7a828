import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { parseSequence } from '../../sequences/language/index.ts';
import { STEP_KINDS } from '../../sequences/language/schema.ts';
import { LEAD_EVENTS } from '../../sequences/plan.ts';
import { runScenarios } from '../../sequences/simulate/index.ts';
import { LEAD_FIELDS } from '../../sequences/language/known-names.ts';

const source = readFileSync('docs/sequences.md', 'utf8');
const blocks = [...source.matchAll(/^```yaml\n(.*?)^```/gms)].map((match) => ({
  line: source.slice(0, match.index).split('\n').length + 1,
  text: match[1]!,
}));
const scenarios = blocks.filter(({ text }) => text.startsWith('scenarios:'));
const wholes = blocks.filter(({ text }) => /^name:/m.test(text));
const steps = blocks.filter(({ text }) => text.startsWith('- '));

test('every example is one of the three kinds', () => {
  expect(scenarios.length + wholes.length + steps.length).toBe(blocks.length);
  expect(wholes.length).toBeGreaterThan(3);
});

test.each(wholes)('the definition in line $line is valid', ({ text, line }) => {
  expect(parseSequence(text, `docs/sequences.md:${line}`).plan.start).not.toBeNull();
});

test.each(steps)('the steps in line $line are valid', ({ text, line }) => {
  const whole = stringify({ name: 'example', steps: parse(text) as unknown });
  expect(parseSequence(whole, `docs/sequences.md:${line}`).plan.start).not.toBeNull();
});

test('the scenario passes on the first definition', () => {
  const report = runScenarios(scenarios[0]!.text, 'first-contact.test.yaml', (name) => {
    if (name === 'first-contact.yaml') return wholes[0]!.text;
    throw Object.assign(new Error(name), { code: 'ENOENT' });
  });
  expect(report.scenarios.map(({ name, diff }) => [name, diff])).toEqual([
    ['she answers the first mail', ''],
  ]);
});

test('every kind of step has an example, every event and field a mention', () => {
  const shown = new Set(
    steps.flatMap(({ text }) => STEP_KINDS.filter((kind) => new RegExp(`(- |^ +)${kind}:`, 'm').test(text))),
  );
  expect([...shown].sort()).toEqual([...STEP_KINDS].sort());
  for (const name of [...LEAD_EVENTS, ...Object.keys(LEAD_FIELDS)]) expect(source).toContain(name);
});
