import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { makeMessage, makeTask } from '../api/v1/desk-support.ts';
import type { TestApi } from '../api/v1/support.ts';
import { makeSender } from '../support/factories.ts';
import { accessibilityViolations, openBrowser, picture, settled, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
let now: number;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
  const { rows } = await api.db.query<{ now: Date }>('select business_now() as now');
  now = rows[0]!.now.getTime();
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

const LONG = `Yes, tell me more.\n\n${'We look for something like it since spring. '.repeat(6)}The end.`;

/** A lead who was mailed, called and answered, and was answered. */
async function makeStory(owner: string) {
  const { db } = api;
  const { id, leadId, enrollmentId } = await makeTask(db, { owner, firstName: 'Grace', dueAt: now - 5000 });
  const sender = await makeSender(db, { name: 'Rosa Lind' });
  await db.query(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, at, content)
     values ($1, $2, 'hello', 1, 1, 'email', 'email', $3, 'sent', $4, '2026-03-10', $4, '{"subject": "Your plant", "text": "Dear Grace, one question."}')`,
    [enrollmentId, leadId, sender.id, new Date(now - 9_000_000)],
  );
  // What completing the call's task leaves.
  await db.query(
    `update touches set state = 'sent', at = business_now() where enrollment_id = $1 and step_id = 'work'`,
    [enrollmentId],
  );
  await db.query(
    `update tasks set state = 'done', outcome = 'connected', note = 'Wants a demo.', done_at = business_now() where id = $1`,
    [id],
  );
  await db.query(
    `insert into decisions (enrollment_id, lead_id, at, step_id, kind, reason) values ($1, $2, business_now(), 'work', 'outcome', 'connected')`,
    [enrollmentId, leadId],
  );
  const message = await makeMessage(db, { leadId, at: now - 3000, senderId: sender.id, body: LONG });
  await db.query(`insert into lead_events (lead_id, type, channel, at) values ($1, 'replied', 'email', $2)`, [
    leadId,
    new Date(now - 3000),
  ]);
  await db.query(
    `with r as (insert into replies (lead_id, answers, channel, sender_id, state, body, sending_at, at)
       values ($1, $2, 'email', $3, 'sent', 'Gladly, on Monday.', business_now(), business_now()) returning id)
     insert into lead_events (lead_id, type, channel, at, data) select $1, 'answered', 'email', business_now(), jsonb_build_object('replyId', id) from r`,
    [leadId, message, sender.id],
  );
  return leadId;
}

test('the history says who said what, a call once, and leads to the conversation', async () => {
  const leadId = await makeStory('told');
  const { page, complaints, close } = await visit(browser, api);
  await page.goto(`/leads/${leadId}`);
  const history = page.getByRole('list', { name: 'What happened, the newest first' });
  const entry = (text: string) => history.getByRole('listitem').filter({ hasText: text });
  await entry('Gladly').waitFor();
  expect(await history.getByRole('listitem').count()).toBe(4);
  expect(await entry('Gladly, on Monday.').textContent()).toMatch(/We answered.*Rosa Lind ?Gladly/);
  expect(await entry('Your plant').textContent()).toMatch(/Email.*Sent.*Rosa Lind ?Your plant Dear Grace/);
  expect(await entry('Do it for Grace').textContent()).toMatch(/Do it for Grace ?Reached.*Wants a demo\./);
  const theirs = entry('Yes, tell me more.');
  expect(await theirs.textContent()).toMatch(/Grace Lovelace ?Yes, tell me more\. We look/);
  expect(await theirs.textContent()).not.toContain('The end.');
  await theirs.getByRole('button', { name: 'More' }).click();
  await theirs.getByText('The end.').waitFor();
  await page.getByRole('link', { name: 'Open the conversation' }).click();
  await page.waitForURL(`**/inbox?lead=${leadId}`);
  await page.getByRole('list', { name: 'Messages, the newest last' }).getByText('Gladly').waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test.each([
  ['desk', 'dark', 'tr'],
  ['phone', 'light', 'en'],
] as const)('no violation on %s in %s, %s', async (size, scheme, language) => {
  const leadId = await makeStory(`s${size}`);
  const { page, complaints, close } = await visit(browser, api, { size, scheme, language });
  await page.goto(`/leads/${leadId}`);
  await page.getByText('Gladly').waitFor();
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  // No word of the server's is left as it is.
  const said = await page.getByRole('list', { name: /What happened|Olan bitenler/ }).textContent();
  expect(said).toContain({ en: 'We answered', tr: 'Yanıtladık' }[language]);
  await picture(page, `history-${size}-${scheme}-${language}`);
  expect(complaints).toEqual([]);
  await close();
});
