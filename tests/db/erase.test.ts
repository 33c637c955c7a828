import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createIdentityHasher } from '../../common/crypto.ts';
import { emit } from '../../db/callbacks.ts';
import type { Db } from '../../db/db.ts';
import { eraseLead } from '../../db/erase.ts';
import { exportLead } from '../../db/export.ts';
import { importLeads } from '../../db/import/import-leads.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  touchNode,
} from '../support/factories.ts';

const hashIdentity = createIdentityHasher(Buffer.alloc(32, 7));
let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());

const CSV =
  'id,email,first name,last name,company,title,linkedin,phone,owner,consent source,secret\n' +
  'crm-zzada,zzada@zzlovelace.test,Zzada,Zzlovelace,Zzengines,Zzcountess,linkedin.com/in/zzada,+4915123456789,rosa,zzfair,zzattribute\n';

/** A lead with a trace in every table that can hold one; each personal value contains `zz` or the number. */
async function person(): Promise<{
  leadId: string;
  enrollmentId: string;
  touchId: string;
  inFlight: string;
}> {
  const { leadIds } = await importLeads(db, CSV, { hashIdentity });
  const leadId = leadIds[0]!;
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello'), touchNode('again')]) });
  const launch = await makeLaunch(db, { versionId: version.id });
  const sender = await makeSender(db);
  const { id: enrollmentId } = await makeEnrollment(db, { launchId: launch.id, leadId });
  const touch = async (step: string, state: string) => {
    const { rows } = await db.query<{ id: string }>(
      `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, sending_at,
         lease_until, detail, content, recipient, provider_id, provider_thread_id)
       values ($1, $2, $3, 1, 1, 'email', 'email', $4, $5, now(), '2026-03-10', now(), now(), '550 zzada@zzlovelace.test unknown',
         '{"text": "Dear Zzada", "tracking": {"opens": true, "links": ["https://offer.test/?for=zzada"]}}', 'zzada@zzlovelace.test', 'zzprovider', 'zzthread') returning id`,
      [enrollmentId, leadId, step, sender.id, state],
    );
    return rows[0]!.id;
  };
  const touchId = await touch('hello', 'sent');
  const inFlight = await touch('again', 'sending');
  const values = [enrollmentId, leadId];
  await db.query(
    `insert into tasks (enrollment_id, lead_id, touch_id, kind, title, body, link, note, due_at, created_at)
     values ($1, $2, $3, 'call', 'Call Zzada', 'Ring +4915123456789', 'https://linkedin.com/in/zzada', 'zznote', now(), now())`,
    [...values, touchId],
  );
  await db.query(
    `insert into hits (touch_id, lead_id, kind, link, by, at, last_at) values ($1, $2, 'click', 0, 'person', now(), now())`,
    [touchId, leadId],
  );
  await db.query(
    `insert into lead_events (enrollment_id, lead_id, type, at, data, dedupe_key) values ($1, $2, 'replied', now(), '{"text": "Zzada says"}', 'zzkey')`,
    values,
  );
  await db.query(
    `insert into decisions (enrollment_id, lead_id, at, kind, reason, detail) values ($1, $2, now(), 'skip', 'no_phone', 'Zzada has none')`,
    values,
  );
  await db.query(
    `insert into launch_exclusions (launch_id, lead_id, reason, detail) values ($1, $2, 'invalid', 'zzada@zzlovelace.test')`,
    [launch.id, leadId],
  );
  await db.query(
    `insert into pauses (scope, scope_id, reason, at) values ('lead', $1, 'Zzada is on holiday', now())`,
    [leadId],
  );
  await db.query(
    `insert into lead_senders (lead_id, channel, sender_id, provider_lead_id, provider_chat_id) values ($1, 'email', $2, 'zzperson', 'zzchat')`,
    [leadId, sender.id],
  );
  const { rows: inbound } = await db.query<{ id: number }>(
    `insert into inbound (source, kind, dedupe_key, payload, received_at, lead_id, error)
     values ('twilio', 'message', 'twilio:SM1', '{"Body": "Zzada writes"}', now(), $1, 'zzerror') returning id`,
    [leadId],
  );
  await db.query(
    `insert into messages (lead_id, channel, touch_id, inbound_id, at, address, body, class, class_by, provider_id, thread_id)
     values ($1, 'sms', $2, $3, now(), '+4915123456789', 'Zzada writes', 'other', 'rule', 'zzmessage', 'zzthread'),
       (null, 'sms', null, null, now(), '+4915123456789', 'Before she was known', 'other', 'rule', null, null)`,
    [leadId, touchId, inbound[0]!.id],
  );
  await db.tx((tx) => emit(tx, { type: 'touch.sent', leadId, touchId }));
  return { leadId, enrollmentId, touchId, inFlight };
}

/** Every row of every table of ours, as text. */
async function wholeDatabase(): Promise<string[]> {
  const { rows: tables } = await db.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  expect(tables.length).toBeGreaterThan(20);
  const lines: string[] = [];
  for (const { name } of tables) {
    const { rows } = await db.query<{ row: string }>(`select row_to_json(t)::text as row from ${name} t`);
    lines.push(...rows.map(({ row }) => `${name} ${row}`));
  }
  return lines;
}

const named = (lines: readonly string[]) => lines.filter((line) => /zz|4915123456789/i.test(line));

