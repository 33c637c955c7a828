/** What people edit is never changed by somebody who does not say which version they saw. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { apiDocument } from '../../../api/v1/index.ts';
import { makeLead, makeSender, setTime, TUESDAY } from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  await setTime(api.db, TUESDAY);
  admin = await api.signedIn();
});
afterAll(() => api.close());

const SOURCE = 'name: mine # by Mert';
/** How each thing is changed, and where the changed text is to be seen. */
const EDITS: Record<string, () => Promise<[method: string, path: string, body?: object]>> = {
  'PUT /v1/sequences/{name}/draft': async () => ['PUT', '/sequences/mine/draft', { source: 'name: mine' }],
  'DELETE /v1/sequences/{name}/draft': async () => ['DELETE', '/sequences/mine/draft'],
  'PATCH /v1/leads/{id}': async () => [
    'PATCH',
    `/leads/${(await makeLead(api.db)).id}`,
    { title: 'Admiral' },
  ],
  'PATCH /v1/senders/{id}': async () => [
    'PATCH',
    `/senders/${(await makeSender(api.db, { channel: 'call', provider: 'manual' })).id}`,
    { name: 'Other' },
  ],
  'PATCH /v1/users/{id}': async () => [
    'PATCH',
    `/users/${(await api.signedIn()).user.id}`,
    { name: 'Other' },
  ],
  'PUT /v1/snippets/{id}': async () => {
    const { body } = await admin.post('/snippets', { name: 'Times', text: 'At ten?' });
    return ['PUT', `/snippets/${body.id}`, { name: 'Times', text: 'At nine?' }];
  },
  'PATCH /v1/absences/{id}': async () => {
    const { body } = await admin.post('/absences', { from: '2026-05-04', to: '2026-05-08' });
    return ['PATCH', `/absences/${body.id}`, { to: '2026-05-06' }];
  },
  'PUT /v1/days-off': async () => ['PUT', '/days-off', { items: [] }],
  'PUT /v1/consent-policy': async () => ['PUT', '/consent-policy', { policy: { DE: ['email'] } }],
};

test.each(Object.keys(EDITS))('%s says which version it saw, or changes nothing', async (what) => {
  await admin.call('PUT', '/sequences/mine/draft', { source: SOURCE }, { 'if-match': '*' });
  const [method, path, body] = await EDITS[what]!();
  const before = await admin.get(path);
  const refused = await admin.call(method, path, body);
  expect(refused).toMatchObject({
    status: 428,
    body: { code: 'version_missing', title: 'Version missing', detail: expect.stringMatching(/If-Match/) },
  });
  expect((await admin.get(path)).body).toEqual(before.body);
  expect(await admin.call(method, path, body, { 'if-match': '"none of these"' })).toMatchObject({
    status: 412,
  });
  const etag = before.headers.get('etag') ?? '*';
  expect([200, 204]).toContain((await admin.call(method, path, body, { 'if-match': etag })).status);
});

test('the document says which changes need If-Match, these, and that commands take an Idempotency-Key', async () => {
  const { paths } = (await apiDocument()) as {
    paths: Record<string, Record<string, { parameters?: { name: string }[]; security?: unknown[] }>>;
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], security }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      isOpen: security?.length === 0,
      takes: parameters.map(({ name }) => name),
    })),
  );
  const needing = operations.filter(({ takes }) => takes.includes('If-Match'));
  expect(needing.map(({ name }) => name).toSorted()).toEqual(
    [...Object.keys(EDITS), 'PUT /v1/retention'].toSorted(),
  );
  const commands = operations.filter(({ name, isOpen }) => name.startsWith('POST') && !isOpen);
  expect(commands.filter(({ takes }) => !takes.includes('Idempotency-Key'))).toEqual([]);
});

test('retention is replaced by who read it only', async () => {
  const { headers } = await admin.get('/retention');
  const put = (more: Record<string, string>) =>
    admin.call('PUT', '/retention', { inactiveLeadMonths: null, auditMonths: 36 }, more);
  expect((await put({})).status).toBe(428);
  expect((await put({ 'if-match': headers.get('etag')! })).status).toBe(200);
});

test('what is only ended or deleted needs no version', async () => {
  const { body } = await admin.post('/absences', { from: '2026-06-01', to: '2026-06-05' });
  expect((await admin.call('DELETE', `/absences/${body.id}`)).status).toBe(204);
});
