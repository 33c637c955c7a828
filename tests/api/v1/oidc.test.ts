/** The whole dance with a real OpenID provider on this machine. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Provider } from 'oidc-provider';
import { addUser } from '../../../db/access/users.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
let provider: Server;
let issuer: string;
/** Who signs in at the provider, and what it says of their email. */
let account = { email: 'deniz@acme.test', verified: true };

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
  provider.on('request', (request, response) => void answer(request, response));
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

test('whoever is not known, or whose email is not verified, or is disabled, stays outside', async () => {
  for (const other of [
    { email: 'stranger@acme.test', verified: true },
    { email: 'deniz@acme.test', verified: false },
  ]) {
    account = other;
    const { answer, jar } = await signIn();
    expect(answer.headers.get('location')).toBe('/sign-in?error=unknown_user');
    expect((await jar.go(`${api.url}/v1/me`)).status).toBe(401);
  }
  account = { email: 'deniz@acme.test', verified: true };
});

test('another state, another browser, and a code used twice do not come in', async () => {
  const { jar, back } = await signIn();
  // The same code again: the cookie is used up, and so is the code.
  expect((await jar.go(back)).headers.get('location')).toBe('/sign-in?error=other');
  const other = new Jar();
  const begun = await other.go(`${api.url}/v1/session/oidc`);
  const fresh = await atProvider(other, next(begun, api.url));
  const forged = new URL(fresh);
  forged.searchParams.set('state', 'forged');
  expect((await new Jar().go(fresh)).headers.get('location')).toBe('/sign-in?error=other');
  expect((await other.go(forged.href)).headers.get('location')).toBe('/sign-in?error=other');
});
