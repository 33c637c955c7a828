import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { listInbox, matchMessage, rawMessage } from '../../../db/conversations.ts';
import type { Db } from '../../../db/db.ts';
import { eraseLead } from '../../../db/erase.ts';
import type { NewInbound } from '../../../db/inbound.ts';
import { plusAddressOf } from '../../../providers/email/compose.ts';
import { createTestDatabase } from '../../support/database.ts';
import { makeSender, setTime, TUESDAY } from '../../support/factories.ts';
import { contacted, hash, statusOf, world, type World } from './support.ts';

let db: Db;
let drop: () => Promise<void>;
let here: World;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  here = await world(db);
});
afterAll(() => drop());

const raw = (fields: Readonly<Record<string, string>>, body = 'Yes, let us talk.') =>
  Buffer.from(
    [...Object.entries(fields).map(([name, value]) => `${name}: ${value}`), '', body, '']
      .join('\n')
      .replace(/\n/g, '\r\n'),
  );

function mail(senderId: string, bytes: Buffer): NewInbound {
  const dedupeKey = `mail:${senderId}:${randomUUID()}`;
  return { source: 'mail', kind: 'message', dedupeKey, senderId, payload: {}, raw: bytes };
}

/** A lead who was written to, with the Message-ID of that. */
async function written({ lead, ...options }: Partial<Parameters<typeof contacted>[1]> = {}) {
  const email = lead?.email ?? `ada-${randomUUID().slice(0, 8)}@lead.example`;
  const one = await contacted(db, { ...options, channel: 'email', lead: { email, ...lead } });
  const messageId = `<${one.touchId}@example.com>`;
  await db.query('update touches set message_id = $2 where id = $1', [one.touchId, messageId]);
  return { ...one, email, messageId };
}

function report(original: string, { action = 'failed', status = '5.1.1', type = 'delivery-status' } = {}) {
  const part = (kind: string, body: string) => `--b\nContent-Type: ${kind}\n\n${body}\n`;
  return raw(
    {
      From: 'MAILER-DAEMON@mx.example',
      'Content-Type': `multipart/report; report-type=${type}; boundary=b`,
    },
    `${part('text/plain', 'Sorry.')}${part(`message/${type}`, `Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; ada@lead.example\nAction: ${action}\nStatus: ${status}`)}${part('message/rfc822', `Message-ID: ${original}\nSubject: Hello\n\nHello`)}--b--`,
  );
}

test('promise 3: an answer by email stops the lead, found by what it answers, from whatever address', async () => {
  const one = await written();
  const answer = raw(
    { From: 'Ada <private@elsewhere.example>', 'In-Reply-To': one.messageId, 'Message-ID': '<a@x.example>' },
    'Yes.\n\nOn Tue, Rosa Lind <rosa@example.com> wrote:\n> Hello',
  );
  expect(await here.arrive(mail(one.senderId, answer))).toBe('answer_stopped');
  expect(await statusOf(db, one.enrollmentId)).toBe('stopped replied');
  const { rows } = await db.query('select body, touch_id from messages where lead_id = $1', [one.leadId]);
  expect(rows).toEqual([{ body: 'Yes.', touch_id: one.touchId }]);
});

test('the raw message of an answer is kept for its days and no longer, and goes when the lead is erased', async () => {
  const rawOf = async (leadId: string) =>
    (await db.query<{ raw: Buffer | null }>('select raw from inbound where lead_id = $1', [leadId])).rows[0]!
      .raw;
  const [one, two] = [await written(), await written()];
  const bytes = raw({ From: one.email, 'In-Reply-To': one.messageId });
  await here.arrive(mail(one.senderId, bytes));
  await here.arrive(mail(two.senderId, raw({ From: two.email })));
  expect(await rawOf(one.leadId)).toEqual(bytes);
  const age = (days: number) =>
    db.query(
      'update inbound set done_wall = clock_timestamp() - make_interval(days => $2) where lead_id = $1',
      [one.leadId, days],
    );
  await age(29);
  await here.inbound.round();
  expect(await rawOf(one.leadId)).toEqual(bytes);
  await age(31);
  await here.inbound.round();
  expect(await rawOf(one.leadId)).toBeNull();
  expect(await rawOf(two.leadId)).not.toBeNull();
  await eraseLead(db, two.leadId, { hashIdentity: hash });
  expect(await rawOf(two.leadId)).toBeNull();
});

test('an answer to the address of one touch is found by it, from whatever address and without any reference', async () => {
  const one = await written();
  const to = plusAddressOf(one.touchId, 'rosa@example.com')!;
  const answer = raw({ From: 'private@elsewhere.example', To: to.toUpperCase() });
  expect(await here.arrive(mail(one.senderId, answer))).toBe('answer_stopped');
  const two = await written();
  const forwarded = raw({
    From: 'x@elsewhere.example',
    'Delivered-To': plusAddressOf(two.touchId, 'r@x.example')!,
  });
  const other = await makeSender(db, { channel: 'email' });
  expect(await here.arrive(mail(other.id, forwarded))).toBe('not_for_us');
  expect(await here.arrive(mail(two.senderId, forwarded))).toBe('answer_stopped');
});

