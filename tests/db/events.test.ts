import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createIdentityHasher } from '../../common/crypto.ts';
import { listCallbacks } from '../../db/callbacks.ts';
import type { Db } from '../../db/db.ts';
import { recordLeadEvent, type IncomingEvent } from '../../db/events.ts';
import { readInbox } from '../../db/inbox.ts';
import { leadHashes, suppress, suppressedChannels } from '../../db/suppressions.ts';
import type { Plan } from '../../sequences/plan.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  makeCompany,
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../support/factories.ts';
import { bookNow, countRetries, isSuppressed, trySending } from '../support/sending.ts';

const hash = createIdentityHasher(Buffer.alloc(32, 7));
let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
});
afterAll(() => drop());

async function scene(
  stopOn: Partial<Plan['stopOn']>,
  size = 1,
  lead: Parameters<typeof makeLead>[1] = {},
  nodes = [touchNode('hello')],
) {
  const version = await makeVersion(db, { plan: makePlan(nodes, stopOn) });
  const launch = await makeLaunch(db, { versionId: version.id });
  const company = await makeCompany(db);
  const people: { leadId: string; enrollmentId: string; email: string | null }[] = [];
  for (let i = 0; i < size; i++) {
    const row = await makeLead(db, { companyId: company.id, ...lead });
    const enrollment = await makeEnrollment(db, { launchId: launch.id, leadId: row.id });
    people.push({ leadId: row.id, enrollmentId: enrollment.id, email: row.email });
  }
  return { launch, company, people, one: people[0]! };
}

const record = (event: IncomingEvent) => recordLeadEvent(db, hash, event);
const stateOf = async (enrollmentId: string) =>
  (
    await db.query<{ status: string; reason: string }>(
      'select status, reason from enrollments where id = $1',
      [enrollmentId],
    )
  ).rows[0]!;
const types = async (leadId: string) => (await listCallbacks(db, leadId)).map((callback) => callback.type);

test('promise 3: a reply stops its lead in the commit that stores it, and says what was being sent', async () => {
  const { one, launch, company } = await scene({});
  const senderId = (await makeSender(db)).id;
  const touch = await bookNow(db, { ...one, launchId: launch.id, companyId: company.id, senderId });
  const later = await bookNow(db, { ...one, launchId: launch.id, companyId: company.id, senderId });
  await trySending(db, touch);
  const effect = await record({
    leadId: one.leadId,
    type: 'replied',
    channel: 'email',
    data: { text: 'No, thanks' },
  });
  expect(effect).toMatchObject({
    stopped: [{ enrollmentId: one.enrollmentId }],
    wake: [one.enrollmentId],
    sending: [{ touchId: touch.touchId }],
  });
  expect(await stateOf(one.enrollmentId)).toEqual({ status: 'stopped', reason: 'replied' });
  expect(await trySending(db, later)).toBe(false);
  expect(await types(one.leadId)).toEqual(['lead.replied', 'enrollment.stopped']);
  const [event] = (
    await db.query('select type, channel, enrollment_id, data from lead_events where lead_id = $1', [
      one.leadId,
    ])
  ).rows;
  expect(event).toEqual({
    type: 'replied',
    channel: 'email',
    enrollment_id: one.enrollmentId,
    data: { text: 'No, thanks' },
  });
});

test('promise 3: the same event twice, at once or late and out of order, changes nothing the second time', async () => {
  const { one } = await scene({ replied: 'none' });
  const replied = {
    leadId: one.leadId,
    type: 'replied',
    dedupeKey: `imap:${one.leadId}:2`,
    at: TUESDAY - 1000,
  } as const;
  const opened = {
    leadId: one.leadId,
    type: 'opened',
    dedupeKey: `imap:${one.leadId}:1`,
    at: TUESDAY - 9000,
  } as const;
  const at = await Promise.all(Array.from({ length: 8 }, () => record(replied)));
  expect(at.filter((effect) => effect.eventId !== null)).toHaveLength(1);
  expect((await record(opened)).eventId).not.toBeNull();
  const nothing = { eventId: null, stopped: [], wake: [], sending: [], enrolled: [] };
  expect(await record(replied)).toEqual(nothing);
  expect(await record(opened)).toEqual(nothing);
  const inbox = await readInbox(db, one.enrollmentId, 0);
  expect(inbox.map((entry) => 'name' in entry && entry.name)).toEqual(['replied', 'opened']);
  expect(await types(one.leadId)).toEqual(['lead.replied', 'lead.opened']);
});

