import { createServer } from 'node:net';
import type { AddressInfo, LookupFunction } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { checkCallbackUrl, isPublicAddress, UrlRefusedError } from '../../../common/network.ts';
import { createOutboundHttp } from '../../../providers/crm/outbound.ts';
import { createWebhookSteps } from '../../../providers/crm/webhook-step.ts';
import { startReceiver } from '../../support/crm-receiver.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function receiver(...args: Parameters<typeof startReceiver>) {
  const started = await startReceiver(...args);
  closing.push(started.close);
  return started;
}

function outbound(options: Parameters<typeof createOutboundHttp>[0]) {
  const http = createOutboundHttp(options);
  closing.push(http.close);
  return http;
}

const POST = { body: '{}', headers: {} };

test.each([
  ['127.0.0.1', false],
  ['10.1.2.3', false],
  ['172.16.0.1', false],
  ['192.168.1.1', false],
  ['169.254.169.254', false],
  ['100.64.0.1', false],
  ['0.0.0.0', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['192.0.2.1', false],
  ['198.18.0.1', false],
  ['240.0.0.1', false],
  ['::1', false],
  ['::', false],
  ['fe80::1', false],
  ['fc00::1', false],
  ['fd12:3456::1', false],
  ['ff02::1', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:a00:1', false],
  ['64:ff9b::7f00:1', false],
  ['2002:7f00:1::', false],
  ['2001:db8::1', false],
  ['::127.0.0.1', false],
  ['4000::1', false],
  ['not an address', false],
  ['8.8.8.8', true],
  ['172.32.0.1', true],
  ['::ffff:8.8.8.8', true],
  ['2606:4700::1111', true],
])('%s is public: %s', (address, expected) => expect(isPublicAddress(address)).toBe(expected));

test('addresses for callbacks are checked when they are given', () => {
  const strict = { allowPrivate: false };
  expect(checkCallbackUrl('https://crm.example.com/a?b=c', strict).href).toBe(
    'https://crm.example.com/a?b=c',
  );
  for (const url of [
    'crm.example.com',
    'ftp://crm.example.com',
    'file:///etc/passwd',
    'http://crm.example.com/',
    'https://u:p@crm.example.com/',
    'https://crm.example.com/#x',
    'https://localhost/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://169.254.169.254/latest/meta-data',
    '',
  ]) {
    expect(() => checkCallbackUrl(url, strict)).toThrow(UrlRefusedError);
  }
  expect(checkCallbackUrl('http://127.0.0.1:8080/', { allowPrivate: true }).port).toBe('8080');
  expect(() => checkCallbackUrl('javascript:alert(1)', { allowPrivate: true })).toThrow(UrlRefusedError);
});

test('promise 9: a private address is refused at connection time, literal or by name', async () => {
  const crm = await receiver();
  const http = outbound({ allowPrivate: false });
  for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0x7f000001', 'localhost', '0.0.0.0']) {
    const result = await http.post({ ...POST, url: `http://${host}:${crm.port}/hook` });
    expect(result).toMatchObject({ kind: 'failed', code: 'private_address', handedOver: false });
    expect(await http.post({ ...POST, url: `https://${host}:${crm.port}/hook` })).toMatchObject({
      code: 'private_address',
    });
  }
  expect(crm.posts).toHaveLength(0);
});

test('promise 9: a name that was public when it was looked at and then turns inwards is refused, also beside public ones', async () => {
  const crm = await receiver();
  const answers = [['93.184.216.34'], ['127.0.0.1'], ['93.184.216.34', '127.0.0.1'], ['::ffff:127.0.0.1']];
  let asked = 0;
  const rebinding: LookupFunction = (_name, options, callback) => {
    const found = answers[asked++ % answers.length]!.map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    if (options.all) callback(null, found);
    else callback(null, found[0]!.address, found[0]!.family);
  };
  // What a check before the request would have seen.
  rebinding('crm.example.com', { all: true }, () => undefined);
  const http = outbound({ allowPrivate: false, lookup: rebinding });
  for (let turn = 0; turn < 3; turn++) {
    expect(await http.post({ ...POST, url: `http://crm.example.com:${crm.port}/hook` })).toMatchObject({
      kind: 'failed',
      code: 'private_address',
    });
  }
  expect(asked).toBe(4);
  expect(crm.posts).toHaveLength(0);
  const open = outbound({
    allowPrivate: true,
    lookup: (_name, options, callback) =>
      options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4),
  });
  expect(await open.post({ ...POST, url: `http://crm.example.com:${crm.port}/hook` })).toMatchObject({
    kind: 'answered',
    status: 204,
  });
});

