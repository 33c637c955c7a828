/** The whole dance with a real OpenID provider on this machine. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Provider } from 'oidc-provider';
import { createSecrets } from '../../../common/crypto.ts';
import { addUser } from '../../../db/access/users.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
let provider: Server;
let issuer: string;
/** Who signs in at the provider, and what it says of their email. */
let account = { email: 'deniz@acme.test', verified: true };
/** How often codes were exchanged at the provider. */
let exchanges = 0;
let away: 'no' | 'silent' | 'busy' = 'no';
/** As the server's. */
const secrets = createSecrets([{ id: 'test', key: Buffer.alloc(32, 1) }]);

beforeAll(async () => {
  provider = createServer();
  await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done));
  issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  // The provider has to know where people come back to before the server has its port.
  const reserved = createServer();
  await new Promise<void>((done) => reserved.listen(0, '127.0.0.1', done));
  const { port } = reserved.address() as AddressInfo;
  await new Promise<void>((done) => void reserved.close(() => done()));
  const publicUrl = `http://127.0.0.1:${port}`;
  // It warns at length of what a provider for people would need.
  jest.spyOn(console, 'warn').mockImplementation(() => {});
  jest.spyOn(console, 'info').mockImplementation(() => {});
  const oidc = new Provider(issuer, {
    clients: [
      {
        client_id: 'cadenza',
        client_secret: 'a secret of the two',
        redirect_uris: [`${publicUrl}/v1/session/oidc/callback`],
      },
    ],
    claims: { email: ['email', 'email_verified'], profile: ['name'] },
    pkce: { required: () => true },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: account.email, email_verified: account.verified }),
    }),
  });
  const answer = oidc.callback();
  provider.on('request', (request, response) => {
    if (request.url?.startsWith('/token')) exchanges++;
    if (away === 'silent') return void request.socket.destroy();
    if (away === 'busy') return void response.writeHead(503).end();
    void answer(request, response);
  });
  api = await startApi(
    {
      config: {
        publicUrl,
        allowPrivateEndpoints: true,
        rawMailDays: 30,
        oidc: { issuer, clientId: 'cadenza', clientSecret: 'a secret of the two', name: 'Acme' },
      },
    },
    { port },
  );
  await addUser(api.db, { email: 'deniz@acme.test', name: 'Deniz', role: 'rep' });
});
afterAll(async () => {
  await api?.close();
  provider.closeAllConnections();
  await new Promise<void>((done) => void provider.close(() => done()));
});

/** A browser: cookies by host, redirects by hand. */
class Jar {
  readonly #cookies = new Map<string, Map<string, string>>();
  /** What it would send to the server, to be looked at and changed. */
  get ours(): Map<string, string> {
    return this.#cookies.get(new URL(api.url).host)!;
  }
  async go(url: string, init: RequestInit = {}): Promise<Response> {
    const { host } = new URL(url);
    const own = this.#cookies.get(host) ?? new Map<string, string>();
    this.#cookies.set(host, own);
    const answer = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...init.headers, cookie: [...own].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (value === '') own.delete(name!);
      else own.set(name!, value!);
    }
    return answer;
  }
}

const next = (answer: Response, base: string) => new URL(answer.headers.get('location')!, base).href;

/** Signs in at the provider and gives its consent; answers the address that it sends back to. */
async function atProvider(jar: Jar, from: string): Promise<string> {
  let url = from;
  for (let hop = 0; hop < 12; hop++) {
    if (url.startsWith(api.url)) return url;
    const answer = await jar.go(url);
    if (answer.status >= 300 && answer.status < 400) {
      url = next(answer, url);
      continue;
    }
    // Its own sign-in and consent pages.
    const html = await answer.text();
    const prompt = /name="prompt" value="(\w+)"/.exec(html)![1]!;
    const action = /action="([^"]+)"/.exec(html)![1]!;
    const posted = await jar.go(new URL(action, url).href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ prompt, login: 'someone', password: 'any' }).toString(),
    });
    url = next(posted, url);
  }
  throw new Error('the provider never sent back');
}

async function signIn(to = '/leads?q=ada'): Promise<{ answer: Response; jar: Jar; back: string }> {
  const jar = new Jar();
  const begun = await jar.go(`${api.url}/v1/session/oidc?to=${encodeURIComponent(to)}`);
  const back = await atProvider(jar, next(begun, api.url));
  return { answer: await jar.go(back), jar, back };
}

test('somebody who is known comes in and lands where they wanted to', async () => {
  expect(await (await fetch(`${api.url}/v1/session/methods`)).json()).toEqual({
    password: true,
    oidc: { name: 'Acme' },
  });
  const { answer, jar } = await signIn();
  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/leads?q=ada']);
  const me = await jar.go(`${api.url}/v1/me`);
  expect(await me.json()).toMatchObject({ email: 'deniz@acme.test', role: 'rep' });
});

