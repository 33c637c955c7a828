import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { recountAll } from '../../db/analytics/recount.ts';
import type { Client, TestApi } from '../api/v1/support.ts';
import { makeEnrollment, makeLaunch, makeLead, makeSender } from '../support/factories.ts';
import { accessibilityViolations, openBrowser, picture, settled, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
let mert: Client | undefined;
const somebodyElse = async () => (mert ??= await api.signedIn({ name: 'Mert' }));
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
  await seedTrial(admin);
  const launch = await makeLaunch(api.db, { versionId: published.body.versionId });
  for (let n = 0; n < 3; n++) {
    const lead = await makeLead(api.db, { firstName: `Lead${n} <i onmouseover="document.title=1">` });
    await makeEnrollment(api.db, { launchId: launch.id, leadId: lead.id });
  }
});
/** 40 leads a variant of `recruitment`, 30 of them written to. */
async function seedTrial(admin: Client): Promise<void> {
  const source = readFileSync('sequences/library/recruitment.yaml', 'utf8');
  const { body } = await admin.post('/sequences/recruitment/publication', { source });
  const { id } = await makeLaunch(api.db, { versionId: body.versionId });
  await api.db.query(
    `with l as (insert into leads (seed, attributes) select 'x' || n,
         jsonb_build_object('arm', case when n <= 40 then 'pay-first' else 'work-first' end, 'n', (n - 1) % 40 + 1)
       from generate_series(1, 80) n returning id, attributes),
     e as (insert into enrollments (lead_id, launch_id, version_id, created_at, started_at, status)
       select id, $1, $2, '2026-03-01', '2026-03-01', 'running' from l returning id, lead_id),
     x as (select e.id, e.lead_id, attributes->>'arm' as arm, (attributes->>'n')::int as n from e join l on l.id = e.lead_id),
     d as (insert into decisions (enrollment_id, lead_id, at, step_id, kind, reason)
       select id, lead_id, '2026-03-02', 'facts', 'arm', arm from x),
     t as (insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day, at)
       select id, lead_id, 'facts-pay', 1, 1, 'email', 'email', 'sent', '2026-03-03', '2026-03-03', '2026-03-03' from x where n <= 30)
     insert into messages (lead_id, channel, at, class, class_by)
       select lead_id, 'email', '2026-03-04', case when arm = 'work-first' and n <= 3 then 'interested' else 'other' end, 'person' from x
       where n <= case arm when 'pay-first' then 2 else 12 end`,
    [id, body.versionId],
  );
  await recountAll(api.db);
}
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
  await page.getByText('As it was before the mistake.').waitFor();
  await page.getByText('Start', { exact: true }).waitFor();
  expect(await page.getByText(/Line 1:/).count()).toBe(1);
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
  await publish.getByText(/Its first version/).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await publish.getByRole('button', { name: 'Publish' }).click();
  await page.getByText('Published as a new version').waitFor();
  const { rows } = await api.db.query(
    `select count(*)::int as count from sequence_versions where name = 'spring'`,
  );
  expect(rows[0]!.count).toBe(1);
  // What is published without being saved first is newer than the draft, which goes.
  await editor.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('# A draft.\n');
  await page.keyboard.press('Control+s');
  const badge = page.getByText('Draft', { exact: true });
  await badge.waitFor();
  await editor.getByText(/^ *to: '17:00'$/).click();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Backspace');
  await page.keyboard.type('5');
  await page.getByText('Not saved', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Publish' }).click();
  await publish.getByRole('button', { name: 'Publish' }).click();
  await publish.waitFor({ state: 'detached' });
  await badge.waitFor({ state: 'detached' });
  expect(await draftOf('spring')).toEqual([]);
  const { body } = await (await api.signedIn()).get('/sequences/spring');
  expect(body.source).toContain(`to: '17:05'`);
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

test('a tab that is closed with unsaved text asks first', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto('/sequences/classic');
  await page.getByText('No mistakes').waitFor();
  await page.getByRole('textbox', { name: /definition/ }).click();
  await page.keyboard.type('#');
  await page.getByText('Not saved').waitFor();
  const asked = page.waitForEvent('dialog');
  await page.close({ runBeforeUnload: true });
  const dialog = await asked;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.dismiss();
  await page.getByText('Not saved').waitFor();
  await close();
});

