import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { makeMessage, makeTask } from '../api/v1/desk-support.ts';
import type { TestApi } from '../api/v1/support.ts';
import { until } from '../support/until.ts';
import { accessibilityViolations, openBrowser, picture, settled, startWebApi, visit } from './support.ts';

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

const stateOf = async (id: string) =>
  (
    await api.db.query<{ state: string; outcome: string | null; note: string | null }>(
      'select state, outcome, note from tasks where id = $1',
      [id],
    )
  ).rows[0]!;

test('a rep works through the day by keyboard alone; what was done can be undone', async () => {
  const owner = 'key';
  const tasks = [];
  for (const firstName of ['Una', 'Duo', 'Tria'])
    tasks.push(
      await makeTask(api.db, {
        owner,
        firstName,
        dueAt: now - 3_600_000 * (4 - tasks.length),
        body: `Ask ${firstName} <b onmouseover="document.title=1">about the plant</b>.`,
      }),
    );
  const { page, complaints, close } = await visit(browser, api, { user: { role: 'rep', knownAs: [owner] } });
  await page.goto('/today');
  await page.getByRole('region', { name: 'What to say or do' }).waitFor();
  await settled(page);
  await picture(page, 'today-desk');
  expect(
    await page
      .getByRole('listitem')
      .getByText(/Lovelace/)
      .count(),
  ).toBe(3);
  const said = () => page.getByRole('region', { name: 'What to say or do' }).textContent();
  const first = /Ask (\w+)/.exec((await said())!)![1];
  // The first is connected; the next one comes by itself.
  await page.getByLabel('Note').fill('Rings after ten.');
  await page.getByRole('heading', { level: 1 }).click();
  await page.keyboard.press('1');
  await page.getByRole('button', { name: 'Undo' }).waitFor();
  await expect(said()).resolves.not.toContain(first);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText(`Ask ${first}`).waitFor();
  for (const task of tasks) expect(await stateOf(task.id)).toMatchObject({ state: 'open' });
  // All three in three keystrokes; the server has them when the page is left.
  await page.getByRole('heading', { level: 1 }).click();
  for (const key of ['1', '3', '2']) {
    await page.getByRole('region', { name: 'What came of it' }).waitFor();
    await page.waitForTimeout(300);
    await page.keyboard.press(key);
  }
  await page.getByRole('heading', { name: 'All done for now' }).waitFor();
  await page.goto('/settings');
  await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor();
  for (const task of tasks)
    await until(async () => (await stateOf(task.id)).state === 'done', 'the task is done');
  expect(
    new Set((await Promise.all(tasks.map(({ id }) => stateOf(id)))).map(({ outcome }) => outcome)),
  ).toEqual(new Set(['connected', 'no_answer', 'voicemail']));
  expect(await page.title()).toBe('Settings · Cadenza');
  expect(complaints).toEqual([]);
  await close();
});

test('a text to approve is edited and approved', async () => {
  const task = await makeTask(api.db, { owner: 'ed', firstName: 'Rev', kind: 'review', dueAt: now - 1000 });
  const { page, close } = await visit(browser, api, { user: { role: 'rep', knownAs: ['ed'] } });
  await page.goto('/today');
  await page.getByLabel('Message').fill('Dear Rev, better so.');
  await page.getByRole('button', { name: /Approve and send/ }).click();
  await page.goto('/settings');
  await until(async () => (await stateOf(task.id)).outcome === 'approved', 'approved');
  await close();
});

test.each([
  ['desk', 'light', 'en'],
  ['desk', 'dark', 'tr'],
  ['small', 'light', 'tr'],
  ['phone', 'dark', 'en'],
] as const)('no violation on %s in %s, %s', async (size, scheme, language) => {
  const owner = `${size}${scheme}`;
  const task = await makeTask(api.db, { owner, firstName: 'محمد', dueAt: now - 5000 });
  await makeTask(api.db, { owner, firstName: 'Gülşah', kind: 'failed', dueAt: now - 4000 });
  await makeTask(api.db, { owner, firstName: 'Link', kind: 'linkedin', dueAt: now - 3000 });
  await makeMessage(api.db, { leadId: task.leadId, at: now - 1000 });
  const { page, complaints, close } = await visit(browser, api, {
    size,
    scheme,
    language,
    user: { role: 'rep', knownAs: [owner] },
  });
  await page.goto('/today');
  await page.getByText('Gülşah').first().waitFor();
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `today-${size}-${scheme}-${language}`);
  await page.getByText('Gülşah').first().click();
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `task-${size}-${scheme}-${language}`);
  await page.goto('/today?kind=review');
  await page.getByRole('heading', { level: 2 }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});
