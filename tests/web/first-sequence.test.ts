/** In a workspace without anything, what is begun with works. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { listSequences } from '../../db/sequences.ts';
import type { TestApi } from '../api/v1/support.ts';
import { accessibilityViolations, openBrowser, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

test('a first sequence of the suggested kind has no mistakes: what it goes on with is there, too', async () => {
  const { page, complaints, close } = await visit(browser, api);
  await page.goto('/launches/new');
  await page.getByRole('link', { name: 'Go to the sequences' }).click();
  await page.getByRole('button', { name: 'New sequence' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'New sequence' });
  await dialog.getByText('Goes on with “Reactivation of silent leads”').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await dialog.locator('input[name=name]').fill('my-first');
  await dialog.getByRole('button', { name: 'Begin writing' }).click();
  await page.getByText('No mistakes').waitFor();
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByText('Its first version').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
  await page.getByText('Published as a new version').waitFor();
  await page.getByRole('heading', { name: 'My first', level: 1 }).waitFor();
  expect((await listSequences(api.db)).map(({ name }) => name).toSorted()).toEqual([
    'my-first',
    'reactivation',
  ]);
  expect(complaints).toEqual([]);
  await close();
});
