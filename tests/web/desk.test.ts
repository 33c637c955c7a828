/** A rep at work in Today and the inbox: what is chosen is seen, what can be undone covers nothing, keys do what is seen. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Locator } from 'playwright-core';
import { makeMessage, makeTask } from '../api/v1/desk-support.ts';
import type { TestApi } from '../api/v1/support.ts';
import { makeLead, makeSender } from '../support/factories.ts';
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

/** Nothing of its text is cut. */
const isWhole = (locator: Locator) =>
  locator.evaluate((element) => {
    const { scrollWidth, clientWidth } = element as unknown as { scrollWidth: number; clientWidth: number };
    return scrollWidth <= clientWidth;
  });
const boxOf = async (locator: Locator) => (await locator.boundingBox())!;
const LONG = 'Wilhelmine-Friederike Christiane von und zu Habsburg-Lothringen';
const outcomes = { en: 'What came of it', tr: 'Sonucu' } as const;

test.each([
  ['desk', 'light', 'en'],
  ['phone', 'dark', 'tr'],
] as const)(
  'what can be undone covers nothing and is counted at once: %s',
  async (size, scheme, language) => {
    const owner = `undo-${size}`;
    for (let one = 0; one < 5; one++)
      await makeTask(api.db, { owner, firstName: `${LONG} ${one}`, dueAt: now - 3_600_000 * (9 - one) });
    const { page, complaints, close } = await visit(browser, api, {
      size,
      scheme,
      language,
      user: { role: 'rep', knownAs: [owner] },
    });
    await page.goto('/today');
    const rows = page.locator('ol button[type=button]');
    await rows.first().click();
    const buttons = page.getByRole('region', { name: outcomes[language] });
    const heading = page.locator('h2');
    for (const key of ['1', '3', '2']) {
      const said = await heading.textContent();
      await buttons.waitFor();
      await settled(page);
      await page.keyboard.press(key);
      await heading.filter({ hasNotText: said! }).waitFor();
    }
    await settled(page);
    expect(await page.locator('nav a[href="/today"]').textContent()).toMatch(/2$/);
    const toast = page.getByRole('status').filter({ has: page.locator('li') });
    const undo = toast.getByRole('button', { name: { en: 'Undo', tr: 'Geri al' }[language] });
    expect(await undo.locator('visible=true').count()).toBe(size === 'desk' ? 3 : 1);
    await picture(page, `undo-${size}-${scheme}-${language}`);
    const covers = await boxOf(toast);
    const overlaps = (one: { x: number; y: number; width: number; height: number }) =>
      one.x < covers.x + covers.width &&
      covers.x < one.x + one.width &&
      one.y < covers.y + covers.height &&
      covers.y < one.y + one.height;
    for (const one of [heading, page.locator('nav a[href="/today"]'), page.getByRole('textbox').last()])
      expect(overlaps(await boxOf(one))).toBe(false);
    if (size === 'phone')
      expect(overlaps(await boxOf(page.locator('button:has(.tabler-icon-arrow-left)')))).toBe(false);
    // One line each, and the button is whole.
    const button = undo.locator('visible=true').last();
    expect(await isWhole(button)).toBe(true);
    expect(covers.height).toBeLessThan(size === 'desk' ? 130 : 60);
    expect(covers.x + covers.width).toBeLessThanOrEqual({ desk: 1440, phone: 390 }[size]);
    await page.getByRole('heading', { level: 2 }).click();
    for (let one = 0; one < 3; one++) await page.keyboard.press('z');
    await toast.waitFor({ state: 'detached' });
    expect(await page.locator('nav a[href="/today"]').textContent()).toMatch(/5$/);
    await buttons.waitFor();
    await page.keyboard.press('1');
    await undo.locator('visible=true').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  },
);

test('the task that is chosen is in sight, by key and by link', async () => {
  const owner = 'many';
  const ids: string[] = [];
  for (let one = 0; one < 19; one++)
    ids.push((await makeTask(api.db, { owner, firstName: `No${one}`, dueAt: now - 60_000 * (30 - one) })).id);
  const { page, close } = await visit(browser, api, { user: { role: 'rep', knownAs: [owner] } });
  await page.goto('/today');
  const list = page.getByRole('list', { name: 'Tasks, the most worth first' });
  await list.getByRole('button').first().waitFor();
  const current = list.locator('[aria-current]');
  const inSight = async () => {
    await page.waitForTimeout(300);
    const [outer, inner] = [await boxOf(list), await boxOf(current)];
    return inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height;
  };
  for (let one = 0; one < 17; one++) await page.keyboard.press('j');
  await current.filter({ hasText: 'No17' }).waitFor();
  expect(await inSight()).toBe(true);
  // What runs on is cut with a sign of it, inside its column.
  expect(await isWhole(current)).toBe(true);
  await picture(page, 'today-scrolled');
  await page.goto(`/today?task=${ids[18]}`);
  await current.filter({ hasText: 'No18' }).waitFor();
  expect(await inSight()).toBe(true);
  await close();
});