test('a lead who writes with a detail in the address is the same lead', async () => {
  const one = await written();
  expect(await here.arrive(mail(one.senderId, raw({ From: one.email.replace('@', '+sales@') })))).toBe(
    'answer_stopped',
  );
});

test('somebody else at the domain of a lead may answer for them: a person is asked, nobody is stopped, and the person’s word counts', async () => {
  const at = (domain: string) => ({ email: `ada-${randomUUID().slice(0, 8)}@${domain}` });
  const one = await written({ lead: at('mail.acme-works.com') });
  const answer = (from: string, body?: string) => here.arrive(mail(one.senderId, raw({ From: from }, body)));
  expect(await answer('Paul <paul@acme-works.com>', 'Ada is busy, talk to me.')).toBe('perhaps');
  expect(await answer('paul@acme-works.com', 'Please take us off your list, we want no more emails.')).toBe(
    'perhaps',
  );
  expect(await statusOf(db, one.enrollmentId)).toMatch(/^running/);
  const waiting = (await listInbox(db)).filter(({ maybe }) => maybe?.leadId === one.leadId);
  expect(waiting.map(({ leadId, class: is, step }) => ({ leadId, is, step }))).toEqual(
    expect.arrayContaining([
      { leadId: null, is: 'unsubscribe', step: 'hello' },
      { leadId: null, is: 'other', step: 'hello' },
    ]),
  );
  const reply = waiting.find((message) => message.class === 'other')!;
  expect((await rawMessage(db, reply.id))!.toString()).toContain('talk to me');
  await matchMessage(db, hash, reply.id, null);
  expect(await statusOf(db, one.enrollmentId)).toBe('stopped replied');
  await matchMessage(db, hash, waiting.find((message) => message.class === 'unsubscribe')!.id, null);
  const suppressed = await db.query('select from suppressions where identity_hash = $1', [
    hash('email', one.email),
  ]);
  expect(suppressed.rowCount).toBe(1);

  // Freemail says nothing, nor does a colleague of ours, nor a domain whom nobody wrote to lately, nor a machine.
  const two = await written({ lead: at('gmail.com') });
  expect(await here.arrive(mail(two.senderId, raw({ From: 'someone@gmail.com' })))).toBe('not_for_us');
  const { rows } = await db.query<{ address: string }>('select address from senders where id = $1', [
    two.senderId,
  ]);
  const ours = rows[0]!.address.split('@')[1]!;
  await written({ senderId: two.senderId, lead: at(ours) });
  expect(await here.arrive(mail(two.senderId, raw({ From: `boss@${ours}` })))).toBe('not_for_us');
  const three = await written({ lead: at('slow-works.com') });
  await db.query(`update touches set at = at - interval '61 days' where id = $1`, [three.touchId]);
  expect(await here.arrive(mail(three.senderId, raw({ From: 'x@slow-works.com' })))).toBe('not_for_us');
  const machine = raw({ From: 'robot@acme-works.com', 'Auto-Submitted': 'auto-replied' });
  expect(await here.arrive(mail(one.senderId, machine))).toBe('not_for_us');
});

test('who is erased takes what others at their domain wrote about them along', async () => {
  const one = await written({ lead: { email: `ada@${randomUUID().slice(0, 8)}-works.com` } });
  const from = one.email.replace('ada@', 'paul@');
  expect(await here.arrive(mail(one.senderId, raw({ From: from })))).toBe('perhaps');
  const kept = () =>
    db.query('select from messages m join inbound i on i.id = m.inbound_id where m.address = $1', [from]);
  expect((await kept()).rowCount).toBe(1);
  await eraseLead(db, one.leadId, { hashIdentity: hash });
  expect((await kept()).rowCount).toBe(0);
});

test('an answer whose references were lost is found by its address; by a rewritten Message-ID, too', async () => {
  const [one, two] = [await written(), await written()];
  expect(await here.arrive(mail(one.senderId, raw({ From: one.email.toUpperCase() })))).toBe(
    'answer_stopped',
  );
  await db.query('insert into touch_message_ids values ($1, $2)', [
    '<rewritten@provider.example>',
    two.touchId,
  ]);
  const answer = raw({ From: 'x@y.example', References: '<other@x.example> <rewritten@provider.example>' });
  expect(await here.arrive(mail(two.senderId, answer))).toBe('answer_stopped');
});

