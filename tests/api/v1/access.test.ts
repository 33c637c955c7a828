import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hashPassword } from '../../../api/v1/access/password.ts';
import { newSignInLink, setPasswordHash } from '../../../db/access/sessions.ts';
import { addUser, updateUser } from '../../../db/access/users.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const PASSWORD = 'correct horse battery';
const HERE = { 'sec-fetch-site': 'same-origin' };

async function rosa(email: string) {
  const user = await addUser(api.db, { email, name: email, role: 'admin' });
  await setPasswordHash(api.db, user.id, await hashPassword(PASSWORD), null);
  return user;
}
const signIn = (email: string, password = PASSWORD) =>
  api.anonymous(HERE).post('/session', { email, password });
const cookieOf = (answer: { headers: Headers }) => answer.headers.get('set-cookie')!.split(';')[0]!;

test('an address that the router refuses is a problem like any other', async () => {
  const anybody = api.anonymous();
  for (const [path, status, code] of [
    [`/leads/${'a'.repeat(301)}`, 414, 'address_too_long'],
    ['/leads/%zz', 400, 'bad_address'],
  ] as const) {
    const { headers, body } = await anybody.get(path);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({ type: 'about:blank', status, code, instance: headers.get('x-request-id') });
  }
  const page = await fetch(`${api.url}/u/${'a'.repeat(301)}`);
  expect([page.status, await page.text()]).toEqual([414, expect.stringContaining('Page not found')]);
});

test('nothing is open without signing in, and every refusal is a problem with the id of its request', async () => {
  for (const path of ['/me', '/users', '/openapi.json', '/audit', '/me/api-keys']) {
    const { status, headers, body } = await api.anonymous().get(path);
    expect(status).toBe(401);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toMatchObject({ status: 401, code: 'not_signed_in', instance: headers.get('x-request-id') });
  }
  expect((await api.anonymous().get('/nowhere')).body).toMatchObject({ status: 404, code: 'not_found' });
});

test('a password opens a session, whose cookie no script reads and no other site sends; signing out ends it', async () => {
  await rosa('rosa@acme.test');
  const signedIn = await signIn('Rosa@ACME.test');
  expect(signedIn).toMatchObject({ status: 200, body: { email: 'rosa@acme.test', role: 'admin' } });
  expect(signedIn.headers.getSetCookie()[0]).toMatch(
    /^cadenza=[\w-]{43}; Max-Age=1209600; Path=\/; HttpOnly; SameSite=Lax$/,
  );
  const browser = api.anonymous({ cookie: cookieOf(signedIn), ...HERE });
  expect((await browser.get('/me')).body).toMatchObject({ email: 'rosa@acme.test' });
  expect((await browser.call('DELETE', '/session')).status).toBe(204);
  expect((await browser.get('/me')).status).toBe(401);
  const { rows } = await api.db.query('select token_hash from sessions');
  expect(JSON.stringify(rows)).not.toContain(cookieOf(signedIn).slice('cadenza='.length));
});

test('what another site makes a browser send is not done, with or without Fetch Metadata', async () => {
  await rosa('here@acme.test');
  const cookie = cookieOf(await signIn('here@acme.test'));
  const { host } = new URL(api.url);
  const change = (headers: Record<string, string>) =>
    api.anonymous({ cookie, ...headers }).call('PATCH', '/me', { name: 'Rosa L.' });
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    {},
  ] as Record<string, string>[])
    expect(await change(headers)).toMatchObject({ status: 403, body: { code: 'cross_site' } });
  for (const headers of [HERE, { origin: `http://${host}` }])
    expect(await change(headers)).toMatchObject({ status: 200, body: { name: 'Rosa L.' } });
  const login = { email: 'here@acme.test', password: PASSWORD };
  expect((await api.anonymous({ origin: 'https://evil.example' }).post('/session', login)).status).toBe(403);
});

