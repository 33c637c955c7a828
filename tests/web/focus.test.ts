/** Where the keyboard is after something happened: at what came of it, or still where it was. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import type { TestApi } from '../api/v1/support.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  touchNode,
} from '../support/factories.ts';
import { openBrowser, settled, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
  await makeSender(api.db, { name: 'Rosa Lind' });
  const { id: versionId } = await makeVersion(api.db, {
    name: 'spring',
    plan: makePlan([touchNode('hello')]),
  });
  const launch = await makeLaunch(api.db, { versionId });
  await makeEnrollment(api.db, { launchId: launch.id, leadId: (await makeLead(api.db)).id });
  await api.db.query(`update launches set name = 'Paused one'`);
  const admin = await api.signedIn();
  await admin.post('/pause', { scope: 'launch', id: launch.id });
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

/** The name of what has the focus, once it has come to something. */
async function focused(page: Page): Promise<string> {
  const name = `(({ activeElement: one }) => one === document.body ? '' : one.getAttribute('aria-label') || one.labels?.[0]?.textContent || one.textContent)(document)`;
  for (let n = 0; n < 20; n++) {
    await page.waitForTimeout(100);
    if (n > 4 && (await page.evaluate(name))) break;
  }
  return page.evaluate(name);
}

async function press(page: Page, button: string): Promise<void> {
  const one = page.getByRole('button', { name: button, exact: true });
  // Until it can be pressed.
  await one.click({ trial: true });
  await one.focus();
  await page.keyboard.press('Enter');
}

test('a launch: Next and Back lead to the step, Resume stays where it is', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/launches/new?sequence=spring');
  await page.getByRole('radio', { name: /^spring/ }).check();
  await press(page, 'Next');
  expect(await focused(page)).toBe('Audience');
  await page.getByLabel('Everybody there is').check();
  await press(page, 'Next');
  expect(await focused(page)).toBe('Senders and start');
  await press(page, 'Next');
  expect(await focused(page)).toBe('Check');
  await press(page, 'Back');
  expect(await focused(page)).toBe('Senders and start');
  await page.goto('/launches');
  await page.getByRole('link', { name: 'Paused one' }).click();
  await page.getByRole('heading', { name: 'Paused one', level: 1 }).waitFor();
  await page.getByRole('button', { name: 'Resume', exact: true }).waitFor();
  await press(page, 'Resume');
  await page.getByRole('button', { name: 'Pause', exact: true }).last().waitFor();
  expect(await focused(page)).toBe('Pause');
  await close();
});

test('a file of leads: choosing it leads to its columns, importing it to the result', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/leads/import');
  const choose = page.locator('input[type=file]');
  await choose.focus();
  await choose.setInputFiles({
    name: 'a.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('Email\na@focus.test\n'),
  });
  await page.getByRole('heading', { name: 'The columns of a.csv' }).waitFor();
  expect(await focused(page)).toBe('Columns');
  await press(page, 'Import');
  await page.getByRole('button', { name: 'Another file' }).waitFor();
  expect(await focused(page)).toBe('Result');
  await close();
});

test('publishing leads back to the sequence', async () => {
  const { page, close } = await visit(browser, api);
  const admin = await api.signedIn();
  const source = readFileSync('sequences/library/reactivation.yaml', 'utf8');
  const draft = await admin.call('PUT', '/sequences/reactivation/draft', { source }, { 'if-match': '"0"' });
  expect(draft.status).toBe(200);
  await page.goto('/sequences/reactivation');
  await page.getByText('No mistakes').waitFor();
  await press(page, 'Publish');
  const dialog = page.getByRole('dialog', { name: 'Publish' });
  await dialog.getByRole('button', { name: 'Publish' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Published as a new version').waitFor();
  await dialog.waitFor({ state: 'detached' });
  expect(await focused(page)).toBe('Publish');
  await close();
});

test('settings: a link that was shown, what was saved and another language leave the keyboard where it was', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/settings/users');
  await press(page, 'Invite somebody');
  const form = page.getByRole('dialog', { name: 'Invite somebody' });
  await form.getByLabel('Email').fill('focus@acme.test');
  await form.locator('input[name=name]').fill('Fo Cus');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'A sign-in link' }).locator('pre').waitFor();
  await page.keyboard.press('Escape');
  expect(await focused(page)).toBe('Invite somebody');
  await page.goto('/settings/retention');
  await page.getByRole('textbox').first().fill('12');
  await press(page, 'Save');
  await page.getByText('Saved').waitFor();
  expect(await focused(page)).toBe('Save');
  await page.goto('/settings/profile');
  await page.getByRole('combobox', { name: 'Language' }).focus();
  await page.keyboard.press('ArrowDown');
  await settled(page);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('combobox', { name: 'Dil' }).waitFor();
  expect(await focused(page)).toMatch(/^Dil/);
  await close();
});

test('a form begins in its first field, and a name that cannot be says what it may be', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/sequences');
  await press(page, 'New sequence');
  const name = page.getByRole('dialog', { name: 'New sequence' }).locator('input[name=name]');
  await name.waitFor();
  expect(await focused(page)).toMatch(/^Name/);
  await name.fill('Spring 1');
  await page.keyboard.press('Enter');
  expect(await name.evaluate((field: { validationMessage: string }) => field.validationMessage)).toMatch(
    /^Lower case letters/,
  );
  await name.fill('spring-1');
  expect(await name.evaluate((field: { validationMessage: string }) => field.validationMessage)).toBe('');
  await page.goto('/settings/senders');
  await press(page, 'Add a sender');
  expect(await focused(page)).toMatch(/^Channel/);
  await page.goto('/settings/absences');
  await press(page, 'Add a leave');
  expect(await focused(page)).toMatch(/^From/);
  await close();
});
