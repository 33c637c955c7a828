/** What a rep does about a lead or in the inbox besides answering. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { makeMessage } from '../api/v1/desk-support.ts';
import type { TestApi } from '../api/v1/support.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  touchNode,
} from '../support/factories.ts';
import { identityHash } from '../support/enrollment-host.ts';
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

let reps = 0;
const newOwner = () => `rosa${++reps}`;

async function underWay() {
  const version = await makeVersion(api.db, { plan: makePlan([touchNode('hello')]) });
  const launch = await makeLaunch(api.db, { versionId: version.id });
  const lead = await makeLead(api.db, { firstName: 'Ada', owner: newOwner() });
  const enrollment = await makeEnrollment(api.db, {
    launchId: launch.id,
    leadId: lead.id,
    status: 'running',
  });
  await api.db.query(
    `update enrollments set engine = '{"state":{"step":"hello","phase":"booked"}}', reason = 'waits_for_slot' where id = $1`,
    [enrollment.id],
  );
  return { leadId: lead.id, enrollmentId: enrollment.id };
}
/** The rep whose lead was made last. */
const rosa = () => ({ user: { role: 'rep', knownAs: [`rosa${reps}`] } }) as const;

test('who knows whether a message went out says so beside it', async () => {
  const { leadId, enrollmentId } = await underWay();
  await api.db.query(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day, at, content)
     values ($1, $2, 'hello', 1, 1, 'email', 'email', 'unconfirmed', business_now(), current_date, business_now(), '{}')`,
    [enrollmentId, leadId],
  );
  const { page, complaints, close } = await visit(browser, api, rosa());
  await page.goto(`/leads/${leadId}`);
  await page.getByText('It is not known whether this went out.').waitFor();
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'It did not' }).click();
  await page.getByText('It is not known whether this went out.').waitFor({ state: 'detached' });
  const { rows } = await api.db.query('select state, reason from touches where enrollment_id = $1', [
    enrollmentId,
  ]);
  expect(rows).toEqual([{ state: 'failed', reason: 'settled_not_sent' }]);
  expect(complaints).toEqual([]);
  await close();
});

test('what comes next is moved to when somebody asked for', async () => {
  const { leadId, enrollmentId } = await underWay();
  const { page, complaints, close } = await visit(browser, api, rosa());
  await page.goto(`/leads/${leadId}`);
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Move the next step' }).click();
  const dialog = page.getByRole('dialog', { name: 'Move the next step' });
  const { rows: times } = await api.db.query<{ day: string }>(
    `select to_char(business_now() + interval '20 days', 'YYYY-MM-DD') as day`,
  );
  const typed = `${times[0]!.day}T09:30`;
  await dialog.getByLabel('Not before').fill(typed);
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'lead-move');
  const at = await page.evaluate((local) => new Date(local).getTime(), typed);
  await dialog.getByRole('button', { name: 'Move', exact: true }).click();
  await page.getByText('Moved').waitFor();
  const { rows } = await api.db.query<{ event: { to?: number; type: string } }>(
    'select event from inbox where enrollment_id = $1',
    [enrollmentId],
  );
  expect(rows).toEqual([{ event: expect.objectContaining({ type: 'reschedule', to: at }) }]);
  expect(complaints).toEqual([]);
  await close();
});

test('a snippet is written, mended and taken away', async () => {
  const lead = await makeLead(api.db, { firstName: 'Ada', owner: newOwner() });
  await makeMessage(api.db, { leadId: lead.id, at: Date.now() - 1000, body: 'Tell me more' });
  await api.db.query(`insert into snippets (owner_id, name, text) values (null, 'Terms', 'Our terms')`);
  const { page, complaints, close } = await visit(browser, api, rosa());
  await page.goto(`/inbox?lead=${lead.id}`);
  const open = async () => {
    await page.getByRole('button', { name: 'Snippets' }).click();
    await page.getByRole('menuitem', { name: 'Edit snippets' }).click();
  };
  await open();
  const dialog = page.getByRole('dialog', { name: 'Snippets' });
  await dialog.getByText('{{first_name}} and {{company}} become the lead’s').waitFor();
  // Everybody's are not a rep's to change.
  await dialog.getByRole('button', { name: /Terms/ }).click();
  await dialog.getByRole('textbox', { name: 'Text' }).waitFor();
  expect(await dialog.getByRole('button', { name: 'Save' }).count()).toBe(0);
  await dialog.getByRole('button', { name: 'New snippet' }).click();
  expect(await dialog.getByLabel('For everybody').count()).toBe(0);
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Prices');
  await dialog.getByRole('textbox', { name: 'Text' }).fill('Our prises, {{first_name}}');
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'inbox-snippets');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByRole('button', { name: 'Prices' }).click();
  await dialog.getByRole('textbox', { name: 'Text' }).fill('Our prices, {{first_name}}');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const texts = async () =>
    (await api.db.query<{ text: string }>('select text from snippets order by name')).rows.map(
      ({ text }) => text,
    );
  await until(async () => (await texts())[0] === 'Our prices, {{first_name}}', 'it is mended');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Snippets' }).click();
  await page.getByRole('menuitem', { name: 'Prices' }).click();
  expect(await page.getByRole('textbox', { name: 'Your answer' }).inputValue()).toBe('Our prices, Ada');
  await open();
  await dialog.getByRole('button', { name: 'Prices' }).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await until(async () => (await texts()).length === 1, 'it is taken away');
  expect(complaints).toEqual([]);
  await close();
});

test('who must not be contacted gets an answer only when somebody says that it was asked for', async () => {
  const lead = await makeLead(api.db, { firstName: 'Nora', email: 'nora@lead.test', owner: newOwner() });
  const { id: senderId } = await makeSender(api.db);
  await makeMessage(api.db, { leadId: lead.id, senderId, at: Date.now() - 1000, body: 'One question still' });
  await api.db.query(
    `insert into suppressions (identity_hash, kind, channel, reason, at) values ($1, 'email', null, 'unsubscribed', business_now())`,
    [identityHash('email', 'nora@lead.test')],
  );
  const { page, complaints, close } = await visit(browser, api, rosa());
  await page.goto(`/inbox?lead=${lead.id}`);
  await page.getByText('This lead must not be contacted here: Email').waitFor();
  await page.getByRole('textbox', { name: 'Your answer' }).fill('Here it is');
  expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true);
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'inbox-suppressed');
  await page.getByLabel('It is the answer that they asked for').check();
  const asked = page.waitForRequest((request) => request.url().endsWith('/replies'));
  await page.getByRole('button', { name: 'Send' }).click();
  expect((await asked).postDataJSON()).toMatchObject({ text: 'Here it is', anyway: true });
  expect(complaints).toEqual([]);
  await close();
});
