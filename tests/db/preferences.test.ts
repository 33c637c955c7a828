import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createIdentityHasher } from '../../common/crypto.ts';
import { listCallbacks } from '../../db/callbacks.ts';
import type { Db } from '../../db/db.ts';
import { recordLeadEvent } from '../../db/events.ts';
import { timeline } from '../../db/history.ts';
import { optOut } from '../../db/opt-outs.ts';
import { choosePreferences, leadOfTouch, readPreferences } from '../../db/preferences.ts';
import { suppress } from '../../db/suppressions.ts';
import { contacted, number, statusOf } from '../activities/inbound/support.ts';
import { createTestDatabase } from '../support/database.ts';
import { setTime, TUESDAY } from '../support/factories.ts';

const hash = createIdentityHasher(Buffer.alloc(32, 7));
let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
});
afterAll(() => drop());

const EVERY = ['email', 'linkedin', 'sms', 'whatsapp', 'call'] as const;

/** A lead with every kind of address, in a sequence of email and SMS. */
async function somebody() {
  const phone = number();
  const one = await contacted(db, {
    channel: 'email',
    lead: { phone, linkedinUrl: `https://www.linkedin.com/in/${randomUUID()}` },
    steps: [['hello'], ['text', 'sms']],
  });
  const unsubscribe = () =>
    recordLeadEvent(db, hash, {
      leadId: one.leadId,
      type: 'unsubscribed',
      channel: 'email',
      dedupeKey: `unsubscribe:${one.touchId}`,
    });
  const choose = (...wanted: (typeof EVERY)[number][]) => choosePreferences(db, hash, { ...one, wanted });
  const open = async () => (await readPreferences(db, hash, one.leadId)).open;
  return { ...one, phone, unsubscribe, choose, open };
}

test('who chooses channels is contacted only by those, and stays in a sequence that has one of them', async () => {
  const ada = await somebody();
  expect(await ada.open()).toEqual(EVERY);
  expect(await ada.choose('sms', 'call')).toEqual([]);
  expect(await ada.open()).toEqual(['sms', 'call']);
  expect(await statusOf(db, ada.enrollmentId)).toMatch(/^running/);
  const callbacks = await listCallbacks(db, ada.leadId);
  expect(callbacks.map(({ type }) => type)).toEqual(['lead.preferences']);
  expect(callbacks[0]!.payload).toMatchObject({ data: { sms: true, call: true, email: false } });
  const { entries } = await timeline(db, ada.leadId);
  expect(entries.map(({ what, state, detail }) => [what, state, detail])).toEqual(
    expect.arrayContaining([
      ['event', 'preferences', null],
      ['decision', 'preferences', 'sms, call'],
    ]),
  );
  // The same form twice is one choice.
  await ada.choose('call', 'sms');
  expect(await listCallbacks(db, ada.leadId)).toHaveLength(1);
  expect(await ada.choose('linkedin')).toEqual([ada.enrollmentId]);
  expect(await statusOf(db, ada.enrollmentId)).toBe('stopped unsubscribed');
});

test('whoever unsubscribed may narrow it afterwards, and end everything again by the same link', async () => {
  const ada = await somebody();
  await ada.unsubscribe();
  expect(await ada.open()).toEqual([]);
  await ada.choose('email');
  expect(await ada.open()).toEqual(['email']);
  expect(await statusOf(db, ada.enrollmentId)).toBe('stopped unsubscribed');
  await ada.unsubscribe();
  expect(await ada.open()).toEqual([]);
  await ada.choose(...EVERY);
  expect(await ada.open()).toEqual(EVERY);
});

test('a choice lifts neither a STOP, nor a bounce, nor what somebody else laid down', async () => {
  const ada = await somebody();
  await db.tx((tx) =>
    optOut(tx, hash, { phone: ada.phone, channel: 'sms', dedupeKey: randomUUID(), at: TUESDAY }),
  );
  await ada.unsubscribe();
  await ada.choose(...EVERY);
  expect(await ada.open()).toEqual([]);
  expect((await readPreferences(db, hash, ada.leadId)).stoppedByText).toBe(true);

  const bob = await somebody();
  await recordLeadEvent(db, hash, { leadId: bob.leadId, type: 'bounced', channel: 'email' });
  await suppress(db, hash, { leadId: bob.leadId }, { channel: 'linkedin', reason: 'asked' });
  await bob.unsubscribe();
  await bob.choose(...EVERY);
  expect(await bob.open()).toEqual(['sms', 'whatsapp', 'call']);
});

test('an erased lead has no page of their own any more', async () => {
  const ada = await somebody();
  expect(await leadOfTouch(db, ada.touchId)).toBe(ada.leadId);
  await db.query('update leads set erased_at = business_now() where id = $1', [ada.leadId]);
  expect(await leadOfTouch(db, ada.touchId)).toBeNull();
  await expect(ada.choose('email')).rejects.toMatchObject({ code: 'erased' });
});
