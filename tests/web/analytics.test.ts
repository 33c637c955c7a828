import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { recountAll } from '../../db/analytics/recount.ts';
import type { TestApi } from '../api/v1/support.ts';
import { tellStory } from '../support/analytics-story.ts';
import { accessibilityViolations, openBrowser, picture, settled, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
  await tellStory(api.db);
  await recountAll(api.db);
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

const MARCH = 'from=2026-03-01&to=2026-03-31';

test('numbers by channel are those that the API says, and go out as CSV', async () => {
  const { page, complaints, close } = await visit(browser, api, { timeZone: 'Europe/Berlin' });
  const admin = await api.signedIn();
  const said = await admin.get(`/analytics/summary?${MARCH}&timeZone=Europe/Berlin&by=channel`);
  const email = said.body.rows.find((row: { key: string }) => row.key === 'email').current;
  expect(email.sent).toBeGreaterThan(0);
  await page.goto(`/analytics?${MARCH}&by=channel`);
  const row = page.getByRole('row', { name: /Email/ });
  await row.waitFor();
  const cells = await row.getByRole('cell').allTextContents();
  expect(cells.slice(1, 3)).toEqual([String(email.sent), String(email.delivered)]);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export CSV' }).click();
  expect((await download).suggestedFilename()).toMatch(/\.csv$/);
  await page.getByRole('combobox', { name: 'By' }).click();
  await page.getByRole('option', { name: 'Week' }).click();
  await page.waitForURL(/by=week/);
  await page.getByRole('img', { name: /the table below/ }).waitFor();
  await picture(page, 'analytics-week');
  expect(complaints).toEqual([]);
  await close();
});

test('the ways by which people come go out as CSV, too', async () => {
  const { page, complaints, close } = await visit(browser, api, { timeZone: 'Europe/Berlin' });
  await page.goto(`/analytics?tab=attribution&${MARCH}`);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export CSV: By which ways do people come?' }).click();
  const text = await readFile(await (await download).path(), 'utf8');
  const shown = await page.getByRole('table').last().getByRole('row').count();
  expect(text.trim().split('\r\n')).toHaveLength(shown);
  expect(complaints).toEqual([]);
  await close();
});

test.each([
  ['desk', 'light', 'en'],
  ['desk', 'dark', 'tr'],
  ['phone', 'light', 'tr'],
] as const)('no violation on %s in %s, %s', async (size, scheme, language) => {
  const { page, complaints, close } = await visit(browser, api, { size, scheme, language });
  for (const tab of ['results', 'attribution', 'forecast']) {
    await page.goto(`/analytics?tab=${tab}&${MARCH}`);
    await page.getByRole('tab').first().waitFor();
    await settled(page);
    await page.waitForTimeout(300);
    await settled(page);
    expect([tab, await accessibilityViolations(page)]).toEqual([tab, []]);
    await picture(page, `analytics-${tab}-${size}-${scheme}-${language}`);
  }
  expect(complaints).toEqual([]);
  await close();
});
