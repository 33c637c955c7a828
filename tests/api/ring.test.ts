import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import twilio from 'twilio';
import { ring } from '../../api/operations/ring.ts';
import { createSecrets } from '../../common/crypto.ts';
import { createLogger } from '../../common/log.ts';
import type { Db } from '../../db/db.ts';
import { timeline } from '../../db/history.ts';
import { addSender, updateSender } from '../../db/senders.ts';
import { completeTask, getTask } from '../../db/tasks.ts';
import { TWILIO_ACCOUNT } from '../../providers/sandbox/hooks.ts';
import { startSandbox, type Sandbox } from '../../providers/sandbox/sandbox.ts';
import { createHttp } from '../../worker/http.ts';
import { freePort } from '../../worker/local/ports.ts';
import { sandboxHooks } from '../../worker/local/sandbox-hooks.ts';
import type { Services } from '../../worker/services.ts';
import { hash } from '../activities/inbound/support.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  databaseClock,
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  touchNode,
} from '../support/factories.ts';
import { until } from '../support/until.ts';

const secrets = createSecrets([{ id: 'k', key: Buffer.alloc(32, 7) }]);
let db: Db;
let drop: () => Promise<void>;
let sandbox: Sandbox;
let http: Awaited<ReturnType<typeof createHttp>>;
let publicUrl: string;
let dir: string;
let numbers = 1000;

beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  dir = mkdtempSync(join(tmpdir(), 'cadenza-ring-'));
  const port = await freePort();
  publicUrl = `http://127.0.0.1:${port}`;
  const services = {
    config: { http: { host: '127.0.0.1', port }, publicUrl },
    db,
    secrets,
    clock: await databaseClock(db),
    hashIdentity: hash,
    log: createLogger({ level: 'silent' }),
    waker: () => Promise.reject(new Error('Temporal does not answer')),
  } as unknown as Services;
  http = await createHttp(services);
  sandbox = await startSandbox({ dir, hooks: sandboxHooks(services) });
});
afterAll(async () => {
  await sandbox.close();
  await http.close();
  rmSync(dir, { recursive: true });
  await drop();
});

/** An open call task; `repNumber` null: the sender has none. */
async function openCall(repNumber: string | null) {
  const senderId = await addSender(
    db,
    {
      channel: 'call',
      name: 'Rosa',
      address: `+49302312${numbers++}`,
      timeZone: 'Europe/Berlin',
      ...(repNumber && { attributes: { rep_number: repNumber } }),
      ...sandbox.senderSettings('call'),
    },
    secrets,
  );
  const phone = `+49302313${numbers++}`;
  const lead = await makeLead(db, { phone });
  const version = await makeVersion(db, {
    plan: makePlan([touchNode('ring', 'call')]),
  });
  const launch = await makeLaunch(db, { versionId: version.id });
  const enrollment = await makeEnrollment(db, {
    launchId: launch.id,
    leadId: lead.id,
  });
  const { rows } = await db.query<{ id: string; touchId: string }>(
    `with t as (insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day)
       values ($1, $2, 'ring', 1, 1, 'call', 'call', $3, 'task', business_now(), current_date) returning id)
     insert into tasks (enrollment_id, lead_id, touch_id, kind, title, body, due_at, created_at)
     select $1, $2, id, 'call', 'Call', '', business_now(), business_now() from t returning id, touch_id as "touchId"`,
    [enrollment.id, lead.id, senderId],
  );
  return { ...rows[0]!, senderId, leadId: lead.id, phone };
}

/** What the timeline says of calls. */
const calls = async (leadId: string) =>
  (await timeline(db, leadId)).entries
    .filter(({ what, state }) => what === 'decision' && state === 'call')
    .map(({ step, reason, detail }) => [step, reason, detail]);

