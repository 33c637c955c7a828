/** The server under requests that its own document describes, and some that it does not: no 5xx, no answer outside its schema. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { apiDocument } from '../../../api/v1/index.ts';
import { requestOf, type JsonSchema } from './arbitrary-request.ts';
import { makeSender } from '../../support/factories.ts';
import { makeMessage, makeTask } from './desk-support.ts';
import { startApi, type Client, type TestApi } from './support.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: JsonSchema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: JsonSchema }>> };
  readonly responses: Readonly<
    Record<string, { content?: Readonly<Record<string, { schema?: JsonSchema }>>; headers: object }>
  >;
}

const document = (await apiDocument()) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema> };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    operation,
  })),
);
const ajv = new Ajv2020({ strict: false, allErrors: false });
formats.default(ajv);
ajv.addSchema({ $id: 'api', components: document.components });
const withRefs = (schema: JsonSchema) =>
  JSON.parse(JSON.stringify(schema).replaceAll('#/components/', 'api#/components/')) as JsonSchema;

// They never end by themselves, or end what the others use.
const LEFT_OUT = /stream|progress|session\.signOut|me\.setPassword|oidc/i;

let api: TestApi;
let clients: Client[];
/** Ids that exist, so that requests meet something. */
let ids: string[];
beforeAll(async () => {
  api = await startApi();
  clients = [await api.signedIn(), await api.withKey(), await api.signedIn({ role: 'rep' })];
  ids = [...clients.map(({ user }) => user.id), ...(await someLife())];
});
afterAll(() => api.close());

/** A little of everything, so that answers are more than refusals; its ids. */
async function someLife(): Promise<string[]> {
  const { db } = api;
  const { rows: clock } = await db.query<{ now: Date }>('select business_now() as now');
  const now = clock[0]!.now.getTime();
  const task = await makeTask(db, { dueAt: now, firstName: 'Fuzz' });
  await makeMessage(db, {
    leadId: task.leadId,
    at: now,
    raw: 'From: a@lead.example\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n',
  });
  await makeSender(db);
  await db.query(
    `insert into lead_events (lead_id, type, channel, at) values ($1, 'clicked', 'email', business_now())`,
    [task.leadId],
  );
  const { rows } = await db.query<{ id: string }>(
    `select id from leads union all select id from enrollments union all select id from launches union all select id from tasks
     union all select id from messages union all select id from touches union all select id from senders
     union all select id from sequence_versions`,
  );
  return rows.map(({ id }) => id);
}

const RUNS = 25;

test.each(operations.filter(({ id }) => !LEFT_OUT.test(id)))(
  '$id answers within its schema, whatever it is asked',
  async ({ method, path, operation }) => {
    const responses = new Map(
      Object.entries(operation.responses).map(([status, { content = {}, headers }]) => {
        const [type = null] = Object.keys(content);
        const schema = type === null ? undefined : content[type]!.schema;
        return [
          status,
          { type, isTagged: 'ETag' in headers, fits: schema ? ajv.compile(withRefs(schema)) : null },
        ];
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        requestOf(operation, document.components.schemas, () => [...ids, randomUUID()]),
        fc.nat(clients.length - 1),
        async ({ params, query, body }, who) => {
          const url = path
            .replace(/^\/v1/, '')
            .replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])) || '%20');
          const answer = await clients[who]!.call(
            method,
            `${url}${query}`,
            method === 'GET' ? undefined : body,
            { 'if-match': '*' },
          );
          if (answer.status >= 500)
            throw new Error(`${answer.status}: ${JSON.stringify(answer.body)} ${api.lines.at(-1)}`);
          const status = String(answer.status);
          const exact = responses.get(responses.has(status) ? status : `${status[0]}XX`);
          if (exact === undefined) throw new Error(`${answer.status} is not in the document`);
          const { type, isTagged, fits } = exact;
          if (fits && !fits(answer.body))
            throw new Error(`${JSON.stringify(answer.body)}: ${ajv.errorsText(fits.errors)}`);
          expect(answer.headers.get('content-type')?.split(';')[0] ?? null).toBe(type);
          expect(answer.headers.has('etag')).toBe(isTagged);
        },
      ),
      { numRuns: RUNS, interruptAfterTimeLimit: 20_000 },
    );
    expect(responses.size).toBeGreaterThan(0);
  },
  60_000,
);
