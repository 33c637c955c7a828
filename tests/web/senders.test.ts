import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
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
import { accessibilityViolations, openBrowser, picture, settled, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
const ids: Record<string, string> = {};
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
  const { db } = api;
  for (const name of ['Well', 'Bouncing', 'Complained', 'Failing', 'Full', 'Broken', 'Unread', 'Paused'])
    ids[name] = (await makeSender(db, { name, provider: 'smtp', caps: { email: { day: 10 } } })).id;
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  const { id: launchId } = await makeLaunch(db, { versionId: version.id });
  const did = async (
    name: string,
    each: number,
    daysAgo: number[],
    state = 'sent',
    delivery: string | null = null,
  ) => {
    const enrollments = [];
    for (let n = 0; n < each; n++) {
      const lead = await makeLead(db);
      enrollments.push((await makeEnrollment(db, { launchId, leadId: lead.id })).id);
    }
    await db.query(
      `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, at, delivery)
       select e.id, e.lead_id, 'hello', 1, d + 1, 'email', 'email', $1, $2, now(), (business_now() at time zone 'Europe/Berlin')::date - d, now(), $3
       from unnest($4::int[]) d, enrollments e where e.id = any($5)`,
      [ids[name], state, delivery, daysAgo, enrollments],
    );
  };
  await did('Well', 4, [0, 1, 2, 5]);
  await did('Bouncing', 5, [1, 2, 3]);
  await did('Bouncing', 3, [4], 'sent', 'bounced');
  await did('Complained', 4, [1]);
  await did('Complained', 1, [2], 'sent', 'complained');
  await did('Failing', 5, [1, 2]);
  await did('Failing', 2, [1, 2], 'failed');
  await did('Full', 10, [1, 2, 3, 4]);
  await db.query(
    `update senders set broken_at = now(), broken_reason = '535 authentication failed.' where id = $1`,
    [ids.Broken],
  );
  await db.query(
    `insert into mailboxes (sender_id, error, error_at) values ($1, 'connect ETIMEDOUT', now())`,
    [ids.Unread],
  );
  const admin = await api.signedIn();
  await admin.post('/pause', { scope: 'sender', id: ids.Paused, reason: 'new number' });
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

const SAID = {
  en: {
    Well: ['Works', '16 sent or booked'],
    Bouncing: [
      'Bounces',
      '3 of its last 18 messages bounced (16.7%). At 5% it is paused. Check the addresses',
    ],
    Complained: ['Complaints', 'One person marked what it sent as spam'],
    Failing: ['Fails', '4 of its last 14 attempts failed. “Check now” says'],
    Full: ['Full', 'It was at its limit of 10 on 4 of the last 13 days'],
    Broken: ['Broken', 'It cannot send: 535 authentication failed. Its leads wait. Mend its credentials'],
    Unread: ['Mailbox not read', 'Its mailbox cannot be read: connect ETIMEDOUT. Answers to it are not seen'],
    Paused: ['Paused', 'It was paused: new number. Its leads wait until somebody resumes it.'],
  },
  tr: {
    Well: ['Çalışıyor', '16 gönderildi'],
    Bouncing: ['Geri dönüyor', 'Son 18 iletisinden 3 tanesi geri döndü (%16,7). %5 olunca duraklatılır.'],
    Complained: ['Şikâyet var', 'Bir kişi gönderdiğini istenmeyen posta saydı.'],
    Failing: ['Hata veriyor', 'Son 14 denemesinden 4 tanesi başarısız oldu.'],
    Full: ['Dolu', 'Son 13 günün 4 gününde 10 sınırına ulaştı'],
    Broken: ['Bozuk', 'Gönderemiyor: 535 authentication failed. Bu sırada adaylar bekler.'],
    Unread: ['Kutu okunamıyor', 'Posta kutusu okunamıyor: connect ETIMEDOUT.'],
    Paused: ['Duraklatıldı', 'Duraklatıldı: new number.'],
  },
} as const;

test.each([
  ['desk', 'light', 'en'],
  ['small', 'dark', 'tr'],
  ['phone', 'light', 'tr'],
] as const)(
  'each sender says in a word and a sentence how it is, and what to do, beside its last 14 days: %s, %s, %s',
  async (size, scheme, language) => {
    const { page, complaints, close } = await visit(browser, api, { size, scheme, language });
    await page.goto('/settings/senders');
    for (const [name, [word, why]] of Object.entries(SAID[language])) {
      const row = page
        .getByRole('row')
        .filter({ has: page.getByText(name, { exact: true }).first() })
        .filter({ hasText: `${name}email-` });
      await row.getByText(word, { exact: true }).last().waitFor();
      if (size !== 'phone' || name !== 'Well')
        await row.getByText(why).first().waitFor({ state: 'attached' });
    }
    await settled(page);
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, `senders-${size}-${scheme}-${language}`);
    await page.goto(`/settings/senders?id=${ids.Bouncing}`);
    const panel = page.getByRole('dialog');
    await panel.getByText(SAID[language].Bouncing[1]).waitFor();
    await panel.locator('summary').first().click();
    // Four days ago three came back, and 12 days are empty or well.
    await panel.getByRole('table').waitFor();
    expect(await panel.getByRole('row').count()).toBe(15);
    const row = panel.getByRole('row').nth(5);
    expect(await row.getByRole('cell').allTextContents()).toEqual([
      expect.any(String),
      language === 'en' ? '3 of 10' : '3/10',
      '3',
      '0',
      '0',
    ]);
    await panel.locator('input[name=name]').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await picture(page, `sender-${size}-${scheme}-${language}`);
    expect(complaints).toEqual([]);
    await close();
  },
);

test('a sender that somebody changed meanwhile is not overwritten', async () => {
  const { page, close } = await visit(browser, api);
  await page.goto(`/settings/senders?id=${ids.Full}`);
  const panel = page.getByRole('dialog');
  await panel.getByLabel('Server for sending').fill('smtp.acme.test');
  await panel.locator('input[name=owner]').fill('mine@acme.test');
  const admin = await api.signedIn();
  await admin.call('PATCH', `/senders/${ids.Full}`, { owner: 'theirs@acme.test' }, { 'if-match': '*' });
  await panel.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Somebody changed this meanwhile').waitFor();
  expect((await admin.get(`/senders/${ids.Full}`)).body.owner).toBe('theirs@acme.test');
  await close();
});
