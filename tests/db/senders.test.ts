import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createSecrets } from '../../common/crypto.ts';
import type { Db } from '../../db/db.ts';
import { pause } from '../../db/pauses.ts';
import {
  addSender,
  BadSender,
  DEFAULT_CAPS,
  findSender,
  launchSenders,
  listSenders,
  loadAccount,
  repairSender,
  updateSender,
  usableSenders,
  type NewSender,
} from '../../db/senders.ts';
import { createTestDatabase } from '../support/database.ts';

const secrets = createSecrets([{ id: 'k1', key: Buffer.alloc(32, 1) }]);
let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());
beforeEach(() => db.query('truncate senders, pauses cascade'));

const ADA: NewSender = {
  channel: 'email',
  provider: 'smtp',
  name: 'Ada',
  address: 'Ada@Acme.test',
  timeZone: 'Europe/Berlin',
};

test('a sender is stored with sensible caps and encrypted credentials, and read back as an account', async () => {
  const id = await addSender(
    db,
    { ...ADA, settings: { host: 'mail.acme.test' }, credentials: { user: 'ada', pass: 'hunter2' } },
    secrets,
  );
  const [sender] = await listSenders(db);
  expect(sender).toMatchObject({
    id,
    address: 'ada@acme.test',
    caps: DEFAULT_CAPS.email,
    minGapSeconds: 60,
    hasCredentials: true,
    paused: false,
  });
  expect(JSON.stringify(sender)).not.toContain('hunter2');
  const { rows } = await db.query<{ row: string }>('select row_to_json(s)::text as row from senders s');
  expect(rows[0]!.row).not.toContain('hunter2');
  expect(await loadAccount(db, id, secrets)).toEqual({
    id,
    channel: 'email',
    provider: 'smtp',
    name: 'Ada',
    address: 'ada@acme.test',
    settings: { host: 'mail.acme.test' },
    credentials: { user: 'ada', pass: 'hunter2' },
  });
  await updateSender(
    db,
    id,
    {
      caps: { email: { day: 5 } },
      credentials: null,
      rampUp: { start: 1, add_per_day: 2, from: '2026-03-01' },
    },
    secrets,
  );
  expect(await findSender(db, 'ADA@acme.test')).toMatchObject({
    caps: { email: { day: 5 } },
    hasCredentials: false,
    name: 'Ada',
  });
});

test.each([
  ['an address that is none', { address: 'ada' }, 'address'],
  ['a number without country code', { channel: 'sms', address: '030 23125123' }, 'address'],
  ['a zone that is none', { timeZone: 'Berlin' }, 'timeZone'],
  ['an unknown action', { caps: { emails: { day: 1 } } }, 'caps'],
  ['a cap below zero', { caps: { email: { day: -1 } } }, 'caps.email.day'],
  ['an unknown field', { colour: 'red' }, 'colour'],
])('%s is refused, naming the field', async (_, change, field) => {
  const error = await addSender(db, { ...ADA, ...change } as NewSender, secrets).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(BadSender);
  expect((error as BadSender).message).toContain(field);
});

test('one address is one sender of a channel; two of a name are told apart', async () => {
  await addSender(db, ADA, secrets);
  await expect(addSender(db, { ...ADA, address: 'ADA@acme.test' }, secrets)).rejects.toMatchObject({
    code: 'already_done',
  });
  await addSender(db, { ...ADA, channel: 'sms', provider: 'twilio', address: '+49 30 23125123' }, secrets);
  await expect(findSender(db, 'ada')).rejects.toMatchObject({ code: 'ambiguous' });
  expect(await findSender(db, '+493023125123')).toMatchObject({ channel: 'sms' });
  await expect(findSender(db, 'bob')).rejects.toMatchObject({ code: 'not_found' });
});

test('a launch uses the senders that it and its sequence name; broken and paused ones are not usable until mended', async () => {
  const ada = await addSender(db, ADA, secrets);
  const bob = await addSender(db, { ...ADA, name: 'Bob', address: 'bob@acme.test' }, secrets);
  const cy = await addSender(db, { ...ADA, name: 'Cy', address: 'cy@acme.test' }, secrets);
  const names = async (senders: Record<string, string[]>, senderIds: string[] | null) =>
    (await launchSenders(db, { settings: { senders }, senderIds })).map(({ name }) => name).sort();
  expect(await names({}, null)).toEqual(['Ada', 'Bob', 'Cy']);
  expect(await names({ email: ['ADA', 'bob@acme.test'], sms: ['x'] }, null)).toEqual(['Ada', 'Bob']);
  expect(await names({ email: ['ada', 'bob'] }, [bob, cy])).toEqual(['Bob']);

  await db.query(`update senders set broken_at = now(), broken_reason = 'bad_password' where id = $1`, [ada]);
  await pause(db, { scope: 'sender', scopeId: bob, reason: 'holiday' });
  const usable = async () =>
    (await usableSenders(db, { settings: { senders: {} }, senderIds: null })).map(({ name }) => name).sort();
  expect(await usable()).toEqual(['Cy']);
  expect(await repairSender(db, ada)).toBe(true);
  expect(await repairSender(db, ada)).toBe(false);
  expect(await usable()).toEqual(['Ada', 'Cy']);
});
