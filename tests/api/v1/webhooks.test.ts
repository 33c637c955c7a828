import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { emit } from '../../../db/callbacks.ts';
import { makeLead } from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.signedIn();
});
afterAll(() => api.close());

test('an endpoint is added, its secret shown once; its log is read, replayed, and it is disabled and removed', async () => {
  const added = await admin.post('/webhooks', { url: 'http://127.0.0.1:9/crm', types: ['lead.replied'] });
  expect(added).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^whsec_/) } });
  const { id, secret } = added.body;
  const { id: leadId } = await makeLead(api.db);
  await api.db.tx((tx) => emit(tx, { type: 'lead.replied', leadId }));
  await api.db.query(`update deliveries set state = 'parked', last_status = 400`);
  expect((await admin.get('/webhooks')).body.items).toMatchObject([
    { id, parked: 1, types: ['lead.replied'] },
  ]);
  expect(JSON.stringify((await admin.get('/webhooks')).body)).not.toContain(secret);
  const { body } = await admin.get(`/webhooks/${id}/deliveries?state=parked`);
  expect(body.items).toMatchObject([{ type: 'lead.replied', leadId, lastStatus: 400 }]);
  expect((await admin.post(`/webhooks/${id}/replay`, { parked: true })).body).toEqual({ replayed: 1 });
  expect(
    (await admin.post(`/webhooks/${id}/replay`, { parked: true, since: '2026-01-01T00:00:00Z' })).status,
  ).toBe(400);
  await api.db.tx((tx) => emit(tx, { type: 'lead.replied', leadId }));
  const newest = (await admin.get(`/webhooks/${id}/deliveries?state=pending&limit=1`)).body;
  const older = (await admin.get(`/webhooks/${id}/deliveries?state=pending&limit=1&cursor=${newest.next}`))
    .body;
  expect([newest.items, older]).toMatchObject([[{ seq: 2 }], { items: [{ seq: 1 }], next: null }]);
  expect((await admin.post(`/webhooks/${id}/rotate`, {})).body.secret).not.toBe(secret);
  expect((await admin.post(`/webhooks/${id}/disable`)).status).toBe(204);
  expect((await admin.get('/webhooks')).body.items).toMatchObject([
    { disabledReason: 'by_hand', secrets: 2 },
  ]);
  expect(api.woken).toContainEqual({ endpoints: [id] });
  expect((await admin.call('DELETE', `/webhooks/${id}`)).status).toBe(204);
  expect((await admin.call('DELETE', `/webhooks/${id}`)).status).toBe(404);
});

test('which types go to an endpoint can be changed, its address is registered once', async () => {
  const url = 'http://127.0.0.1:9/types';
  const { id } = (await admin.post('/webhooks', { url, types: ['touch.sent'] })).body;
  expect(await admin.post('/webhooks', { url })).toMatchObject({
    status: 409,
    body: { code: 'already_done', detail: expect.stringContaining(id) },
  });
  let second: Promise<{ status: number }> | undefined;
  await api.db.tx(async (tx) => {
    const copy = `insert into endpoints (url, types, secrets) select url || '2', types, secrets from endpoints where id = $1`;
    await tx.query(copy, [id]);
    second = admin.post('/webhooks', { url: `${url}2` });
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
  expect((await second!).status).toBe(409);
  await api.db.query('delete from endpoints where id <> $1', [id]);
  const change = (body: object) => admin.post(`/webhooks/${id}/types`, body);
  const lead = await makeLead(api.db);
  const pending = async () => {
    await api.db.tx((tx) => emit(tx, { type: 'lead.replied', leadId: lead.id }));
    return (await admin.get(`/webhooks/${id}/deliveries`)).body.items.length;
  };
  expect(await pending()).toBe(0);
  expect((await change({ types: ['lead.replied', 'lead.replied'] })).status).toBe(204);
  expect((await admin.get('/webhooks')).body.items).toMatchObject([{ id, types: ['lead.replied'] }]);
  expect(await pending()).toBe(1);
  expect((await change({ types: ['touch.sent'] })).status).toBe(204);
  expect(await pending()).toBe(1);
  expect((await change({ types: [] })).status).toBe(204);
  expect(await pending()).toBe(2);
  for (const wrong of [{ types: ['touch.send'] }, { types: [], url: 'https://else.test/' }, {}])
    expect((await change(wrong)).status).toBe(400);
  expect((await admin.post(`/webhooks/${lead.id}/types`, { types: [] })).status).toBe(404);
  await admin.call('DELETE', `/webhooks/${id}`);
});

test('an address where callbacks must not go is refused', async () => {
  expect(await admin.post('/webhooks', { url: 'ftp://crm.example.com' })).toMatchObject({
    status: 422,
    body: { code: 'url_refused' },
  });
});

test('a source of events is added, rotated and removed', async () => {
  const added = await admin.post('/sources', { name: 'web-shop' });
  expect(added.body).toMatchObject({ url: 'http://127.0.0.1:9/hooks/events/web-shop' });
  expect((await admin.post('/sources', { name: 'Not a name' })).status).toBe(422);
  expect((await admin.post('/sources/web-shop/rotate')).body.secret).not.toBe(added.body.secret);
  expect((await admin.get('/sources')).body.items).toMatchObject([{ name: 'web-shop', secrets: 2 }]);
  expect((await admin.get('/sources/events')).body).toEqual({ items: [], next: null });
  expect((await admin.call('DELETE', '/sources/web-shop')).status).toBe(204);
});
