/** What a rep has in hand when the server goes away or the session ends. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { hashPassword } from '../../api/v1/access/password.ts';
import { makeMessage, makeTask } from '../api/v1/desk-support.ts';
import type { TestApi } from '../api/v1/support.ts';
import { makeLead } from '../support/factories.ts';
import { until } from '../support/until.ts';
import { accessibilityViolations, openBrowser, picture, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
let now: number;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
  const { rows } = await api.db.query<{ now: Date }>('select business_now() as now');
  now = rows[0]!.now.getTime();
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

const serverGoes = (page: Page) => page.route('**/v1/**', (route) => route.abort('connectionrefused'));
const serverComes = (page: Page) => page.unroute('**/v1/**');
/** What could still be undone is sent now, as when the page is left. */
const sendNow = (page: Page) => page.evaluate(`void dispatchEvent(new Event('pagehide'))`);

test.each([
  ['desk', 'light', 'en'],
  ['phone', 'dark', 'tr'],
] as const)(
  'while the server is away it is said, and what was done is sent when it is back: %s',
  async (size, scheme, language) => {
    const owner = `away-${size}`;
    const first = await makeTask(api.db, { owner, firstName: 'Una', dueAt: now - 2_000_000 });
    await makeTask(api.db, { owner, firstName: 'Duo', dueAt: now - 1_000_000 });
    const { page, close } = await visit(browser, api, {
      size,
      scheme,
      language,
      user: { role: 'rep', knownAs: [owner] },
    });
    await page.goto(`/today?task=${first.id}`);
    const note = page.getByLabel({ en: 'Note', tr: 'Not' }[language], { exact: true });
    await note.fill('Rings after ten.');
    await serverGoes(page);
    await page
      .getByRole('region', { name: { en: 'What came of it', tr: 'Sonucu' }[language] })
      .getByRole('button')
      .first()
      .click();
    await sendNow(page);
    const said = page.getByText({ en: /One change waits/, tr: /Bir değişiklik/ }[language]);
    await said.waitFor();
    // The page is still there to work on.
    await page.getByText('Duo').locator('visible=true').first().waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, `away-${size}-${scheme}-${language}`);
    await serverComes(page);
    await said.waitFor({ state: 'detached' });
    await until(async () => {
      const { rows } = await api.db.query<{ state: string; note: string | null }>(
        'select state, note from tasks where id = $1',
        [first.id],
      );
      return rows[0]!.state === 'done' && rows[0]!.note === 'Rings after ten.';
    }, 'the task is done');
    await close();
  },
);

test('a note is there again after a look at something else', async () => {
  const owner = 'notes';
  const { id } = await makeTask(api.db, { owner, firstName: 'Una', dueAt: now - 2_000_000 });
  await makeTask(api.db, { owner, firstName: 'Duo', dueAt: now - 1_000_000 });
  const { page, close } = await visit(browser, api, { user: { role: 'rep', knownAs: [owner] } });
  await page.goto(`/today?task=${id}`);
  await page.getByLabel('Note').fill('Half a thought');
  await page.getByRole('heading', { level: 1 }).click();
  const before = page.url();
  await page.keyboard.press('j');
  await page.waitForURL((url) => url.href !== before);
  await page.keyboard.press('k');
  await page.waitForURL(before);
  await page.reload();
  await page.getByLabel('Note').waitFor();
  expect(await page.getByLabel('Note').inputValue()).toBe('Half a thought');
  await close();
});

test('when the session ends in the middle of typing, one signs in over the page and goes on', async () => {
  const lead = await makeLead(api.db, { firstName: 'Ida', lastName: 'Post', owner: 'ended' });
  await makeMessage(api.db, { leadId: lead.id, at: now - 1000, body: 'From Ida' });
  const { page, user, close } = await visit(browser, api, { user: { role: 'rep', knownAs: ['ended'] } });
  await api.db.query('update users set password_hash = $2 where id = $1', [
    user.id,
    await hashPassword('correct horse battery'),
  ]);
  await page.goto('/inbox');
  const answer = page.getByLabel('Your answer');
  await answer.fill('Dear Ida,');
  await api.db.query('delete from sessions where user_id = $1', [user.id]);
  // The test's own cookie is for the domain, the server's for the host: it would not be replaced.
  await page.context().clearCookies();
  await page.evaluate(`void dispatchEvent(new Event('online'))`);
  const dialog = page.getByRole('dialog', { name: 'You are signed out' });
  await dialog.waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'signed-out');
  await dialog.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await answer.inputValue()).toBe('Dear Ida,');
  expect(new URL(page.url()).pathname).toBe('/inbox');
  await close();
});

const stateOf = async (taskId: string) =>
  (await api.db.query<{ state: string }>('select state from tasks where id = $1', [taskId])).rows[0]!.state;

test('signing out sends what could still be undone, and leaves nothing for the next one in this tab', async () => {
  const owner = 'leaves';
  const { id } = await makeTask(api.db, { owner, firstName: 'Una', dueAt: now - 2_000_000 });
  await makeTask(api.db, { owner, firstName: 'Duo', dueAt: now - 1_000_000 });
  const { page, close } = await visit(browser, api, { user: { role: 'rep', knownAs: [owner] } });
  await page.goto(`/today?task=${id}`);
  await page.getByRole('region', { name: 'What came of it' }).getByRole('button').first().click();
  await page.getByLabel('Note').fill('Nobody else is to read this');
  await page.getByRole('button', { name: /Your account/ }).click();
  const ours = () => page.evaluate(`Object.keys(sessionStorage).filter((key) => key.startsWith('cadenza'))`);
  expect(await ours()).toHaveLength(1);
  const loaded = page.waitForEvent('load');
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await loaded;
  await page.getByLabel('Email').waitFor();
  expect(await ours()).toEqual([]);
  expect(await stateOf(id)).toBe('done');
  await close();
});

test('what is held is not sent in the name of somebody else who signed in meanwhile', async () => {
  const owner = 'held';
  const { id } = await makeTask(api.db, { owner, firstName: 'Una', dueAt: now - 2_000_000 });
  const { page, close } = await visit(browser, api, { user: { role: 'rep', knownAs: [owner] } });
  const other = await visit(browser, api, { user: { role: 'admin' } });
  await page.goto(`/today?task=${id}`);
  await page.getByLabel('Note').waitFor();
  await serverGoes(page);
  await page.getByRole('region', { name: 'What came of it' }).getByRole('button').first().click();
  await sendNow(page);
  await page.getByText(/One change waits/).waitFor();
  await page.context().clearCookies();
  await page.context().addCookies(await other.page.context().cookies());
  const left = page.waitForEvent('dialog').then((dialog) => dialog.accept());
  await serverComes(page);
  await left;
  await page.getByRole('button', { name: new RegExp(other.user.name) }).waitFor();
  expect(await stateOf(id)).toBe('open');
  await other.close();
  await close();
});

test('the keys are told, and pages are found by their names however one writes i', async () => {
  const { page, complaints, close } = await visit(browser, api, { language: 'tr' });
  await page.goto('/today');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Tuşlar' }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'keys-tr');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('/');
  await page.getByRole('dialog').getByRole('textbox').fill('ANALİZ');
  await page.getByRole('dialog').getByText('Analiz').waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/analytics/);
  expect(complaints).toEqual([]);
  await close();
});
