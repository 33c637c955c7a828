/** Guessing, forgotten passwords, and what remains of both. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hashPassword } from '../../../api/v1/access/password.ts';
import { newSignInLink, setPasswordHash, tokenHash } from '../../../db/access/sessions.ts';
import { addUser } from '../../../db/access/users.ts';
import { startApi, type Answer, type TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi({}, { trustedProxies: ['127.0.0.1'] });
});
afterAll(() => api.close());

const PASSWORD = 'correct horse battery';
const HERE = { 'sec-fetch-site': 'same-origin' };
let people = 0;

async function somebody() {
  const user = await addUser(api.db, { email: `p${++people}@acme.test`, name: `P ${people}`, role: 'admin' });
  await setPasswordHash(api.db, user.id, await hashPassword(PASSWORD), null);
  return user;
}
let addresses = 0;
const address = () => ({ 'x-forwarded-for': `198.51.100.${++addresses}` });
const signIn = (email: string, password = PASSWORD, headers: Record<string, string> = address()) =>
  api.anonymous({ ...HERE, ...headers }).post('/session', { email, password });
const cookiesOf = ({ headers }: Answer) =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0]!)
    .join('; ');

test('of many guesses at once no more are looked at than one after the other', async () => {
  const { email } = await somebody();
  const guesses = await Promise.all(Array.from({ length: 40 }, () => signIn(email, 'wrong')));
  const looked = guesses.filter(({ status }) => status === 401).length;
  expect(looked).toBeGreaterThan(0);
  expect(looked).toBeLessThanOrEqual(10);
  expect(guesses.every(({ status }) => status === 401 || status === 429)).toBe(true);
});

test('strangers who guess keep nobody out of a browser in which they signed in before', async () => {
  const user = await somebody();
  const first = await signIn(user.email);
  const device = cookiesOf(first)
    .split('; ')
    .find((cookie) => cookie.startsWith('cadenza-device='))!;
  expect(first.headers.getSetCookie().join()).toMatch(
    /cadenza-device=[^;]+; Max-Age=15552000; Path=\/v1; HttpOnly/,
  );
  for (let n = 0; n < 10; n++) await signIn(user.email, 'wrong');
  expect((await signIn(user.email)).status).toBe(429);
  const back = () => signIn(user.email, PASSWORD, { ...address(), cookie: device });
  expect((await back()).status).toBe(200);
  // Somebody else's device is none, and a known one does not guess for ever.
  const other = await somebody();
  for (let n = 0; n < 10; n++) await signIn(other.email, 'wrong', { ...address(), cookie: device });
  expect((await signIn(other.email, PASSWORD, { ...address(), cookie: device })).status).toBe(429);
  for (let n = 0; n < 10; n++) await signIn(user.email, 'wrong', { ...address(), cookie: device });
  expect((await back()).status).toBe(429);
});

const failuresFrom = (network: string, count: number) =>
  api.db.query('insert into sign_in_failures (key) select $1 from generate_series(1, $2)', [
    tokenHash(`network ${network}`),
    count,
  ]);

test('successes of many people behind one address do not use up its attempts', async () => {
  const { email } = await somebody();
  const office = address();
  await failuresFrom(office['x-forwarded-for'], 49);
  for (let n = 0; n < 2; n++) expect((await signIn(email, PASSWORD, office)).status).toBe(200);
  await signIn(email, 'wrong', office);
  expect((await signIn(email, PASSWORD, office)).status).toBe(429);
});

test('who asks is what a trusted proxy says, and nobody else', async () => {
  const { email } = await somebody();
  await failuresFrom('127.0.0.1', 50);
  expect((await signIn(email)).status).toBe(200);
  const direct = await startApi({ db: api.db });
  try {
    const body = { email, password: PASSWORD };
    expect((await direct.anonymous({ ...HERE, ...address() }).post('/session', body)).status).toBe(429);
  } finally {
    await direct.close();
  }
});

test('a link is for who lost the password: it ends their sessions, and a new one is set without the old', async () => {
  const user = await somebody();
  const stolen = api.anonymous({ ...HERE, cookie: cookiesOf(await signIn(user.email)) });
  expect((await stolen.get('/me')).status).toBe(200);
  const entered = await api
    .anonymous(HERE)
    .post('/session/link', { token: await newSignInLink(api.db, user.id) });
  expect(entered).toMatchObject({ status: 200, body: { hasPassword: false } });
  expect((await stolen.get('/me')).status).toBe(401);
  expect((await signIn(user.email)).status).toBe(401);
  const browser = api.anonymous({ ...HERE, cookie: cookiesOf(entered) });
  const body = { current: null, password: 'another good password' };
  expect((await browser.call('PUT', '/me/password', body)).status).toBe(204);
  expect((await signIn(user.email, body.password)).status).toBe(200);
});

test('signing in ends the session that the browser had, and is written down', async () => {
  const user = await somebody();
  const cookie = cookiesOf(await signIn(user.email));
  const again = await signIn(user.email, PASSWORD, { ...address(), cookie });
  expect((await api.anonymous({ cookie }).get('/me')).status).toBe(401);
  const { body } = await api.anonymous({ cookie: cookiesOf(again) }).get(`/audit?userId=${user.id}`);
  expect(body.items).toMatchObject([{ action: 'session.signIn' }, { action: 'session.signIn' }]);
});

test('what is shown once is not kept readable for repetitions', async () => {
  const admin = await api.signedIn();
  const make = () =>
    admin.post('/me/api-keys', { name: 'k', scopes: ['leads:read'] }, { 'idempotency-key': 'once' });
  const { secret } = (await make()).body;
  expect((await make()).body.secret).toBe(secret);
  const { rows } = await api.db.query('select * from idempotency_keys');
  expect(JSON.stringify(rows)).not.toContain(secret.slice(4));
  await api.db.query(`update idempotency_keys set body = '{"kept":"before"}' where key = 'once'`);
  expect((await make()).body).toEqual({ kept: 'before' });
});

test('who is refused is limited, too', async () => {
  const headers = { ...address(), authorization: 'Bearer cdz_guessed' };
  const statuses = new Set<number>();
  for (let round = 0; round < 25; round++)
    for (const { status } of await Promise.all(
      Array.from({ length: 50 }, () => api.anonymous(headers).get('/nowhere')),
    ))
      statuses.add(status);
  expect(statuses).toEqual(new Set([401, 429]));
});
