import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { makeMessage } from '../api/v1/desk-support.ts';
import type { TestApi } from '../api/v1/support.ts';
import { makeLead } from '../support/factories.ts';
import { until } from '../support/until.ts';
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

/** Somewhere a mail's images and forms would call, and what did. */
async function spyServer(): Promise<{ url: string; asked: string[]; close: () => Promise<void> }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => new Promise<void>((done) => void server.close(() => done())),
  };
}

test('a mail can do nothing: no scripts, no forms, no way out, and no images until they are asked for', async () => {
  const spy = await spyServer();
  const html = [
    '<html><head><meta http-equiv="refresh" content="0;url=SPY/refresh"><link rel="stylesheet" href="SPY/style"></head><body>',
    '<script>top.document.title="owned";fetch("SPY/script")</script><img src=x onerror="top.document.title=1;fetch(\'SPY/onerror\')">',
    '<img src="SPY/pixel" width="1" height="1"><iframe src="SPY/frame"></iframe><a href="javascript:top.document.title=2" id="js">click me</a>',
    '<form action="SPY/form"><button id="send">send</button></form><p>Seen by Ada</p></body></html>',
  ]
    .join('')
    .replaceAll('SPY', spy.url);
  const lead = await makeLead(api.db, {
    firstName: '<script>document.title=9</script>',
    lastName: 'Mallory',
    owner: 'in',
  });
  await makeMessage(api.db, {
    leadId: lead.id,
    at: now - 1000,
    body: '<img src=x onerror="document.title=3"> Seen',
    raw: `From: ada@lead.example\r\nContent-Type: text/html\r\n\r\n${html}\r\n`,
  });
  const { page, close } = await visit(browser, api, { user: { role: 'rep', knownAs: ['in'] } });
  await page.goto('/inbox');
  await page.getByText('Mallory').first().waitFor();
  await page.getByRole('button', { name: 'Show as mail' }).click();
  const frame = page.frameLocator('iframe[title=Message]');
  await frame.getByText('Seen by Ada').waitFor();
  await frame.locator('#js').click();
  await frame.locator('#send').click();
  await page.waitForTimeout(700);
  expect(spy.asked).toEqual([]);
  expect(await page.title()).toBe('Inbox · Cadenza');
  await picture(page, 'inbox-hostile');
  await page.getByRole('button', { name: 'Show remote images' }).click();
  await until(async () => spy.asked.length > 0, 'the image is asked for');
  await page.waitForTimeout(300);
  expect(new Set(spy.asked)).toEqual(new Set(['/pixel']));
  expect(await page.title()).toBe('Inbox · Cadenza');
  await close();
  await spy.close();
});

test('the next conversation comes by keyboard, and done is done', async () => {
  const ids: string[] = [];
  for (const firstName of ['Erste', 'Zweite', 'Dritte']) {
    const lead = await makeLead(api.db, { firstName, lastName: 'Post', owner: 'kb' });
    ids.push(
      await makeMessage(api.db, {
        leadId: lead.id,
        at: now - 60_000 * (ids.length + 1),
        body: `From ${firstName}`,
      }),
    );
  }
  const { page, complaints, close } = await visit(browser, api, { user: { role: 'rep', knownAs: ['kb'] } });
  await page.goto('/inbox');
  const open = page.getByRole('list', { name: 'Messages, the newest last' });
  await open.getByText('From Erste').waitFor();
  await picture(page, 'inbox-desk');
  await page.keyboard.press('j');
  await open.getByText('From Zweite').waitFor();
  await page.keyboard.press('e');
  await open.getByText('From Dritte').waitFor();
  // It can be undone by a key; the server hears of it when it cannot any more.
  await page.keyboard.press('z');
  await open.getByText('From Zweite').waitFor();
  await page.keyboard.press('e');
  await open.getByText('From Dritte').waitFor();
  // What is typed is kept while one looks at something else.
  await page.keyboard.press('r');
  await page.keyboard.type('Dear Dritte,');
  await page.goto('/today');
  await page.goto('/inbox?state=all');
  await page.getByText('From Dritte').first().click();
  await open.getByText('From Dritte').waitFor();
  expect(await page.getByLabel('Your answer').inputValue()).toBe('Dear Dritte,');
  await until(async () => {
    const { rows } = await api.db.query<{ settled: boolean }>(
      'select settled from messages where id = any($1::uuid[]) order by at desc',
      [ids],
    );
    return rows.map(({ settled: one }) => one).join() === 'false,true,false';
  }, 'the second one is done');
  expect(complaints).toEqual([]);
  await close();
});

test('a message of somebody unknown is given to its lead', async () => {
  const lead = await makeLead(api.db, { firstName: 'Known', lastName: 'Person' });
  const id = await makeMessage(api.db, { leadId: null, at: now - 1000, body: 'Who am I?' });
  const { page, close } = await visit(browser, api);
  await page.goto('/inbox');
  await page.getByRole('button', { name: /Who am I/ }).click();
  await page.getByLabel('Find a lead').fill('known pers');
  await page.getByRole('button', { name: 'Known Person' }).click();
  await until(async () => {
    const { rows } = await api.db.query<{ leadId: string | null }>(
      'select lead_id as "leadId" from messages where id = $1',
      [id],
    );
    return rows[0]!.leadId === lead.id;
  }, 'the message is the lead’s');
  await close();
});

test.each([
  ['desk', 'light', 'tr'],
  ['desk', 'dark', 'en'],
  ['phone', 'light', 'en'],
  ['phone', 'dark', 'tr'],
] as const)('no violation on %s in %s, %s', async (size, scheme, language) => {
  const owner = `i${size}${scheme}`;
  const lead = await makeLead(api.db, { firstName: 'محمد', lastName: 'الخوارزمي', owner });
  await makeMessage(api.db, { leadId: lead.id, at: now - 1000, body: 'Anlatın, dinliyorum.' });
  const { page, complaints, close } = await visit(browser, api, {
    size,
    scheme,
    language,
    user: { role: 'rep', knownAs: [owner] },
  });
  await page.goto('/inbox');
  await page.getByText('Anlatın').first().waitFor();
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `inbox-${size}-${scheme}-${language}`);
  await page.goto(`/inbox?lead=${lead.id}`);
  await page.getByRole('textbox').waitFor();
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, `conversation-${size}-${scheme}-${language}`);
  await page.goto('/inbox?class=bounce');
  await page.getByRole('heading', { level: 2 }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});
