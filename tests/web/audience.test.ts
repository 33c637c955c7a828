/** Whom a launch is on, chosen from its own page. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { TestApi } from '../api/v1/support.ts';
import { makeLead, makePlan, makeSender, makeVersion, touchNode } from '../support/factories.ts';
import { accessibilityViolations, openBrowser, picture, settled, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
  await makeSender(api.db, { name: 'Rosa Lind' });
  await makeVersion(api.db, { name: 'spring', plan: makePlan([touchNode('hello')]) });
  for (const firstName of ['Ines', 'Ivo']) await makeLead(api.db, { firstName, country: 'CZ' });
  await makeLead(api.db, { firstName: 'Otto', country: 'DE' });
  const admin = await api.signedIn();
  const sent = await admin.post('/imports?name=fair.csv', 'Email\na@fair.test\nb@fair.test\n', {
    'content-type': 'text/csv',
  });
  expect((await admin.post(`/imports/${sent.body.id}/run`, {})).status).toBeLessThan(300);
  while ((await admin.get(`/imports/${sent.body.id}`)).body.state !== 'done')
    await new Promise((resolve) => setTimeout(resolve, 100));
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

test.each([
  ['desk', 'light', 'en'],
  ['phone', 'dark', 'tr'],
] as const)('an earlier import is chosen by its file (%s, %s, %s)', async (size, scheme, language) => {
  const { page, complaints, close } = await visit(browser, api, { size, scheme, language });
  const turkish = language === 'tr';
  await page.goto('/launches/new?sequence=spring');
  await page.getByRole('radio', { name: /^spring/ }).check();
  const next = page.getByRole('button', { name: turkish ? 'İleri' : 'Next' });
  await next.click();
  await page.getByLabel(turkish ? 'Aktarılmış bir dosyadaki herkes' : 'Everybody in a file').check();
  expect(await next.isDisabled()).toBe(true);
  await page.getByRole('combobox', { name: turkish ? 'Dosya' : 'File' }).click();
  await page.getByRole('option', { name: /fair\.csv .* 2 / }).click();
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `launch-import-${size}-${scheme}-${language}`);
  await next.click();
  await next.click();
  await page.getByRole('button', { name: turkish ? '2 adayla başlat' : 'Launch 2 leads' }).waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test('leads are chosen by a filter in Leads, for the sequence that was chosen before', async () => {
  const { page, complaints, close } = await visit(browser, api);
  await page.goto('/launches/new?sequence=spring');
  await page.getByRole('radio', { name: /^spring/ }).check();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('link', { name: 'Choose in Leads' }).click();
  await page.getByText('Choosing whom to launch on').waitFor();
  await page.getByRole('textbox', { name: 'Name, company or email' }).fill('Ines');
  await page.getByText('Otto').waitFor({ state: 'detached' });
  await page.getByLabel('Select all').check();
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'leads-for-launch');
  await page.getByRole('link', { name: 'Launch …' }).click();
  await page.getByText('The lead that you selected').waitFor();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: 'Launch one lead' }).waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test('a dry run says who is in touch already and would be contacted all the same', async () => {
  const [waits, met, answered] = await Promise.all(
    ['Wanda', 'Meta', 'Anne'].map((firstName) => makeLead(api.db, { firstName, country: 'NL' })),
  );
  await makeLead(api.db, { firstName: 'Silent', country: 'NL' });
  const happened = (id: string, type: string, days: number) =>
    api.db.query(
      `insert into lead_events (lead_id, type, at) values ($1, $2, business_now() - make_interval(days => $3))`,
      [id, type, days],
    );
  await happened(waits!.id, 'replied', 1);
  await happened(met!.id, 'replied', 2);
  await happened(met!.id, 'meeting_booked', 1);
  await happened(answered!.id, 'replied', 20);
  await happened(answered!.id, 'meeting_booked', 40);
  await api.db.query(
    `insert into messages (lead_id, channel, at, class, class_by) values ($1, 'email', business_now(), 'other', 'rule')`,
    [waits!.id],
  );
  const { page, complaints, close } = await visit(browser, api);
  const { rows } = await api.db.query<{ id: string }>('select id from sequence_versions');
  const chosen = new URLSearchParams({
    sequence: 'spring', version: rows[0]!.id, by: 'where', where: 'lead.country == "NL"', step: 'check',
  }); // prettier-ignore
  await page.goto(`/launches/new?${chosen.toString()}`);
  const notice = page.getByRole('region', { name: '3 of them are in touch with you' });
  await notice.getByText('Waits for an answer in the inbox: Wanda').waitFor();
  await notice.getByText('Booked a meeting in the last 30 days: Meta').waitFor();
  await notice.getByText('Answered in the last 30 days: Anne').waitFor();
  await page.getByRole('button', { name: 'Launch 4 leads' }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'launch-in-touch');
  expect(complaints).toEqual([]);
  await close();
});
