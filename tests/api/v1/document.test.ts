/** The OpenAPI document: that it is one (OpenAPI 3.1), and that it says what the server does. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { apiDocument } from '../../../api/v1/index.ts';
import { setTime, TUESDAY } from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

const ajv = new Ajv2020({ strict: false });

/** The objects of OpenAPI 3.1 as far as the document has any, with no field that they do not know. */
const schema = z
  .union([z.boolean(), z.record(z.string(), z.unknown())])
  .refine((value) => ajv.validateSchema(value) === true, 'is no JSON Schema 2020-12');
const reference = (kind: string) =>
  z.strictObject({ $ref: z.string().regex(new RegExp(`^#/components/${kind}/[\\w.-]+$`)) });
const content = z.record(z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/), z.strictObject({ schema }));
const header = z.strictObject({
  description: z.string().optional(),
  required: z.boolean().optional(),
  schema,
});
const parameter = z
  .strictObject({
    name: z.string().min(1),
    in: z.enum(['query', 'header', 'path', 'cookie']),
    description: z.string().optional(),
    required: z.boolean().optional(),
    schema,
  })
  .refine((one) => one.in !== 'path' || one.required === true, 'a path parameter is required');
const operation = z.strictObject({
  operationId: z.string().min(1),
  summary: z.string(),
  description: z.string().optional(),
  tags: z.array(z.string()),
  parameters: z.array(parameter).optional(),
  requestBody: z.strictObject({ content, required: z.boolean().optional() }).optional(),
  responses: z.record(
    z.string().regex(/^([1-5]\d\d|[1-5]XX|default)$/),
    z.strictObject({
      description: z.string().min(1),
      headers: z.record(z.string(), reference('headers')),
      content: content.optional(),
    }),
  ),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  'x-roles': z.array(z.string()).optional(),
  'x-scope': z.string().nullable().optional(),
});
const documentSchema = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  servers: z.array(z.strictObject({ url: z.string() })).optional(),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'put', 'post', 'delete', 'patch', 'head', 'options']), operation),
  ),
  components: z.strictObject({
    schemas: z.record(z.string().regex(/^[\w.-]+$/), schema),
    headers: z.record(z.string(), header),
    securitySchemes: z.record(
      z.string(),
      z.strictObject({
        type: z.enum(['http', 'apiKey']),
        scheme: z.string().optional(),
        in: z.string().optional(),
        name: z.string().optional(),
      }),
    ),
  }),
  security: z.array(z.record(z.string(), z.array(z.string()))),
});

const document = documentSchema.parse(await apiDocument());
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, one]) => ({ path, method, ...one })),
);

let api: TestApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  await setTime(api.db, TUESDAY);
  admin = await api.signedIn();
});
afterAll(() => api.close());

test('names of operations and parameters are there once, those of a path are in it, and every reference leads somewhere', () => {
  const ids = operations.map(({ operationId }) => operationId);
  expect(ids.toSorted()).toEqual([...new Set(ids)].toSorted());
  for (const { operationId, path, parameters = [] } of operations) {
    const names = parameters.map((one) => `${one.in} ${one.name}`);
    expect([operationId, names]).toEqual([operationId, [...new Set(names)]]);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `path ${name}`);
    expect([operationId, names.filter((name) => name.startsWith('path ')).toSorted()]).toEqual([
      operationId,
      inPath.toSorted(),
    ]);
  }
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(100);
  for (const [all, kind, name] of references)
    expect([all, Object.hasOwn(document.components[kind as 'schemas' | 'headers'], name!)]).toEqual([
      all,
      true,
    ]);
});

test('an operation without an answer, and a parameter without a name, would be noticed', () => {
  const [first] = operations;
  const { path: _path, method: _method, ...one } = first!;
  expect(operation.safeParse(one).success).toBe(true);
  for (const wrong of [
    { responses: undefined },
    { parameters: [{ in: 'query', schema: {} }] },
    { parameters: [{ name: 'type', in: 'query', schema: 'object' }] },
    { parameters: [{ name: 'type', in: 'query', schema: { type: 'no such' } }] },
  ])
    expect([wrong, operation.safeParse({ ...one, ...wrong }).success]).toEqual([wrong, false]);
});

