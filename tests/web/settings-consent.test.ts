import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { readConsentPolicy, writeConsentPolicy } from '../../db/consent.ts';
import type { TestApi } from '../api/v1/support.ts';
import { until } from '../support/until.ts';
import { accessibilityViolations, openBrowser, picture, settled, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

test('an admin says where a consent is needed; what somebody else said meanwhile is not overwritten', async () => {
  await writeConsentPolicy(api.db, { AT: ['email', 'call'] });
  const { page, complaints, close } = await visit(browser, api);
  await page.goto('/settings/consent');
  expect(await page.getByLabel('Austria: Call').isChecked()).toBe(true);
  await page.getByLabel('Country, as its two letters').fill('qq');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByText('No country has these letters').waitFor();
  await page.getByLabel('Country, as its two letters').fill('de');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByLabel('Germany: Email').check();
  await page.getByLabel('Germany: SMS').check();
  await page.getByLabel('Every other country: WhatsApp').check();
  await page.getByRole('button', { name: 'Remove: Austria' }).click();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved').waitFor();
  const policy = { DE: ['email', 'sms'], '*': ['whatsapp'] };
  expect(await readConsentPolicy(api.db)).toEqual(policy);
  await settled(page);
  await writeConsentPolicy(api.db, { ...policy, FR: ['email'] });
  await page.getByLabel('Germany: SMS').uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Somebody else changed this meanwhile').waitFor();
  expect(await readConsentPolicy(api.db)).toEqual({ ...policy, FR: ['email'] });
  expect(await page.getByLabel('Germany: SMS').isChecked()).toBe(false);
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Take theirs' }).click();
  expect(await page.getByLabel('France: Email').isChecked()).toBe(true);
  expect(await page.getByLabel('Germany: SMS').isChecked()).toBe(true);
  await page.getByLabel('Germany: SMS').uncheck();
  await writeConsentPolicy(api.db, policy);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Keep mine, then save' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  const mine = { DE: ['email'], FR: ['email'], '*': ['whatsapp'] };
  await page.getByText('Somebody else changed this meanwhile').waitFor({ state: 'detached' });
  await until(async () => isDeepStrictEqual(await readConsentPolicy(api.db), mine), 'it is saved');
  expect(complaints).toEqual([]);
  await close();
});

test.each([
  ['dark', 'desk', 'en'],
  ['light', 'phone', 'tr'],
] as const)('its part of the settings has no violation (%s, %s, %s)', async (scheme, size, language) => {
  await writeConsentPolicy(api.db, { DE: ['email', 'sms'], TR: ['sms'] });
  const { page, complaints, close } = await visit(browser, api, { scheme, size, language });
  await page.goto('/settings/consent');
  await page.getByLabel(language === 'tr' ? 'Almanya: SMS' : 'Germany: SMS').waitFor();
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `settings-consent-${scheme}-${size}-${language}`);
  expect(complaints).toEqual([]);
  await close();
});

test('who is no admin does not see it', async () => {
  const { page, close } = await visit(browser, api, { user: { role: 'manager' } });
  await page.goto('/settings/consent');
  await page.getByRole('heading', { name: 'You', level: 2 }).waitFor();
  expect(await page.getByRole('link', { name: 'Consent' }).count()).toBe(0);
  await close();
});
