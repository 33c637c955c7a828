/** What is seen does not jump while the rest of a page comes in, over a slow network. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
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
const QUIET_MS = 700;

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

/** Opens an address and waits until nothing came in for a while; what never ends is not waited for. */
async function openSlowly(page: Page, path: string): Promise<readonly Shift[]> {
  let open = 0;
  let last = performance.now();
  const count = (by: number) => (request: { resourceType(): string }) => {
    if (request.resourceType() === 'eventsource') return;
    open += by;
    last = performance.now();
  };
  const [begins, ends] = [count(1), count(-1)];
  page.on('request', begins).on('requestfinished', ends).on('requestfailed', ends);
  await page.goto(path, { waitUntil: 'commit' });
  while (open > 0 || performance.now() - last < QUIET_MS) await page.waitForTimeout(50);
  page.off('request', begins).off('requestfinished', ends).off('requestfailed', ends);
  return page.evaluate(() => (globalThis as unknown as { shifts: Shift[] }).shifts);
}

test.each(['desk', 'phone'] as const)(
  'no page jumps while it comes in: %s',
  async (size) => {
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
    const network = await page.context().newCDPSession(page);
    await network.send('Network.enable');
    await network.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 200,
      downloadThroughput: 1_000_000,
      uploadThroughput: 500_000,
    });
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
      const shifts = await openSlowly(page, path);
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
