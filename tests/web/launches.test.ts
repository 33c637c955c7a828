import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { suppress } from '../../db/suppressions.ts';
import type { TestApi } from '../api/v1/support.ts';
import { identityHash } from '../support/enrollment-host.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  touchNode,
} from '../support/factories.ts';
import { accessibilityViolations, openBrowser, picture, settled, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
const plan = makePlan([touchNode('hello'), touchNode('again')]);
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
  await makeSender(api.db, { name: 'Rosa Lind', caps: { email: { day: 3 } } });
  await makeVersion(api.db, { plan, name: 'spring' });
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

test('a launch is tried, says who is left out and when the last one is reached, and begins once', async () => {
  const ids = [];
  for (let n = 0; n < 10; n++) ids.push((await makeLead(api.db, { firstName: `Lead${n}` })).id);
  const nora = await makeLead(api.db, { firstName: 'Nora', lastName: 'No' });
  await suppress(api.db, identityHash, { leadId: nora.id }, { channel: null, reason: 'by_hand' });
  const busy = await makeLead(api.db, { firstName: 'Busy', lastName: 'Bee' });
  const other = await makeLaunch(api.db, {
    versionId: (await makeVersion(api.db, { plan, name: 'other' })).id,
  });
  await makeEnrollment(api.db, { launchId: other.id, leadId: busy.id });

  const { page, complaints, close } = await visit(browser, api);
  await page.goto(`/launches/new?leads=${[...ids, nora.id, busy.id].join(',')}`);
  await page.getByLabel('spring').first().check();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('The 12 leads that you selected').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('Whichever the sequence names').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'launch-senders');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: /Must not be contacted/ }).click();
  await page.getByText('Nora No').waitFor();
  await page.getByRole('button', { name: /Is in a sequence already/ }).waitFor();
  await page.getByRole('img', { name: /Rosa Lind: 10 touches|Rosa Lind: \d+ touches/ }).waitFor();
  await page.waitForTimeout(300);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'launch-dry-run');
  await page.getByRole('button', { name: 'Launch 10 leads' }).dblclick();
  await page.getByRole('heading', { name: 'spring', level: 1 }).waitFor();
  const { rows } = await api.db.query<{ launches: number; leads: number }>(
    `select count(distinct n.id)::int as launches, count(*)::int as leads from launches n
     join sequence_versions v on v.id = n.version_id join enrollments e on e.launch_id = n.id where v.name = 'spring'`,
  );
  expect(rows[0]).toEqual({ launches: 1, leads: 10 });
  await page.getByText('10 wait to start').first().waitFor();
  // What happens is seen without asking.
  await api.db.query(
    `update enrollments set status = 'finished', ended_at = business_now(), reason = 'completed' where lead_id = $1`,
    [ids[0]],
  );
  await page.getByText('1 finished').waitFor();
  await picture(page, 'launch-page');
  await page.getByRole('tab', { name: 'Left out' }).click();
  await page.getByText('Nora No').waitFor();
  await page.getByRole('tab', { name: 'Leads' }).click();
  await page.getByText('Lead3').waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test('a launch, and everything, is paused and goes on', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/launches');
  await page.getByRole('row', { name: /other/ }).getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('row', { name: /other/ }).getByText('Paused').waitFor();
  await page.getByRole('row', { name: /other/ }).getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('row', { name: /other/ }).getByText('Running').waitFor();
  await page.getByRole('button', { name: 'Pause everything' }).click();
  const pauses = page.getByRole('region', { name: 'One thing is paused' });
  await pauses.getByText('Everything').first().waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'launches-paused');
  await pauses.getByRole('button', { name: 'Resume' }).click();
  await pauses.waitFor({ state: 'detached' });
  await close();
});

test.each([
  ['desk', 'light', 'tr'],
  ['desk', 'dark', 'en'],
  ['phone', 'dark', 'tr'],
] as const)('no violation on %s in %s, %s', async (size, scheme, language) => {
  const { page, complaints, close } = await visit(browser, api, { size, scheme, language });
  await page.goto('/launches');
  await page.getByRole('table').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `launches-${size}-${scheme}-${language}`);
  await page.getByRole('row', { name: /other/ }).getByRole('link').click();
  await page.getByRole('tab').first().waitFor();
  for (const tab of [0, 1, 2]) {
    await page.getByRole('tab').nth(tab).click();
    await settled(page);
    expect(await accessibilityViolations(page)).toEqual([]);
  }
  await picture(page, `launch-${size}-${scheme}-${language}`);
  await page.goto('/launches/new');
  await settled(page);
  await page.getByRole('heading', { level: 2 }).first().waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});
