/** The HTTP API, `/v1`: everything that can be done with Cadenza. Who may do what is said at each route. */
import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance } from 'fastify';
import { jsonSchemaTransformObject, serializerCompiler } from 'fastify-type-provider-zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { assertAccess, assertSameOrigin, readPrincipal } from './access/principal.ts';
import { commandHooks } from './commands.ts';
import type { Api } from './contract.ts';
import type { ApiDeps } from './deps.ts';
import { answerElsewhere } from './elsewhere.ts';
import { describeRoute, openApi } from './openapi.ts';
import { HttpProblem, problemSchema, sendProblem } from './problem.ts';
import { ROUTES } from './routes/index.ts';
import { strictly } from './strict.ts';
import { unstorable } from './unstorable.ts';
import { assertMediaType, validatorCompiler } from './validate.ts';

/** Requests a minute, of one user or key, or of one network address that is not signed in. */
const A_MINUTE = 1200;
const BODY_LIMIT = 1024 * 1024;

/** Registers the API's routes below `/v1` in a scope of its own. */
export async function registerApi(root: FastifyInstance, deps: ApiDeps): Promise<void> {
  await root.register(async (scope) => apiScope(typed(scope), deps), { prefix: '/v1' });
}

/** The API as an OpenAPI 3.1 document, without a server or a database. */
export async function apiDocument(): Promise<Readonly<Record<string, unknown>>> {
  const root = Fastify();
  let api: Api | undefined;
  // Nobody is asked anything: routes only take their parts of it.
  const nobody = { config: { publicUrl: '' } } as ApiDeps;
  await root.register(async (scope) => apiScope((api = typed(scope)), nobody), { prefix: '/v1' });
  await root.ready();
  return openApi(api!);
}

const typed = (scope: FastifyInstance) => scope.withTypeProvider<ZodTypeProvider>() as unknown as Api;

async function apiScope(app: Api, deps: ApiDeps): Promise<void> {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(sendProblem);
  app.decorateRequest('principalOrNull', null);
  app.decorateRequest('refusal', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit: BODY_LIMIT }, parseJson);
  app.addContentTypeParser('text/csv', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  await app.register(cookie);
  app.addHook('onRoute', (route) => {
    // A HEAD route is made of its GET.
    if (!route.config?.access)
      throw new Error(`${String(route.method)} ${route.url} does not say who may use it`);
    const problem = {
      description: 'A problem',
      content: { 'application/problem+json': { schema: problemSchema } },
    };
    const schema = (route.schema ??= {});
    for (const part of ['body', 'querystring'] as const)
      if (schema[part] instanceof z.ZodType) schema[part] = strictly(schema[part]);
    schema.response = { ...(schema.response as object), '4xx': problem, '5xx': problem };
  });
  app.addHook('onRequest', async (request, reply) => {
    void reply
      .header('x-request-id', request.id)
      .header('cache-control', 'no-store')
      .header('x-content-type-options', 'nosniff');
    // What PostgreSQL cannot store is refused before anybody asks it.
    if (/%00/.test(request.url))
      throw new HttpProblem(400, 'bad_request', 'The address has a NUL character.');
    try {
      request.principalOrNull = await readPrincipal(deps.db, request);
    } catch (error) {
      if (!(error instanceof HttpProblem)) throw error;
      request.refusal = error;
    }
  });

  await app.register(rateLimit, {
    global: false,
    max: A_MINUTE,
    timeWindow: 60_000,
    keyGenerator: (request) => {
      const principal = request.principalOrNull;
      return principal ? (principal.apiKeyId ?? principal.user.id) : request.ip;
    },
    errorResponseBuilder: (_request, { ttl }) =>
      new HttpProblem(429, 'too_many_requests', 'Too many requests: slow down.', Math.ceil(ttl / 1000)),
  });
  // Who is refused counts, too, and nothing of a body is read for who asks too often.
  app.addHook('onRequest', app.rateLimit());
  app.addHook('onRequest', async (request) => {
    if (request.refusal) throw request.refusal;
    const { access } = request.routeOptions.config;
    if (access === 'anyone') assertSameOrigin(request);
    else if (access) assertAccess(request.principalOrNull, access);
    assertMediaType(request);
  });
  commandHooks(app, deps);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Cadenza',
        version: '1',
        description:
          'Everything that Cadenza does. Sign in, or send an API key as `Authorization: Bearer cdz_…`. Errors are problem details (RFC 9457).',
      },
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: 'cadenza' },
        },
      },
      security: [{ key: [] }, { session: [] }],
    },
    transform: describeRoute,
    transformObject: jsonSchemaTransformObject,
  });
  answerElsewhere(app);
  for (const routes of ROUTES) routes(app, deps);
}

function parseJson(
  _request: unknown,
  body: string | Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  const text = String(body);
  if (text === '') return done(null, undefined);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return done(new HttpProblem(400, 'bad_json', `The body is no JSON: ${(error as Error).message}.`));
  }
  const why = unstorable(value);
  done(why === null ? null : new HttpProblem(400, 'bad_request', `The body ${why}.`), value);
}
