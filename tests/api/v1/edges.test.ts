/** Requests at the edges of what can be read: refused as the caller's, with a problem, whatever they are. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLive } from '../../../api/v1/live.ts';
import { HttpProblem } from '../../../api/v1/problem.ts';
import { createLogger } from '../../../common/log.ts';
import { saveLead } from '../../../db/leads.ts';
import { until } from '../../support/until.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
let id: string;
beforeAll(async () => {
  api = await startApi();
  admin = await api.signedIn();
  id = await saveLead(api.db, { emails: ['a@lead.example'] });
});
afterAll(() => api.close());

const JSON_TYPE = { 'content-type': 'application/json' };

const cursorOf = (place: readonly unknown[]) => Buffer.from(JSON.stringify(place)).toString('base64url');

test.each([
  ['/leads', ['leads.list -createdAt', '9999-99-99 99:99:99+99', randomUUID()]],
  ['/leads?sort=name', ['leads.list name', '\0', randomUUID()]],
  ['/launches', ['launches.list', 'x', randomUUID()]],
  ['/imports', ['imports.list', '2020-999999999999', randomUUID()]],
  ['/sequences', ['sequences.list', '\0']],
  ['/audit', ['audit.list', '1']],
  ['/audit', { of: 'audit.list' } as unknown as string[]],
])('a made-up cursor of %s is the caller’s mistake', async (path, place) => {
  const cursor = cursorOf(place);
  const { status, body } = await admin.get(`${path}${path.includes('?') ? '&' : '?'}cursor=${cursor}`);
  expect([status, body.status]).toEqual([400, 400]);
});

test('a place in one list is none in another', async () => {
  const cursor = cursorOf(['inbox.list', '2026-01-01T00:00:00.000Z', randomUUID()]);
  expect((await admin.get(`/inbox?cursor=${cursor}`)).status).toBe(200);
  expect((await admin.get(`/inbox/messages?cursor=${cursor}`)).body).toMatchObject({
    status: 400,
    code: 'bad_cursor',
  });
});

test.each([
  ['POST', '/launches', { versionId: randomUUID(), audience: { events: true }, dryrun: true }, '"dryRun"'],
  ['POST', '/launches', { versionId: randomUUID(), audience: { leadIds: [randomUUID()], all: 1 } }, '"all"'],
  ['POST', '/leads', { emails: ['b@lead.example'], titel: 'B' }, '"title"'],
  ['POST', '/leads', { consent: { status: 'given', source: null, at: null, by: 'me' } }, '"by"'],
  ['GET', '/leads?owners=ben', undefined, '"owner"'],
] as const)(
  'what a request says and nobody reads is refused: %s %s %j',
  async (method, path, body, named) => {
    const { status, body: problem } = await admin.call(method, path, body);
    expect(status).toBe(400);
    expect(problem.detail).toContain('there is no field');
    expect(problem.detail).toContain(named);
  },
);

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}
interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
}

test('the document says so of every object that requests have', async () => {
  const { paths, components } = (await admin.get('/openapi.json')).body;
  const loose: string[] = [];
  const look = (schema: Schema | undefined, place: string): void => {
    if (!schema) return;
    if (schema.$ref) return look(components.schemas[schema.$ref.split('/').at(-1)!], place);
    if (schema.properties && schema.additionalProperties !== false) loose.push(place);
    for (const [name, one] of Object.entries(schema.properties ?? {})) look(one, `${place}.${name}`);
    look(schema.items, `${place}[]`);
    for (const one of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])])
      look(one, place);
  };
  for (const operations of Object.values<Readonly<Record<string, Operation>>>(paths))
    for (const { operationId, requestBody } of Object.values(operations))
      look(requestBody?.content?.['application/json']?.schema, operationId);
  expect(loose).toEqual([]);
});

test.each([
  ['PUT', '/leads', 'GET, HEAD, POST'],
  ['POST', '/me?x=1', 'GET, HEAD, PATCH'],
  ['PATCH', '/sequences/hello/draft', 'DELETE, GET, HEAD, PUT'],
])('%s %s is told which methods there are', async (method, path, allow) => {
  const { status, headers, body } = await admin.call(method, path, {});
  expect([status, headers.get('allow'), body.code]).toEqual([405, allow, 'method_not_allowed']);
  expect((await admin.call(method, `${path.split('?')[0]}/and/more`, {})).status).toBe(404);
});

const nested = (levels: number) =>
  `{"type":"order.placed","data":{"x":${'['.repeat(levels)}${']'.repeat(levels)}}}`;

test.each([
  ['half a character', '{"type":"order.placed","data":{"x":"\\ud800"}}', 'half a character'],
  ['half a character in a name', '{"type":"order.placed","data":{"\\udfff":1}}', 'half a character'],
  ['NUL', '{"type":"order.placed","data":{"x":"\\u0000"}}', 'NUL'],
  ['deep', nested(60), 'nested deeper than 50 levels'],
  ['very deep', nested(200_000), 'nested deeper than 50 levels'],
])('a body with %s is refused, also with an Idempotency-Key', async (_what, body, why) => {
  for (const headers of [JSON_TYPE, { ...JSON_TYPE, 'idempotency-key': randomUUID() }]) {
    const refused = await admin.post(`/leads/${id}/events`, body, headers);
    expect(refused).toMatchObject({ status: 400, body: { code: 'bad_request' } });
    expect(refused.body.detail).toContain(why);
  }
});

test('whole characters, and what only looks like NUL, are taken', async () => {
  const body = JSON.stringify({ type: 'order.placed', data: { x: '😀', y: 'C:\\u0000', z: [[[[1]]]] } });
  expect((await admin.post(`/leads/${id}/events`, body, JSON_TYPE)).status).toBe(200);
});

test('headers that do not end, and what is no HTTP, are answered as problems', async () => {
  const large = await fetch(`${api.url}/v1/me`, { headers: { 'x-large': 'x'.repeat(20_000) } });
  expect([large.status, large.headers.get('content-type')]).toEqual([431, 'application/problem+json']);
  expect(await large.json()).toMatchObject({ status: 431, code: 'headers_too_large' });
  const { hostname, port } = new URL(api.url);
  const heard = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write('NONSENSE\r\n\r\n'));
    socket.on('data', (part) => (text += String(part))).on('close', () => resolve(text));
  });
  expect(heard).toMatch(/^HTTP\/1\.1 400 [^]*"code":"bad_http"/);
});

test('browsers do not guess what an answer is', async () => {
  expect((await admin.get('/me')).headers.get('x-content-type-options')).toBe('nosniff');
});

test('who follows live is let go when they may no more, and nobody opens more than twenty', async () => {
  const app = Fastify();
  const live = createLive(app, createLogger({ destination: { write: () => {} } }), { beatMs: 50 });
  let may = true;
  app.setErrorHandler((error: Error, _request, reply) => {
    void reply.code(error instanceof HttpProblem ? error.status : 500).send();
  });
  app.get('/:user', (request, reply) => {
    const { user } = request.params as { user: string };
    live.follow(request, reply, {
      topic: 'one',
      look: async () => 1,
      userId: user,
      still: async () => may || user === 'stays',
    });
    return reply;
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const ended: string[] = [];
  const follow = async (user: string) => {
    const answer = await fetch(`${url}/${user}`);
    if (answer.ok) void answer.text().then(() => ended.push(user));
    else await answer.body?.cancel();
    return answer.status;
  };
  for (let n = 0; n < 20; n++) expect(await follow('rosa')).toBe(200);
  expect(await follow('rosa')).toBe(429);
  expect(await follow('stays')).toBe(200);
  expect(ended).toEqual([]);
  may = false;
  await until(async () => ended.length === 20, 'the streams end', 5000);
  expect(ended).not.toContain('stays');
  may = true;
  expect(await follow('rosa')).toBe(200);
  await app.close();
});
