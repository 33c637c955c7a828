/** What is seen does not jump while the rest of a page comes in, in whichever order it does. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page, Route } from 'playwright-core';
import { publish } from '../../db/sequences.ts';
import { parseSequence } from '../../sequences/language/index.ts';
import { makeMessage, makeTask } from '../api/v1/desk-support.ts';
import type { TestApi } from '../api/v1/support.ts';
import { makeEnrollment, makeLaunch, makeLead } from '../support/factories.ts';
import { openBrowser, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

const SEQUENCE = `name: shift
title: Spring
steps:
  - { id: hello, email: { subject: Hello, body: Hello } }
  - wait: 2 days
  - { id: ring, call: { script: Ask } }
`;
/** Good, by https://web.dev/articles/cls; of everything that moved, not only of the worst five seconds. */
const GOOD = 0.1;
/** So long nothing is asked for before the next answer comes, and nothing is drawn any more after the last. */
const QUIET_MS = 150;

/** Which of the answers that a page waits for comes next. */
type Order = 'the first asked first' | 'the last asked first';

interface Shift {
  readonly value: number;
  readonly moved: readonly string[];
}

/** Runs in the page: notes what moves without anybody having touched it. */
const WATCH = `
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries())
      if (!hadRecentInput)
        shifts.push({
          value,
          moved: sources.map(({ node }) => [node?.nodeName, node?.className, node?.textContent?.slice(0, 40)].join(' ')),
        });
  }).observe({ type: 'layout-shift', buffered: true });
`;

/**
 * Opens an address and lets what it asks for come one at a time, from its first call of the API on; before,
 * the app itself comes in, at once. Streams never end and are not waited for.
 */
async function openSlowly(page: Page, path: string, order: Order): Promise<readonly Shift[]> {
  const held: Route[] = [];
  let begun = false;
  let open = 0;
  let last = performance.now();
  const hold = async (route: Route) => {
    const request = route.request();
    if (request.resourceType() === 'eventsource') return route.continue();
    begun ||= request.url().includes('/api/v1/');
    if (begun) held.push(route);
    else await route.continue();
  };
  const count = (by: number) => (request: { resourceType(): string }) => {
    if (request.resourceType() === 'eventsource') return;
    open += by;
    last = performance.now();
  };
  const [begins, ends] = [count(1), count(-1)];
  await page.route('**', hold);
  page.on('request', begins).on('requestfinished', ends).on('requestfailed', ends);
  await page.goto(path, { waitUntil: 'commit' });
  while (open > 0 || performance.now() - last < QUIET_MS) {
    if (open === held.length && performance.now() - last >= QUIET_MS)
      await (order === 'the first asked first' ? held.shift() : held.pop())?.continue();
    await page.waitForTimeout(25);
  }
  page.off('request', begins).off('requestfinished', ends).off('requestfailed', ends);
  await page.unroute('**', hold);
  return page.evaluate(() => (globalThis as unknown as { shifts: Shift[] }).shifts);
}

test.each(
  (['desk', 'phone'] as const).flatMap((size) =>
    (['the first asked first', 'the last asked first'] as const).map((order) => ({ size, order })),
  ),
)(
  'no page jumps while it comes in: $size, $order',
  async ({ size, order }) => {
    const { versionId } = await publish(api.db, parseSequence(SEQUENCE, 'shift.yaml'));
    const launch = await makeLaunch(api.db, { versionId });
    const { rows } = await api.db.query<{ now: Date }>('select business_now() as now');
    const now = rows[0]!.now.getTime();
    const task = await makeTask(api.db, { dueAt: now - 1000 });
    await makeMessage(api.db, { leadId: task.leadId, at: now - 1000 });
    for (let n = 0; n < 30; n++) {
      const { id } = await makeLead(api.db, { lastName: `Lovelace-${n}` });
      await makeEnrollment(api.db, { launchId: launch.id, leadId: id });
    }
    const { page, complaints, close } = await visit(browser, api, { size });
    await page.addInitScript(WATCH);
    const jumped: object[] = [];
    for (const path of [
      '/sign-in',
      '/today',
      '/inbox',
      `/inbox?lead=${task.leadId}`,
      '/leads',
      '/leads?status=running',
      `/leads?open=${task.leadId}`,
      `/leads/${task.leadId}`,
      '/leads/import',
      '/sequences',
      '/sequences/shift',
      '/sequences/shift?tab=results',
      '/sequences/shift?tab=messages',
      '/sequences/shift?tab=calendar',
      '/sequences/shift?tab=versions',
      '/launches',
      '/launches/new',
      `/launches/${launch.id}`,
      '/analytics',
      '/analytics?tab=attribution',
      '/settings',
      ...['senders', 'users', 'absences', 'calendars', 'suppressions', 'consent', 'webhooks', 'sources'].map(
        (part) => `/settings/${part}`,
      ),
      ...['retention', 'keys', 'audit'].map((part) => `/settings/${part}`),
    ]) {
      const shifts = await openSlowly(page, path, order);
      await page.locator('h1').first().waitFor();
      const sum = shifts.reduce((total, { value }) => total + value, 0);
      if (sum >= GOOD) jumped.push({ path, sum, shifts });
    }
    expect(jumped).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  },
  300_000,
);
