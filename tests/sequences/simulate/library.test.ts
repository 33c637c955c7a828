import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runScenarioFile, runScenarios } from '../../../sequences/simulate/index.ts';

const LIBRARY = join(import.meta.dirname, '../../../sequences/library');
const files = readdirSync(LIBRARY).filter((name) => name.endsWith('.test.yaml'));
const sequences = readdirSync(LIBRARY).filter((name) => name.endsWith('.yaml') && !files.includes(name));

test('each shipped sequence has scenarios', () => {
  expect(files.map((name) => name.replace('.test', '')).sort()).toEqual(sequences.sort());
});

test.each(files)('%s comes true', (name) => {
  const failed = runScenarioFile(join(LIBRARY, name)).scenarios.filter(({ passed }) => !passed);
  expect(failed.map((scenario) => `${scenario.name}\n${scenario.diff}`)).toEqual([]);
});

const WAIT = /^(\s*- wait: )(\d+)( .*)$/gm;
const waits = sequences.flatMap((name) =>
  [...readFileSync(join(LIBRARY, name), 'utf8').matchAll(WAIT)].map(
    (match, index) => [name, index, match[0].trim()] as const,
  ),
);

test.each(waits)('the scenarios of %s notice when wait %i (%s) gets longer', (name, which) => {
  const read = (file: string) => {
    const source = readFileSync(join(LIBRARY, file), 'utf8');
    let index = 0;
    return file === name
      ? source.replace(WAIT, (all, before, amount, unit) =>
          index++ === which ? `${before}${Number(amount) + 5}${unit}` : all,
        )
      : source;
  };
  const scenarios = name.replace('.yaml', '.test.yaml');
  const report = runScenarios(read(scenarios), join(LIBRARY, scenarios), read);
  expect(report.scenarios.some(({ passed }) => !passed)).toBe(true);
});
