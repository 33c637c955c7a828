import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { firstAdmin } from '../../db/access/users.ts';
import { newSignInLink } from '../../db/access/sessions.ts';
import type { TestApi } from '../api/v1/support.ts';
import { accessibilityViolations, openBrowser, picture, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

test('the first admin comes in by the link that the start prints, and chooses a password', async () => {
  const admin = await firstAdmin(api.db, 'admin@acme.test');
  const context = await browser.newContext({ baseURL: api.url, locale: 'en-GB' });
  const page = await context.newPage();
  await page.goto('/leads');
  await page.waitForURL(/\/sign-in/);
  await page.goto(`/sign-in/${await newSignInLink(api.db, admin!.id)}`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('input[type=password]').fill('correct horse battery');
  await page.getByRole('button', { name: 'Save and go on' }).click();
  await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor();
  await page.getByRole('button', { name: /Your account/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByLabel('Email').fill('admin@acme.test');
  await page.locator('input[type=password]').fill('correct horse battery');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor();
  expect(await firstAdmin(api.db, 'admin@acme.test')).toBeNull();
  await context.close();
});

test.each(['light', 'dark'] as const)('the frame and its palette have no violation (%s)', async (scheme) => {
  const { page, complaints, close } = await visit(browser, api, { scheme });
  await page.goto('/today');
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `shell-${scheme}`);
  await page.keyboard.press('/');
  await page.getByRole('dialog').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `palette-${scheme}`);
  expect(complaints).toEqual([]);
  await close();
});

test('it speaks Turkish to whoever prefers it', async () => {
  const { page, close } = await visit(browser, api, { language: 'tr' });
  await page.goto('/today');
  await page.getByRole('heading', { name: 'Bugün', level: 1 }).waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('tr');
  await close();
});