test('redirects and proxies are not followed, and a long or endless answer does not hold anybody up', async () => {
  const crm = await receiver(({ body }) => {
    const how = (body as unknown as { how: string }).how;
    if (how === 'redirect') return { status: 302, headers: { location: 'http://127.0.0.1:1/' } };
    if (how === 'long') return { status: 200, body: 'x'.repeat(1_000_000) };
    if (how === 'endless') return (res) => void res.writeHead(200).write('start');
    return () => undefined;
  });
  const http = outbound({ allowPrivate: true, timeoutMs: 400 });
  process.env.HTTP_PROXY = process.env.http_proxy = 'http://127.0.0.1:1';
  closing.push(() => {
    delete process.env.HTTP_PROXY;
    delete process.env.http_proxy;
  });
  const post = (how: string) => http.post({ url: crm.url, headers: {}, body: JSON.stringify({ how }) });
  expect(await post('redirect')).toMatchObject({ kind: 'answered', status: 302 });
  const long = await post('long');
  expect(long).toMatchObject({ kind: 'answered', status: 200 });
  expect(long.kind === 'answered' && long.body.length).toBe(300);
  expect(await post('endless')).toMatchObject({ kind: 'answered', status: 200, body: 'start' });
  expect(await post('silent')).toMatchObject({ kind: 'failed', code: 'timeout', handedOver: true });
});

test('promise 1: a webhook step tells refused, failed and unknown apart', async () => {
  let answer: Parameters<typeof startReceiver>[0] = () => 204;
  const crm = await receiver((post) => answer!(post));
  const steps = createWebhookSteps({
    http: outbound({ allowPrivate: true, timeoutMs: 300 }),
    allowPrivate: true,
  });
  const post = (next: typeof answer) => {
    answer = next;
    return steps.post(crm.url, { name: 'Ada' }, 'touch-1');
  };
  expect(await post(() => 201)).toEqual({ kind: 'sent', providerId: null });
  expect(crm.posts[0]).toMatchObject({ id: 'touch-1', body: { name: 'Ada' } });
  expect(await post(() => ({ status: 429, headers: { 'retry-after': '7' } }))).toMatchObject({
    kind: 'later',
    code: 'http_429',
    retryAfterMs: 7000,
  });
  expect(await post(() => 503)).toMatchObject({ kind: 'later', retryAfterMs: 60_000 });
  expect(await post(() => ({ status: 400, body: 'bad name' }))).toMatchObject({
    kind: 'failed',
    code: 'http_400',
    detail: 'bad name',
  });
  expect(await post(() => 301)).toMatchObject({ kind: 'failed', code: 'http_301' });
  expect(await post(() => 504)).toMatchObject({ kind: 'unknown', code: 'http_504' });
  expect(await post(() => () => undefined)).toMatchObject({ kind: 'unknown', code: 'timeout' });
  expect(await post(() => (res) => void res.destroy())).toMatchObject({
    kind: 'unknown',
    code: 'econnreset',
  });
});

test('promise 1: what never reached the receiver may be tried again', async () => {
  const gone = await startReceiver();
  await gone.close();
  // Takes the connection and never speaks TLS.
  const mute = createServer(() => undefined);
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  closing.push(() => mute.close());
  const http = outbound({ allowPrivate: true, timeoutMs: 300 });
  const steps = createWebhookSteps({ http, allowPrivate: true });
  expect(await steps.post(gone.url, {}, 't')).toMatchObject({ kind: 'later', code: 'econnrefused' });
  expect(
    await steps.post(`https://127.0.0.1:${(mute.address() as AddressInfo).port}/`, {}, 't'),
  ).toMatchObject({ kind: 'later', code: 'timeout' });
  expect(await steps.post('nonsense', {}, 't')).toMatchObject({ kind: 'failed', code: 'bad_url' });
  const strict = createWebhookSteps({ http: outbound({ allowPrivate: false }), allowPrivate: false });
  expect(await strict.post('http://crm.example.com', {}, 't')).toMatchObject({
    kind: 'failed',
    code: 'bad_url',
  });
  const inward = createWebhookSteps({
    http: outbound({
      allowPrivate: false,
      lookup: (_name, _options, callback) => callback(null, [{ address: '10.0.0.1', family: 4 }]),
    }),
    allowPrivate: false,
  });
  expect(await inward.post('https://crm.example.com', {}, 't')).toMatchObject({
    kind: 'failed',
    code: 'private_address',
  });
});

test('a connection that was closed while it lay idle is not held against a receiver that knows repetitions, and promise 1: nothing else is posted twice', async () => {
  let first = true;
  const crm = await receiver((post) => {
    if (!post.id.startsWith('cut') || !first) return 200;
    first = false;
    return (res) => void res.destroy();
  });
  const http = outbound({ allowPrivate: true });
  const post = (id: string, repeatable: boolean) =>
    http.post({ url: crm.url, body: '{}', headers: { 'webhook-id': id }, repeatable });
  expect(await post('warm up', true)).toMatchObject({ kind: 'answered' });
  expect(await post('cut', true)).toMatchObject({ kind: 'answered', status: 200 });
  first = true;
  expect(await post('warm up', false)).toMatchObject({ kind: 'answered' });
  expect(await post('cut once', false)).toMatchObject({
    kind: 'failed',
    code: 'econnreset',
    handedOver: true,
  });
  expect(crm.posts.map((one) => one.id)).toEqual(['warm up', 'cut', 'cut', 'warm up', 'cut once']);
});