test('what a sender of ours wrote, newsletters, and mail of people nobody wrote to are no answers, and nothing of them is kept', async () => {
  const one = await written();
  const own = await makeSender(db, { channel: 'email' });
  const { rows } = await db.query<{ address: string }>('select address from senders where id = $1', [own.id]);
  const follow = raw({ From: rows[0]!.address, 'In-Reply-To': one.messageId });
  expect(await here.arrive(mail(one.senderId, follow))).toBe('own');
  // A link to unsubscribe alone makes no newsletter: salespeople's programs put one into what people write.
  const list = { 'List-Id': '<news.x.example>', Precedence: 'bulk' };
  const letter = raw({ From: one.email, 'List-Unsubscribe': '<https://x.example>', ...list });
  expect(await here.arrive(mail(one.senderId, letter))).toBe('not_for_us');
  expect(await here.arrive(mail(one.senderId, raw({ From: 'mum@home.example' })))).toBe('not_for_us');
  expect(await statusOf(db, one.enrollmentId)).toMatch(/^running/);
  expect((await db.query('select from messages where lead_id = $1', [one.leadId])).rowCount).toBe(0);
});

const inboxOf = async (enrollmentId: string) =>
  (
    await db.query<{ event: { type: string; name?: string; until?: number } }>(
      'select event from inbox where enrollment_id = $1 order by seq',
      [enrollmentId],
    )
  ).rows.map(({ event }) => event);
const classesOf = async (leadId: string) =>
  (
    await db.query<{ class: string; settled: boolean }>(
      'select class, settled from messages where lead_id = $1',
      [leadId],
    )
  ).rows;

test('an absence stops nobody: the lead is left alone until the day it names, else for a week', async () => {
  const [one, two] = [await written(), await written()];
  const date = 'Tue, 10 Mar 2026 10:00:00 +0100';
  const away = (lead: typeof one, body: string) =>
    raw(
      {
        From: lead.email,
        Date: date,
        Subject: 'Automatic reply: Hello',
        'In-Reply-To': lead.messageId,
        'Auto-Submitted': 'auto-replied',
      },
      body,
    );
  expect(
    await here.arrive(
      mail(one.senderId, away(one, 'I am out of the office and will be back on 16 March 2026.')),
    ),
  ).toBe('out_of_office');
  expect(
    await here.arrive(mail(two.senderId, away(two, 'I am out of the office with limited access to email.'))),
  ).toBe('out_of_office');
  expect(await statusOf(db, one.enrollmentId)).toMatch(/^running/);
  expect((await inboxOf(one.enrollmentId)).at(-1)).toEqual({
    type: 'hold_until',
    until: Date.parse('2026-03-16T00:00:00+01:00'),
  });
  expect((await inboxOf(two.enrollmentId)).at(-1)).toEqual({
    type: 'hold_until',
    until: TUESDAY + 7 * 86_400_000,
  });
  expect(await classesOf(one.leadId)).toEqual([{ class: 'out_of_office', settled: true }]);
});

test('another automatic reply changes nothing', async () => {
  const one = await written();
  const thanks = raw(
    {
      From: one.email,
      'In-Reply-To': one.messageId,
      'Auto-Submitted': 'auto-replied',
      Subject: 'We received your message',
    },
    'Thank you for contacting us. We answer within two days.',
  );
  expect(await here.arrive(mail(one.senderId, thanks))).toBe('auto_reply');
  expect(await inboxOf(one.enrollmentId)).toEqual([]);
  expect(await statusOf(db, one.enrollmentId)).toMatch(/^running/);
});

test('who has left the company is not written to again, and whom the notice names waits for the rep', async () => {
  const one = await written();
  const left = raw(
    {
      From: one.email,
      'In-Reply-To': one.messageId,
      'Auto-Submitted': 'auto-replied',
      Subject: 'Automatic reply: Hello',
    },
    'Ada no longer works here. Please write to grace@lead.example instead.',
  );
  expect(await here.arrive(mail(one.senderId, left))).toBe('left_company');
  expect(await statusOf(db, one.enrollmentId)).toBe('stopped bounced');
  expect(await classesOf(one.leadId)).toEqual([{ class: 'wrong_person', settled: false }]);
});

test('promise 3: whoever asks in words to be left alone is suppressed on every channel', async () => {
  for (const [body, subject] of [
    ['Please remove me from your list.', 'Re: Hello'],
    [
      'Bitte nicht mehr kontaktieren.\n\nAm Di., 10. März 2026 schrieb Rosa <rosa@example.com>:\n> Hallo',
      'AW: Hello',
    ],
    ['', 'unsubscribe'],
  ] as const) {
    const one = await written();
    const wish = raw({ From: one.email, 'In-Reply-To': one.messageId, Subject: subject }, body);
    expect(await here.arrive(mail(one.senderId, wish))).toBe('unsubscribed');
    expect(await statusOf(db, one.enrollmentId)).toBe('stopped unsubscribed');
  }
  // What is quoted is nobody's wish.
  const one = await written();
  const quoting = raw(
    { From: one.email, 'In-Reply-To': one.messageId, Subject: 'Re: Hello' },
    'Sounds good.\n\nOn Tue, Rosa <rosa@example.com> wrote:\n> To unsubscribe, click here. Please remove me from your list.',
  );
  expect(await here.arrive(mail(one.senderId, quoting))).toBe('answer_stopped');
});