test('an event from the future happened now', async () => {
  const { one } = await scene({});
  await record({ leadId: one.leadId, type: 'opened', at: TUESDAY + 1e9 });
  const { rows } = await db.query<{ at: Date }>('select at from lead_events where lead_id = $1', [
    one.leadId,
  ]);
  expect(rows[0]!.at.getTime()).toBe(TUESDAY);
});

test('promise 3: a reply stops everybody at the company when the rule says so, the pending too, and nobody elsewhere', async () => {
  const { one, people } = await scene({ replied: 'company' }, 4);
  await db.query(`update enrollments set status = 'pending' where id = $1`, [people[3]!.enrollmentId]);
  const elsewhere = await scene({ replied: 'company' });
  const effect = await record({ leadId: one.leadId, type: 'replied' });
  expect(effect.wake.toSorted()).toEqual(people.map((person) => person.enrollmentId).sort());
  expect(await stateOf(one.enrollmentId)).toEqual({ status: 'stopped', reason: 'replied' });
  for (const colleague of people.slice(1)) {
    expect(await stateOf(colleague.enrollmentId)).toEqual({ status: 'stopped', reason: 'company_replied' });
    expect(await types(colleague.leadId)).toEqual(['enrollment.stopped']);
  }
  expect((await stateOf(elsewhere.one.enrollmentId)).status).toBe('running');
});

test('promise 3: the rule of the colleague’s own sequence counts, also after the lead’s has ended', async () => {
  const { company, people } = await scene({ replied: 'company' }, 2);
  const quiet = await makeLead(db, { companyId: company.id });
  const effect = await record({ leadId: quiet.id, type: 'replied' });
  expect(effect.stopped).toHaveLength(people.length);
  const lenient = await scene({ replied: 'lead' }, 2);
  await record({ leadId: lenient.one.leadId, type: 'replied' });
  expect((await stateOf(lenient.people[1]!.enrollmentId)).status).toBe('running');
});

test('promise 3: colleagues who reply at the same moment stop each other without a deadlock', async () => {
  const counted = countRetries(db);
  for (let round = 0; round < 4; round++) {
    const { people, launch, company } = await scene({ replied: 'company' }, 6);
    const senderId = (await makeSender(db)).id;
    const touches = await Promise.all(
      people.map((one) => bookNow(db, { ...one, launchId: launch.id, companyId: company.id, senderId })),
    );
    const [effects] = await Promise.all([
      Promise.all(
        people.map((one) => recordLeadEvent(counted.db, hash, { leadId: one.leadId, type: 'replied' })),
      ),
      Promise.all(touches.map((touch) => trySending(counted.db, touch))),
    ]);
    expect(effects.flatMap((effect) => effect.stopped)).toHaveLength(people.length);
    for (const one of people) expect((await stateOf(one.enrollmentId)).status).toBe('stopped');
  }
  expect(counted.retries()).toBe(0);
});

