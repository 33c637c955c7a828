import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { REASONS } from '../../sequences/reasons.ts';
import { why as turkish } from '../../web/src/i18n/tr/why.ts';
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
import { accessibilityViolations, openBrowser, picture, startWebApi, visit } from './support.ts';

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startWebApi(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await api?.close();
});

test('every reason is said in a whole sentence of its own, in both languages', () => {
  for (const [word, sentence] of Object.entries(REASONS)) {
    const translated = turkish.reason[word as keyof typeof REASONS];
    for (const one of [sentence, translated]) expect(one).toMatch(/^\p{Lu}.*\.$/u);
    expect(translated).not.toBe(sentence);
  }
});

test('in Turkish, too, it is said who waits where, for what, and what is next', async () => {
  const { db } = api;
  const plan = makePlan([touchNode('davet', 'linkedin')]);
  const version = await makeVersion(db, { name: 'ilk-temas', plan });
  const launch = await makeLaunch(db, { versionId: version.id });
  const sender = await makeSender(db, { name: 'Ayşe' });
  const { page, complaints, close } = await visit(browser, api, { language: 'tr', scheme: 'dark' });
  const lead = async (status: 'pending' | 'running' | 'finished' | 'stopped', set: string) => {
    const { id } = await makeLead(db, { firstName: 'Can', lastName: 'Er', timeZone: 'Europe/Istanbul' });
    const enrollment = await makeEnrollment(db, { launchId: launch.id, leadId: id, status });
    await db.query(
      `update enrollments set engine = '{"state":{"step":"davet","phase":"booked"}}', next_at = null where id = $1`,
      [enrollment.id],
    );
    await db.query(`update enrollments set ${set} where id = $1`, [enrollment.id]);
    return { id, enrollmentId: enrollment.id };
  };
  const said = async (id: string) => {
    await page.goto(`/leads/${id}`);
    return (await page.getByRole('region', { name: 'Bu aday neden bekliyor?' }).textContent()) ?? '';
  };
  const where = 'Can Er, ilk-temas akışının davet adımında.';
  const waiting = await lead(
    'running',
    `reason = 'waits_for_slot', next_action = 'touch', next_at = '2026-12-01T07:00Z'`,
  );
  expect(await said(waiting.id)).toMatch(
    /^Can Er, ilk-temas akışının davet adımında\. Sıradaki: LinkedIn.*, .*10:00 \(Europe\/Istanbul\)\.$/,
  );
  const held = await lead('running', `held = true, reason = 'missing_variable:lead.title'`);
  expect(await said(held.id)).toBe(
    `${where} Bekletiliyor: Bir metnin andığı bilgi bu adayda yok; bilgiyi girin, sonra yeniden deneyin (lead.title). Bunlar bitince sürecek.`,
  );
  const pending = await lead('pending', `engine = null`);
  expect(await said(pending.id)).toBe(
    'Can Er, ilk-temas akışına henüz başlamadı. Gönderenlerinde yeni adaylara yer açılmasını bekliyor.',
  );
  const stopped = await lead(
    'stopped',
    `reason = 'company_replied', ended_at = '2026-03-10T09:00Z', wake_owed = false`,
  );
  expect(await said(stopped.id)).toMatch(
    /akışından ayrıldı: .*12:00 \(Europe\/Istanbul\)\. Aynı şirketten biri yanıt verdi\.$/,
  );
  const many = await lead('running', `reason = 'waits'`);
  await db.query(
    `insert into pauses (scope, scope_id, reason, at) values ('lead', $1, 'paused by hand', business_now())`,
    [many.id],
  );
  await db.query(`insert into lead_senders (lead_id, channel, sender_id) values ($1, 'email', $2)`, [
    many.id,
    sender.id,
  ]);
  await db.query(
    `update senders set broken_at = business_now(), broken_reason = 'bad_login: 535' where id = $1`,
    [sender.id],
  );
  const { rows } = await db.query<{ id: string }>(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day, at, content)
     values ($1, $2, 'davet', 1, 1, 'linkedin', 'invite', 'unconfirmed', business_now(), current_date, business_now(), '{}') returning id`,
    [many.enrollmentId, many.id],
  );
  await db.query(
    `insert into tasks (enrollment_id, lead_id, touch_id, kind, title, body, assignee, due_at, created_at)
     values ($1, $2, $3, 'call', 'Can Er aranacak', '', null, '2026-12-01T07:00Z', business_now())`,
    [many.enrollmentId, many.id, rows[0]!.id],
  );
  await db.query(
    `insert into decisions (lead_id, at, kind, reason, detail) values ($1, business_now(), 'handed_over', 'by_a_person', 'from Mia to Ben')`,
    [many.id],
  );
  const all = await said(many.id);
  for (const part of [
    where,
    'Bu aday duraklatıldı: elle duraklatıldı.',
    'davet adımının (LinkedIn) gidip gitmediği bilinmiyor.',
    'Ayşe adlı gönderen bozuk (bad login: 535).',
    'Açık bir görev var: “Can Er aranacak”; henüz kimsenin üzerinde değil, son zamanı',
    'Bunlar bitince sürecek.',
    'Devredildi: Mia → Ben,',
  ])
    expect(all).toContain(part);
  expect(await accessibilityViolations(page)).toEqual([]);
  await picture(page, 'why-desk-dark-tr');
  await page.setViewportSize({ width: 390, height: 844 });
  await picture(page, 'why-phone-dark-tr');
  await db.query(`delete from enrollments where id = $1`, [waiting.enrollmentId]);
  expect(await said(waiting.id)).toBe('Can Er hiçbir akışta değil.');
  expect(complaints).toEqual([]);
  await close();
});
