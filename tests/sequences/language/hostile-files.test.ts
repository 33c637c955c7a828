import { expect, test } from '@jest/globals';
import { parseSequence } from '../../../sequences/language/index.ts';
import { problemsOf, withSteps } from './support.ts';

const utf16 = (text: string, bom: boolean): Buffer => Buffer.from(`${bom ? '\uFEFF' : ''}${text}`, 'utf16le');
const valid = withSteps('  - end: true');

test.each([
  ['nothing', '', 'f.yaml:1:1: the file is empty (a sequence has at least a name and steps)'],
  ['only comments', '# nothing\n', 'f.yaml:1:1: expected a sequence, found nothing (for example name: classic)'],
  ['blanks', ' \n\n', 'f.yaml:1:1: the file is empty (a sequence has at least a name and steps)'],
  ['UTF-16 with a mark', utf16(valid, true), 'f.yaml:1:1: the file is encoded as UTF-16 (save it as UTF-8)'],
  ['UTF-16 without a mark', utf16(valid, false), 'f.yaml:1:2: the file has a control character (U+0000) here (delete it; saved as UTF-16 or binary by mistake?)'],
  ['Latin-1', Buffer.concat([Buffer.from('name: test\n# caf'), Buffer.from([0xe9, 0x0a])]), 'f.yaml:2:6: the file is not valid UTF-8 from here on (save it as UTF-8)'],
  ['a NUL byte', 'name: te\0st\n', 'f.yaml:1:9: the file has a control character (U+0000) here (delete it; saved as UTF-16 or binary by mistake?)'],
  ['half a character', 'name: a\n# \ud800 x\n', 'f.yaml:2:3: the file has a control character (U+D800) here (delete it; saved as UTF-16 or binary by mistake?)'],
  ['more than a megabyte', 'a'.repeat(1_000_001), 'f.yaml:1:1: the file has 1000001 bytes; at most 1000000 are read (a sequence is a few hundred lines: is this the right file?)'],
  ['tabs', 'name: a\nsteps:\n\t- end: true\n', 'f.yaml:3:1: a tab is used to indent (use spaces)'],
  ['two documents', 'name: a\n---\nname: b\n', 'f.yaml:2:1: the file has more than one YAML document (one sequence a file: remove the line ---)'],
  ['an unquoted colon', 'name: a\ntitle: Hello: again\n', 'f.yaml:2:8: this value has a colon in it and is read as another field (put the value in quotes)'],
  ['an open quote', 'name: "a\nsteps: []\n', 'f.yaml:3:1: not valid YAML: Missing closing "quote'],
  ['a tag', 'name: !!js/function "x"\n', 'f.yaml:1:7: YAML tags are not used here: Unresolved tag: tag:yaml.org,2002:js/function (remove the tag (the word with the exclamation mark))'],
  ['a field twice', 'name: a\ntitle: b\nname: c\nsteps: [{ end: true }]\n', 'f.yaml:3:1: "name" is given twice (keep one of them)'],
  ['a merge key', 'name: a\nwindow: { <<: { from: "08:00" } }\n', 'f.yaml:2:11: merge keys (<<) are not used here (repeat the fields)'],
  ['a list as a field', '? [a]\n: b\n', 'f.yaml:1:3: a field needs a plain word as its name'],
  ['__proto__', '__proto__: { x: 1 }\nname: a\n', 'f.yaml:1:1: a field needs a plain word as its name'],
  ['an alias to nothing', 'name: *nobody\n', 'f.yaml:1:7: nothing is named "nobody" (an alias needs an anchor (&name) before it)'],
])('a file with %s is refused at its place', (_what, source, expected) => {
  expect(problemsOf(source)).toEqual([expected]);
}); // prettier-ignore

test('a byte-order mark in front is no fault, nor are Windows line ends', () => {
  expect(problemsOf(`\uFEFF${valid}`)).toEqual([]);
  expect(problemsOf(Buffer.from(`\uFEFF${valid}`))).toEqual([]);
  expect(problemsOf(valid.replaceAll('\n', '\r\n'))).toEqual([]);
});

const DEEP = 'nested deeper than 40 levels (split the sequence in two)';

