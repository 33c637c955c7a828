/** What a version brought stays in sight when the next one is published. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { recountAll } from '../../db/analytics/recount.ts';
import type { TestApi } from '../api/v1/support.ts';
import { tellStory } from '../support/analytics-story.ts';
import { makePlan, makeVersion, touchNode } from '../support/factories.ts';
import { accessibilityViolations, openBrowser, picture, settled, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
  await tellStory(api.db);
  await recountAll(api.db);
  await api.db.query(`update enrollments set engine = '{}'`);
  await makeVersion(api.db, { name: 'story', plan: makePlan([touchNode('hello'), touchNode('other')]) });
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

test.each([
  ['desk', 'light'],
  ['phone', 'dark'],
] as const)('the flow leads to the results of the version that has some (%s, %s)', async (size, scheme) => {
  const { page, complaints, close } = await visit(browser, api, { size, scheme });
  await page.goto('/sequences/story');
  await page.getByText('This version has no numbers yet.').waitFor();
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `sequence-new-version-${size}-${scheme}`);
  await page.getByRole('link', { name: 'Results of version 1' }).click();
  // In the order of the sequence, also a step that the newest version does not have.
  await page.getByRole('row', { name: /^ring/ }).waitFor();
  const steps = await page.getByRole('table').getByRole('row').allTextContents();
  expect(steps.slice(1).map((row) => /^[a-z]+/.exec(row)?.[0])).toEqual(['hello', 'nudge', 'ring']);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `sequence-results-of-version-${size}-${scheme}`);
  await page.getByRole('combobox', { name: 'Results of' }).click();
  await page.getByRole('option', { name: /Version 2 .*nobody yet/ }).click();
  await page.getByText('Nobody has been in it yet').waitFor();
  // Without a choice it is the one that has results.
  await page.goto('/sequences/story?tab=results');
  await page.getByRole('row', { name: /^ring/ }).waitFor();
  await page.getByRole('tab', { name: 'Versions' }).click();
  await page.getByRole('row', { name: /^2 / }).waitFor();
  expect(complaints).toEqual([]);
  await close();
});
