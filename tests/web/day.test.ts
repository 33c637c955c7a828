/** A growth team's day and a rep's day, in a real browser, on the stack that `npm start` runs: its own worker, Temporal, sandbox. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { loadConfig } from '../../common/config.ts';
import { openServices } from '../../worker/services.ts';
import type { UpAddresses } from '../../worker/up.ts';
import { until } from '../support/stack.ts';
import { accessibilityViolations, openBrowser, picture, SIZES } from './support.ts';

let folder: string;
let running: ChildProcess | undefined;
let browser: Browser;
let where: UpAddresses;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cadenza-day-'));
  await chmod(folder, 0o755);
  browser = await openBrowser();
  const env = { ...process.env, NODE_OPTIONS: '', CADENZA_DATA_DIR: folder, CADENZA_SWEEP_SECONDS: '2' };
  running = spawn(
    process.execPath,
    ['--import', resolve('node_modules/tsx/dist/loader.mjs'), resolve('tests/support/up-process.ts')],
    { stdio: ['ignore', 'pipe', 'inherit'], env },
  );
  const [line] = (await once(running.stdout!, 'data')) as [Buffer];
  where = JSON.parse(line.toString()) as UpAddresses;
}, 240_000);
afterAll(async () => {
  await browser?.close();
  if (running && running.exitCode === null) {
    running.kill('SIGTERM');
    await once(running, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const SEQUENCE = `name: spring
title: Spring outreach
window:
  days: [mon, tue, wed, thu, fri, sat, sun]
  from: '00:00'
  to: '23:59'
  holidays: none
steps:
  - id: hello
    sms:
      text: 'Hello {{ lead.first_name }}, shall we talk?'
  - id: ring
    call:
      script: 'Ask {{ lead.first_name }} about the plant.'
`;
const CSV = `First name,Last name,Email,Phone,Time zone,Country,Consent,Owner
Ada,Kaya,ada@day.example,+905321110001,Europe/Istanbul,TR,given,rosa
Bora,Ak,bora@day.example,+905321110002,Europe/Istanbul,TR,given,rosa
`;

interface Received {
  readonly channel?: string;
  readonly to?: string;
  readonly from?: string;
  readonly text?: string;
}

test('from the sign-in link to an answer: written, published, launched, answered, called', async () => {
  const config = loadConfig({ CADENZA_DATA_DIR: folder });
  const services = await openServices(config, { name: 'cadenza-test' });
  try {
    await services.db.query('update senders set min_gap_seconds = 0, jitter_seconds = 0');
  } finally {
    await services.close();
  }
  expect(where.signIn).not.toBeNull();
  const context = await browser.newContext({
    baseURL: where.http,
    viewport: SIZES.desk,
    locale: 'en-GB',
    timezoneId: 'Europe/Istanbul',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(45_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));

  // The first admin comes in.
  await page.goto(new URL(where.signIn!).pathname);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('input[type=password]').fill('a long password of the day');
  await page.getByRole('button', { name: 'Save and go on' }).click();
  await page.getByRole('heading', { name: 'All done for now' }).waitFor();

  // The growth team writes a sequence and publishes it.
  await page.getByRole('link', { name: 'Sequences' }).click();
  await page.getByRole('button', { name: 'New sequence' }).first().click();
  await page.getByRole('dialog').locator('input[name=name]').fill('spring');
  await page.getByRole('dialog').getByLabel('An empty one').check();
  await page.getByRole('button', { name: 'Begin writing' }).click();
  await page.getByRole('textbox', { name: /definition/ }).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(SEQUENCE);
  await page.getByText('No mistakes').waitFor();
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
  await page.getByText('Published as a new version').waitFor();
  await picture(page, 'day-1-sequence');

  // A file of leads comes in, and the sequence is launched on it.
  await page.goto('/leads/import');
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'spring.csv', mimeType: 'text/csv', buffer: Buffer.from(CSV) });
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByText('2 leads are in').waitFor();
  await page.getByRole('link', { name: 'Launch a sequence on them' }).click();
  await page.getByLabel('Spring outreach').first().check();
  for (let step = 0; step < 3; step++) await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: 'Launch 2 leads' }).click();
  await page.getByRole('heading', { name: 'Spring outreach', level: 1 }).waitFor();
  const received = async () => (await (await fetch(`${where.sandbox}/received`)).json()) as Received[];
  await until(
    async () => (await received()).filter((one) => /shall we talk/.test(JSON.stringify(one))).length === 2,
    'both messages went out',
    90_000,
  );
  await picture(page, 'day-2-launch');

  // One of them answers on another way in than it was asked to; everything stops for her, and the rep answers.
  const sms = (await received()).find((one) => JSON.stringify(one).includes('905321110001'));
  const from = /"(?:from|From)":"(\+[^"]+)"/.exec(JSON.stringify(sms))![1]!;
  await fetch(`${where.sandbox}/control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      messages: [{ channel: 'sms', from: '+905321110001', to: from, text: 'Yes, call me <b>tomorrow</b>.' }],
    }),
  });
  await page.getByRole('link', { name: /Inbox/ }).click();
  await page
    .getByRole('list', { name: 'Messages, the newest last' })
    .getByText('Yes, call me <b>tomorrow</b>.')
    .waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'day-3-inbox');
  await page.keyboard.press('r');
  await page.keyboard.type('With pleasure: at ten?');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Undo' }).waitFor();

  // Meanwhile the other one is to be called.
  await page.getByRole('link', { name: /Today/ }).click();
  await page.getByText('Ask Bora about the plant.').waitFor({ timeout: 90_000 });
  expect(await page.getByText('Ask Ada about the plant.').count()).toBe(0);
  await picture(page, 'day-4-today');
  await page.getByRole('heading', { name: 'Today' }).click();
  await page.keyboard.press('1');
  await page.getByRole('heading', { name: 'All done for now' }).waitFor();
  await page.goto('/launches');
  await until(
    async () => (await received()).some((one) => JSON.stringify(one).includes('With pleasure: at ten?')),
    'the answer went out',
    60_000,
  );
  await page.getByRole('link', { name: 'Spring outreach' }).click();
  await page.getByText('1 finished').waitFor({ timeout: 60_000 });
  await page.getByText('1 left').waitFor();
  await picture(page, 'day-5-launch');
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await context.close();
}, 300_000);
