import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const sections = readFileSync('docs/promises.md', 'utf8')
  .split(/^## (?=\d+\.)/m)
  .slice(1);
const promises = sections.map((section) => ({
  number: Number(/^\d+/.exec(section)?.[0]),
  guards: [...section.matchAll(/^- (.+): \[(tests\/[^\]]+)\]\(\.\.\/(.+?)\)$/gm)].map(
    ([, title = '', shown = '', file = '']) => ({ title, shown, file }),
  ),
}));

/** The titles in a test file that name this promise: `promise 3: …`, `promises 4 and 5: …` or `… (promise 3)`. */
function titlesOf(source: string, number: number): string[] {
  const before = [...source.matchAll(/['`"]promises? ([\d, and]+): (.+?)['`"],/g)];
  const after = [...source.matchAll(/['`"]([^'`"\n]+) \(promise (\d+)\)['`"],/g)];
  return [
    ...before.flatMap(([, numbers = '', title = '']) =>
      numbers.match(/\d+/g)?.map(Number).includes(number) ? [title] : [],
    ),
    ...after.flatMap(([, title = '', one]) => (Number(one) === number ? [title] : [])),
  ];
}

test('all ten promises are there, in order', () => {
  expect(promises.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test.each(promises)('promise $number names tests that exist and name it', ({ number, guards }) => {
  expect(guards.length).toBeGreaterThan(0);
  for (const { title, shown, file } of guards) {
    expect(shown).toBe(file);
    expect(existsSync(file)).toBe(true);
    const source = readFileSync(file, 'utf8');
    const named = titlesOf(source, number).includes(title);
    expect({ file, title, named }).toEqual({ file, title, named: true });
  }
});