test.each([
  ['brackets', '['.repeat(900_000), 'f.yaml:1:41'],
  ['braces', '{a: '.repeat(200_000), 'f.yaml:1:161'],
  ['dashes', '- '.repeat(400_000), 'f.yaml:1:81'],
  ['question marks', '? '.repeat(400_000), 'f.yaml:1:81'],
])('a bomb of %s is refused before it is parsed', (_what, source, place) => {
  const started = process.hrtime.bigint();
  expect(problemsOf(source)).toEqual([`${place}: ${DEEP}`]);
  expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(5000);
});

test('deep indentation is refused', () => {
  const lines = Array.from({ length: 200 }, (_, depth) => `${' '.repeat(depth)}a:`);
  const [first] = problemsOf(lines.join('\n'));
  expect(first).toMatch(/^f\.yaml:\d+:\d+: nested deeper than 40 levels/);
});

test('aliases that multiply are counted out, and stopped', () => {
  const levels = Array.from({ length: 12 }, (_, level) =>
    level === 0 ? 'a0: &a0 [x, x, x, x, x, x, x, x, x]' : `a${level}: &a${level} [${Array(9).fill(`*a${level - 1}`).join(', ')}]`,
  ); // prettier-ignore
  const problems = problemsOf(`${levels.join('\n')}\nname: bomb\n`);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain('more than 20000 values, aliases counted out');
});

test('an alias to itself is stopped', () => {
  expect(problemsOf('name: a\nsteps: &a [*a]\n')).toEqual([
    expect.stringContaining('nested deeper than 40 levels'),
  ]);
});

test('an alias may repeat a text, and what is wrong with it is said where it stands', () => {
  expect(problemsOf(withSteps('  - sms: { text: &t "Hi" }\n  - sms: { text: *t }'))).toEqual([]);
  expect(problemsOf(withSteps('  - sms: { text: &t "Hi {{ lead.titel }}" }\n  - sms: { text: *t }'))).toEqual(
    ['f.yaml:3:28: unknown variable "lead.titel" (did you mean "lead.title"?)'],
  );
});

test('an alias is of the anchor before it, also after an alias of what has the older one', () => {
  const { copy } = parseSequence(
    withSteps(
      [
        '  - { id: a, sms: &all { text: &one "First" } }',
        '  - { id: b, sms: { text: &one "Second" } }',
        '  - { id: c, sms: *all }',
        '  - { id: d, sms: { text: *one } }',
      ].join('\n'),
    ),
    'f.yaml',
  );
  expect(Object.values(copy.steps).map(({ body }) => body)).toEqual(['First', 'Second', 'First', 'Second']);
});

test('a file with thousands of faults lists the first hundred and counts the rest', () => {
  const steps = Array.from({ length: 250 }, () => '  - wait: 2 dyas').join('\n');
  const problems = problemsOf(withSteps(steps));
  expect(problems).toHaveLength(101);
  expect(problems.at(-1)).toBe('… and 150 more');
});

test('thousands of aliases cost no more than what they stand for', () => {
  const started = performance.now();
  const [anchors, aliases] = ['&', '*'].map((mark) =>
    Array.from(
      { length: 2900 },
      (_, n) => `${mark === '&' ? 'a' : 'b'}${n}: ${mark}x${n}${mark === '&' ? ' 1' : ''}`,
    ),
  );
  const problems = problemsOf([...anchors!, ...aliases!].join('\n'));
  expect(problems).toHaveLength(101);
  expect(performance.now() - started).toBeLessThan(4000);
  expect(problemsOf('a: *x\nb: &x 1\n')[0]).toContain('nothing is named');
});

test('more words than any definition has are refused before they are read', () => {
  const started = performance.now();
  expect(problemsOf(`name: a\nsteps: [${'1,'.repeat(240_000)}]`)).toEqual([
    expect.stringContaining('more than 12000 names and values'),
  ]);
  expect(performance.now() - started).toBeLessThan(1000);
});

test('many fields, or many steps, stay cheap', () => {
  const started = process.hrtime.bigint();
  const fields = Array.from({ length: 5_000 }, (_, index) => `field${index}: x`).join('\n');
  expect(problemsOf(`name: a\n${fields}\n`).length).toBeGreaterThan(100);
  const steps = Array.from({ length: 301 }, () => '  - wait: 2 days').join('\n');
  expect(problemsOf(withSteps(steps))).toEqual([
    'f.yaml:303:5: a sequence has at most 300 steps; this one has 301 (split it and join the parts with reactivate)',
  ]);
  expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(10_000);
});