test('promise 8: unsubscribing stops whatever the rules say, and every identity stays suppressed on every channel', async () => {
  const { one } = await scene({ unsubscribed: 'none' }, 1, { phone: '+4930123456', externalId: 'crm-77' });
  const twin = await makeLead(db, { phone: '+4930123456' });
  const launch = await scene({});
  const twinEnrollment = await makeEnrollment(db, { launchId: launch.launch.id, leadId: twin.id });
  const effect = await record({ leadId: one.leadId, type: 'unsubscribed', channel: 'email' });
  expect(effect.wake.toSorted()).toEqual([one.enrollmentId, twinEnrollment.id].sort());
  expect(await stateOf(one.enrollmentId)).toEqual({ status: 'stopped', reason: 'unsubscribed' });
  for (const known of [
    hash('email', one.email!.toUpperCase()),
    hash('phone', '+49 30 123456'),
    hash('external', 'crm-77'),
  ]) {
    expect(await isSuppressed(db, [known])).toBe(true);
  }
  expect(await types(one.leadId)).toEqual(['lead.unsubscribed', 'enrollment.stopped']);
  const { rows } = await db.query<{ text: string }>(
    'select row_to_json(s)::text as text from suppressions s',
  );
  expect(rows.map((row) => row.text).join('')).not.toMatch(/crm-77|4930123456|example/);
});

const visit = touchNode('visit', 'linkedin', { action: 'visit', next: 'hello' });

test('a bounce suppresses the address for email alone; the sequence ends when it has no other channel for the lead, and else goes on', async () => {
  const { one } = await scene({ bounced: 'none' });
  await record({ leadId: one.leadId, type: 'bounced', channel: 'email' });
  expect(await stateOf(one.enrollmentId)).toEqual({ status: 'stopped', reason: 'bounced' });
  expect(await isSuppressed(db, [hash('email', one.email!)], 'email')).toBe(true);
  expect(await isSuppressed(db, [hash('email', one.email!)])).toBe(false);

  // Being rung is no way left in a sequence that never rings.
  const phone = await scene({ bounced: 'none' }, 1, { phone: '+4930998' });
  await record({ leadId: phone.one.leadId, type: 'bounced', channel: 'email' });
  expect((await stateOf(phone.one.enrollmentId)).status).toBe('stopped');

  const profile = { linkedinUrl: 'https://www.linkedin.com/in/bounced' };
  const other = await scene({ bounced: 'none' }, 1, profile, [visit, touchNode('hello')]);
  await record({ leadId: other.one.leadId, type: 'bounced', channel: 'email' });
  expect((await stateOf(other.one.enrollmentId)).status).toBe('running');
  expect(await readInbox(db, other.one.enrollmentId, 0)).toMatchObject([{ type: 'event', name: 'bounced' }]);
});

test('an address that bounced is passed over for the next one, until there is none', async () => {
  const emails = ['first@several.example', 'second@several.example'];
  const { one } = await scene({ bounced: 'none' });
  await db.query('update leads set emails = $2 where id = $1', [one.leadId, emails]);
  const lead = { externalId: null, emails, phones: [], linkedinUrl: null, companyDomain: null };
  await record({ leadId: one.leadId, type: 'bounced', channel: 'email', address: emails[0]! });
  expect(await suppressedChannels(db, hash, lead)).toEqual({
    all: false,
    channels: new Set(),
    dead: { email: [emails[0]] },
  });
  expect((await stateOf(one.enrollmentId)).status).toBe('running');
  await record({ leadId: one.leadId, type: 'bounced', channel: 'email', address: emails[1]! });
  expect((await suppressedChannels(db, hash, lead)).channels).toEqual(new Set(['email']));
  expect(await stateOf(one.enrollmentId)).toEqual({ status: 'stopped', reason: 'bounced' });
});

test('an objection to email is no bounce: it stands beside one, and concerns every address', async () => {
  const emails = ['gone@objects.example', 'other@objects.example'];
  const lead = { externalId: null, emails, phones: [], linkedinUrl: null, companyDomain: null };
  const { one } = await scene({ bounced: 'none' });
  await db.query('update leads set emails = $2 where id = $1', [one.leadId, emails]);
  await record({ leadId: one.leadId, type: 'bounced', channel: 'email', address: emails[0]! });
  const objection = { channel: 'email', reason: 'asked' } as const;
  await suppress(db, hash, { kind: 'email', value: emails[0]! }, objection);
  expect((await suppressedChannels(db, hash, lead)).channels).toEqual(new Set(['email']));
});

