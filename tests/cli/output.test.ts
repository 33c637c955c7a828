import { expect, test } from '@jest/globals';
import { parseWhen } from '../../api/operations/when.ts';
import { renderTable } from '../../cli/output/table.ts';
import { harmless, words } from '../../cli/output/text.ts';

const now = Date.parse('2026-03-27T09:00:00Z');
const berlin = { zone: 'Europe/Berlin', now };
const iso = (text: string) => new Date(parseWhen(text, berlin)).toISOString();

test('times are read as people type them, in the zone given', () => {
  expect(iso('2026-03-12 09:00')).toBe('2026-03-12T08:00:00.000Z');
  expect(iso('2026-07-01T09:00')).toBe('2026-07-01T07:00:00.000Z');
  expect(iso('2026-03-12')).toBe('2026-03-11T23:00:00.000Z');
  expect(iso('2026-03-12T09:00:00Z')).toBe('2026-03-12T09:00:00.000Z');
  expect(iso('2026-03-12T09:00+05:30')).toBe('2026-03-12T03:30:00.000Z');
  expect(iso('+90m')).toBe('2026-03-27T10:30:00.000Z');
  // Across the change to summer time days end at the same local time, hours are hours.
  expect(iso('+3d')).toBe('2026-03-30T08:00:00.000Z');
  expect(iso('+72h')).toBe('2026-03-30T09:00:00.000Z');
});

test.each(['', 'tomorrow', '2026-02-30', '2026-13-01 09:00', '+3w', '09:00'])('%j is no time', (text) => {
  expect(() => parseWhen(text, berlin)).toThrow(/is no time\. Write 2026-03-12 09:00/);
});

test('what leads wrote cannot move the cursor; our colours stay', () => {
  expect(harmless('a\u001b[2Jb\u001b]0;title\u0007c\rd\u009be')).toBe('ab]0;titlecde');
  expect(harmless('\u001b[31mred\u001b[39m\n\tnext')).toBe('\u001b[31mred\u001b[39m\n\tnext');
});

test('tables keep a row on a line in a pipe, and fit a terminal by wrapping', () => {
  const rows = [['ada@example.com', 'a long reason that goes on and on for a while', 7]];
  const piped = renderTable(['LEAD', 'WHY', 'N'], rows, null);
  expect(piped.split('\n')).toEqual([
    'LEAD             WHY                                            N',
    'ada@example.com  a long reason that goes on and on for a while  7',
  ]);
  const narrow = renderTable(['LEAD', 'WHY', 'N'], rows, 40).split('\n');
  expect(narrow.length).toBeGreaterThan(2);
  expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(40);
});

test.each([
  ['missing_variable:lead.first_name', 'missing variable lead.first_name'],
  ['no_reachable_channel', 'no reachable channel'],
  ['asked by phone: never again', 'asked by phone: never again'],
])('%s reads %s', (code, said) => {
  expect(words(code)).toBe(said);
});
