import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { TestApi } from '../api/v1/support.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  touchNode,
} from '../support/factories.ts';
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

const HOSTILE = '<img src=x onerror="document.title=1">';

async function someLeads(): Promise<string> {
  const version = await makeVersion(api.db, { plan: makePlan([touchNode('hello', 'email')]) });
  const launch = await makeLaunch(api.db, { versionId: version.id });
  const ada = await makeLead(api.db, {
    firstName: 'Ada',
    lastName: HOSTILE,
    owner: 'rosa',
    timeZone: 'Europe/Istanbul',
    attributes: { tag: 'fair', note: '"><script>document.title=2</script>' },
  });
  const enrollment = await makeEnrollment(api.db, { launchId: launch.id, leadId: ada.id });
  await api.db.query(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day, at, content)
     values ($1, $2, 'hello', 1, 1, 'email', 'email', 'sent', business_now() - interval '2 days', current_date, business_now() - interval '2 days', '{}')`,
    [enrollment.id, ada.id],
  );
  await api.db.query(
    `insert into lead_events (lead_id, enrollment_id, type, channel, at) values ($1, $2, 'opened', 'email', business_now() - interval '1 day')`,
    [ada.id, enrollment.id],
  );
  for (const [firstName, lastName] of [
    ['محمد', 'الخوارزمي'],
    ['Wilhelmine-Charlotte', 'Donaudampfschifffahrtsgesellschaftskapitän'],
    ['Gülşah', 'Çağlayangil'],
  ])
    await makeLead(api.db, { firstName: firstName!, lastName: lastName!, owner: 'mia' });
  return ada.id;
}

test.each([
  ['desk', 'light', 'en'],
  ['phone', 'dark', 'tr'],
] as const)('leads are found by title, persona and language: %s, %s, %s', async (size, scheme, language) => {
  const owner = `filters-${size}`;
  for (const [firstName, title, persona, locale] of [
    ['Greta', 'Head of Growth', 'buyer', 'de-AT'],
    ['Otto', 'Engineer', 'user', 'tr'],
  ]) {
    const { id } = await makeLead(api.db, { firstName: firstName!, lastName: 'Filter', owner });
    await api.db.query('update leads set title = $2, persona = $3, locale = $4 where id = $1', [
      id,
      title,
      persona,
      locale,
    ]);
  }
  const words = {
    en: ['Filters', 'Title has', 'Persona', 'Language'],
    tr: ['Filtreler', 'Unvanda geçen', 'Persona', 'Dil'],
  }[language];
  const { page, complaints, close } = await visit(browser, api, { size, scheme, language });
  await page.goto(`/leads?owner=${owner}`);
  await page.getByText('Otto Filter').first().waitFor();
  await page.getByRole('button', { name: words[0]!, exact: true }).click();
  await page.getByRole('textbox', { name: words[1]! }).fill('growth');
  await page.keyboard.press('Enter');
  await page.waitForURL(/title=growth/);
  for (const [name, value] of [
    [words[2]!, 'buyer'],
    [words[3]!, 'de-AT'],
  ] as const) {
    await page.getByRole('combobox', { name }).click();
    await page.getByRole('option', { name: value }).click();
  }
  await page.waitForURL(/persona=buyer.*language=de-AT/);
  await page.getByText('Otto Filter').first().waitFor({ state: 'detached' });
  await page.getByText('Greta Filter').first().waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `leads-filters-${size}-${scheme}-${language}`);
  expect(complaints).toEqual([]);
  await close();
});

test.each([
  ['desk', 'light', 'en'],
  ['phone', 'dark', 'tr'],
] as const)('what happened to a lead comes in pages: %s, %s, %s', async (size, scheme, language) => {
  const { id } = await makeLead(api.db, { firstName: 'Long', lastName: 'Story' });
  await api.db.query(
    `insert into lead_events (lead_id, type, channel, at)
     select $1, 'opened', 'email', business_now() - make_interval(hours => n) from generate_series(1, 120) n`,
    [id],
  );
  const { page, complaints, close } = await visit(browser, api, { size, scheme, language });
  await page.goto(`/leads/${id}`);
  const entries = page.getByRole('list', { name: { en: /What happened/, tr: /Olan bitenler/ }[language] });
  await entries.waitFor();
  const more = page.getByRole('button', {
    name: { en: 'Show earlier', tr: 'Daha eskilerini göster' }[language],
  });
  for (const count of [50, 100, 120]) {
    await entries
      .getByRole('listitem')
      .nth(count - 1)
      .waitFor();
    expect(await entries.getByRole('listitem').count()).toBe(count);
    if (count === 120) break;
    await more.scrollIntoViewIfNeeded();
    if (count === 50) await picture(page, `timeline-${size}-${scheme}-${language}`);
    await more.click();
  }
  expect(await more.count()).toBe(0);
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});

test('leads are found, opened beside the list, changed, paused and exported, and nothing that they are called runs', async () => {
  const id = await someLeads();
  const { page, complaints, close } = await visit(browser, api);
  await page.goto('/leads');
  await page.getByText('Gülşah Çağlayangil').waitFor();
  await picture(page, 'leads-desk');
  await page.getByLabel('Name, company or email').fill('ada');
  await page.waitForURL(/q=ada/);
  await page.getByText('Gülşah Çağlayangil').waitFor({ state: 'detached' });
  await page.getByRole('link', { name: /Ada/ }).click();
  const drawer = page.getByRole('dialog', { name: 'Lead' });
  await drawer.getByText('Opened', { exact: true }).waitFor();
  expect(await page.title()).toBe('Leads · Cadenza');
  await picture(page, 'lead-drawer');
  await drawer.getByRole('button', { name: 'Pause' }).click();
  await drawer.getByRole('button', { name: 'Resume' }).waitFor();
  await drawer.getByText('This lead is paused').waitFor();
  await drawer.getByRole('tab', { name: 'Profile' }).click();
  await drawer.getByLabel('Title').fill('Countess');
  await drawer.getByRole('button', { name: 'Save' }).click();
  await drawer.getByText('Countess').first().waitFor();
  const { rows } = await api.db.query<{ title: string }>('select title from leads where id = $1', [id]);
  expect(rows[0]!.title).toBe('Countess');
  // Filters, order and the open lead are in the address.
  await page.reload();
  await drawer.getByText('Countess').first().waitFor();
  await drawer.getByRole('link', { name: 'Open page' }).click();
  await page.getByRole('heading', { level: 1, name: /Ada/ }).waitFor();
  await picture(page, 'lead-page');
  expect(await page.title()).toContain('Ada');
  expect(complaints).toEqual([]);
  await close();
});

test('what was a number stays one when something else of a lead is changed', async () => {
  const attributes = { seats: 250, renews: true, plan: 'gold' };
  const lead = await makeLead(api.db, { firstName: 'Seated', lastName: 'Lead' });
  await api.db.query('update leads set attributes = $2 where id = $1', [lead.id, JSON.stringify(attributes)]);
  const { page, complaints, close } = await visit(browser, api);
  await page.goto(`/leads/${lead.id}`);
  await page.getByRole('tab', { name: 'Profile' }).click();
  await page.getByLabel('Value: plan').fill('silver');
  await page.getByLabel('Value: seats').fill('300');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('status').getByText('Saved').waitFor();
  const { rows } = await api.db.query<{ attributes: object }>('select attributes from leads where id = $1', [
    lead.id,
  ]);
  expect(rows[0]!.attributes).toEqual({ ...attributes, seats: 300, plan: 'silver' });
  expect(complaints).toEqual([]);
  await close();
});

test('somebody is erased only when the name was typed', async () => {
  const lead = await makeLead(api.db, { firstName: 'Erasmus', lastName: 'Weg' });
  const { page, close } = await visit(browser, api);
  await page.goto(`/leads/${lead.id}`);
  await page.getByRole('tab', { name: 'Consent and privacy' }).click();
  await page.getByRole('button', { name: 'Erase' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[name=name]').fill('Somebody Else');
  await dialog.getByRole('button', { name: 'Erase' }).click();
  await page.getByText('nothing was erased').waitFor();
  await dialog.locator('input[name=name]').fill('Erasmus Weg');
  await dialog.getByRole('button', { name: 'Erase' }).click();
  await page.waitForURL(/\/leads$/);
  const { rows } = await api.db.query<{ gone: boolean }>(
    'select erased_at is not null as gone from leads where id = $1',
    [lead.id],
  );
  expect(rows[0]!.gone).toBe(true);
  await close();
});

test('a file is dropped, its columns mapped, and its leads are in', async () => {
  const file = {
    name: 'fair.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(
      'Vorname,Mail,Firma,Stand\nNora,nora@web.test,Acme,A1\nOmar,omar@web.test,Beta,B2\nNobody,nothing,Gama,C3\n',
    ),
  };
  const { page, complaints, close } = await visit(browser, api);
  await page.goto('/leads/import');
  await page.getByRole('heading', { name: 'Import leads', level: 1 }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.locator('input[type=file]').setInputFiles(file);
  await page.getByRole('heading', { name: 'The columns of fair.csv' }).waitFor();
  // What is to be looked at comes first, and what a lead is known for is shown.
  const rows = page.getByRole('region', { name: /^Of the first rows/ }).getByRole('row');
  await rows.nth(1).getByText('Not taken').waitFor();
  await rows.nth(2).getByText('Acme').waitFor();
  await picture(page, 'import-columns');
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByText('2 leads are in Cadenza, 2 of them new').waitFor();
  await picture(page, 'import-result');
  // It is found again, with what came of it.
  await page.getByRole('button', { name: 'Another file' }).click();
  const before = page.getByRole('row').filter({ hasText: 'fair.csv' });
  await before.getByText('Imported').waitFor();
  expect(await before.getByRole('cell').allTextContents()).toEqual([
    'fair.csv',
    expect.any(String),
    'Imported',
    '2',
    '1',
  ]);
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'import-earlier');
  await before.getByRole('link').click();
  await page.getByText('2 leads are in').waitFor();
  await page.getByRole('link', { name: 'Look at the leads' }).click();
  await page.getByText('Omar').waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test('a file that is not UTF-8 is read as somebody says that its names read right', async () => {
  const { page, complaints, close } = await visit(browser, api, { language: 'tr' });
  await page.goto('/leads/import');
  const rows = 'Ad;Soyad;Email\nGül?ah;Ça?layan;gulsah@1254.test\n';
  // As Windows writes Turkish: ş is 0xFE, ğ is 0xF0, and the others are those of Latin-1.
  const bytes = Buffer.from(rows, 'latin1');
  bytes[bytes.indexOf('?')] = 0xfe;
  bytes[bytes.indexOf('?')] = 0xf0;
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'excel.csv', mimeType: 'text/csv', buffer: bytes });
  await page.getByText('Gülþah').waitFor();
  expect(await page.getByLabel('Gülşah, Çağlayan').isChecked()).toBe(true);
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'import-letters');
  await page.getByRole('button', { name: 'Doğru okunuyor' }).click();
  await page.getByRole('cell', { name: 'Gülşah' }).first().waitFor();
  // Excel's own Unicode says what it is.
  await page.goto('/leads/import');
  const unicode = Buffer.from('\uFEFFAd\tSoyad\tEmail\nİpek\tIşık\tipek@utf16.test\n', 'utf16le');
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'unicode.txt', mimeType: 'text/plain', buffer: unicode });
  await page.getByRole('cell', { name: 'Işık' }).first().waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test('many are worked on at once', async () => {
  await makeLead(api.db, { firstName: 'Bulk', lastName: 'One' });
  await makeLead(api.db, { firstName: 'Bulk', lastName: 'Two' });
  const { page, close } = await visit(browser, api);
  await page.goto('/leads?q=bulk');
  await page.getByText('Bulk One').waitFor();
  await page.getByLabel('Select all').check();
  await page.getByRole('region', { name: 'Selected leads' }).getByRole('button', { name: 'More' }).click();
  await page.getByLabel('Tag').fill('vip');
  await page.keyboard.press('Enter');
  await page.getByText('Done for 2 leads').waitFor();
  const { rows } = await api.db.query(
    `select count(*)::int as count from leads where attributes ->> 'tag' = 'vip'`,
  );
  expect(rows[0]!.count).toBe(2);
  await close();
});

test.each([
  ['desk', 'light', 'en'],
  ['desk', 'dark', 'tr'],
  ['phone', 'light', 'tr'],
  ['phone', 'dark', 'en'],
] as const)('no violation on %s in %s, %s', async (size, scheme, language) => {
  const id = await someLeads();
  const { page, complaints, close } = await visit(browser, api, { size, scheme, language });
  await page.goto('/leads');
  await page.getByText('Gülşah').first().waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `leads-${size}-${scheme}-${language}`);
  await page.goto(`/leads?open=${id}`);
  await page.getByRole('dialog').getByRole('tab').first().waitFor();
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `lead-${size}-${scheme}-${language}`);
  await page.getByRole('dialog').getByRole('tab').nth(1).click();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('dialog').getByRole('tab').nth(2).click();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.goto(`/leads/${id}`);
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});

test('filters kept under a name are there on another machine of the same person, and can be removed', async () => {
  const first = await visit(browser, api);
  await first.page.goto('/leads?owner=mia&q=ada');
  await first.page.getByRole('button', { name: 'Views' }).click();
  await first.page.getByLabel('Keep these filters').fill('Of Mia');
  await first.page.getByLabel('Keep these filters').press('Enter');
  await first.page.getByRole('button', { name: 'Of Mia', exact: true }).waitFor();
  expect(await accessibilityViolations(first.page)).toEqual([]);
  await picture(first.page, 'leads-views');
  const context = await browser.newContext({ baseURL: api.url, locale: 'en-GB' });
  await context.addCookies((await first.page.context().cookies()).filter(({ name }) => name === 'cadenza'));
  const page = await context.newPage();
  await page.goto('/leads');
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('button', { name: 'Of Mia', exact: true }).click();
  await page.waitForURL(/owner=mia/);
  expect(page.url()).toContain('q=ada');
  expect(await page.getByLabel('Name, company or email').inputValue()).toBe('ada');
  await page.getByRole('button', { name: 'Remove: Of Mia' }).click();
  await page.getByRole('button', { name: 'Of Mia', exact: true }).waitFor({ state: 'detached' });
  expect(first.complaints).toEqual([]);
  await context.close();
  await first.close();
});
