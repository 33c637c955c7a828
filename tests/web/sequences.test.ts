import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { TestApi } from '../api/v1/support.ts';
import { makeEnrollment, makeLaunch, makeLead, makeSender } from '../support/factories.ts';
import { accessibilityViolations, openBrowser, picture, settled, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
  const admin = await api.signedIn();
  await makeSender(api.db, { name: 'Rosa' });
  await makeSender(api.db, { name: 'Rosa', channel: 'linkedin' });
  const source = readFileSync('sequences/library/classic.yaml', 'utf8');
  const other = readFileSync('sequences/library/reactivation.yaml', 'utf8');
  expect((await admin.post('/sequences/reactivation/publication', { source: other })).status).toBe(200);
  const published = await admin.post('/sequences/classic/publication', { source });
  expect(published.status).toBe(200);
  const launch = await makeLaunch(api.db, { versionId: published.body.versionId });
  for (let n = 0; n < 3; n++) {
    const lead = await makeLead(api.db, { firstName: `Lead${n} <i onmouseover="document.title=1">` });
    await makeEnrollment(api.db, { launchId: launch.id, leadId: lead.id });
  }
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

test('a growth person begins with a template, makes a mistake, sees it in place, mends it, saves and publishes', async () => {
  const { page, complaints, close } = await visit(browser, api);
  await page.goto('/sequences');
  await page.getByRole('link', { name: 'Classic outreach' }).waitFor();
  await page.getByRole('button', { name: 'New sequence' }).click();
  const dialog = page.getByRole('dialog', { name: 'New sequence' });
  await dialog.locator('input[name=name]').fill('spring');
  await dialog.getByLabel('Classic outreach').check();
  expect(await accessibilityViolations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Begin writing' }).click();
  await page.waitForURL(/sequences\/spring/);
  await page.getByText('No mistakes').waitFor();
  const editor = page.getByRole('textbox', { name: /definition/ });
  await editor.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('windw: {}\n');
  await page.getByText('One mistake').first().waitFor();
  await page.getByRole('list', { name: 'One mistake' }).getByText('Line 1:').waitFor();
  await picture(page, 'sequence-mistake');
  // The mistake is mended, the draft saved, and what publishing means is told first.
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Delete');
  await page.getByText('No mistakes').waitFor();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('# Written in spring.\n');
  await page.keyboard.press('Control+s');
  await page.getByText('Draft saved').waitFor();
  await page.getByRole('button', { name: 'Publish' }).click();
  const publish = page.getByRole('dialog', { name: 'Publish' });
  await publish.getByText(/A new version/).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await publish.getByRole('button', { name: 'Publish' }).click();
  await page.getByText('Published as a new version').waitFor();
  const { rows } = await api.db.query(
    `select count(*)::int as count from sequence_versions where name = 'spring'`,
  );
  expect(rows[0]!.count).toBe(1);
  expect(await page.title()).toMatch(/Cadenza$/);
  expect(complaints).toEqual([]);
  await close();
});

test('what is not saved asks before it is left', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/sequences/classic');
  await page.getByText('No mistakes').waitFor();
  await page.getByRole('textbox', { name: /definition/ }).click();
  await page.keyboard.type('#');
  await page.getByText('Not saved').waitFor();
  const asked = page.waitForEvent('dialog').then(async (dialog) => {
    const text = dialog.message();
    await dialog.dismiss();
    return text;
  });
  await page.getByRole('link', { name: 'Leads' }).click();
  expect(await asked).toContain('not saved');
  expect(page.url()).toContain('/sequences/classic');
  await close();
});

test.each([
  ['desk', 'light', 'en'],
  ['desk', 'dark', 'tr'],
  ['phone', 'light', 'tr'],
] as const)('every part of a sequence has no violation on %s in %s, %s', async (size, scheme, language) => {
  const { page, complaints, close } = await visit(browser, api, { size, scheme, language });
  await page.goto('/sequences');
  await page.getByRole('table').first().waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `sequences-${size}-${scheme}-${language}`);
  for (const tab of ['flow', 'messages', 'calendar', 'results', 'versions']) {
    await page.goto(`/sequences/classic?tab=${tab}`);
    await page.getByRole('tab').first().waitFor();
    await settled(page);
    await page.waitForTimeout(400);
    await settled(page);
    expect([tab, await accessibilityViolations(page)]).toEqual([tab, []]);
    await picture(page, `sequence-${tab}-${size}-${scheme}-${language}`);
  }
  expect(complaints).toEqual([]);
  await close();
});
