import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ring } from '../../api/operations/ring.ts';
import { createSecrets } from '../../common/crypto.ts';
import type { Db } from '../../db/db.ts';
import { addSender, updateSender } from '../../db/senders.ts';
import { startSandbox, type Sandbox } from '../../providers/sandbox/sandbox.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  touchNode,
} from '../support/factories.ts';

const secrets = createSecrets([{ id: 'k', key: Buffer.alloc(32, 7) }]);
let db: Db;
let drop: () => Promise<void>;
let sandbox: Sandbox;
let dir: string;

beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  dir = mkdtempSync(join(tmpdir(), 'cadenza-ring-'));
  sandbox = await startSandbox({ dir });
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true });
  await drop();
});

test('click-to-call rings the rep and bridges the lead; without a number to ring it says what is missing', async () => {
  const senderId = await addSender(
    db,
    {
      channel: 'call',
      name: 'Rosa',
      address: '+4930231259991',
      timeZone: 'Europe/Berlin',
      ...sandbox.senderSettings('call'),
    },
    secrets,
  );
  const lead = await makeLead(db, { phone: '+4930231251234' });
  const version = await makeVersion(db, {
    plan: makePlan([touchNode('ring', 'call')]),
  });
  const launch = await makeLaunch(db, { versionId: version.id });
  const enrollment = await makeEnrollment(db, {
    launchId: launch.id,
    leadId: lead.id,
  });
  const { rows } = await db.query<{ id: string }>(
    `with t as (insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day)
       values ($1, $2, 'ring', 1, 1, 'call', 'call', $3, 'task', business_now(), current_date) returning id)
     insert into tasks (enrollment_id, lead_id, touch_id, kind, title, body, due_at, created_at)
     select $1, $2, id, 'call', 'Call', '', business_now(), business_now() from t returning id`,
    [enrollment.id, lead.id, senderId],
  );
  const taskId = rows[0]!.id;
  await expect(ring({ db, secrets }, taskId)).rejects.toThrow(/rep_number/);
  await updateSender(db, senderId, { attributes: { rep_number: '+4930231255555' } }, secrets);
  expect(await ring({ db, secrets }, taskId)).toEqual({ callId: expect.stringMatching(/^CA/) });
  expect(sandbox.received()).toMatchObject([{ channel: 'call', to: '+4930231255555' }]);
  await db.query(`update tasks set state = 'done' where id = $1`, [taskId]);
  await expect(ring({ db, secrets }, taskId)).rejects.toThrow('open call');
});
