import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parseSync } from 'oxc-parser';
import { globSync } from '../scripts/files.mjs';

/** One row of ARCHITECTURE.md's table: a folder or file, and what it may import besides itself. */
interface Row {
  readonly of: string;
  readonly everything: boolean;
  readonly packages: boolean;
  readonly may: readonly { readonly path: string; readonly typesOnly: boolean }[];
}

interface Import {
  readonly file: string;
  readonly to: string;
  readonly typesOnly: boolean;
  readonly isPackage: boolean;
}

const HEADING = 'Who may import whom';
const FOLDERS = [
  'sequences',
  'workflows',
  'activities',
  'providers',
  'db',
  'worker',
  'api',
  'cli',
  'web',
  'common',
];

function readTable(): Row[] {
  const page = readFileSync('ARCHITECTURE.md', 'utf8');
  const section = page.split(/^#+ /m).find((part) => part.startsWith(HEADING)) ?? '';
  return section
    .split('\n')
    .filter((line) => /^\|\s*`/.test(line))
    .flatMap((line) => {
      const [, subject = '', allowed = ''] = line.split('|');
      return [...subject.matchAll(/`([^`]+)`/g)].map(([, of = '']) => ({
        of: of.replace(/\/$/, ''),
        everything: /\beverything\b/.test(allowed),
        packages: !/\bno packages?\b/.test(allowed),
        may: [...allowed.matchAll(/`([^`]+)`\s*(\(types\))?/g)].map(([, path = '', types]) => ({
          path: path.replace(/\/$/, ''),
          typesOnly: types !== undefined,
        })),
      }));
    });
}

function readImports(file: string): Import[] {
  const { module } = parseSync(file, readFileSync(file, 'utf8'));
  const resolved = (to: string, typesOnly: boolean): Import =>
    to.startsWith('.')
      ? { file, to: posix.join(posix.dirname(file), to), typesOnly, isPackage: false }
      : { file, to, typesOnly, isPackage: true };
  const source = readFileSync(file, 'utf8');
  return [
    ...module.staticImports.map(({ moduleRequest, entries }) =>
      resolved(moduleRequest.value, entries.length > 0 && entries.every(({ isType }) => isType)),
    ),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest, isType }) =>
        moduleRequest ? [resolved(moduleRequest.value, isType)] : [],
      ),
    ),
    ...module.dynamicImports.flatMap(({ moduleRequest }) => {
      const text = source.slice(moduleRequest.start, moduleRequest.end);
      return /^['"]/.test(text) ? [resolved(text.slice(1, -1), false)] : [];
    }),
  ];
}

const within = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

function violations(table: readonly Row[], imports: readonly Import[]): string[] {
  return imports.flatMap(({ file, to, typesOnly, isPackage }) => {
    const row = table.filter(({ of }) => within(file, of)).sort((a, b) => b.of.length - a.of.length)[0];
    if (!row) return [`${file} is in no folder of the table`];
    if (row.everything) return [];
    if (isPackage) return row.packages || typesOnly ? [] : [`${file} imports the package ${to}`];
    if (within(to, row.of)) return [];
    const allowed = row.may.some((may) => within(to, may.path) && (typesOnly || !may.typesOnly));
    return allowed ? [] : [`${file} imports ${to}${typesOnly ? ' (types)' : ''}`];
  });
}

const files = FOLDERS.flatMap((folder) => [...globSync(folder, '.ts'), ...globSync(folder, '.tsx')]).filter(
  (file) => !file.startsWith('web/dist') && file !== 'api/v1/operations.ts',
);

test('imports are those that the table in ARCHITECTURE.md allows', () => {
  const table = readTable();
  expect(table.length).toBeGreaterThan(8);
  expect(violations(table, files.flatMap(readImports))).toEqual([]);
});

test('the check sees what the table forbids, also through types, re-exports and dynamic imports', () => {
  const table = readTable();
  const of = (file: string, to: string, typesOnly = false): Import => ({
    file,
    to,
    typesOnly,
    isPackage: !to.includes('/'),
  });
  expect(violations(table, [of('sequences/engine/x.ts', 'yaml')])).toHaveLength(1);
  expect(violations(table, [of('sequences/language/x.ts', 'db/db.ts', true)])).toHaveLength(1);
  expect(violations(table, [of('workflows/x.ts', 'activities/a/index.ts')])).toHaveLength(1);
  expect(violations(table, [of('workflows/x.ts', 'activities/a/index.ts', true)])).toHaveLength(0);
  expect(violations(table, [of('elsewhere/x.ts', 'db/db.ts')])).toHaveLength(1);
});

test('time comes from the clock: nothing but common/clock.ts reads the wall clock, and of a browser web/src/ui/time.ts', () => {
  const readers = files
    .filter((file) => file !== 'common/clock.ts' && file !== 'web/src/ui/time.ts')
    .flatMap((file) => {
      const { program } = parseSync(file, readFileSync(file, 'utf8'));
      const found: string[] = [];
      walk(program, (node) => {
        const { type, callee, object, property } = node as Record<
          string,
          { name?: string } | string | undefined
        >;
        const named = (it: unknown, name: string) => (it as { name?: string } | undefined)?.name === name;
        if (type === 'NewExpression' && named(callee, 'Date') && (node.arguments as unknown[]).length === 0)
          found.push('new Date()');
        if (type === 'MemberExpression' && named(object, 'Date') && named(property, 'now'))
          found.push('Date.now');
      });
      return found.map((what) => `${file}: ${what}`);
    });
  expect(readers).toEqual([]);
});

function walk(node: unknown, visit: (node: Record<string, unknown>) => void): void {
  if (Array.isArray(node)) for (const child of node) walk(child, visit);
  else if (node !== null && typeof node === 'object') {
    visit(node as Record<string, unknown>);
    for (const child of Object.values(node)) walk(child, visit);
  }
}

test('files stay small enough to read', () => {
  const long = files.filter((file) => readFileSync(file, 'utf8').split('\n').length > 400);
  expect(long).toEqual([]);
});
