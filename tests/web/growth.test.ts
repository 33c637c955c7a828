/** What a growth person sees beside the editor: a month in words, results before there are any, long sequences on a phone. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { recountAll } from '../../db/analytics/recount.ts';
import type { TestApi } from '../api/v1/support.ts';
import { tellStory } from '../support/analytics-story.ts';
import { makeLead } from '../support/factories.ts';
import { accessibilityViolations, openBrowser, picture, settled, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
let mailbox: string;
/** Forty steps, with a branch after each message. */
const FORTY = [
  'name: forty',
  'title: Donaudampfschifffahrtsgesellschaftskampagne',
  'steps:',
  ...Array.from({ length: 10 }, (_, n) =>
    [
      `  - id: mail-${n}`,
      `    email: { subject: 'Hello {{ lead.first_name }}', body: 'Text ${n}.' }`,
      '  - wait: 2 days',
      `  - id: in-turkey-${n}`,
      '    if: lead.country == "TR"',
      '    then:',
      `      - id: call-${n}`,
      "        call: { script: 'Say hello' }",
      '    else:',
      `      - id: visit-${n}`,
      '        linkedin: { action: visit }',
    ].join('\n'),
  ),
].join('\n');
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
  ({ mailbox } = await tellStory(api.db));
  // Came without a touch before.
  const { id } = await makeLead(api.db);
  await api.db.query(
    `insert into lead_events (lead_id, type, at, data) values ($1, 'session.started', '2026-03-11', '{}')`,
    [id],
  );
  await recountAll(api.db);
  const admin = await api.signedIn();
  for (const [name, source] of [
    ['reactivation', readFileSync('sequences/library/reactivation.yaml', 'utf8')],
    ['forty', FORTY],
  ] as const)
    expect((await admin.post(`/sequences/${name}/publication`, { source })).status).toBe(200);
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

test('a month says in the reader’s language how it ends, and what leads do changes it', async () => {
  const { page, complaints, close } = await visit(browser, api, { language: 'tr' });
  await page.goto('/sequences/reactivation?tab=calendar');
  await page.getByText('Pzt', { exact: true }).waitFor();
  await page.getByText(/20 aday: Akış/).waitFor();
  expect(await page.getByText(/finished|ended/).count()).toBe(0);
  await page.goto('/sequences/forty?tab=calendar');
  await page
    .getByText(/20 aday/)
    .first()
    .waitFor();
  await page.getByRole('combobox', { name: 'Adaylar ne yapar' }).click();
  await page.getByRole('option', { name: 'Bir hafta sonra yanıtlarlar' }).click();
  await page.getByRole('button', { name: 'Göster' }).click();
  await page.getByText(/20 aday: .*yanıt/).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});

test('results of a sequence that nobody was in say what to expect here', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/sequences/forty?tab=results');
  await page.getByText('Nobody has been in it yet').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await close();
});

test('forty steps are a list on a phone, and a picture that begins at its start', async () => {
  const { page, complaints, close } = await visit(browser, api, { size: 'phone' });
  await page.goto('/sequences/forty');
  const steps = page.getByRole('list', { name: 'Steps' });
  await steps.getByText('mail-0').waitFor();
  expect(await steps.getByRole('listitem').count()).toBe(40);
  await steps.getByText('If lead.country == "TR"').first().waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  await page.getByText('Picture', { exact: true }).click();
  await page.getByText('Start', { exact: true }).waitFor();
  await settled(page);
  await page.waitForTimeout(500);
  const start = (await page.getByText('Start', { exact: true }).boundingBox())!;
  const tools = (await page.getByText('No mistakes').boundingBox())!;
  expect(start.y).toBeGreaterThan(tools.y + tools.height);
  await picture(page, 'sequence-forty-phone');
  expect(complaints).toEqual([]);
  await close();
});

test('from channels to weeks, what is still there of the channels is no date of the chart', async () => {
  const { page, complaints, close } = await visit(browser, api);
  const by = async (name: string) => {
    await page.getByRole('combobox', { name: 'By' }).click();
    await page.getByRole('option', { name }).click();
  };
  await page.goto('/analytics?from=2026-03-01&to=2026-03-31&by=day');
  await page.locator('.recharts-surface').first().waitFor();
  await by('Channel');
  await page.getByRole('row', { name: /LinkedIn/ }).waitFor();
  await page.route(/analytics.summary/, (route) => setTimeout(() => void route.continue(), 500));
  await by('Week');
  await page.getByRole('row', { name: /LinkedIn/ }).waitFor({ state: 'detached' });
  await page.locator('.recharts-surface').first().waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test('analytics of one sender are in the address, and a way without touches says so', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/analytics?from=2026-03-01&to=2026-03-31&by=channel');
  await page.getByRole('row', { name: /LinkedIn/ }).waitFor();
  await page.getByRole('combobox', { name: 'Sender' }).click();
  await page.getByRole('option', { name: /mail@acme.test/ }).click();
  await page.getByRole('row', { name: /LinkedIn/ }).waitFor({ state: 'detached' });
  await page.getByRole('row', { name: /Email/ }).waitFor();
  expect(new URL(page.url()).searchParams.get('sender')).toBe(mailbox);
  await page.goto('/analytics?from=2026-03-01&to=2026-03-31&tab=attribution');
  const ways = page.getByRole('region', { name: 'By which ways do people come?' });
  await ways.getByRole('row', { name: /Sessions No touch before/ }).waitFor();
  await page.goto('/analytics?from=2020-03-01&to=2020-03-31');
  await page.getByText('Nothing was sent in this range').waitFor();
  await close();
});