test('promise 8: after an erasure nothing in any table names the person, and no import brings them back', async () => {
  const { leadId, enrollmentId, touchId, inFlight } = await person();
  const before = named(await wholeDatabase());
  for (const table of [
    'leads',
    'lead_identities',
    'companies',
    'touches',
    'tasks',
    'lead_events',
    'decisions',
    'callbacks',
    'pauses',
    'launch_exclusions',
    'lead_senders',
    'inbound',
    'messages',
  ]) {
    expect(before.some((line) => line.startsWith(`${table} `))).toBe(true);
  }
  const exported = await exportLead(db, leadId);
  const json = JSON.stringify(exported);
  expect(exported.hits).toMatchObject([{ kind: 'click', url: 'https://offer.test/?for=zzada' }]);
  for (const value of [
    'zzada@zzlovelace.test',
    'Zzengines',
    'zzattribute',
    'Dear Zzada',
    'zznote',
    'Zzada says',
    'Zzada writes',
    'zzchat',
    'on holiday',
    'touch.sent',
  ]) {
    expect(json).toContain(value);
  }

  const erased = await eraseLead(db, leadId, { hashIdentity });
  expect(erased.enrollmentIds).toEqual([enrollmentId]);
  expect(erased.sending.map((touch) => touch.touchId)).toEqual([inFlight]);
  expect(named(await wholeDatabase())).toEqual([]);

  // What the send under way brings back afterwards is blanked on arrival.
  await db.query(
    `update touches set state = 'failed', detail = '550 zzada@zzlovelace.test', provider_id = 'zz1' where id = $1`,
    [inFlight],
  );
  await db.query(
    `insert into lead_events (lead_id, type, at, data, dedupe_key) values ($1, 'bounced', now(), '{"to": "zzada"}', 'zz2')`,
    [leadId],
  );
  await db.query(
    `insert into decisions (enrollment_id, lead_id, at, kind, reason, detail) values ($1, $2, now(), 'x', 'y', 'Zzada')`,
    [enrollmentId, leadId],
  );
  expect(named(await wholeDatabase())).toEqual([]);

  const { rows } = await db.query<{ status: string; reason: string; types: string[]; touches: number }>(
    `select e.status, e.reason, (select array_agg(type order by lead_seq) from callbacks where lead_id = $1) as types,
       (select count(*)::int from touches where lead_id = $1 and state in ('sent', 'failed')) as touches
     from enrollments e where e.lead_id = $1`,
    [leadId],
  );
  expect(rows).toEqual([
    {
      status: 'stopped',
      reason: 'erased',
      types: ['touch.sent', 'enrollment.stopped', 'lead.erased'],
      touches: 2,
    },
  ]);
  expect(touchId).toBeDefined();

  const again = await importLeads(db, `${CSV},,Z,,,,,+4915123456789,,,\n,zzada@zzlovelace.test,,,,,,,,,\n`, {
    hashIdentity,
  });
  expect(again).toMatchObject({ created: 0, updated: 0, rejected: { suppressed: 3 } });
  expect(await eraseLead(db, leadId, { hashIdentity })).toEqual({
    enrollmentIds: [enrollmentId],
    sending: [],
    erased: false,
  });
  await expect(exportLead(db, leadId)).rejects.toThrow('no lead');
});

test('a number shared with a colleague is not rung any more, but the colleague stays and keeps the company', async () => {
  const { leadIds } = await importLeads(
    db,
    'email,phone\nbob@shared.test,+493023125123\ncy@shared.test,+493023125123\n',
    { hashIdentity },
  );
  await eraseLead(db, leadIds[0]!, { hashIdentity });
  const { rows } = await db.query<{ emails: string[]; domain: string }>(
    'select l.emails, c.domain from leads l join companies c on c.id = l.company_id where l.id = $1',
    [leadIds[1]],
  );
  expect(rows).toEqual([{ emails: ['cy@shared.test'], domain: 'shared.test' }]);
  const { rows: channels } = await db.query<{ channel: string }>(
    'select channel from suppressions where identity_hash = $1 order by channel',
    [hashIdentity('phone', '+493023125123')],
  );
  expect(channels.map(({ channel }) => channel)).toEqual(['call', 'sms', 'whatsapp']);
});

test('an erasure and an import of the same person at once: whoever is first, the person is out at the end', async () => {
  for (let round = 0; round < 5; round++) {
    const csv = `email,first name\nrace${round}@race.test,Race\n`;
    const lead = (await importLeads(db, csv, { hashIdentity })).leadIds[0]!;
    await Promise.all([
      eraseLead(db, lead, { hashIdentity }),
      importLeads(db, `${csv.trim()},\n`, { hashIdentity, mapping: {} }).catch(() => undefined),
      importLeads(db, `email,last name\nrace${round}@race.test,Later\n`, { hashIdentity }),
    ]);
    const { rows } = await db.query('select from leads where $1 = any(emails) or last_name = $2', [
      `race${round}@race.test`,
      'Later',
    ]);
    expect(rows).toHaveLength(0);
  }
});

test('erasing somebody who is not there says so', async () => {
  const { id } = await makeLead(db);
  await db.query('delete from leads where id = $1', [id]);
  await expect(eraseLead(db, id, { hashIdentity })).rejects.toMatchObject({ code: 'not_found' });
});