const draftOf = async (name: string) =>
  (
    await api.db.query<{ source: string }>('select source from sequence_drafts where name = $1', [name])
  ).rows.map(({ source }) => source);

test('a new sequence with the name of one that is there overwrites nothing and leads to it', async () => {
  const other = await somebodyElse();
  await other.call(
    'PUT',
    '/sequences/autumn/draft',
    { source: 'name: autumn # by Mert' },
    { 'if-match': '*' },
  );
  const { page, complaints, close } = await visit(browser, api);
  await page.goto('/sequences');
  await page.getByRole('button', { name: 'New sequence' }).click();
  const dialog = page.getByRole('dialog', { name: 'New sequence' });
  for (const name of ['classic', 'autumn']) {
    await dialog.locator('input[name=name]').fill(name);
    await dialog.getByRole('button', { name: 'Begin writing' }).click();
    await dialog.getByText(`There is a sequence named “${name}” already.`).waitFor();
  }
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'sequence-taken');
  expect(await draftOf('classic')).toEqual([]);
  expect(await draftOf('autumn')).toEqual(['name: autumn # by Mert']);
  await dialog.getByRole('link', { name: 'Open it' }).click();
  await page.waitForURL(/sequences\/autumn/);
  await page
    .getByRole('textbox', { name: /definition/ })
    .getByText('by Mert')
    .waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test.each([
  ['desk', 'light', 'en'],
  ['desk', 'dark', 'tr'],
  ['phone', 'light', 'tr'],
  ['phone', 'dark', 'en'],
] as const)(
  'what is typed survives what somebody else saves meanwhile, and nobody overwrites anybody: %s, %s, %s',
  async (size, scheme, language) => {
    const { en, tr } = {
      en: ['No mistakes', 'Save draft', 'Mert changed this draft meanwhile', 'Keep mine', 'Take theirs'],
      tr: [
        'Hata yok',
        'Taslağı kaydet',
        'Mert bu arada bu taslağı değiştirdi',
        'Benimkini tut',
        'Onunkini al',
      ],
    };
    const [valid, save, meanwhile, keep, take] = { en, tr }[language];
    const name = `${size}-${scheme}`;
    const source = readFileSync('sequences/library/classic.yaml', 'utf8').replace(
      /^name: .*$/m,
      `name: ${name}`,
    );
    const other = await somebodyElse();
    expect((await other.post(`/sequences/${name}/publication`, { source })).status).toBe(200);
    const { page, complaints, close } = await visit(browser, api, { size, scheme, language });
    await page.goto(`/sequences/${name}`);
    await page.getByText(valid!).waitFor();
    if (size === 'phone') await page.getByText('YAML', { exact: true }).click();
    const editor = page.getByRole('textbox', { name: /YAML/ });
    await editor.click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('# Mine.\n');
    // Both began with what is published; the other one saves first.
    const theirs = `# Theirs.\n${source}`;
    await other.call('PUT', `/sequences/${name}/draft`, { source: theirs }, { 'if-match': '"0"' });
    await page.getByRole('button', { name: save! }).click();
    const notice = page.getByRole('region', { name: meanwhile! });
    await notice.waitFor();
    expect(await draftOf(name)).toEqual([theirs]);
    await editor.getByText('# Mine.').waitFor();
    await notice.getByRole('button').first().click();
    await notice.getByText('# Theirs.').waitFor();
    await notice.getByText('# Mine.').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, `sequence-meanwhile-${size}-${scheme}-${language}`);
    await notice.getByRole('button', { name: keep! }).click();
    await notice.waitFor({ state: 'detached' });
    await editor.click();
    await page.keyboard.press('Control+s');
    await page.getByText(language === 'en' ? 'Draft saved' : 'Taslak kaydedildi').waitFor();
    expect(await draftOf(name)).toEqual([`# Mine.\n${source}`]);
    // A look at the server, as when the window is looked at again, takes nothing away that is not saved.
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('# More.\n');
    await other.call('PUT', `/sequences/${name}/draft`, { source: theirs }, { 'if-match': '*' });
    await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))");
    await notice.waitFor();
    await editor.getByText('# More.').waitFor();
    await notice.getByRole('button', { name: take! }).click();
    await editor.getByText('# Theirs.').waitFor();
    expect(await editor.getByText('# More.').count()).toBe(0);
    await editor.click();
    await page.keyboard.press('Control+z');
    await editor.getByText('# More.').waitFor();
    await page.keyboard.press('Control+y');
    // Nothing is typed now: what comes is shown, without a question.
    await editor.getByText('# Theirs.').waitFor();
    await other.call(
      'PUT',
      `/sequences/${name}/draft`,
      { source: `# Last.\n${source}` },
      { 'if-match': '*' },
    );
    await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))");
    await editor.getByText('# Last.').waitFor();
    expect(await notice.count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  },
);