test('guessing is limited by address, says nothing of who exists, and does not lock out who signs in by a link', async () => {
  const user = await rosa('guessed@acme.test');
  const [wrong, unknown] = [
    await signIn('guessed@acme.test', 'wrong'),
    await signIn('nobody@acme.test', 'wrong'),
  ];
  expect({ ...wrong.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
  expect(wrong.status).toBe(401);
  for (let n = 1; n < 10; n++) await signIn('guessed@acme.test', 'wrong');
  const limited = await signIn('guessed@acme.test');
  expect(limited).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(600);
  const token = await newSignInLink(api.db, user.id);
  expect((await api.anonymous(HERE).post('/session/link', { token })).status).toBe(200);
  expect((await api.anonymous(HERE).post('/session/link', { token })).body).toMatchObject({
    code: 'bad_link',
  });
});

test('a new password ends the other sessions, and needs the present one', async () => {
  await rosa('changed@acme.test');
  const [mine, other] = [await signIn('changed@acme.test'), await signIn('changed@acme.test')].map((answer) =>
    api.anonymous({ cookie: cookieOf(answer), ...HERE }),
  );
  const set = (current: string, password: string) => mine!.call('PUT', '/me/password', { current, password });
  expect((await set('wrong', 'a much better one')).status).toBe(422);
  expect((await set(PASSWORD, 'short')).status).toBe(400);
  expect((await set(PASSWORD, 'a much better one')).status).toBe(204);
  expect((await mine!.get('/me')).status).toBe(200);
  expect((await other!.get('/me')).status).toBe(401);
  expect((await signIn('changed@acme.test')).status).toBe(401);
  expect((await signIn('changed@acme.test', 'a much better one')).status).toBe(200);
});

test('a key is shown once and is good for its scopes, until it is revoked, expires, or its user is disabled', async () => {
  const admin = await api.signedIn();
  const add = async (body: object) => (await admin.post('/me/api-keys', { name: 'crm', ...body })).body;
  const use = (secret: string, path = '/me') =>
    api.anonymous({ authorization: `Bearer ${secret}` }).get(path);
  const { key, secret } = await add({ scopes: ['settings:read'] });
  expect((await use(secret)).body).toMatchObject({ id: admin.user.id });
  expect(JSON.stringify((await admin.get('/me/api-keys')).body)).not.toContain(secret);
  expect(
    (
      await api.db.query(`select from api_keys where encode(secret_hash, 'escape') like '%' || $1 || '%'`, [
        secret,
      ])
    ).rowCount,
  ).toBe(0);

  const narrow = await add({ scopes: ['leads:read'] });
  expect(await use(narrow.secret)).toMatchObject({ status: 403, body: { code: 'not_in_scope' } });
  // Keys make no keys, whatever their scopes.
  expect(await use(secret, '/me/api-keys')).toMatchObject({ status: 403 });
  const old = await add({ scopes: ['settings:read'], expiresAt: '2020-01-01T00:00:00Z' });
  expect((await use(old.secret)).status).toBe(401);
  expect((await admin.call('DELETE', `/me/api-keys/${key.id}`)).status).toBe(204);
  expect((await use(secret)).status).toBe(401);

  const boss = await api.signedIn();
  const rep = await api.withKey({ role: 'rep' });
  expect((await rep.get('/me')).status).toBe(200);
  expect(
    (await boss.call('PATCH', `/users/${rep.user.id}`, { disabled: true }, { 'if-match': '*' })).status,
  ).toBe(200);
  expect((await rep.get('/me')).status).toBe(401);
});

test('roles are held, the last admin stays, and a change meanwhile is noticed', async () => {
  const rep = await api.signedIn({ role: 'rep' });
  expect(await rep.get('/users')).toMatchObject({ status: 403, body: { code: 'not_allowed' } });
  const admin = await api.signedIn();
  const path = `/users/${rep.user.id}`;
  const before = await admin.get(path);
  const etag = before.headers.get('etag')!;
  const change = (body: object) => admin.call('PATCH', path, body, { 'if-match': etag });
  expect(await change({ team: 'north' })).toMatchObject({ status: 200, body: { team: 'north' } });
  expect(await change({ team: 'south' })).toMatchObject({ status: 412, body: { code: 'changed_meanwhile' } });
  await api.db.query(`update users set disabled_at = now() where role = 'admin' and id <> $1`, [
    admin.user.id,
  ]);
  expect(
    await admin.call('PATCH', `/users/${admin.user.id}`, { role: 'rep' }, { 'if-match': '*' }),
  ).toMatchObject({
    status: 409,
    body: { code: 'last_admin' },
  });
  await expect(updateUser(api.db, admin.user.id, { disabled: true }, null)).rejects.toThrow('last admin');
});

test('a command with the same key counts once; with another body the key is refused; who did what is written down', async () => {
  const admin = await api.signedIn();
  const add = (email: string, key: string) =>
    admin.post('/users', { email, name: email, role: 'rep' }, { 'idempotency-key': key });
  const [first, second] = [await add('new@acme.test', 'k1'), await add('new@acme.test', 'k1')];
  expect(first.status).toBe(201);
  expect(second).toMatchObject({ status: 201, body: first.body });
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(await add('other@acme.test', 'k1')).toMatchObject({ status: 422, body: { code: 'key_reused' } });
  expect(await add('new@acme.test', 'k2')).toMatchObject({ status: 409, body: { code: 'already_done' } });
  const at = await Promise.all(Array.from({ length: 5 }, () => add('many@acme.test', 'k3')));
  expect(at.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
  expect((await api.db.query(`select from users where email = 'many@acme.test'`)).rowCount).toBe(1);

  const { body } = await admin.get(`/audit?userId=${admin.user.id}&limit=1`);
  expect(body).toMatchObject({ items: [{ action: 'users.add', who: expect.stringContaining('Rosa Lind') }] });
  const { body: before } = await admin.get(`/audit?userId=${admin.user.id}&limit=1&cursor=${body.next}`);
  expect(before).toMatchObject({ items: [{ action: 'users.add', target: first.body.user.id }], next: null });
});

test('what is wrong with a request is said by field; NUL, bad JSON and unknown formats are the caller’s mistakes', async () => {
  const admin = await api.signedIn();
  expect(await admin.post('/users', { email: 'no', name: '' })).toMatchObject({
    status: 400,
    body: {
      code: 'bad_request',
      errors: expect.arrayContaining([{ path: '/email', message: expect.any(String) }]),
    },
  });
  expect((await admin.post('/users', { email: 'a@b.test', name: 'A\0', role: 'rep' })).status).toBe(400);
  expect((await admin.get('/users/%00')).status).toBe(400);
  expect((await admin.post('/users', '{', { 'content-type': 'application/json' })).body).toMatchObject({
    code: 'bad_json',
  });
  expect((await admin.post('/users', '<x/>', { 'content-type': 'text/xml' })).status).toBe(415);
  expect((await admin.get('/audit?cursor=abc')).body).toMatchObject({ status: 400, code: 'bad_cursor' });
  expect(api.lines.filter((line) => line.includes('"level":50'))).toEqual([]);
});
