import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { preview } from '../../api/operations/preview.ts';
import { createServer, type ServerDeps } from '../../api/server.ts';
import { trackingUrls } from '../../api/tracking-urls.ts';
import { createUnsubscribeTokens } from '../../common/crypto.ts';
import { createLogger } from '../../common/log.ts';
import { createTrackingTokens } from '../../common/tracking-tokens.ts';
import { parseSequence } from '../../sequences/language/index.ts';
import { lead } from '../sequences/language/support.ts';

const tokens = createTrackingTokens([randomBytes(32)]);
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(receive?: NonNullable<ServerDeps['tracking']>['receive']) {
  const lines: string[] = [];
  const app = createServer({
    tokens: createUnsubscribeTokens([randomBytes(32)]),
    log: createLogger({ destination: { write: (line) => void lines.push(line) } }),
    unsubscribe: async () => {},
    preferences: async () => ({ open: [], stoppedByText: false }),
    choose: async () => ({ open: [], stoppedByText: false }),
    ...(receive && { tracking: { tokens, receive } }),
    checks: {},
  });
  closing.push(() => app.close());
  const base = await app.listen({ port: 0, host: '127.0.0.1' });
  return { lines, urls: trackingUrls(`${base}/`, tokens) };
}

const get = (url: string) => fetch(url, { redirect: 'manual' });

test('an address is led to as it was written, in the spelling that a header can carry', async () => {
  const { urls } = await serve(async () => 'https://bücher.test/straße?q=a b#ü\u{1F600}');
  const answer = await get(urls.click(randomUUID(), 0));
  expect(answer.status).toBe(302);
  expect(answer.headers.get('location')).toBe(
    'https://xn--bcher-kva.test/stra%C3%9Fe?q=a%20b#%C3%BC%F0%9F%98%80',
  );
});

test('when nothing can be stored the image is there all the same, and a link asks to come back; no token is logged', async () => {
  const { lines, urls } = await serve(() => Promise.reject(new Error('no database')));
  const touchId = randomUUID();
  const image = await get(urls.open(touchId));
  expect([image.status, image.headers.get('content-type')]).toEqual([200, 'image/gif']);
  const link = await get(urls.click(touchId, 0));
  expect(link.status).toBe(503);
  expect(await link.text()).not.toContain('database');
  expect(lines.join('')).toContain('an open could not be stored');
  expect(lines.join('')).not.toContain(tokens.signOpen(touchId).slice(-20));
  expect(lines.join('')).not.toContain(tokens.signClick(touchId, 0).slice(-20));
});

test('without tracking there is no such address', async () => {
  const { urls } = await serve();
  expect((await get(urls.open(randomUUID()))).status).toBe(404);
  expect((await get(urls.click(randomUUID(), 0))).status).toBe(404);
});

test('a preview shows the links as they were written', () => {
  const source =
    'name: x\ntracking: { opens: true, clicks: true }\nsteps:\n  - email: { subject: Hi, body: "[a](https://a.test/)" }\n';
  const [message] = preview({
    sequences: [parseSequence(source, 'x.yaml')],
    lead: lead(),
    senders: [],
    unsubscribeUrl: 'https://go.test/u/preview',
  });
  expect(message!.rendered!.html).toContain('<a href="https://a.test/">a</a>');
  expect(message!.rendered!.html).not.toMatch(/\/t\/|<img/);
});
