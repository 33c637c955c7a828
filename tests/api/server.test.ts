import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { createServer, type ServerDeps } from '../../api/server.ts';
import { unsubscribeUrl } from '../../api/unsubscribe-url.ts';
import { createUnsubscribeTokens } from '../../common/crypto.ts';
import { createLogger } from '../../common/log.ts';

const tokens = createUnsubscribeTokens([randomBytes(32)]);
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(deps: Partial<ServerDeps> = {}) {
  const gone: string[] = [];
  const chosen: (readonly string[])[] = [];
  const lines: string[] = [];
  const app = createServer({
    tokens,
    log: createLogger({ destination: { write: (line) => void lines.push(line) } }),
    unsubscribe: async (touchId) => void gone.push(touchId),
    preferences: async () => ({ open: ['email', 'call'], stoppedByText: false }),
    choose: async (_touchId, wanted) => {
      chosen.push(wanted);
      return { open: wanted, stoppedByText: wanted.includes('call') };
    },
    checks: {},
    ...deps,
  });
  closing.push(() => app.close());
  const base = await app.listen({ port: 0, host: '127.0.0.1' });
  return { base, gone, chosen, lines, link: unsubscribeUrl(`${base}/`, tokens) };
}

const ONE_CLICK = 'List-Unsubscribe=One-Click';

test('promise 3: a mail client unsubscribes with one POST (RFC 8058), urlencoded or multipart, as often as it likes', async () => {
  const { gone, link, lines } = await serve();
  const touchId = randomUUID();
  const form = new FormData();
  form.set('List-Unsubscribe', 'One-Click');
  for (const body of [new URLSearchParams(ONE_CLICK), form, ONE_CLICK, undefined]) {
    const answer = await fetch(link(touchId), {
      method: 'POST',
      ...(body !== undefined && { body }),
      redirect: 'error',
    });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('You are unsubscribed');
    expect(answer.headers.get('set-cookie')).toBeNull();
  }
  expect(gone).toEqual([touchId, touchId, touchId, touchId]);
  expect(lines.join('')).not.toContain(link(touchId).slice(-20));
});

test('promise 3: GET and HEAD ask and never act, since link checkers follow every link', async () => {
  const { gone, link } = await serve();
  const url = link(randomUUID());
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  const html = await answer.text();
  expect(html).toContain('<form method="post">');
  expect(html).toContain('name="List-Unsubscribe" value="One-Click"');
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
  expect(gone).toEqual([]);
  const headers = Object.fromEntries(answer.headers);
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['set-cookie']).toBeUndefined();
});

test('the page speaks the language of the reader', async () => {
  const { link } = await serve();
  const html = async (language: string) =>
    (await fetch(link(randomUUID()), { headers: { 'accept-language': language } })).text();
  expect(await html('tr-TR,tr;q=0.9,en;q=0.8')).toContain('<html lang="tr">');
  expect(await html('nl, en;q=0.5, de;q=0.7')).toContain('<html lang="de">');
  expect(await html('nl')).toContain('<html lang="en">');
  for (const language of ['en', 'de', 'fr', 'es', 'pt', 'it', 'tr']) {
    const page = await html(language);
    expect(page).toContain(`<html lang="${language}">`);
    expect(page).not.toContain('undefined');
    expect(page.match(/<label>/g)).toHaveLength(5);
  }
  expect(await html(';;q=,'.repeat(100))).toContain('<html lang="en">');
});

test('our own form narrows instead of ending everything; without a tick it ends everything', async () => {
  const { gone, chosen, link } = await serve();
  const url = link(randomUUID());
  const asked = await (await fetch(url)).text();
  expect(asked.match(/value="(\w+)" checked/g)).toEqual(['value="email" checked', 'value="call" checked']);
  const post = async (body: string) =>
    (await fetch(url, { method: 'POST', body: new URLSearchParams(body) })).text();
  const saved = await post('choice=save&channel=sms&channel=fax&channel=email');
  expect(chosen).toEqual([['email', 'sms']]);
  expect(saved).toContain('<li>Email</li><li>Text message (SMS)</li>');
  expect(saved).not.toContain('START');
  expect(await post('choice=save&channel=call')).toContain('answer START');
  expect(gone).toEqual([]);
  expect(await post('choice=save')).toContain('You are unsubscribed');
  // A mail client's request stays one, whatever else it says.
  await post('channel=email&List-Unsubscribe=One-Click');
  expect(gone).toHaveLength(2);
});

test('forged tokens, other ways in and too long bodies get nothing', async () => {
  const { base, gone, link } = await serve();
  const url = link(randomUUID());
  const changed = url.slice(0, -1) + (url.endsWith('A') ? 'B' : 'A');
  const forged = unsubscribeUrl(base, createUnsubscribeTokens([randomBytes(32)]))(randomUUID());
  for (const bad of [
    changed,
    forged,
    `${base}/u/x`,
    `${base}/u/${'A'.repeat(299)}`,
    `${base}/u/${randomUUID()}`,
    `${url}/more`,
    `${base}/u/`,
  ]) {
    for (const method of ['GET', 'POST']) {
      const answer = await fetch(bad, { method });
      expect(answer.status).toBe(404);
      expect(await answer.text()).toContain('Page not found');
    }
  }
  for (const path of ['/', '/metrics', '/u', '/.env']) expect((await fetch(base + path)).status).toBe(404);
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(404);
  expect((await fetch(url, { method: 'POST', body: 'x'.repeat(20_000) })).status).toBe(413);
  expect(gone).toEqual([]);
});

test('when it cannot be recorded the reader is told so, without the reason', async () => {
  const { link, lines } = await serve({
    unsubscribe: async () => {
      throw new Error('connection to ada@lead.test refused');
    },
  });
  const answer = await fetch(link(randomUUID()), { method: 'POST' });
  expect(answer.status).toBe(503);
  expect(await answer.text()).not.toContain('refused');
  expect(lines.join('')).toContain('a request failed');
  expect(lines.join('')).not.toContain('ada@lead.test');
});

test('health says that the process is up, readiness what it reaches', async () => {
  const hangs = () => new Promise<void>(() => undefined);
  const up = await serve({ checks: { database: async () => 1, temporal: async () => undefined } });
  expect(await (await fetch(`${up.base}/healthz`)).json()).toEqual({ ok: true });
  const ready = await fetch(`${up.base}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({
    ready: true,
    checks: { database: { ok: true }, temporal: { ok: true } },
  });

  const down = await serve({
    checkTimeoutMs: 50,
    checks: { database: () => Promise.reject(new Error('postgres://u:secret@db')), temporal: hangs },
  });
  const answer = await fetch(`${down.base}/readyz`);
  expect(answer.status).toBe(503);
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({
    ready: false,
    checks: { database: { ok: false }, temporal: { ok: false } },
  });
  expect(text + down.lines.join('')).not.toContain('secret');
  expect((await fetch(`${down.base}/healthz`)).status).toBe(200);
});
