import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { callbackJsonSchema, callbackSchemas } from '../../db/callback-schemas.ts';
import { CALLBACK_TYPES, emit, emitMany, listCallbacks } from '../../db/callbacks.ts';
import type { Db } from '../../db/db.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeCrmFacts } from '../support/crm-facts.ts';

let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());

async function addEndpoint(types: string[], disabled = false): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `insert into endpoints (url, types, secrets, disabled_at) values ('https://crm.test/', $1, '[]', $2) returning id`,
    [types, disabled ? new Date(0) : null],
  );
  return rows[0]!.id;
}

const deliveriesOf = async (endpointId: string) =>
  (
    await db.query<{ type: string; seq: number }>(
      'select c.type, c.lead_seq as seq from deliveries d join callbacks c on c.id = d.callback_id where d.endpoint_id = $1 order by d.callback_id',
      [endpointId],
    )
  ).rows;

test('promise 9: each type is written as its published schema says, numbered from 1 without gaps', async () => {
  const facts = await makeCrmFacts(db, 'crm-1');
  for (const type of CALLBACK_TYPES) {
    const extra =
      type === 'lead.preferences'
        ? { email: true, linkedin: false, sms: false, whatsapp: false, call: false }
        : type === 'lead.owner_changed'
          ? { from: 'grace@acme.test', to: null, by: null, reason: 'edit' }
          : {
              channel: 'email',
              scope: 'lead',
              reply_id: facts.touchId,
              message_id: facts.touchId,
              class: 'interested',
            };
    await db.tx((tx) => emit(tx, { type, ...facts, extra }));
  }
  const rows = await listCallbacks(db, facts.leadId);
  expect(rows.map((row) => row.seq)).toEqual(CALLBACK_TYPES.map((_, index) => index + 1));
  for (const row of rows) {
    const body = callbackSchemas[row.type].parse(row.payload);
    expect(body.data.seq).toBe(row.seq);
    expect(body.data.lead).toEqual({ id: facts.leadId, external_id: 'crm-1', owner: 'grace' });
  }
  expect(rows[0]!.payload).toMatchObject({
    type: 'touch.sent',
    data: {
      enrollment: { id: facts.enrollmentId, sequence: 'classic', status: 'running', reason: 'sleeping' },
      touch: {
        id: facts.touchId,
        step: 'hello',
        channel: 'email',
        sender: { id: facts.senderId, name: 'Grace' },
        state: 'sent',
        attempt: 1,
        reason: null,
      },
      task: { id: facts.taskId, kind: 'call', state: 'open', outcome: null, done_at: null },
      channel: 'email',
    },
  });
  expect(new Set(rows.map((row) => row.eventId)).size).toBe(rows.length);
  expect(JSON.stringify(rows)).not.toContain('ada@lead.test');
});

test('promise 9: parallel transactions about one lead are numbered in the order in which they commit', async () => {
  const { leadId } = await makeCrmFacts(db);
  await Promise.all(
    Array.from({ length: 30 }, () => db.tx((tx) => emit(tx, { type: 'lead.replied', leadId }))),
  );
  const { rows } = await db.query<{ seqs: number[] }>(
    'select array_agg(lead_seq::int order by id) as seqs from callbacks where lead_id = $1',
    [leadId],
  );
  expect(rows[0]!.seqs).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
});

test('promise 9: what rolls back is not told, and leaves no gap', async () => {
  const { leadId } = await makeCrmFacts(db);
  await db.tx((tx) => emit(tx, { type: 'lead.replied', leadId }));
  await expect(
    db.tx(async (tx) => {
      await emit(tx, { type: 'lead.bounced', leadId });
      throw new Error('the rest failed');
    }),
  ).rejects.toThrow('the rest failed');
  await db.tx((tx) => emit(tx, { type: 'lead.unsubscribed', leadId }));
  expect((await listCallbacks(db, leadId)).map((row) => [row.seq, row.type])).toEqual([
    [1, 'lead.replied'],
    [2, 'lead.unsubscribed'],
  ]);
});

test('many at once: numbered in the given order, told to the endpoints that want them', async () => {
  const [all, replies, off] = [
    await addEndpoint([]),
    await addEndpoint(['lead.replied']),
    await addEndpoint([], true),
  ];
  const [ada, bob] = [await makeCrmFacts(db), await makeCrmFacts(db)];
  await db.tx((tx) =>
    emitMany(tx, [
      { type: 'enrollment.started', leadId: ada.leadId, enrollmentId: ada.enrollmentId },
      { type: 'lead.replied', leadId: bob.leadId },
      { type: 'lead.replied', leadId: ada.leadId },
    ]),
  );
  expect(await deliveriesOf(all)).toEqual([
    { type: 'enrollment.started', seq: 1 },
    { type: 'lead.replied', seq: 1 },
    { type: 'lead.replied', seq: 2 },
  ]);
  expect(await deliveriesOf(replies)).toHaveLength(2);
  expect(await deliveriesOf(off)).toHaveLength(0);
});

test('an endpoint that is removed meanwhile does not fail the transaction that tells', async () => {
  const endpoint = await addEndpoint([]);
  const { leadId } = await makeCrmFacts(db);
  const removal = await db.connect();
  await removal.query('begin');
  await removal.query('delete from endpoints where id = $1', [endpoint]);
  const telling = db.tx((tx) => emit(tx, { type: 'lead.replied', leadId }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await removal.query('commit');
  removal.release();
  await telling;
  expect(await listCallbacks(db, leadId)).toHaveLength(1);
});

test('extra cannot overwrite what every callback has, and an unknown lead is an error', async () => {
  const { leadId } = await makeCrmFacts(db);
  await expect(db.tx((tx) => emit(tx, { type: 'lead.replied', leadId, extra: { seq: 1 } }))).rejects.toThrow(
    '"seq"',
  );
  const nobody = '00000000-0000-4000-8000-000000000000';
  await expect(db.tx((tx) => emit(tx, { type: 'lead.replied', leadId: nobody }))).rejects.toThrow(nobody);
});

test.each(CALLBACK_TYPES)('the published schema of %s is current (npm run generate)', async (type) => {
  const file = new URL(`../../docs/schemas/callbacks/${type}.json`, import.meta.url);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(callbackJsonSchema(type));
});
