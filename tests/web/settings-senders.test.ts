/** Every kind of sender that there is an adapter for can be added in the app. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { createSecrets } from '../../common/crypto.ts';
import { DEFAULT_CAPS, findSender, loadAccount } from '../../db/senders.ts';
import { USUAL_CAPS } from '../../web/src/pages/settings/sender-providers.ts';
import type { TestApi } from '../api/v1/support.ts';
import { accessibilityViolations, openBrowser, picture, settled, startWebApi, visit } from './support.ts';

const secrets = createSecrets([{ id: 'test', key: Buffer.alloc(32, 1) }]);
let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

async function choose(page: Page, form: Locator, label: string, option: string): Promise<void> {
  await form.getByRole('combobox', { name: label }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
}
const stored = async (name: string) => loadAccount(api.db, (await findSender(api.db, name)).id, secrets);

test('a new mailbox has the usual limits, and may begin slowly', async () => {
  expect(USUAL_CAPS).toEqual(DEFAULT_CAPS);
  const { page, complaints, close } = await visit(browser, api);
  await page.goto('/settings/senders?id=new');
  const form = page.getByRole('dialog');
  await form.locator('input[name=name]').fill('New Rosa');
  await form.locator('input[name=address]').fill('new@acme.test');
  await form.getByLabel('Server for sending').fill('smtp.acme.test');
  await form.getByLabel('Server for reading').fill('imap.acme.test');
  await form.getByLabel('Its port', { exact: true }).fill('2525');
  await form.getByLabel('Password', { exact: true }).fill('a mailbox password');
  expect(await form.getByLabel('Email a day').inputValue()).toBe('50');
  await form.getByLabel('Email a week').fill('200');
  await form.getByLabel('It is new: begin slowly').check();
  await form.getByLabel('On the first day').fill('3');
  await form.getByLabel('Pause it when so many of 200 bounced').fill('4');
  await form.getByRole('button', { name: 'Add an attribute' }).click();
  await form.getByLabel('Name', { exact: true }).last().fill('calendar');
  await form.getByLabel('Value: calendar').fill('https://cal.test/rosa');
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'settings-sender-new');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.waitFor({ state: 'detached' });
  expect(await findSender(api.db, 'New Rosa')).toMatchObject({
    caps: { email: { day: 50, week: 200 } },
    rampUp: { start: 3, add_per_day: 5, from: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) },
    minGapSeconds: 60,
    jitterSeconds: 120,
    reputation: { bounced_percent: 4 },
    attributes: { calendar: 'https://cal.test/rosa' },
    settings: { host: 'smtp.acme.test', port: 2525, imap: { host: 'imap.acme.test' } },
  });
  expect(complaints).toEqual([]);
  await close();
});

test('a mailbox at Google signs in by OAuth', async () => {
  const { page, complaints, close } = await visit(browser, api);
  await page.goto('/settings/senders?id=new');
  const form = page.getByRole('dialog');
  await form.locator('input[name=name]').fill('Google Rosa');
  await form.locator('input[name=address]').fill('rosa@gmail.test');
  await choose(page, form, 'How it signs in', 'Google, by OAuth');
  const settings = { oauth: { provider: 'google', clientId: 'a.apps.googleusercontent.com' }, imap: {} };
  await form.getByLabel('OAuth client ID').fill('a.apps.googleusercontent.com');
  await form.getByLabel('OAuth client secret').fill('a client secret');
  await form.getByLabel('OAuth refresh token').fill('a refresh token');
  expect(await form.getByLabel('Password', { exact: true }).count()).toBe(0);
  // Half a JSON on the way takes nothing away, and is not saved.
  await form.getByText('All settings, as JSON').click();
  expect(JSON.parse(await form.getByLabel('Settings').inputValue())).toEqual(settings);
  await form.getByLabel('Settings').fill('{"oauth": ');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').getByText('This is no JSON').waitFor();
  await form.getByLabel('Settings').fill(JSON.stringify(settings));
  expect(await form.getByLabel('OAuth refresh token').inputValue()).toBe('a refresh token');
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'settings-sender-google');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.waitFor({ state: 'detached' });
  expect(await stored('Google Rosa')).toMatchObject({
    provider: 'smtp',
    settings,
    credentials: { clientSecret: 'a client secret', refreshToken: 'a refresh token' },
  });
  expect(complaints).toEqual([]);
  await close();
});

test('a mailbox that signs its mail itself takes a key of several lines', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/settings/senders?id=new');
  const form = page.getByRole('dialog');
  await form.locator('input[name=name]').fill('Own Rosa');
  await form.locator('input[name=address]').fill('rosa@own.test');
  await form.getByLabel('Server for sending').fill('mail.own.test');
  await form.getByLabel('Read its mailbox').uncheck();
  await form.getByLabel('Sign its mail').check();
  await form.getByLabel('DKIM domain').fill('own.test');
  await form.getByLabel('DKIM selector').fill('c1');
  await form.getByLabel('Password', { exact: true }).fill('a mailbox password');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await form.getByLabel('DKIM private key (PEM)').fill(pem);
  await form.getByRole('button', { name: 'Save' }).click();
  await form.waitFor({ state: 'detached' });
  expect(await stored('Own Rosa')).toMatchObject({
    settings: { host: 'mail.own.test', dkim: { domain: 'own.test', selector: 'c1' } },
    credentials: { password: 'a mailbox password', dkimPrivateKey: pem.trim() },
  });
  await close();
});

test('a number at Twilio, and a LinkedIn account at Unipile', async () => {
  const { page, complaints, close } = await visit(browser, api);
  await page.goto('/settings/senders?id=new');
  const form = page.getByRole('dialog');
  await choose(page, form, 'Channel', 'SMS');
  await form.locator('input[name=name]').fill('Number');
  await form.locator('input[name=address]').fill('+4930231259991');
  await form.getByLabel('Account SID (AC…)').fill('AC00000000000000000000000000000000');
  await form.getByLabel('Auth token').fill('a token');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.waitFor({ state: 'detached' });
  expect(await stored('Number')).toMatchObject({
    provider: 'twilio',
    credentials: { accountSid: 'AC00000000000000000000000000000000', authToken: 'a token' },
  });
  await page.goto('/settings/senders?id=new');
  await choose(page, form, 'Channel', 'LinkedIn');
  await choose(page, form, 'Provider', 'unipile');
  await form.locator('input[name=name]').fill('Profile');
  await form.locator('input[name=address]').fill('https://www.linkedin.com/in/rosa');
  await form.getByLabel('Address of the API').fill('https://api1.unipile.com:13111');
  await form.getByLabel('ID of the connected account').fill('abc');
  await form.getByLabel('API key').fill('a key');
  await form.getByLabel('Secret of its webhooks').fill('a secret of sixteen');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.waitFor({ state: 'detached' });
  // One of two is changed later; the other stays.
  const { id } = await findSender(api.db, 'Profile');
  await page.goto(`/settings/senders?id=${id}`);
  await form.getByLabel('API key').fill('a newer key');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.waitFor({ state: 'detached' });
  expect(await stored('Profile')).toMatchObject({
    settings: { baseUrl: 'https://api1.unipile.com:13111', accountId: 'abc' },
    credentials: { apiKey: 'a newer key', webhookSecret: 'a secret of sixteen' },
  });
  expect(complaints).toEqual([]);
  await close();
});
