import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readConsentPolicy } from '../../../db/consent.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
}, 60_000);
afterAll(() => api.close());

test('where a consent is needed is read and replaced by who saw it, and written into the audit', async () => {
  const admin = await api.withKey();
  const before = await admin.get('/consent-policy');
  expect(before.body).toEqual({ policy: {} });
  const put = (policy: unknown, match: string) =>
    admin.call('PUT', '/consent-policy', { policy }, { 'if-match': match });
  const policy = { DE: ['email', 'sms'], '*': ['whatsapp'] };
  const written = await put(policy, before.headers.get('etag')!);
  expect(written).toMatchObject({ status: 200, body: { policy } });
  expect(await readConsentPolicy(api.db)).toEqual(policy);
  expect((await admin.get('/consent-policy')).headers.get('etag')).toBe(written.headers.get('etag'));
  expect(await put({}, before.headers.get('etag')!)).toMatchObject({ status: 412 });
  expect(await put({ UK: ['email'] }, '*')).toMatchObject({
    status: 422,
    body: { code: 'bad_consent_policy', detail: expect.stringContaining('UK') },
  });
  expect((await put({ DE: ['fax'] }, '*')).status).toBe(400);
  expect(await readConsentPolicy(api.db)).toEqual(policy);
  const { items } = (await admin.get('/audit')).body;
  expect(items).toMatchObject([{ action: 'consentPolicy.write' }]);
});
