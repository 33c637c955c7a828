import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { TestApi } from '../api/v1/support.ts';
import { makeLead } from '../support/factories.ts';
import { openBrowser, picture, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

test('Enter takes the first that is found, also when it comes late or was not there yet', async () => {
  const grace = await makeLead(api.db, { firstName: 'Grace', lastName: 'Hopper' });
  const gracia = await makeLead(api.db, { firstName: 'Gracia', lastName: 'Aba' });
  const { page, complaints, close } = await visit(browser, api);
  await page.route('**/v1/search?**', async (route) => {
    await new Promise((done) => setTimeout(done, 600));
    await route.continue();
  });
  await page.goto('/today');
  await page.getByRole('heading', { level: 1 }).waitFor();
  const palette = page.getByRole('dialog');
  const search = async (text: string) => {
    await page.keyboard.press('/');
    await palette.getByRole('textbox').waitFor();
    await page.keyboard.type(text);
  };
  const chosen = palette.locator('[data-selected]');
  const isAt = async (id: string) => {
    await page.waitForURL(`**/leads/${id}`);
    await palette.waitFor({ state: 'detached' });
  };
  // It is seen to be chosen before it is taken.
  await search('Grace Hop');
  await palette.getByRole('button', { name: /Grace Hopper/ }).waitFor();
  await picture(page, 'palette-late');
  expect(await chosen.allTextContents()).toEqual(['Grace Hopper']);
  await page.keyboard.press('Enter');
  await isAt(grace.id);
  // Enter before the answer is there, and while it is about less than was typed.
  await search('Gracia Aba');
  await page.keyboard.press('Enter');
  await isAt(gracia.id);
  await search('Grac');
  await palette.getByRole('button', { name: /Gracia Aba/ }).waitFor();
  await page.keyboard.type('e Hopper');
  await page.keyboard.press('Enter');
  await isAt(grace.id);
  // A page needs no server; and whoever moved on keeps what they chose.
  await search('Inbox');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/inbox');
  await palette.waitFor({ state: 'detached' });
  await search('Grac');
  await palette.getByRole('button', { name: /Gracia Aba/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  const second = (await chosen.textContent())!;
  await page.waitForTimeout(700);
  expect(await chosen.allTextContents()).toEqual([second]);
  await page.keyboard.press('Enter');
  await isAt(second === 'Grace Hopper' ? grace.id : gracia.id);
  expect(complaints).toEqual([]);
  await close();
});
