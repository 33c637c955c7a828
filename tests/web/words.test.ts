import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { STEP_OUTCOMES } from '../../sequences/plan.ts';
import { REASONS } from '../../sequences/reasons.ts';
import { lead as english } from '../../web/src/i18n/en/lead.ts';
import { lead as turkish } from '../../web/src/i18n/tr/lead.ts';

const sourcesOf = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
const found = (source: string, pattern: RegExp) => [...source.matchAll(pattern)].map((match) => match[1]!);
const isSaid = (word: string) => word in REASONS || word in english.word;

/** What a lead is found at: written by the engine's host, and by the engine's own commands. */
const position = readFileSync('activities/enrollment/position.ts', 'utf8');
const nextActions = new Set([
  ...found(sourcesOf('activities') + sourcesOf('db'), /(?:next_action = |nextAction: )'([a-z_]+)'/g),
  ...found(position, /\bat\('([a-z_]+)'/g),
  ...found(
    /export type Command =([\s\S]*?);\n\n/.exec(readFileSync('sequences/engine/types.ts', 'utf8'))![1]!,
    /kind: '([a-z_]+)'/g,
  ),
]);
const reasons = new Set([
  ...found(position, /, '([a-z_]+)'\)/g),
  ...found(sourcesOf('sequences/simulate'), /reason: '([a-z_]+)'/g),
  ...found(sourcesOf('activities/enrollment'), /reason: '([a-z_]+)'/g),
  ...found(sourcesOf('sequences/engine'), /decide\([^;]*?, '[a-z_]+', '([a-z_]+)'\)/g),
  ...Object.values(STEP_OUTCOMES).flat(),
]);
const decisions = new Set(found(sourcesOf('sequences/engine'), /\bdecide\([^;]*?, '([a-z_]+)',/g));

test('every next action, reason and decision that the server writes has words in both languages', () => {
  expect(nextActions.size).toBeGreaterThan(8);
  expect(reasons.size).toBeGreaterThan(15);
  expect(decisions.size).toBeGreaterThan(5);
  expect([...nextActions].filter((word) => !(word in english.word))).toEqual([]);
  expect([...reasons, ...decisions].filter((word) => !isSaid(word))).toEqual([]);
});

test('no word is left in English in Turkish', () => {
  const same = Object.entries(turkish.word).filter(
    ([word, said]) => said === english.word[word as keyof typeof english.word],
  );
  expect(same.map(([word]) => word)).toEqual(['sms', 'webhook']);
});
