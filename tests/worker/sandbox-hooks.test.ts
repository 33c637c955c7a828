/** What comes back at the sandbox's providers comes back as at the real ones: by their signed webhooks, to a server that checks them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSecrets } from '../../common/crypto.ts';
import { createLogger } from '../../common/log.ts';
import type { Db } from '../../db/db.ts';
import { addSender, loadAccount } from '../../db/senders.ts';
import { createProviders, type Providers } from '../../providers/registry.ts';
import { idOfSlug } from '../../providers/sandbox/linkedin-world.ts';
import { type Sandbox, startSandbox } from '../../providers/sandbox/sandbox.ts';
import { createHttp } from '../../worker/http.ts';
import { freePort } from '../../worker/local/ports.ts';
import { sandboxHooks } from '../../worker/local/sandbox-hooks.ts';
import type { Services } from '../../worker/services.ts';
import { contacted, hash, number, statusOf } from '../activities/inbound/support.ts';
import { createTestDatabase } from '../support/database.ts';
import { databaseClock, setTime, TUESDAY } from '../support/factories.ts';
import { until } from '../support/until.ts';

const secrets = createSecrets([{ id: 'k', key: Buffer.alloc(32, 7) }]);
let db: Db;
let drop: () => Promise<void>;
let dir: string;
let sandbox: Sandbox;
let http: Awaited<ReturnType<typeof createHttp>>;
let providers: Providers;
let numbers = 9000;

beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  dir = mkdtempSync(join(tmpdir(), 'cadenza-sandbox-hooks-'));
  const port = await freePort();
  const config = { http: { host: '127.0.0.1', port }, publicUrl: 'https://cadenza.example.com/outside' };
  const services = {
    config,
    db,
    secrets,
    clock: await databaseClock(db),
    hashIdentity: hash,
    log: createLogger({ level: 'silent' }),
    waker: () => Promise.reject(new Error('Temporal does not answer')),
  } as unknown as Services;
  sandbox = await startSandbox({ dir, hooks: sandboxHooks(services) });
  // A public address is signed and never asked: what is meant for it comes to this machine's server.
  http = await createHttp(services);
  providers = createProviders({
    twilioStatusCallback: (id) => `${config.publicUrl}/hooks/twilio/${id}/status`,
  });
});
afterAll(async () => {
  await sandbox.close();
  await http.close();
  await providers.close();
  await drop();
  rmSync(dir, { recursive: true });
});

async function senderOf(channel: 'sms' | 'whatsapp' | 'linkedin') {
  const account = `account-${numbers++}`;
  const address = channel === 'linkedin' ? `https://www.linkedin.com/in/${account}` : `+493023125${numbers}`;
  const id = await addSender(
    db,
    {
      channel,
      name: 'Rosa',
      address,
      timeZone: 'Europe/Berlin',
      ...sandbox.senderSettings(channel, account),
    },
    secrets,
  );
  return { id, address, account };
}

const events = async (leadId: string) =>
  (
    await db.query<{ type: string }>('select type from lead_events where lead_id = $1 order by at, type', [
      leadId,
    ])
  ).rows.map(({ type }) => type);

test.each(['sms', 'whatsapp'] as const)('%s: an answer stops the sequence', async (channel) => {
  const sender = await senderOf(channel);
  const phone = number();
  const { leadId, enrollmentId } = await contacted(db, { channel, lead: { phone }, senderId: sender.id });
  sandbox.control({ messages: [{ channel, from: phone, to: sender.address, text: 'Yes, tell me more' }] });
  await sandbox.told();
  await until(
    async () => (await statusOf(db, enrollmentId)) === 'stopped replied',
    'the answer stopped it',
    5000,
  );
  expect(await events(leadId)).toEqual(['replied']);
  const { rows } = await db.query('select channel, body, address from messages where lead_id = $1', [leadId]);
  expect(rows).toEqual([{ channel, body: 'Yes, tell me more', address: phone }]);
});

test('what became of a message is told: sent and delivered, or undelivered with Twilio’s reason', async () => {
  const sender = await senderOf('sms');
  const [well, gone] = [number(), number()];
  sandbox.control({ rules: [{ match: gone.slice(1), do: 'undelivered', code: 30005 }] });
  const account = await loadAccount(db, sender.id, secrets);
  const deliveries = [];
  for (const phone of [well, gone]) {
    const { touchId } = await contacted(db, { channel: 'sms', lead: { phone }, senderId: sender.id });
    const sent = await providers
      .get('sms', 'twilio')
      .send(account, { touchId, action: 'sms', to: phone, toName: null, text: 'Hello' });
    expect(sent.kind).toBe('sent');
    await sandbox.told();
    deliveries.push(
      await until(
        async () =>
          (
            await db.query<{ delivery: string | null }>('select delivery from touches where id = $1', [
              touchId,
            ])
          ).rows[0]!.delivery,
        'a report',
        5000,
      ),
    );
  }
  expect(deliveries).toEqual(['delivered', 'bounced']);
  const { rows } = await db.query(`select result from inbound where kind = 'status' order by result`);
  expect(rows.map(({ result }) => result)).toEqual(['bounced', 'delivered', 'on_its_way', 'on_its_way']);
});

test('LinkedIn: an accepted invitation and an answer are told; what the account itself writes is no answer', async () => {
  const sender = await senderOf('linkedin');
  const slug = `grace-${numbers}`;
  const { leadId, enrollmentId } = await contacted(db, {
    channel: 'linkedin',
    lead: { linkedinUrl: `https://www.linkedin.com/in/${slug}` },
    senderId: sender.id,
  });
  const account = await loadAccount(db, sender.id, secrets);
  const unipile = providers.get('linkedin', 'unipile');
  const touch = { toName: null, to: `https://www.linkedin.com/in/${slug}`, text: 'Hello' };
  await unipile.send(account, { ...touch, touchId: 'invite', action: 'invite' });
  await sandbox.told();
  expect(await events(leadId)).toEqual([]);

  sandbox.control({ connect: [slug] });
  await sandbox.told();
  await until(async () => (await events(leadId)).includes('accepted'), 'the acceptance came', 5000);
  expect(await unipile.send(account, { ...touch, touchId: 'message', action: 'message' })).toMatchObject({
    kind: 'sent',
  });
  await sandbox.told();
  const own = async () =>
    (await db.query(`select from inbound where sender_id = $1 and result = 'own'`, [sender.id])).rowCount ===
    1;
  await until(own, 'its own message came back', 5000);
  expect(await statusOf(db, enrollmentId)).toMatch(/^running/);

  await db.query(
    `insert into lead_senders (lead_id, channel, sender_id, provider_lead_id) values ($1, 'linkedin', $2, $3)
     on conflict (lead_id, channel) do update set provider_lead_id = $3`,
    [leadId, sender.id, idOfSlug(slug)],
  );
  sandbox.control({
    messages: [{ channel: 'linkedin', from: slug, to: sender.account, text: 'Gladly' }],
  });
  await sandbox.told();
  await until(
    async () => (await statusOf(db, enrollmentId)) === 'stopped replied',
    'the answer stopped it',
    5000,
  );
  expect(await events(leadId)).toEqual(['accepted', 'replied']);
});

test('who accepts after a while is told of without anybody asking', async () => {
  const sender = await senderOf('linkedin');
  const slug = `ada-${numbers}`;
  const { leadId } = await contacted(db, {
    channel: 'linkedin',
    lead: { linkedinUrl: `https://www.linkedin.com/in/${slug}` },
    senderId: sender.id,
  });
  sandbox.control({ linkedin: { acceptShare: 1, acceptAfterHours: 0.5 / 3600 } });
  await providers.get('linkedin', 'unipile').send(await loadAccount(db, sender.id, secrets), {
    touchId: 'invite',
    action: 'invite',
    toName: null,
    to: `https://www.linkedin.com/in/${slug}`,
    text: '',
  });
  expect(await events(leadId)).toEqual([]);
  await until(async () => (await events(leadId)).includes('accepted'), 'the acceptance came', 5000);
});
