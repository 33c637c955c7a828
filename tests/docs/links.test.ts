import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { createProgram } from '../../cli/program.ts';
import { globSync } from '../../scripts/files.mjs';

const ROOT = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
const pages = [...ROOT, ...globSync('docs', '.md')].map((file) => ({
  file,
  source: readFileSync(file, 'utf8'),
}));

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(source: string): string[] {
  return [...source.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

test.each(pages)('every link of $file leads somewhere', ({ file, source }) => {
  const prose = source.replace(/^```.*?^```/gms, '').replace(/`[^`\n]+`/g, '');
  const broken = [...prose.matchAll(/\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)/g)].flatMap(
    ([link, path = '', anchor]) => {
      const target = path === '' ? file : normalize(join(dirname(file), path));
      if (!existsSync(target)) return [link];
      const known = anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
      return known ? [] : [link];
    },
  );
  expect(broken).toEqual([]);
});

/** What is wrong with a command line of the terminal, or null. */
function faultOf(line: string): string | null {
  const words = line.split(/\s+/);
  let command: Command = createProgram();
  let path = 'cadenza';
  while (command.commands.length > 0) {
    const word = words.shift() ?? '';
    // `pause|resume|stop` stands for each of them.
    const found = word.split('|').map((name) => command.commands.find((one) => one.name() === name));
    if (found.length === 0 || found.includes(undefined)) return `${path} has no command "${word}"`;
    command = found[0]!;
    path += ` ${word}`;
  }
  const unknown = words
    .filter((word) => /^--[a-z]/.test(word))
    .map((word) => word.replace(/[=,.;:).\]]+.*$/, ''))
    .find((option) => option !== '--help' && !command.options.some((one) => one.long === option));
  return unknown === undefined ? null : `${path} has no option ${unknown}`;
}

test.each(pages)('every command that $file names is a real one', ({ file, source }) => {
  const text = source.replaceAll(/\\\n\s*/g, ' ');
  const lines = [...text.matchAll(/npx cadenza ([a-z][^\n`]*)/g)].map(([, line = '']) =>
    line.replace(/ #.*$/, '').replaceAll(/'[^']*'|"[^"]*"/g, 'TEXT'),
  );
  expect(lines.map((line) => [file, line, faultOf(line)]).filter(([, , fault]) => fault !== null)).toEqual(
    [],
  );
});

test('every npm script that a page names is one', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  for (const { source } of pages)
    for (const [, name = ''] of source.matchAll(/npm run ([a-z:]+)/g))
      expect(Object.keys(scripts)).toContain(name);
});

test('the README says on one screen what there is, before anything else', () => {
  const { source } = pages[0]!;
  const screen = source.slice(0, source.indexOf('## Read on'));
  expect(screen.split('\n').length).toBeLessThanOrEqual(60);
  for (const said of [
    'npm run demo',
    '--json',
    '--sequence',
    '--leads',
    'npm test',
    'npm start',
    'npx cadenza',
    'DATABASE_URL',
    'TEMPORAL_ADDRESS',
    '.env.example',
    'flow.svg',
  ])
    expect(screen).toContain(said);
});
