import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createSecrets } from '../../../common/crypto.ts';
import type { Db } from '../../../db/db.ts';
import { addSender } from '../../../db/senders.ts';
import { createSmtpProvider } from '../../../providers/email/smtp.ts';
import type { Provider } from '../../../providers/ports.ts';
import { type Sandbox, startSandbox } from '../../../providers/sandbox/sandbox.ts';
import { createTestDatabase } from '../../support/database.ts';
import { makeHost, walk } from '../../support/enrollment-host.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../../support/factories.ts';

const secrets = createSecrets([{ id: 'test', key: Buffer.alloc(32, 7) }]);
const LEASE_MS = 2_000;

let db: Db;
let drop: () => Promise<void>;
let dir: string;
let sandbox: Sandbox;
let provider: Provider;

beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());
beforeEach(async () => {
  await setTime(db, TUESDAY);
  dir = mkdtempSync(join(tmpdir(), 'cadenza-sent-folder-'));
  sandbox = await startSandbox({ dir });
  provider = createSmtpProvider();
});
afterEach(async () => {
  await provider.close();
  await sandbox.close();
  rmSync(dir, { recursive: true });
});

/** A lead in a sequence of one email, by a sender on the sandbox. */
async function enroll(senderId: string) {
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  const launch = await makeLaunch(db, { versionId: version.id, senderIds: [senderId] });
  const lead = await makeLead(db);
  return (await makeEnrollment(db, { launchId: launch.id, leadId: lead.id })).id;
}

async function rosa(): Promise<string> {
  const address = `rosa-${randomUUID().slice(0, 8)}@acme.test`;
  const account = sandbox.senderSettings('email');
  return addSender(
    db,
    {
      channel: 'email',
      name: 'Rosa',
      address,
      timeZone: 'Europe/Berlin',
      minGapSeconds: 0,
      jitterSeconds: 0,
      ...account,
    },
    secrets,
  );
}

const host = () =>
  makeHost(db, { providers: { get: () => provider }, secrets, leaseMs: LEASE_MS, sendTimeoutMs: 1_500 });
const touches = async (id: string) =>
  (
    await db.query<{ state: string; attempt: number; provider_id: string | null }>(
      'select state, attempt, provider_id from touches where enrollment_id = $1 order by attempt',
      [id],
    )
  ).rows;

/** Sends one whose connection breaks, and looks again when the lease is over. */
async function broken(senderId: string, how: 'drop' | 'lose') {
  sandbox.control({ rules: [{ match: '.', do: how, times: 1 }] });
  const id = await enroll(senderId);
  const process = await host();
  await walk(process, id, 3).catch(() => {});
  expect(await touches(id)).toMatchObject([{ state: 'sending' }]);
  await sleep(LEASE_MS + 100);
  return { id, walked: await walk(process, id) };
}

test('promise 1: mail whose answer was lost is settled by its copy in the Sent folder, without a person', async () => {
  const { id, walked } = await broken(await rosa(), 'drop');
  expect(walked.ended).toBe('done');
  expect(await touches(id)).toMatchObject([
    { state: 'sent', attempt: 1, provider_id: expect.stringMatching(/^<.*@acme\.test>$/) },
  ]);
  expect(sandbox.received()).toHaveLength(1);
});

test('promise 1: where sent mail is not kept, it is unconfirmed and not sent again', async () => {
  sandbox.control({ keepSent: false });
  const senderId = await rosa();
  // That it sent before proves nothing, since that is not there either.
  expect((await walk(await host(), await enroll(senderId))).ended).toBe('done');
  const { id, walked } = await broken(senderId, 'lose');
  expect(walked.state).toMatchObject({ phase: 'unconfirmed' });
  expect(await touches(id)).toMatchObject([{ state: 'unconfirmed', attempt: 1 }]);
  expect(sandbox.received()).toHaveLength(1);
});

test('promise 1: mail that is missing where the last one is kept did not go out, and is sent once more', async () => {
  const senderId = await rosa();
  expect((await walk(await host(), await enroll(senderId))).ended).toBe('done');
  const { id, walked } = await broken(senderId, 'lose');
  expect(walked.ended).toBe('done');
  expect(await touches(id)).toMatchObject([
    { state: 'failed', attempt: 1 },
    { state: 'sent', attempt: 2 },
  ]);
  expect(sandbox.received()).toHaveLength(2);
});
