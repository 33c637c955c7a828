/** The list of leads as somebody works through it: found, moved in by keys, selected, handed on to a launch; and one lead's history. */
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

test('a filter typed into the address holds, and clearing filters also clears the field', async () => {
  await makeLead(api.db, { firstName: 'Free', lastName: 'Lead', owner: null });
  await makeLead(api.db, { firstName: 'Taken', lastName: 'Lead', owner: 'mia' });
  const { page, complaints, close } = await visit(browser, api);
  await page.goto('/leads?unowned=true&q=lead');
  await page.getByText('Free Lead').waitFor();
  expect(await page.getByText('Taken Lead').count()).toBe(0);
  await page.getByRole('button', { name: 'Remove: Owner nobody' }).click();
  await page.getByText('Taken Lead').waitFor();
  const field = page.getByLabel('Name, company or email');
  await field.fill('nobody is called so');
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await page.getByText('Taken Lead').waitFor();
  expect(await field.inputValue()).toBe('');
  expect(complaints).toEqual([]);
  await close();
});

test('keys move, select and open; all that a filter finds are selected and launched on from this tab', async () => {
  const owner = 'many';
  await api.db.query(
    `insert into leads (seed, first_name, last_name, emails, owner)
     select 'many' || n, 'Many', 'Lead-' || n, array['many' || n || '@example.test'], $1 from generate_series(1, 230) n`,
    [owner],
  );
  const { page, complaints, close } = await visit(browser, api);
  await page.goto(`/leads?owner=${owner}&sort=name`);
  await page.getByText('Many Lead-1', { exact: true }).waitFor();
  await page.getByRole('heading', { level: 1 }).click();
  for (const key of ['j', 'x', 'j', 'j', 'x', 'k', 'o']) await page.keyboard.press(key);
  const drawer = page.getByRole('dialog', { name: 'Lead' });
  await drawer.getByText('Many Lead-10', { exact: true }).first().waitFor();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  const bulk = page.getByRole('region', { name: 'Selected leads' });
  await bulk.getByText('2 selected').waitFor();
  // So few fit into an address.
  expect(await bulk.getByRole('link', { name: /Launch/ }).count()).toBe(1);
  await page.getByLabel('Select all').check();
  await bulk.getByRole('button', { name: 'Select all 230' }).click();
  await bulk.getByText('230 selected').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await bulk.getByRole('button', { name: /Launch/ }).click();
  await page.waitForURL(/launches\/new/);
  expect(page.url().length).toBeLessThan(500);
  expect(
    await page.evaluate(
      'Object.entries(sessionStorage).find(([name]) => name.endsWith(".leads"))[1].split(",").length',
    ),
  ).toBe(230);
  expect(complaints).toEqual([]);
  await close();
});

test('what happened to a lead is told in Turkish, whatever it was', async () => {
  const version = await makeVersion(api.db, { plan: makePlan([touchNode('hello', 'email')]) });
  const launch = await makeLaunch(api.db, { versionId: version.id });
  const { id } = await makeLead(api.db, { firstName: 'Gülşah', lastName: 'Işık' });
  const enrollment = await makeEnrollment(api.db, { launchId: launch.id, leadId: id });
  const decide = (kind: string, reason: string, detail: string | null = null) =>
    api.db.query(
      `insert into decisions (enrollment_id, lead_id, at, step_id, kind, reason, detail) values ($1, $2, business_now(), 'x', $3, $4, $5)`,
      [enrollment.id, id, kind, reason, detail],
    );
  await decide('arm', 'kısa');
  await decide('branch', 'replied_did_not_happen');
  await decide('handed_over', 'by_a_person', 'from Rosa to Mert');
  await decide('postponed', 'absence');
  const { rows } = await api.db.query<{ id: string }>(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day, at, content)
     values ($1, $2, 'hello', 1, 1, 'email', 'email', 'sent', business_now(), current_date, business_now(), '{}') returning id`,
    [enrollment.id, id],
  );
  await api.db.query(
    `insert into hits (touch_id, lead_id, kind, link, by, why, at, last_at, count) values ($1, $2, 'click', 0, 'machine', 'several_links', business_now(), business_now(), 3)`,
    [rows[0]!.id, id],
  );
  await api.db.query(
    `insert into lead_events (lead_id, type, at) values ($1, 'session.started', business_now())`,
    [id],
  );
  const { page, complaints, close } = await visit(browser, api, { language: 'tr' });
  await page.goto(`/leads/${id}`);
  await settled(page);
  const entries = page.getByRole('list', { name: /Olan bitenler/ });
  await entries.waitFor();
  const told = (await entries.textContent())!;
  for (const words of [
    'Seçenek',
    'Yanıtladı: olmadı',
    'Rosa → Mert',
    'Ertelendi',
    'Biri izinde',
    'birkaç bağlantı birden, 3 kez',
    'Siteyi ziyaret etti',
  ])
    expect(told).toContain(words);
  expect(told).not.toMatch(/arm|branch|happen|from |times|session|person/);
  await picture(page, 'timeline-tr');
  expect(complaints).toEqual([]);
  await close();
});

test('an import goes on where it was after a reload', async () => {
  const { page, complaints, close } = await visit(browser, api);
  await page.goto('/leads/import');
  await page.locator('input[type=file]').setInputFiles({
    name: 'again.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('Mail,Stand\nnora@again.test,A1\n'),
  });
  const becomes = page.getByRole('combobox', { name: /Stand/ });
  await becomes.click();
  await page.getByRole('option', { name: 'Persona' }).click();
  await page.waitForTimeout(300);
  await page.reload();
  await page.getByRole('heading', { name: 'The columns of again.csv' }).waitFor();
  expect(await becomes.inputValue()).toBe('Persona');
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByText('One lead is in').waitFor();
  await page.reload();
  await page.getByText('One lead is in').waitFor();
  const { rows } = await api.db.query(`select persona from leads where 'nora@again.test' = any(emails)`);
  expect(rows).toEqual([{ persona: 'A1' }]);
  expect(complaints).toEqual([]);
  await close();
});