test('a link cannot lead elsewhere afterwards', async () => {
  for (const to of ['https://evil.example', '//evil.example', '/\\evil.example']) {
    const { answer } = await signIn(to);
    expect(answer.headers.get('location')).toBe('/today');
  }
});

const refused = (why: string) => `/sign-in?error=${why}`;
/** Goes to the provider and signs in there, but does not come back yet. */
async function underWay(): Promise<{ jar: Jar; back: string }> {
  const jar = new Jar();
  const begun = await jar.go(`${api.url}/v1/session/oidc`);
  return { jar, back: await atProvider(jar, next(begun, api.url)) };
}

test('whoever is not known, or whose email is not verified, or is disabled, stays outside', async () => {
  await addUser(api.db, { email: 'gone@acme.test', name: 'Gone', role: 'rep' });
  await api.db.query(`update users set disabled_at = clock_timestamp() where email = 'gone@acme.test'`);
  for (const [email, verified, why] of [
    ['stranger@acme.test', true, 'unknown_user'],
    ['deniz@acme.test', false, 'unverified_email'],
    ['gone@acme.test', true, 'disabled_user'],
  ] as const) {
    account = { email, verified };
    const { answer, jar } = await signIn();
    expect(answer.headers.get('location')).toBe(refused(why));
    expect((await jar.go(`${api.url}/v1/me`)).status).toBe(401);
  }
  account = { email: 'deniz@acme.test', verified: true };
});

test('another state, another browser and a way that took too long do not come in, and no code is exchanged', async () => {
  const before = exchanges;
  const forged = await underWay();
  const address = new URL(forged.back);
  address.searchParams.set('state', 'forged');
  expect((await forged.jar.go(address.href)).headers.get('location')).toBe(refused('expired'));
  const other = await underWay();
  expect((await new Jar().go(other.back)).headers.get('location')).toBe(refused('expired'));
  const late = await underWay();
  const cookie = JSON.parse(secrets.decrypt(decodeURIComponent(late.jar.ours.get('cadenza-oidc')!)));
  late.jar.ours.set(
    'cadenza-oidc',
    encodeURIComponent(secrets.encrypt(JSON.stringify({ ...cookie, until: 1 }))),
  );
  expect((await late.jar.go(late.back)).headers.get('location')).toBe(refused('expired'));
  expect(exchanges).toBe(before);
});

test('another nonce does not come in', async () => {
  const { jar, back } = await underWay();
  const cookie = JSON.parse(secrets.decrypt(decodeURIComponent(jar.ours.get('cadenza-oidc')!)));
  jar.ours.set(
    'cadenza-oidc',
    encodeURIComponent(secrets.encrypt(JSON.stringify({ ...cookie, nonce: 'another' }))),
  );
  expect((await jar.go(back)).headers.get('location')).toBe(refused('other'));
  expect(api.lines.join('')).toMatch(/unexpected ID Token \\?"nonce\\?" claim value/);
  expect((await jar.go(`${api.url}/v1/me`)).status).toBe(401);
});

test('a return is used once: the second is refused before the code is exchanged, with a copy of the cookie too', async () => {
  const { jar, back } = await underWay();
  const copy = jar.ours.get('cadenza-oidc')!;
  expect((await jar.go(back)).headers.get('location')).toBe('/today');
  expect(jar.ours.has('cadenza-oidc')).toBe(false);
  const before = exchanges;
  expect((await jar.go(back)).headers.get('location')).toBe(refused('expired'));
  jar.ours.set('cadenza-oidc', copy);
  expect((await jar.go(back)).headers.get('location')).toBe(refused('expired'));
  expect(exchanges).toBe(before);
  const { rows } = await api.db.query(
    `select key from idempotency_keys where principal = 'oidc' and key = $1`,
    [new URL(back).searchParams.get('state')],
  );
  expect(rows).toHaveLength(1);
});

test.each(['silent', 'busy'] as const)('a provider that is away (%s) is said to be', async (how) => {
  const { jar, back } = await underWay();
  away = how;
  try {
    expect((await jar.go(back)).headers.get('location')).toBe(refused('provider_away'));
    const fresh = await startApi({
      config: {
        publicUrl: api.url,
        allowPrivateEndpoints: true,
        rawMailDays: 30,
        oidc: { issuer, clientId: 'cadenza', clientSecret: 'a secret of the two', name: 'Acme' },
      },
    });
    const go = () => fetch(`${fresh.url}/v1/session/oidc`, { redirect: 'manual' });
    expect((await go()).headers.get('location')).toBe(refused('provider_away'));
    away = 'no';
    expect((await go()).headers.get('location')).toContain(issuer);
    await fresh.close();
  } finally {
    away = 'no';
  }
});