test('click-to-call rings the rep and bridges the lead; without a number to ring it says what is missing', async () => {
  const call = await openCall(null);
  const deps = { db, secrets, publicUrl };
  await expect(ring(deps, call.id)).rejects.toThrow(/rep_number/);
  await updateSender(db, call.senderId, { attributes: { rep_number: '+4930231255555' } }, secrets);
  const { callId } = await ring(deps, call.id);
  expect(callId).toMatch(/^CA/);
  expect(sandbox.received()).toMatchObject([{ channel: 'call', to: '+4930231255555' }]);
  const { rows } = await db.query('select provider_id from touches where id = $1', [call.touchId]);
  expect(rows).toEqual([{ provider_id: callId }]);
  await db.query(`update tasks set state = 'done' where id = $1`, [call.id]);
  await expect(ring(deps, call.id)).rejects.toThrow('open call');
});

test.each([
  ['it was answered', null, [['ring', 'completed', '42 s']]],
  ['nobody picked up', { do: 'undelivered' }, [['ring', 'no_answer', null]]],
  ['the line was busy', { do: 'undelivered', code: 'busy' }, [['ring', 'busy', null]]],
  ['it failed', { do: 'failed' }, [['ring', 'failed', null]]],
] as const)(
  'how a call ended is a fact for the rep, who still says what came of it: %s',
  async (_name, rule, noted) => {
    const call = await openCall('+4930231255555');
    sandbox.control({ rules: rule ? [{ match: call.phone.slice(1), ...rule }] : [] });
    await ring({ db, secrets, publicUrl }, call.id);
    await sandbox.told();
    await until(async () => (await calls(call.leadId)).length > 0, 'the call is noted', 5000);
    expect(await calls(call.leadId)).toEqual(noted);
    expect(await getTask(db, call.id)).toMatchObject({ state: 'open', outcome: null });
    const { rows } = await db.query<{ n: number }>(
      `select count(*)::int as n from inbox i join tasks k on k.enrollment_id = i.enrollment_id where k.id = $1`,
      [call.id],
    );
    expect(rows).toEqual([{ n: 0 }]);
    const done = await completeTask(db, call.id, { outcome: 'connected' });
    expect(done.task).toMatchObject({ state: 'done', outcome: 'connected' });
  },
);

test('a rep who does not pick up: that is said of the rep, not of the lead', async () => {
  const call = await openCall('+4930231257777');
  sandbox.control({ rules: [{ match: '31257777$', do: 'undelivered' }] });
  await ring({ db, secrets, publicUrl }, call.id);
  await sandbox.told();
  await until(async () => (await calls(call.leadId)).length > 0, 'the call is noted', 5000);
  expect(await calls(call.leadId)).toEqual([['ring', 'rep_no_answer', null]]);
});

test('ten deliveries of a call’s end are one; one that Twilio did not sign, or of another sender’s task, says nothing', async () => {
  const [call, other] = [await openCall('+4930231255555'), await openCall('+4930231255555')];
  const form = {
    CallSid: `CA${call.id.replaceAll('-', '')}`,
    AccountSid: TWILIO_ACCOUNT.accountSid,
    CallStatus: 'completed',
    CallDuration: '125',
  };
  const post = (taskId: string, token: string = TWILIO_ACCOUNT.authToken, body = form) => {
    const url = `${publicUrl}/hooks/twilio/${call.senderId}/call?task=${taskId}&leg=lead`;
    return fetch(url, {
      method: 'POST',
      body: new URLSearchParams(body),
      headers: { 'x-twilio-signature': twilio.getExpectedTwilioSignature(token, url, form) },
    });
  };
  expect((await post(call.id, 'another token')).status).toBe(403);
  expect((await post(call.id, undefined, { ...form, CallStatus: 'failed' })).status).toBe(403);
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(call.id)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  await until(async () => (await calls(call.leadId)).length > 0, 'the call is noted', 5000);
  expect(await calls(call.leadId)).toEqual([['ring', 'completed', '2 min 5 s']]);
  form.CallSid = `CA${other.id.replaceAll('-', '')}`;
  expect((await post(other.id)).status).toBe(200);
  const understood = async () =>
    (
      await db.query(`select from inbound where dedupe_key = $1 and result = 'no_task'`, [
        `twilio:call:${form.CallSid}:completed`,
      ])
    ).rowCount === 1;
  await until(understood, 'the other one is understood', 5000);
  expect(await calls(other.leadId)).toEqual([]);
});
