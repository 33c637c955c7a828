/** A real Chromium in front of the web app, on a server and a database of the test's own. */
import { jest } from '@jest/globals';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { beginSession } from '../../db/access/sessions.ts';
import { addUser, type NewUser, type User } from '../../db/access/users.ts';
import { ensureWeb } from '../../scripts/build-web.mjs';
import { startApi, type TestApi } from '../api/v1/support.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// A page waits no longer than this for anything, and says for what.
const PATIENCE_MS = 30_000;
jest.setTimeout(120_000);

/** Pictures that tests take; kept after the run. */
const SCREENSHOTS = '.cadenza/screenshots';

export const SIZES = {
  desk: { width: 1440, height: 900 },
  small: { width: 1024, height: 768 },
  phone: { width: 390, height: 844 },
} as const;

export interface Visit {
  readonly page: Page;
  readonly user: User;
  /** What the page logged as errors, and what its policy refused. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export interface VisitOptions {
  readonly user?: Partial<NewUser>;
  readonly size?: keyof typeof SIZES;
  readonly scheme?: 'light' | 'dark';
  readonly language?: 'en' | 'tr';
  /** Default: UTC. */
  readonly timeZone?: string;
}

export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.CADENZA_CHROMIUM;
  if (!executablePath)
    throw new Error('No Chromium: install one, or set CADENZA_CHROMIUM, and run by npm test.');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ],
  });
}

/** A server with the app in front of an empty database. */
export const startWebApi = async (deps: Parameters<typeof startApi>[0] = {}): Promise<TestApi> =>
  startApi(deps, { web: await ensureWeb() });

let visitors = 0;

/** A new user, signed in, in a browser of their own. */
export async function visit(
  browser: Browser,
  { db, url }: Pick<TestApi, 'db' | 'url'>,
  { user: given = {}, size = 'desk', scheme = 'light', language = 'en', timeZone = 'UTC' }: VisitOptions = {},
): Promise<Visit> {
  const user = await addUser(db, {
    email: `rosa-${crypto.randomUUID()}@acme.test`,
    name: `Rosa Lind the ${++visitors}.`,
    role: 'admin',
    ...given,
  });
  const context: BrowserContext = await browser.newContext({
    baseURL: url,
    viewport: SIZES[size],
    colorScheme: scheme,
    locale: { en: 'en-GB', tr: 'tr-TR' }[language],
    timezoneId: timeZone,
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const { hostname } = new URL(url);
  await context.addCookies([
    { name: 'cadenza', value: await beginSession(db, user.id), domain: hostname, path: '/', httpOnly: true },
  ]);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, user, complaints, close: () => context.close() };
}

/** What axe-core finds wrong with the page as it is (WCAG 2.2 A and AA, and best practices), one line each. */
export async function accessibilityViolations(page: Page): Promise<string[]> {
  // Evaluated, not inserted: the page's policy allows no foreign script.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe, document } = globalThis as unknown as {
      document: unknown;
      axe: {
        run(
          what: unknown,
          options: object,
        ): Promise<{
          violations: { id: string; help: string; nodes: { target: unknown[]; failureSummary: string }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${help} (${target.join(' ')}) ${failureSummary}`),
    );
  });
}

/** Waits until a page is there and nothing of it is on its way any more. */
export async function settled(page: Page): Promise<void> {
  // Before the app runs nothing is on its way either.
  await page.locator('h1').first().waitFor({ state: 'attached' });
  const waiting = page.locator('[aria-busy=true]');
  while ((await waiting.count()) > 0) await waiting.first().waitFor({ state: 'detached' });
}

/** Keeps a picture of the page under `.cadenza/screenshots`. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
}
