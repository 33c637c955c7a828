import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Db } from '../../db/db.ts';
import {
  bookTouch,
  cancelTouch,
  markSending,
  readTouch,
  recordOutcome,
  skipTouch,
  type Booking,
  type Outcome,
  type TouchState,
} from '../../db/touches.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  touchNode,
  TUESDAY,
} from '../support/factories.ts';

let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());

async function booking(): Promise<Booking> {
  const sender = await makeSender(db);
  const lead = await makeLead(db);
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  const launch = await makeLaunch(db, { versionId: version.id });
  const enrollment = await makeEnrollment(db, { launchId: launch.id, leadId: lead.id });
  return {
    enrollmentId: enrollment.id,
    step: 'hello',
    visit: 1,
    attempt: 1,
    leadId: lead.id,
    channel: 'email',
    action: 'email',
    senderId: sender.id,
    slotAt: TUESDAY,
    notBefore: TUESDAY,
    localDay: '2026-03-10',
  };
}

const SENDING = {
  at: TUESDAY + 5,
  localDay: '2026-03-10',
  leaseMs: 60_000,
  owner: 'me',
  copyRevision: 1,
  content: { text: 'Hello' },
  recipient: 'ada@example.test',
  messageId: null,
};
const SENT: Outcome = { state: 'sent', providerId: 'p', threadId: null, messageId: null };
const STATES: TouchState[] = [
  'booked',
  'sending',
  'sent',
  'failed',
  'skipped',
  'unconfirmed',
  'task',
  'cancelled',
];

async function touchIn(state: TouchState): Promise<{ id: string; of: Booking }> {
  const of = await booking();
  await db.tx((tx) => bookTouch(tx, of));
  const { id } = (await readTouch(db, of))!;
  await db.query(
    `update touches set state = $2, sending_at = $3, lease_until = clock_timestamp() + interval '1 minute' where id = $1`,
    [id, state, new Date(TUESDAY)],
  );
  return { id, of };
}

/** From which states a change is made; from all others it changes nothing (promise 1). */
const CHANGES: [string, (id: string, of: Booking) => Promise<unknown>, TouchState[]][] = [
  ['markSending', (id) => db.tx((tx) => markSending(tx, id, SENDING)), ['booked']],
  ['recordOutcome', (id) => db.tx((tx) => recordOutcome(tx, id, SENT, TUESDAY)), ['sending', 'unconfirmed']],
  [
    'cancelTouch',
    (id) => db.tx((tx) => cancelTouch(tx, id, { reason: 'x', retryAt: null })),
    ['booked', 'cancelled'],
  ],
  [
    'skipTouch',
    (id) => db.tx((tx) => skipTouch(tx, id, { reason: 'x', at: TUESDAY })),
    ['booked', 'task', 'cancelled'],
  ],
  [
    'bookTouch',
    (_id, of) => db.tx((tx) => bookTouch(tx, { ...of, slotAt: TUESDAY + 1 })),
    ['booked', 'task', 'cancelled'],
  ],
];

test.each(CHANGES)(
  'promise 1: %s changes a touch from the states it may, and from no other',
  async (_name, change, from) => {
    for (const state of STATES) {
      const { id, of } = await touchIn(state);
      const before = await db.query('select * from touches where id = $1', [id]);
      await change(id, of);
      const after = await db.query('select * from touches where id = $1', [id]);
      if (from.includes(state)) expect(after.rows).not.toEqual(before.rows);
      else expect(after.rows).toEqual(before.rows);
    }
  },
);

test('promise 1: one row an attempt, whoever books it', async () => {
  const of = await booking();
  await Promise.all(Array.from({ length: 8 }, () => db.tx((tx) => bookTouch(tx, of))));
  const { rows } = await db.query('select from touches where enrollment_id = $1', [of.enrollmentId]);
  expect(rows).toHaveLength(1);
});

test('a sent touch happened when it was handed over', async () => {
  const { id, of } = await touchIn('booked');
  await db.tx((tx) => markSending(tx, id, SENDING));
  expect(await readTouch(db, of)).toMatchObject({ state: 'sending', leaseOver: false, leaseOwner: 'me' });
  expect(await db.tx((tx) => recordOutcome(tx, id, SENT, TUESDAY + 90_000))).toBe('sending');
  expect(await db.tx((tx) => recordOutcome(tx, id, SENT, TUESDAY + 91_000))).toBeNull();
  expect(await readTouch(db, of)).toMatchObject({ state: 'sent', at: TUESDAY + 5, leaseUntil: null });
});

test('what a provider said about a lead who was erased meanwhile is not kept (promise 8)', async () => {
  const { id, of } = await touchIn('sending');
  await db.query('update leads set erased_at = now() where id = $1', [of.leadId]);
  const outcome: Outcome = {
    state: 'failed',
    reason: 'no_such_user',
    detail: '550 ada@example.test',
    retryAt: null,
  };
  await db.tx((tx) => recordOutcome(tx, id, outcome, TUESDAY));
  const { rows } = await db.query('select state, detail from touches where id = $1', [id]);
  expect(rows).toEqual([{ state: 'failed', detail: null }]);
});