test('where the identity provider sends people back to has the parameters of OAuth', () => {
  const { parameters } = document.paths['/v1/session/oidc/callback']!.get!;
  expect(parameters!.map(({ name }) => name)).toEqual(['state', 'code', 'error']);
});

test('it is the one that is kept with the documentation, and any key may read it, but nobody else', async () => {
  const kept: unknown = JSON.parse(readFileSync('docs/openapi.json', 'utf8'));
  expect(kept).toEqual(JSON.parse(JSON.stringify(document)));
  const key = await api.withKey({ role: 'rep' }, []);
  expect(await key.get('/openapi.json')).toMatchObject({ status: 200, body: kept });
  expect((await key.get('/me')).body).toMatchObject({ code: 'not_in_scope' });
  expect((await api.anonymous().get('/openapi.json')).status).toBe(401);
});

test('what is no JSON is declared as what it is', async () => {
  const declared = operations.flatMap(({ operationId, responses }) => {
    const [type] = Object.keys(responses['200']?.content ?? {});
    return type === undefined || type === 'application/json' ? [] : [[operationId, type]];
  });
  expect(Object.fromEntries(declared)).toEqual({
    'leads.csv': 'text/csv',
    'imports.rejects': 'text/csv',
    'analytics.summaryCsv': 'text/csv',
    'analytics.attributionCsv': 'text/csv',
    'analytics.journeysCsv': 'text/csv',
    'analytics.forecastCsv': 'text/csv',
    'analytics.experimentsCsv': 'text/csv',
    'me.stream': 'text/event-stream',
    'launches.progress': 'text/event-stream',
    'inbox.raw': 'message/rfc822',
    'inbox.html': 'text/html',
  });
  const { headers } = await admin.get('/leads.csv');
  expect(headers.get('content-type')).toContain('text/csv');
});

test('the headers that an answer comes with are declared', async () => {
  const { components, paths } = document;
  const declared = (path: string, method: 'get' | 'post' | 'put' | 'patch', status: string) =>
    Object.keys(paths[path]![method]!.responses[status]!.headers);
  for (const { responses } of operations)
    for (const { headers } of Object.values(responses)) expect(headers).toHaveProperty('X-Request-Id');
  expect(components.headers).toMatchObject({ RequestId: { required: true } });

  const key = { 'idempotency-key': 'twice' };
  const add = () => {
    const sender = {
      channel: 'call',
      provider: 'manual',
      name: 'Rosa',
      timeZone: 'UTC',
      address: '+4915112345678',
    };
    return admin.post('/senders', sender, key);
  };
  const first = await add();
  const added = await add();
  expect([first.status, added.status]).toEqual([201, 201]);
  expect(added.headers.get('idempotency-replayed')).toBe('true');
  expect(declared('/v1/senders', 'post', '201')).toEqual(['X-Request-Id', 'ETag', 'Idempotency-Replayed']);
  const read = await admin.get(`/senders/${added.body.id}`);
  expect(read.headers.get('etag')).toMatch(/^".+"$/);
  expect(first.headers.get('etag')).toBe(read.headers.get('etag'));
  expect(declared('/v1/senders/{id}', 'get', '200')).toEqual(['X-Request-Id', 'ETag']);
  expect(declared('/v1/senders/{id}', 'patch', '200')).toContain('ETag');
  expect(declared('/v1/senders', 'get', '200')).toEqual(['X-Request-Id']);
  expect(declared('/v1/senders', 'get', '4XX')).toEqual(['X-Request-Id', 'Retry-After']);
  // Nobody is known yet whose keys these would be.
  expect(declared('/v1/session', 'post', '200')).not.toContain('Idempotency-Replayed');
});

test('a body that may be left out is said to be, and is taken as {}', async () => {
  const optional = operations.filter(({ requestBody }) => requestBody?.required === false);
  expect(optional.map(({ operationId }) => operationId)).toContain('leads.pause');
  const id = '00000000-0000-4000-8000-000000000000';
  for (const { method, path, requestBody } of operations) {
    if (method !== 'post' || !requestBody || path.startsWith('/v1/session')) continue;
    const address = path
      .slice('/v1'.length)
      .replace('{name}', 'hello')
      .replace(/\{\w+\}/g, id);
    const { body } = await admin.post(address);
    const isMissing = body.detail === 'The body is missing.';
    expect([path, isMissing]).toEqual([path, requestBody.required]);
  }
});
