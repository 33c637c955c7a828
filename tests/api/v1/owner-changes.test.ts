import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createCrmActivities } from '../../../activities/crm/index.ts';
import { createSecrets } from '../../../common/crypto.ts';
import { createLogger } from '../../../common/log.ts';
import { callbackSchemas } from '../../../db/callback-schemas.ts';
import { importLeads } from '../../../db/import/import-leads.ts';
import { createOutboundHttp } from '../../../providers/crm/outbound.ts';
import { startReceiver, until } from '../../support/crm-receiver.ts';
import { identityHash } from '../../support/enrollment-host.ts';
import { makeLead } from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
let rosa: Client;
let ayse: Client;
let crm: Awaited<ReturnType<typeof startReceiver>>;
const http = createOutboundHttp({ allowPrivate: true, timeoutMs: 10_000 });
const draining = new MockActivityEnvironment();
let drained: Promise<unknown> = Promise.resolve();
beforeAll(async () => {
  api = await startApi();
  crm = await startReceiver();
  [admin, rosa, ayse] = await Promise.all([
    api.signedIn({ name: 'Ada Admin' }),
    api.signedIn({ role: 'rep', name: 'Rosa Rep', knownAs: ['rosa'] }),
    api.signedIn({ role: 'rep', name: 'Ayse Demir' }),
  ]);
  const endpoint = await admin.post('/webhooks', { url: crm.url, types: ['lead.owner_changed'] });
  const secrets = createSecrets([{ id: 'test', key: Buffer.alloc(32, 1) }]);
  const log = createLogger({ level: 'silent' });
  const { drain } = createCrmActivities({ db: api.db, secrets, http, log, pollMs: 20 });
  drained = draining.run(drain, { endpointId: endpoint.body.endpoint?.id ?? endpoint.body.id });
});
afterAll(async () => {
  draining.cancel();
  await drained;
  http.close();
  await crm?.close();
  await api?.close();
});

/** What the CRM heard of the lead, once it is so much. */
async function heard(leadId: string, count: number) {
  const ofLead = () => crm.posts.filter(({ body }) => body.data.lead.id === leadId);
  await until(() => ofLead().length >= count, 60_000);
  return ofLead().map(({ body }) => callbackSchemas['lead.owner_changed'].parse(body).data);
}

test('promise 9: the CRM hears of each way in which a lead gets another owner, in order, and of nothing else', async () => {
  const [ada, her, his] = [admin.user.email, rosa.user.email, ayse.user.email];
  const lead = await makeLead(api.db, { owner: 'ROSA', email: 'moving@acme.test' });
  const handed = await admin.post(`/users/${rosa.user.id}/hand-over`, { to: ayse.user.id, leads: 'all' });
  expect(handed.body.leads).toBe(1);
  // The same person under another name, and what leaves the owner as it is, is no change.
  const edit = (change: object) => admin.call('PATCH', `/leads/${lead.id}`, change, { 'if-match': '*' });
  for (const change of [{ owner: 'ayse demir' }, { title: 'CTO' }])
    expect((await edit(change)).status).toBe(200);
  expect((await edit({ owner: 'rosa' })).status).toBe(200);
  const bulk = (owner: string | null) =>
    admin.post('/leads/bulk', { ids: [lead.id], action: { do: 'owner', owner } });
  expect((await bulk(null)).body).toEqual({ leads: 1 });
  const csv = 'email,owner\nmoving@acme.test,Rosa Rep\nanother@acme.test,somebody\n';
  const sent = await admin.post('/imports?name=fair.csv', csv, { 'content-type': 'text/csv' });
  const imported = `/imports/${sent.body.id}`;
  expect((await admin.post(`${imported}/run`, {})).status).toBe(202);
  await until(async () => (await admin.get(imported)).body.state === 'done', 60_000);
  await importLeads(api.db, csv, { hashIdentity: identityHash, by: ada });
  expect((await bulk('somebody outside')).body).toEqual({ leads: 1 });
  expect(await heard(lead.id, 5)).toMatchObject([
    { seq: 1, reason: 'hand_over', from: her, to: his, by: ada, lead: { owner: his } },
    { seq: 2, reason: 'edit', from: his, to: her, by: ada, lead: { owner: 'rosa' } },
    { seq: 3, reason: 'bulk', from: her, to: null, by: ada, lead: { owner: null } },
    { seq: 4, reason: 'import', from: null, to: her, by: ada, lead: { owner: 'Rosa Rep' } },
    { seq: 5, reason: 'bulk', from: her, to: 'somebody outside', by: ada },
  ]);
  // A new lead has no owner before: nothing changed.
  const { rows } = await api.db.query(`select lead_id from callbacks where type = 'lead.owner_changed'`);
  expect(new Set(rows.map(({ lead_id }) => lead_id))).toEqual(new Set([lead.id]));
});

test('promise 9: each of many leads that are handed over is told once, or not at all when nothing of it was kept', async () => {
  await api.db.query(
    `insert into leads (seed, owner) select 'many ' || n, $1 from generate_series(1, 450) n`,
    [rosa.user.email],
  );
  const order = { to: ayse.user.id, leads: { sequence: 'none' } };
  expect((await admin.post(`/users/${rosa.user.id}/hand-over`, order)).body.leads).toBe(0);
  expect((await admin.post(`/users/${rosa.user.id}/hand-over`, { ...order, leads: 'all' })).body.leads).toBe(
    450,
  );
  const { rows } = await api.db.query<{ told: number; leads: number }>(
    `select count(*)::int as told, count(distinct c.lead_id)::int as leads from callbacks c join leads l on l.id = c.lead_id
     where l.seed like 'many %' and c.type = 'lead.owner_changed' and c.lead_seq = 1 and l.callback_seq = 1`,
  );
  expect(rows[0]).toEqual({ told: 450, leads: 450 });
});
