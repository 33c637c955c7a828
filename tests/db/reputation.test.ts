import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Db } from '../../db/db.ts';
import { activePauses, resume } from '../../db/pauses.ts';
import { guardReputation, lockSender } from '../../db/reputation.ts';
import { contacted, world } from '../activities/inbound/support.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeSender, setTime, TUESDAY } from '../support/factories.ts';

let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
});
afterAll(() => drop());

let at = TUESDAY - 86_400_000;

/** A sender that has sent so many, the last of which ended like that. */
async function sent(count: number, ends: Readonly<Record<string, number>>, senderId?: string) {
  const sender = senderId ?? (await makeSender(db, { channel: 'email' })).id;
  const one = await contacted(db, { channel: 'email', senderId: sender });
  await db.query('delete from touches where id = $1', [one.touchId]);
  const deliveries = Object.entries(ends).flatMap(([delivery, times]) => Array<string>(times).fill(delivery));
  for (let n = 1; n <= count; n++) {
    await db.query(
      `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, sending_at, at, delivery)
       values ($1, $2, 'hello', 1, $3, 'email', 'email', $4, 'sent', $5, '2026-03-09', $5, $5, $6)`,
      [one.enrollmentId, one.leadId, n, sender, new Date(at++), deliveries[count - n] ?? null],
    );
  }
  return sender;
}

const guard = (senderId: string) =>
  db.tx(async (tx) => {
    await lockSender(tx, senderId);
    return guardReputation(tx, senderId);
  });
const isPaused = async (senderId: string) =>
  (await activePauses(db)).some(({ scopeId }) => scopeId === senderId);

test.each([
  ['4 of 20', 20, { bounced: 4 }, false],
  ['5 of 20', 20, { bounced: 5 }, true],
  ['9 of 200', 200, { bounced: 9 }, false],
  ['10 of 200', 200, { bounced: 10 }, true],
  ['messages that were only not delivered', 20, { undelivered: 15 }, false],
  ['one complaint', 50, { complained: 1 }, false],
  ['two complaints', 50, { complained: 2 }, true],
])(
  'bounces and complaints pause a sender at the threshold and not before: %s',
  async (_name, count, ends, pauses) => {
    const senderId = await sent(count, ends);
    expect((await guard(senderId)) !== null).toBe(pauses);
    expect(await isPaused(senderId)).toBe(pauses);
  },
);

test('a sender’s own thresholds take the place of the usual ones, each by itself', async () => {
  const own = async (count: number, ends: Readonly<Record<string, number>>, reputation: object) => {
    const senderId = await sent(count, ends);
    await db.query('update senders set reputation = $2 where id = $1', [senderId, reputation]);
    return (await guard(senderId)) !== null;
  };
  expect(await own(100, { bounced: 9 }, { bounced_percent: 10 })).toBe(false);
  expect(await own(100, { bounced: 10 }, { bounced_percent: 10 })).toBe(true);
  expect(await own(100, { complained: 1 }, { complaints: 1 })).toBe(true);
  expect(await own(100, { complained: 2 }, { bounced_percent: 10 })).toBe(true);
});

test('what lies further back than the last 200 counts no more, and a resumed sender begins anew', async () => {
  const senderId = await sent(20, { bounced: 9 });
  await sent(200, { bounced: 1 }, senderId);
  expect(await guard(senderId)).toBeNull();
  await sent(10, { bounced: 10 }, senderId);
  expect(await guard(senderId)).toMatch(/^11 of its last 200 messages bounced/);
  expect(await guard(senderId)).toBeNull();
  await resume(db, { scope: 'sender', scopeId: senderId });
  expect(await guard(senderId)).toBeNull();
  expect(await isPaused(senderId)).toBe(false);
});

test('reports that come at once are each counted: the one that passes the threshold pauses', async () => {
  const here = await world(db);
  const senderId = (await makeSender(db, { channel: 'email' })).id;
  const leads = [];
  for (let n = 0; n < 5; n++) leads.push(await contacted(db, { channel: 'email', senderId }));
  for (const one of leads) {
    await db.query('update touches set message_id = $2 where id = $1', [
      one.touchId,
      `<${one.touchId}@acme.test>`,
    ]);
  }
  const results = await Promise.all(
    leads.map((one) =>
      here.arrive({
        source: 'mail',
        kind: 'message',
        dedupeKey: randomUUID(),
        senderId,
        raw: Buffer.from(
          'From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n' +
            '--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; x@y.example\r\nAction: failed\r\nStatus: 5.1.1\r\n' +
            `--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <${one.touchId}@acme.test>\r\n\r\nHello\r\n--b--\r\n`,
        ),
      }),
    ),
  );
  expect(results).toEqual(Array(5).fill('bounced'));
  expect(await isPaused(senderId)).toBe(true);
});