test('promise 8: a suppression needs no lead, and holds for one who comes later', async () => {
  await suppress(
    db,
    hash,
    { kind: 'email', value: 'Nobody@Later.example ' },
    { channel: null, reason: 'asked' },
  );
  await suppress(db, hash, { kind: 'domain', value: 'closed.example' }, { channel: null, reason: 'asked' });
  const all = { all: true, channels: new Set(['email', 'linkedin', 'sms', 'whatsapp', 'call']), dead: {} };
  const lead = {
    externalId: null,
    emails: ['x@sub.closed.example'],
    phones: [],
    linkedinUrl: null,
    companyDomain: null,
  };
  expect(await suppressedChannels(db, hash, { ...lead, emails: ['nobody@later.example'] })).toEqual(all);
  expect(await suppressedChannels(db, hash, lead)).toEqual(all);
  expect(await isSuppressed(db, leadHashes(hash, { ...lead, emails: ['x@notclosed.example'] }))).toBe(false);
});

test('a suppressed channel leaves the others; the last one ends the enrollment; twice changes nothing', async () => {
  const profile = { linkedinUrl: 'https://www.linkedin.com/in/ada-x' };
  const { one } = await scene({}, 1, profile, [visit, touchNode('hello')]);
  const email = { channel: 'email', reason: 'asked' } as const;
  expect((await suppress(db, hash, { leadId: one.leadId }, email)).wake).toEqual([]);
  const url = { kind: 'linkedin', value: 'https://www.linkedin.com/in/ada-x' } as const;
  expect((await suppress(db, hash, url, { channel: 'linkedin', reason: 'asked' })).wake).toEqual([
    one.enrollmentId,
  ]);
  expect((await suppress(db, hash, url, { channel: 'linkedin', reason: 'asked' })).wake).toEqual([]);
  await expect(suppress(db, hash, { leadId: one.enrollmentId }, email)).rejects.toMatchObject({
    code: 'not_found',
  });
});

test('an absence holds back what is booked, in the commit that stores it', async () => {
  const { one, launch, company } = await scene({});
  const senderId = (await makeSender(db)).id;
  const touch = await bookNow(db, { ...one, launchId: launch.id, companyId: company.id, senderId });
  const until = TUESDAY + 86_400_000;
  await record({ leadId: one.leadId, type: 'out_of_office', until });
  const { rows } = await db.query<{ slot_at: Date }>('select slot_at from touches where id = $1', [
    touch.touchId,
  ]);
  expect(rows[0]!.slot_at.getTime()).toBe(until);
  expect(await readInbox(db, one.enrollmentId, 0)).toMatchObject([
    { type: 'event', name: 'out_of_office' },
    { type: 'hold_until', until },
  ]);
});

test('an accepted invite and a WhatsApp message are remembered on the lead', async () => {
  const { one } = await scene({});
  const senderId = (await makeSender(db, { channel: 'linkedin' })).id;
  await db.query(`insert into lead_senders (lead_id, channel, sender_id) values ($1, 'linkedin', $2)`, [
    one.leadId,
    senderId,
  ]);
  await record({ leadId: one.leadId, type: 'accepted', channel: 'linkedin' });
  await record({ leadId: one.leadId, type: 'whatsapp_in', channel: 'whatsapp' });
  const { rows } = await db.query(
    'select s.connected_at, l.last_whatsapp_in_at from leads l join lead_senders s on s.lead_id = l.id where l.id = $1',
    [one.leadId],
  );
  expect(rows).toEqual([{ connected_at: new Date(TUESDAY), last_whatsapp_in_at: new Date(TUESDAY) }]);
});

test('nobody’s event is refused, and an erased lead’s too', async () => {
  await expect(
    record({ leadId: '00000000-0000-4000-8000-000000000000', type: 'replied' }),
  ).rejects.toMatchObject({ code: 'not_found' });
  const { one } = await scene({});
  await db.query('update leads set erased_at = business_now() where id = $1', [one.leadId]);
  await expect(record({ leadId: one.leadId, type: 'replied' })).rejects.toMatchObject({ code: 'erased' });
});
