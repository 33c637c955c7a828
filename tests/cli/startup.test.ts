/** What every command loads before it does anything: seconds on a busy machine. */
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parseSync } from 'oxc-parser';

/** The modules that a file loads at once, and those that these load; types and what is imported when it is needed do not count. */
function loadedBy(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  if (!file.endsWith('.ts')) return found;
  const { module } = parseSync(file, readFileSync(file, 'utf8'));
  for (const { moduleRequest, entries } of module.staticImports) {
    if (entries.length > 0 && entries.every(({ isType }) => isType)) continue;
    const { value } = moduleRequest;
    loadedBy(value.startsWith('.') ? posix.join(posix.dirname(file), value) : value, found);
  }
  return found;
}

test('the terminal starts without the database, the checking of its configuration, or the language of sequences', () => {
  const loaded = [...loadedBy('cli/main.ts')].filter((one) => !/^(cli\/|node:)/.test(one)).toSorted();
  expect(loaded).toEqual([
    'api/v1/calling.ts',
    'api/v1/operations.ts',
    'commander',
    'common/read-environment.ts',
    'picocolors',
    'sequences/lead.ts',
    'sequences/plan.ts',
  ]);
});
