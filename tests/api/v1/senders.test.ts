import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSecrets } from '../../../common/crypto.ts';
import { loadAccount } from '../../../db/senders.ts';
import { startApi, type Client, type TestApi } from './support.ts';

const secrets = createSecrets([{ id: 'test', key: Buffer.alloc(32, 1) }]);
let api: TestApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.signedIn();
});
afterAll(() => api.close());

const SMTP = {
  channel: 'email',
  provider: 'smtp',
  name: 'Rosa Lind',
  timeZone: 'Europe/Berlin',
  settings: { host: '127.0.0.1', port: 9, security: 'none' },
  credentials: { password: 'very secret' },
};

test('a sender is added, its credentials never come out, and a change meanwhile is noticed', async () => {
  const added = await admin.post('/senders', { ...SMTP, address: 'rosa@acme.test' });
  expect(added).toMatchObject({ status: 201, body: { hasCredentials: true, caps: { email: { day: 50 } } } });
  const path = `/senders/${added.body.id}`;
  const read = await admin.get(path);
  expect(JSON.stringify([added.body, read.body, (await admin.get('/senders')).body])).not.toContain(
    'very secret',
  );
  const change = (body: object) => admin.call('PATCH', path, body, { 'if-match': read.headers.get('etag')! });
  expect((await change({ caps: { email: { day: 5 } } })).body).toMatchObject({ caps: { email: { day: 5 } } });
  expect((await change({ caps: { email: { day: 6 } } })).status).toBe(412);
  expect((await admin.post('/senders', { ...SMTP, address: 'rosa@acme.test' })).status).toBe(409);
  expect(api.lines.join('')).not.toContain('very secret');
});

test('settings that cannot be used are refused as a whole, with what is wrong', async () => {
  const bad = await admin.post('/senders', {
    ...SMTP,
    address: 'x@acme.test',
    settings: { host: 'a', colour: 'red' },
  });
  expect(bad).toMatchObject({ status: 422, body: { code: 'bad_sender' } });
  expect((await admin.post('/senders', { ...SMTP, address: 'y@acme.test', provider: 'pigeon' })).status).toBe(
    422,
  );
  expect((await admin.get('/senders')).body.items.map(({ address }: { address: string }) => address)).toEqual(
    ['rosa@acme.test'],
  );
});

test('a check says line by line what works; repairing what is not broken says so', async () => {
  const { id } = (await admin.get('/senders')).body.items[0];
  const { body } = await admin.post(`/senders/${id}/check`);
  expect(body.ok).toBe(false);
  expect(body.checks).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'SMTP login', ok: false }),
      expect.objectContaining({ name: 'Clock', ok: true }),
    ]),
  );
  expect((await admin.post(`/senders/${id}/repair`)).body).toEqual({ repaired: false });
});

test('a credential that is given replaces the one of its name, the others stay; null takes one away', async () => {
  const unipile = {
    channel: 'linkedin',
    provider: 'unipile',
    name: 'Rosa',
    address: 'https://www.linkedin.com/in/rosa',
    timeZone: 'Europe/Berlin',
    settings: { baseUrl: 'https://api1.unipile.com:13111', accountId: 'abc' },
    credentials: { apiKey: 'old', webhookSecret: 'a secret of sixteen' },
  };
  const { id } = (await admin.post('/senders', unipile)).body;
  const stored = async () => (await loadAccount(api.db, id, secrets)).credentials;
  const change = (body: object) => admin.call('PATCH', `/senders/${id}`, body, { 'if-match': '*' });
  await change({ credentials: { apiKey: 'new' } });
  expect(await stored()).toEqual({ apiKey: 'new', webhookSecret: 'a secret of sixteen' });
  await change({ credentials: { webhookSecret: null } });
  expect(await stored()).toEqual({ apiKey: 'new' });
  expect(await change({ credentials: { apiKey: null } })).toMatchObject({ status: 422 });
  expect((await change({ provider: 'manual', settings: {}, credentials: { note: 'x' } })).status).toBe(200);
  expect(await stored()).toEqual({ note: 'x' });
  await change({ credentials: null });
  expect(await stored()).toEqual({});
});

test('credentials whose key is gone do not stand in the way of a change', async () => {
  const { id } = (await admin.get('/senders')).body.items[0];
  await api.db.query(`update senders set credentials = 'v1.gone.a.b.c' where id = $1`, [id]);
  const change = (body: object) => admin.call('PATCH', `/senders/${id}`, body, { 'if-match': '*' });
  expect((await change({ settings: { ...SMTP.settings, port: 25 } })).body.settings).toMatchObject({
    port: 25,
  });
  expect((await change({ credentials: SMTP.credentials, settings: SMTP.settings })).status).toBe(200);
});

test('an admin cannot make the server talk to itself, unless it was allowed to', async () => {
  const config = {
    publicUrl: 'http://127.0.0.1:9',
    allowPrivateEndpoints: false,
    rawMailDays: 30,
    oidc: null,
  };
  const closed = await startApi({ config });
  try {
    const boss = await closed.signedIn();
    const add = (given: object) => boss.post('/senders', { ...SMTP, address: 'r@acme.test', ...given });
    for (const host of [
      '127.0.0.1',
      '127.1',
      'localhost',
      '::1',
      '10.0.0.5',
      '169.254.169.254',
      '::ffff:10.0.0.1',
    ])
      expect(await add({ settings: { host } })).toMatchObject({ status: 422, body: { code: 'url_refused' } });
    const inner = { host: 'smtp.acme.test', imap: { host: '192.168.1.1' } };
    expect((await add({ settings: inner })).body.code).toBe('url_refused');
    const unipile = { channel: 'linkedin', provider: 'unipile', credentials: { apiKey: 'k' } };
    for (const baseUrl of ['http://127.0.0.1:8080', 'https://[::1]', 'https://10.1.2.3'])
      expect((await add({ ...unipile, settings: { baseUrl, accountId: 'a' } })).body.code).toBe(
        'url_refused',
      );
    const added = await add({ settings: { host: 'smtp.acme.test' } });
    expect(added.status).toBe(201);
    const path = `/senders/${added.body.id}`;
    const etag = (await boss.get(path)).headers.get('etag')!;
    const change = (body: object) => boss.call('PATCH', path, body, { 'if-match': etag });
    expect((await change({ settings: { host: '127.0.0.1' } })).body.code).toBe('url_refused');
    expect((await change({ name: 'Rosa' })).status).toBe(200);
  } finally {
    await closed.close();
  }
});