test('unsaved text stays when the server cannot be asked, and when the session has ended', async () => {
  const { page, user, close } = await visit(browser, api);
  await page.goto('/sequences/classic');
  await page.getByText('No mistakes').waitFor();
  const editor = page.getByRole('textbox', { name: /definition/ });
  await editor.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('# Mine.\n');
  await page.route('**/v1/sequences/classic**', (route) => route.fulfill({ status: 500, body: '' }));
  const failing = page.waitForResponse((answer) => answer.status() === 500);
  await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))");
  await failing;
  await page.waitForTimeout(300);
  await editor.getByText('# Mine.').waitFor();
  await page.unroute('**/v1/sequences/classic**');
  page.on('dialog', (dialog) => void dialog.dismiss());
  const first = page.waitForEvent('dialog');
  await page.getByRole('button', { name: /Your account/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await first;
  await editor.getByText('# Mine.').waitFor();
  const sessions = await api.db.query('select from sessions where user_id = $1', [user.id]);
  expect(sessions.rowCount).toBe(1);
  await page.context().clearCookies();
  await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))");
  // One signs in over the page, which keeps the text.
  await page.getByRole('dialog', { name: 'You are signed out' }).waitFor();
  await page.locator('.cm-content').getByText('# Mine.').waitFor({ state: 'attached' });
  await close();
});

test.each([
  ['desk', 'light', 'en'],
  ['phone', 'dark', 'tr'],
] as const)(
  'variants are held against each other by the measure that the address says: %s, %s, %s',
  async (size, scheme, language) => {
    const { page, complaints, close } = await visit(browser, api, { size, scheme, language });
    await page.goto('/sequences/recruitment?tab=results');
    const [first, other] = {
      en: ['Which variant of facts is answered more?', 'Which variant of facts is answered positively more?'],
      tr: [
        'facts adımında hangi seçenek daha çok yanıtlanıyor?',
        'facts adımında hangi seçenek daha çok olumlu yanıt alıyor?',
      ],
    }[language];
    await page.getByRole('heading', { name: first! }).waitFor();
    // Of 30, 2 and 12 answered, and 3 of the 12 are interested.
    await page
      .getByText(/40[.,]?\d* ?%|%40/)
      .first()
      .waitFor();
    await picture(page, `sequence-answers-${size}-${scheme}-${language}`);
    await page.getByText(language === 'en' ? 'Positive answers' : 'Olumlu yanıt', { exact: true }).click();
    await page.getByRole('heading', { name: other! }).waitFor();
    expect(page.url()).toContain('measure=positive');
    await page.reload();
    await page.getByRole('heading', { name: other! }).waitFor();
    expect(await page.getByText(/10[.,]?\d* ?%|%10/).count()).toBeGreaterThan(0);
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, `sequence-positive-${size}-${scheme}-${language}`);
    const download = page.waitForEvent('download');
    await page.locator('main a[download]').click();
    expect(readFileSync(await (await download).path(), 'utf8')).toContain('work-first');
    expect(complaints).toEqual([]);
    await close();
  },
);

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
    // On a phone the steps are a list.
    if (tab !== 'flow' || size === 'phone') continue;
    const [frame, first] = [
      await page.locator('.react-flow').boundingBox(),
      await page.locator('.react-flow__node').first().boundingBox(),
    ];
    expect(first!.y - frame!.y).toBeLessThan(60);
  }
  expect(complaints).toEqual([]);
  await close();
});
