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

test('all ten promises are there, in order', () => {
  expect(promises.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test.each(promises)('promise $number names tests that exist and name it', ({ number, guards }) => {
  expect(guards.length).toBeGreaterThan(0);
  for (const { title, shown, file } of guards) {
    expect(shown).toBe(file);
    expect(existsSync(file)).toBe(true);
    const source = readFileSync(file, 'utf8');
    const named =
      source.includes(`promise ${number}: ${title}`) || source.includes(`${title} (promise ${number})`);
    expect({ file, title, named }).toEqual({ file, title, named: true });
  }
});
