import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { globSync } from '../../scripts/files.mjs';
import { ensureWeb } from '../../scripts/build-web.mjs';

let folder: string;
beforeAll(async () => {
  folder = await ensureWeb();
});

/** Every module that one needs before it runs, itself included: static imports, not those for later. */
function closure(entries: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const ahead = [...entries];
  for (let file = ahead.pop(); file !== undefined; file = ahead.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(join(folder, 'assets', file), 'utf8');
    for (const [, name] of text.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) ahead.push(name!);
  }
  return seen;
}

const size = (file: string) => readFileSync(join(folder, 'assets', `${file}.br`)).length;

test('the first page’s bundle stays under 350 kB compressed, whichever page is the first', () => {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  const styles = [...html.matchAll(/href="\/assets\/([^"]+\.css)"/g)].map(([, name]) => name!);
  const scripts = [...html.matchAll(/(?:src|href)="\/assets\/([^"]+\.js)"/g)].map(([, name]) => name!);
  const all = globSync(join(folder, 'assets'), '.js').map((path: string) => path.split('/').at(-1)!);
  const language = all
    .filter((name) => /^(en|tr)-/.test(name))
    .sort((one, other) => size(other) - size(one))[0]!;
  const pages = all.filter((name) =>
    /^(Today|Inbox|Leads|Sequences|Launches|Analytics|Settings)-/.test(name),
  );
  expect(pages.length).toBeGreaterThanOrEqual(7);
  for (const page of pages) {
    const name = page.replace(/-.*/, '');
    const css = globSync(join(folder, 'assets'), '.css')
      .map((path: string) => path.split('/').at(-1)!)
      .filter((file) => file.startsWith(`${name}-`));
    const needed = [...closure([...scripts, language, page]), ...new Set([...styles, ...css])];
    const total = needed.reduce((sum, file) => sum + size(file), 0);
    expect([name, total < 350_000, total]).toEqual([name, true, total]);
  }
});
