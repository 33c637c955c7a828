import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { TestApi } from '../api/v1/support.ts';
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

const PARTS = {
  profile: 'You',
  keys: 'API keys',
  senders: 'Senders',
  users: 'People',
  absences: 'Leave and hand-over',
  calendars: 'The company’s own days',
  suppressions: 'Do not contact',
  consent: 'Consent',
  retention: 'Retention',
  webhooks: 'Webhooks',
  sources: 'Event sources',
  audit: 'Audit log',
} as const;

test.each(['light', 'dark'] as const)('every part of the settings has no violation (%s)', async (scheme) => {
  const { page, complaints, close } = await visit(browser, api, { scheme });
  for (const [part, title] of Object.entries(PARTS)) {
    await page.goto(`/settings/${part}`);
    await page.getByRole('heading', { name: title, level: 2, exact: true }).waitFor();
    await settled(page);
    expect([part, await accessibilityViolations(page)]).toEqual([part, []]);
    await picture(page, `settings-${part}-${scheme}`);
  }
  expect(complaints).toEqual([]);
  await close();
});

test('an admin invites a rep, who sees only what is a rep’s', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/settings/users');
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  const form = page.getByRole('dialog', { name: 'Invite somebody' });
  await form.getByLabel('Email').fill('deniz@acme.test');
  await form.locator('input[name=name]').fill('Deniz <img src=x onerror=alert(1)>');
  await form.getByRole('button', { name: 'Invite' }).click();
  const link = await page.getByRole('dialog', { name: 'A sign-in link' }).locator('pre').textContent();
  await page.keyboard.press('Escape');
  await page.getByRole('cell', { name: /Deniz <img/ }).waitFor();
  await close();

  const context = await browser.newContext({ baseURL: api.url, locale: 'en-GB' });
  const rep = await context.newPage();
  await rep.goto(new URL(link!).pathname);
  await rep.getByRole('button', { name: 'Sign in' }).click();
  await rep.getByRole('button', { name: 'Not now' }).click();
  await rep.getByRole('heading', { name: 'Today', level: 1 }).waitFor();
  await rep.goto('/settings/users');
  await rep.getByRole('heading', { name: 'You', level: 2 }).waitFor();
  expect(await rep.getByRole('link', { name: 'People' }).count()).toBe(0);
  // Leads are theirs by the name, so it is not theirs to change.
  expect(await rep.getByRole('textbox', { name: 'Name' }).isEditable()).toBe(false);
  await context.close();
});

test('a key is shown once and works until it is revoked, which can be undone for ten seconds', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/settings/keys');
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByRole('dialog').locator('input[name=name]').fill('warehouse');
  await page.getByRole('dialog').getByRole('button', { name: 'New key' }).click();
  const secret = await page.getByRole('dialog', { name: 'Your new key' }).locator('pre').textContent();
  await page.keyboard.press('Escape');
  const withKey = () => fetch(`${api.url}/v1/leads`, { headers: { authorization: `Bearer ${secret}` } });
  expect((await withKey()).status).toBe(200);
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  expect((await withKey()).status).toBe(200);
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('cell', { name: 'Revoked' }).waitFor({ timeout: 15_000 });
  expect((await withKey()).status).toBe(401);
  await close();
});

test('a sender and an endpoint are added by hand', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/settings/senders?id=new');
  const form = page.getByRole('dialog');
  await form.locator('input[name=name]').fill('Rosa');
  await form.locator('input[name=address]').fill('rosa@acme.test');
  await form.getByLabel('Server for sending').fill('smtp.acme.test');
  await form.getByLabel('Server for reading').fill('imap.acme.test');
  await form.locator('input[name="secret.password"]').fill('a mailbox password');
  await form.getByLabel('Email a day').fill('40');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('cell', { name: 'Email 0/40' }).waitFor();
  await picture(page, 'settings-senders-one');
  await page.goto('/settings/webhooks');
  await page.getByRole('button', { name: 'Add an endpoint' }).click();
  await page.getByRole('dialog').locator('input[name=url]').fill('http://127.0.0.1:9/hooks');
  await page.getByRole('dialog').getByRole('button', { name: 'Add an endpoint' }).click();
  await page.getByRole('dialog', { name: 'The signing secret' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Log' }).click();
  await page.getByRole('heading', { name: /What http:/ }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await close();
});

test('somebody goes on leave, the company closes, and an address is never written to again', async () => {
  const { page, close } = await visit(browser, api, { user: { name: 'Rosa Away' } });
  await page.goto('/settings/absences');
  await page.getByRole('button', { name: 'Add a leave' }).click();
  const form = page.getByRole('dialog');
  const date = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  await form.locator('input[name=from]').fill(date(20));
  await form.locator('input[name=to]').fill(date(25));
  expect(await accessibilityViolations(page)).toEqual([]);
  await form.getByRole('button', { name: 'Add a leave' }).click();
  await page.getByRole('cell', { name: 'The leads wait' }).waitFor();
  // It grows longer, without an end in between.
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await form.locator('input[name=to]').fill(date(27));
  await form.getByRole('button', { name: 'Save' }).click();
  await form.waitFor({ state: 'detached' });
  const { rows } = await api.db.query<{ to: string }>(
    `select to_char(to_day, 'YYYY-MM-DD') as to from absences`,
  );
  expect(rows).toEqual([{ to: date(27) }]);
  await page.goto('/settings/suppressions');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('dialog').locator('input[name=value]').fill('never@acme.test');
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
  await page.getByRole('cell', { name: 'by hand' }).waitFor();
  await page.goto('/settings/calendars');
  await page.locator('input[name=name]').fill('Closing week');
  await page.locator('input[name=from]').fill(date(40));
  await page.locator('input[name=to]').fill(date(44));
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText('Closing week').waitFor();
  await close();
});
