import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
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

const SAID = {
  en: {
    provider_away: 'The identity provider does not answer',
    unknown_user: 'Nobody with this address',
    disabled_user: 'Your account here is disabled',
    unverified_email: 'has not verified your email address',
    expired: 'took too long',
    'something new': 'Signing in did not work',
  },
  tr: {
    provider_away: 'Kimlik sağlayıcı yanıt vermiyor',
    unknown_user: 'Bu adresle kayıtlı kimse yok',
    disabled_user: 'Buradaki hesabınız devre dışı',
    unverified_email: 'e-posta adresinizi doğrulamamış',
    expired: 'Giriş çok uzun sürdü',
    'something new': 'Giriş yapılamadı',
  },
} as const;

test.each([
  ['en', 'light', 'desk'],
  ['tr', 'dark', 'phone'],
] as const)('the sign-in page says why somebody did not come in (%s)', async (language, scheme, size) => {
  const { page, complaints, close } = await visit(browser, api, { language, scheme, size });
  for (const [error, sentence] of Object.entries(SAID[language])) {
    await page.goto(`/sign-in?error=${encodeURIComponent(error)}`);
    await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
  }
  await page.goto('/sign-in?error=provider_away');
  await page.getByRole('alert').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `sign-in-${language}-${size}-${scheme}`);
  expect(complaints).toEqual([]);
  await close();
});
