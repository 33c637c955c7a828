/** The OpenAPI document: what the swagger plugin makes of the routes, with who may use each and what holds for every answer. */
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import type { Access } from './access/principal.ts';
import type { Api } from './contract.ts';
import { takesNoBody } from './validate.ts';

interface Answer {
  readonly content?: Readonly<Record<string, { readonly schema?: unknown }>>;
  readonly headers?: object;
}
interface Operation {
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, Answer>>;
  readonly security?: readonly unknown[];
  /** What `describeRoute` tells this file only. */
  readonly 'x-body-optional'?: boolean;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;
interface Document extends Readonly<Record<string, unknown>> {
  readonly paths: Paths;
  readonly components: {
    readonly schemas: Readonly<Record<string, unknown>>;
    readonly [kind: string]: unknown;
  };
}

const text = (description: string) => ({ type: 'string', description });
const IDEMPOTENCY_KEY = {
  properties: {
    'Idempotency-Key': text('The same one again within a day does nothing (1 to 200 characters)'),
  },
};
const IF_MATCH = {
  properties: { 'If-Match': text('The ETag of the version that is changed, or * for whatever there is') },
  required: ['If-Match'],
};
/** Changes of what people edit: nobody overwrites unseen what another one wrote. */
const EDITS = /^(PUT|PATCH) \/v1\/(?!me\b)|^DELETE \/v1\/sequences\/:name\/draft$/;

/** Headers of answers, by the name under which the document has them. */
const HEADERS = {
  RequestId: {
    name: 'X-Request-Id',
    header: {
      description: 'Names the request in the log, in the audit and in problems (`instance`)',
      required: true,
      schema: { type: 'string' },
    },
  },
  ETag: {
    name: 'ETag',
    header: {
      description:
        'The version that was read or written, for If-Match of a change; not when the answer is replayed',
      schema: { type: 'string' },
    },
  },
  IdempotencyReplayed: {
    name: 'Idempotency-Replayed',
    header: {
      description: 'Only when this is the answer to an earlier request with the same Idempotency-Key',
      schema: { type: 'string', const: 'true' },
    },
  },
  RetryAfter: {
    name: 'Retry-After',
    header: {
      description:
        'Seconds until it is worth trying again: with every 429, and where else it is known (409 `under_way`, 503 `too_many_streams`)',
      schema: { type: 'integer', minimum: 1 },
    },
  },
} as const;
type Header = keyof typeof HEADERS;

/** A route as the document says it, with who may use it and the headers that it takes. */
export const describeRoute: typeof jsonSchemaTransform = (document) => {
  const described = jsonSchemaTransform(document);
  const { method, config } = document.route;
  const { access } = (config ?? {}) as { access?: Access | 'anyone' };
  const isOpen = access === 'anyone' || !access;
  const who = isOpen ? { security: [] } : { 'x-roles': access.roles, 'x-scope': access.scope };
  const taken =
    method === 'POST' && !isOpen
      ? IDEMPOTENCY_KEY
      : EDITS.test(`${String(method)} ${document.url}`)
        ? IF_MATCH
        : null;
  const headers = taken && { headers: { type: 'object', ...taken } };
  const body = takesNoBody(method, document.schema?.body) && { 'x-body-optional': true };
  return { ...described, schema: { ...described.schema, ...who, ...headers, ...body } };
};

/** The OpenAPI document of the routes that are registered. */
export const openApi = (app: Api): Readonly<Record<string, unknown>> =>
  onlyUsedSchemas(withHeaders(app.swagger() as unknown as Document));

/** The document with the headers of answers, and with bodies that may be left out said to be. */
function withHeaders({ paths, components, ...document }: Document): Document {
  const told = Object.entries(paths).map(([path, methods]) => [
    path,
    Object.fromEntries(
      Object.entries(methods).map(([method, operation]) => {
        const { 'x-body-optional': isOptional, ...rest } = operation;
        const responses = Object.entries(operation.responses).map(([status, answer]) => [
          status,
          { ...answer, headers: headersOf(paths, path, method, status) },
        ]);
        return [
          method,
          {
            ...rest,
            ...(isOptional && { requestBody: { ...rest.requestBody, required: false } }),
            responses: Object.fromEntries(responses),
          },
        ];
      }),
    ),
  ]);
  const headers = Object.entries(HEADERS).map(([name, { header }]) => [name, header]);
  return {
    ...document,
    components: { ...components, headers: Object.fromEntries(headers) },
    paths: Object.fromEntries(told),
  };
}

function headersOf(paths: Paths, path: string, method: string, status: string): object {
  const names: Header[] = ['RequestId'];
  if (status.startsWith('2') && isVersioned(paths, path, method)) names.push('ETag');
  if (method === 'post' && paths[path]![method]!.security === undefined && status !== '5XX')
    names.push('IdempotencyReplayed');
  if (/^[45]/.test(status)) names.push('RetryAfter');
  return Object.fromEntries(
    names.map((name) => [HEADERS[name].name, { $ref: `#/components/headers/${name}` }]),
  );
}

/** Whether an operation answers with what people edit: it is read or changed where it is edited, or made as what is read there. */
function isVersioned(paths: Paths, path: string, method: string): boolean {
  const isEdited = (there: string) => {
    const { put, patch } = paths[there] ?? {};
    return (put ?? patch) !== undefined && !there.startsWith('/v1/me');
  };
  if (method !== 'post') return method !== 'delete' && isEdited(path);
  const body = (operation: Operation | undefined, status: string) =>
    JSON.stringify(operation?.responses[status]?.content);
  const item = `${path}/{id}`;
  return isEdited(item) && body(paths[path]!.post, '201') === body(paths[item]!.get, '200');
}

/** The document without the component schemas that nothing in it leads to: each is made for bodies and for answers, and most serve one. */
function onlyUsedSchemas(document: Document): Document {
  const { schemas, ...components } = document.components;
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      const name = key === '$ref' ? String(inner).split('/').at(-1)! : null;
      if (name === null) visit(inner);
      else if (!used.has(name)) {
        used.add(name);
        visit(schemas[name]);
      }
    }
  };
  visit({ ...document, components });
  const left = Object.entries(schemas).filter(([name]) => used.has(name));
  return { ...document, components: { ...components, schemas: Object.fromEntries(left) } };
}