test('a report that there is nobody suppresses the address; other failures are noted, delays change nothing', async () => {
  const [one, two, three] = [await written(), await written(), await written()];
  expect(await here.arrive(mail(one.senderId, report(one.messageId)))).toBe('bounced');
  expect(await here.arrive(mail(two.senderId, report(two.messageId, { status: '5.7.1' })))).toBe(
    'undelivered',
  );
  const delay = report(three.messageId, { action: 'delayed', status: '4.4.1' });
  expect(await here.arrive(mail(three.senderId, delay))).toBe('delayed');
  const { rows } = await db.query<{ id: string; delivery: string | null }>(
    'select id, delivery from touches where id = any($1)',
    [[one.touchId, two.touchId, three.touchId]],
  );
  const delivery = new Map(rows.map((row) => [row.id, row.delivery]));
  expect([one, two, three].map(({ touchId }) => delivery.get(touchId))).toEqual([
    'bounced',
    'undelivered',
    null,
  ]);
  expect(await statusOf(db, two.enrollmentId)).toMatch(/^running/);
});

test('what may arrive another time is sent again, told once however often it is reported; a refusal is not', async () => {
  const [full, refused] = [await written(), await written()];
  const again = {
    type: 'undelivered',
    step: 'hello',
    visit: 1,
    attempt: 1,
    retryAt: TUESDAY + 4 * 3_600_000,
  };
  for (let i = 0; i < 3; i++)
    await here.arrive(mail(full.senderId, report(full.messageId, { status: '5.2.2' })));
  expect(await inboxOf(full.enrollmentId)).toEqual([again]);
  expect(here.woken).toContain(full.enrollmentId);
  await here.arrive(mail(refused.senderId, report(refused.messageId, { status: '5.7.1' })));
  expect(await inboxOf(refused.enrollmentId)).toEqual([]);
});

test('a bounce goes on by another channel or address where there is one, and ends the sequence where there is none', async () => {
  const hello = ['hello'] as const;
  const steps: Parameters<typeof contacted>[1]['steps'] = [
    [...hello],
    ['visit', 'linkedin', { action: 'visit' }],
  ];
  const stopOn = { bounced: 'none' } as const;
  const profile = { linkedinUrl: `https://www.linkedin.com/in/${randomUUID()}` };
  const [channel, address, none] = [
    await written({ steps, stopOn, lead: profile }),
    await written({ stopOn }),
    await written({ stopOn }),
  ];
  const emails = [address.email, `second-${address.email}`];
  await db.query('update leads set emails = $2 where id = $1', [address.leadId, emails]);
  await db.query('update touches set recipient = $2 where id = $1', [address.touchId, emails[0]]);
  for (const one of [channel, address, none])
    expect(await here.arrive(mail(one.senderId, report(one.messageId)))).toBe('bounced');
  expect(await statusOf(db, channel.enrollmentId)).toMatch(/^running/);
  expect(await inboxOf(channel.enrollmentId)).toEqual([{ type: 'event', name: 'bounced' }]);
  expect(await inboxOf(address.enrollmentId)).toMatchObject([
    { type: 'event', name: 'bounced' },
    { type: 'undelivered', attempt: 1, retryAt: TUESDAY },
  ]);
  expect(await statusOf(db, none.enrollmentId)).toBe('stopped bounced');
});

test('how long an absence without a date lasts is what the sequence says', async () => {
  const one = await written({ settings: { outOfOffice: { unit: 'days', amount: 3 } } });
  const away = raw(
    {
      From: one.email,
      'Auto-Submitted': 'auto-replied',
      Subject: 'Out of office',
      'In-Reply-To': one.messageId,
    },
    'I am out of the office with limited access to email.',
  );
  expect(await here.arrive(mail(one.senderId, away))).toBe('out_of_office');
  expect((await inboxOf(one.enrollmentId)).at(-1)).toEqual({
    type: 'hold_until',
    until: TUESDAY + 3 * 86_400_000,
  });
});

test('a complaint is an unsubscription', async () => {
  const one = await written();
  expect(await here.arrive(mail(one.senderId, report(one.messageId, { type: 'feedback-report' })))).toBe(
    'complaint',
  );
  expect(await statusOf(db, one.enrollmentId)).toBe('stopped unsubscribed');
});
