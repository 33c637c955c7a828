import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { TestApi } from '../api/v1/support.ts';
import { accessibilityViolations, openBrowser, picture, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
const source = (name: string) =>
  readFileSync('sequences/library/reactivation.yaml', 'utf8').replace(/^name: .*$/m, `name: ${name}`);
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
  const admin = await api.signedIn();
  for (const name of ['crash', 'crash-phone', 'crash-meanwhile', 'away'])
    expect((await admin.post(`/sequences/${name}/publication`, { source: source(name) })).status).toBe(200);
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

const draftOf = async (name: string) =>
  (
    await api.db.query<{ source: string }>('select source from sequence_drafts where name = $1', [name])
  ).rows.map((row) => row.source);
const editorOf = (page: Page) => page.getByRole('textbox', { name: /YAML/ });

/** Types a first line, and the browser is gone without a word. */
async function crash(page: Page, line: string): Promise<Page> {
  const editor = editorOf(page);
  await editor.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type(`${line}\n`);
  await editor.getByText(line).waitFor();
  const address = page.url();
  const next = await page.context().newPage();
  await page.close({ runBeforeUnload: false });
  await next.goto(address);
  return next;
}

test.each([
  ['desk', 'light', 'en', 'crash'],
  ['phone', 'dark', 'tr', 'crash-phone'],
] as const)(
  'what was typed and not saved is offered after a crash until it is saved: %s, %s, %s',
  async (size, scheme, language, name) => {
    const [title, take, difference, saved] = {
      en: [/was not saved/, 'Go on with it', 'See the difference', 'Draft saved'],
      tr: [/kaydedilmemişti/, 'Onunla devam et', 'Farkı göster', 'Taslak kaydedildi'],
    }[language] as [RegExp, string, string, string];
    const { page: first, close } = await visit(browser, api, { size, scheme, language });
    await first.goto(`/sequences/${name}`);
    const show = async (page: Page) => {
      if (size === 'phone') await page.getByText('YAML', { exact: true }).click();
      await editorOf(page)
        .getByText(/^name:/)
        .waitFor();
    };
    await show(first);
    const page = await crash(first, '# Lost words.');
    await show(page);
    const notice = page.getByRole('region', { name: title });
    await notice.waitFor();
    expect(await editorOf(page).getByText('# Lost words.').count()).toBe(0);
    await notice.getByRole('button', { name: difference }).click();
    await notice.getByText('# Lost words.').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, `sequence-unsaved-${size}-${scheme}-${language}`);
    await notice.getByRole('button', { name: take }).click();
    await editorOf(page).getByText('# Lost words.').waitFor();
    await notice.waitFor({ state: 'detached' });
    await editorOf(page).click();
    await page.keyboard.press('Control+s');
    await page.getByText(saved).waitFor();
    expect(await draftOf(name)).toEqual([`# Lost words.\n${source(name)}`]);
    await page.reload();
    await show(page);
    expect(await notice.count()).toBe(0);
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('Lost words');
    await close();
  },
);

test('what was typed on a draft that changed since overwrites nothing unseen, and can be thrown away', async () => {
  const name = 'crash-meanwhile';
  const { page: first, close } = await visit(browser, api);
  await first.goto(`/sequences/${name}`);
  await editorOf(first).getByText('steps:').waitFor();
  let page = await crash(first, '# Older.');
  await page.getByRole('region', { name: /was not saved/ }).waitFor();
  // Typing on does not lose what is offered, nor the other way round.
  page = await crash(page, '# Newer.');
  const notice = page.getByRole('region', { name: /was not saved/ });
  await notice.getByRole('button', { name: 'See the difference' }).click();
  await notice.getByText('# Newer.').waitFor();
  await notice.getByRole('button', { name: 'Throw it away' }).click();
  await notice.getByText('# Older.').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await notice.getByText('# Newer.').waitFor();
  const theirs = `# Theirs.\n${source(name)}`;
  const other = await api.signedIn({ name: 'Mert' });
  await other.call('PUT', `/sequences/${name}/draft`, { source: theirs }, { 'if-match': '"0"' });
  await page.reload();
  await editorOf(page).getByText('# Theirs.').waitFor();
  await notice.getByRole('button', { name: 'Go on with it' }).click();
  await page.getByRole('region', { name: 'Mert changed this draft meanwhile' }).waitFor();
  expect(await page.getByRole('button', { name: 'Save draft' }).isDisabled()).toBe(true);
  expect(await draftOf(name)).toEqual([theirs]);
  await close();
});

test('while the server is away nothing typed is lost, and it is checked as soon as it is back', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/sequences/away');
  await page.getByText('No mistakes').waitFor();
  await page.route('**/v1/**', (route) => route.abort());
  const editor = editorOf(page);
  await editor.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('windw: {}\n');
  await page.getByText('Not checked: the server does not answer').waitFor();
  expect(await page.getByRole('button', { name: 'Publish' }).isDisabled()).toBe(true);
  await page.keyboard.press('Control+s');
  await page.getByText('what you typed is still here').first().waitFor();
  await editor.getByText('windw').waitFor();
  await page.unroute('**/v1/**');
  await page.getByText('One mistake').first().waitFor();
  await page.keyboard.press('Control+s');
  await page.getByText('Draft saved').waitFor();
  await close();
});