test('on a phone no key finishes what is not open', async () => {
  const owner = 'small';
  const task = await makeTask(api.db, { owner, firstName: 'Una', dueAt: now - 5000 });
  await makeMessage(api.db, { leadId: task.leadId, at: now - 1000, body: 'Hello you' });
  const { page, close } = await visit(browser, api, {
    size: 'phone',
    user: { role: 'rep', knownAs: [owner] },
  });
  const undo = page.getByRole('button', { name: 'Undo' });
  await page.goto('/today');
  await page.getByRole('listitem').getByText('Una Lovelace').waitFor();
  await settled(page);
  await page.waitForTimeout(500);
  await page.keyboard.press('1');
  await page.goto('/inbox');
  await page.getByText('Hello you').first().waitFor();
  await page.waitForTimeout(500);
  await page.keyboard.press('e');
  await page.waitForTimeout(300);
  expect(await undo.count()).toBe(0);
  await page.getByText('Hello you').first().click();
  const back = page.getByRole('button', { name: 'Back' });
  await back.waitFor();
  expect(await isWhole(back)).toBe(true);
  await page.keyboard.press('e');
  await undo.waitFor();
  await page.goto('/today');
  await page.getByRole('listitem').getByText('Una Lovelace').click();
  await page.getByRole('region', { name: outcomes.en }).waitFor();
  await page.keyboard.press('1');
  await undo.waitFor();
  await close();
});

test('after an answer the keys go on from its place', async () => {
  const owner = 'answers';
  const sender = await makeSender(api.db, { name: 'Rosa Lind' });
  const leads: string[] = [];
  for (const firstName of ['Erste', 'Zweite', 'Dritte']) {
    const lead = await makeLead(api.db, { firstName, lastName: 'Post', owner });
    leads.push(lead.id);
    await makeMessage(api.db, {
      leadId: lead.id,
      senderId: sender.id,
      at: now - 60_000 * leads.length,
      body: `From ${firstName}`,
    });
  }
  const { page, complaints, close } = await visit(browser, api, { user: { role: 'rep', knownAs: [owner] } });
  await page.goto('/inbox');
  const open = page.getByRole('list', { name: 'Messages, the newest last' });
  await open.getByText('From Erste').waitFor();
  await page.keyboard.press('j');
  await open.getByText('From Zweite').waitFor();
  await page.keyboard.press('r');
  await page.keyboard.type('Gladly.');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Undo' }).waitFor();
  // It has left the list, as when the server has it.
  await api.db.query('update messages set settled = true where lead_id = $1', [leads[1]]);
  const listed = page.getByRole('listitem').getByRole('button', { name: /Zweite/ });
  // Whatever changes is told; the first change may have been before somebody listened.
  await until(async () => {
    await makeMessage(api.db, { leadId: leads[2]!, senderId: sender.id, at: now - 9_000_000 });
    await page.waitForTimeout(1500);
    return (await listed.count()) === 0;
  }, 'the answered conversation leaves the list');
  await open.getByText('From Zweite').waitFor();
  await page.keyboard.press('j');
  await open.getByText('From Dritte').waitFor();
  expect(await page.getByLabel('Your answer').inputValue()).toBe('');
  expect(complaints).toEqual([]);
  await close();
});

test('a call is told by what came of it, its script only when it is asked for', async () => {
  const owner = 'caller';
  const { id, leadId } = await makeTask(api.db, { owner, firstName: 'Una', dueAt: now - 5000 });
  await api.db.query(
    `with k as (update tasks set state = 'done', outcome = 'connected', done_at = business_now() where id = $1 returning touch_id)
     update touches t set state = 'sent', at = business_now(), content = '{"title": "Ring", "text": "Ask about the plant."}' from k where t.id = k.touch_id`,
    [id],
  );
  const { page, close } = await visit(browser, api, {
    language: 'tr',
    user: { role: 'rep', knownAs: [owner] },
  });
  await page.goto(`/inbox?lead=${leadId}`);
  await page.getByText('Arama: Ulaşıldı').waitFor();
  await picture(page, 'conversation-call');
  expect(await page.getByText('Ask about the plant.').count()).toBe(0);
  await page.getByRole('button', { name: 'Metni göster' }).click();
  await page.getByText('Ask about the plant.').waitFor();
  await close();
});
