/** A growth person has the emails of a sequence mailed to see them in a real mailbox. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { publish } from '../../db/sequences.ts';
import { parseSequence } from '../../sequences/language/index.ts';
import type { TestApi } from '../api/v1/support.ts';
import { scriptedProvider } from '../support/enrollment-host.ts';
import { makeEnrollment, makeLaunch, makeLead, makeSender } from '../support/factories.ts';
import { accessibilityViolations, openBrowser, settled, startWebApi, visit } from './support.ts';

const SOURCE = `name: looked-at
steps:
  - { id: hello, email: { subject: Hi, body: 'Hello {{ lead.first_name }}' } }
  - { id: ring, call: { script: Ask } }
  - { id: again, email: { subject: Again, body: 'Once more' } }
`;
const provider = scriptedProvider();
let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([
    startWebApi({ providers: { get: () => provider } as never }),
    openBrowser(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

test('the emails of a sequence are mailed to who looks at them, as a chosen lead would get them', async () => {
  const { versionId } = await publish(api.db, parseSequence(SOURCE, 'looked-at.yaml'));
  await makeSender(api.db, { name: 'Rosa' });
  const launch = await makeLaunch(api.db, { versionId });
  const lead = await makeLead(api.db, { firstName: 'Zoe', lastName: 'Ng' });
  await makeEnrollment(api.db, { launchId: launch.id, leadId: lead.id });
  const { page, complaints, close } = await visit(browser, api, {
    user: { role: 'admin', email: 'boss@acme.test' },
  });
  await page.goto('/sequences/looked-at?tab=messages');
  await page.getByRole('combobox', { name: 'As it would read for' }).click();
  await page.getByRole('option', { name: /Zoe Ng/ }).click();
  await page.getByText('Hello Zoe').waitFor();
  await settled(page);
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Mail me the emails' }).click();
  await page.getByText('2 emails are on their way to you').waitFor();
  expect(provider.sent.map(({ to, subject }) => [to, subject])).toEqual([
    ['boss@acme.test', '[Preview] Hi'],
    ['boss@acme.test', '[Preview] Again'],
  ]);
  expect(complaints).toEqual([]);
  await close();
});
