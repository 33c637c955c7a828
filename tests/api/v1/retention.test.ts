import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeLead } from '../../support/factories.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

test('what is kept for how long is shown and said, with a look at what it would erase first', async () => {
  const admin = await api.signedIn();
  const { id } = await makeLead(api.db);
  await api.db.query(`update leads set updated_at = now() - interval '2 years' where id = $1`, [id]);
  const before = await admin.get('/retention');
  expect(before.body).toMatchObject({ inactiveLeadMonths: null, auditMonths: null });
  expect(before.body.fixed).toContainEqual({ what: 'raw_mail', days: 30, by: 'configuration' });
  expect((await admin.get('/retention/preview?inactiveLeadMonths=12')).body).toEqual({
    leads: 1,
    more: false,
  });
  expect((await admin.get('/retention/preview?inactiveLeadMonths=36')).body.leads).toBe(0);

  const etag = before.headers.get('etag')!;
  const wanted = { inactiveLeadMonths: 24, auditMonths: 36 };
  const put = (body: unknown, match = etag) => admin.call('PUT', '/retention', body, { 'if-match': match });
  expect((await put(wanted)).body).toMatchObject(wanted);
  expect((await put(wanted)).status).toBe(412);
  expect((await put({ ...wanted, auditMonths: 1 }, '*')).status).toBe(400);
  expect((await admin.get('/retention')).body).toMatchObject(wanted);
  const key = await api.withKey();
  expect((await key.call('PUT', '/retention', wanted, { 'if-match': '*' })).status).toBe(403);
});
