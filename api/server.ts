import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, {
  LogController,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { UnsubscribeTokens } from '../common/crypto.ts';
import type { Logger } from '../common/log.ts';
import type { HookDeps } from './hooks/deps.ts';
import { hookRoutes } from './hooks/hooks.ts';
import type { ApiDeps } from './v1/deps.ts';
import { registerApi } from './v1/index.ts';
import { HttpProblem, problemOf, sendProblem } from './v1/problem.ts';
import { CONTACT_CHANNELS, type ContactChannel } from '../sequences/lead.ts';
import type { Preferences } from '../db/preferences.ts';
import { CHOICE, PAGE_HEADERS, renderPage } from './pages/page.ts';
import type { PageName } from './pages/texts.ts';
import { trackingRoutes, type TrackingDeps } from './tracking.ts';
import { unbuiltRoutes, webRoutes } from './web.ts';

export interface ServerDeps {
  readonly tokens: UnsubscribeTokens;
  readonly log: Logger;
  /** IP addresses and networks of the proxies whose X-Forwarded-For says who asks; none: whoever connects is who asks. */
  readonly trustedProxies?: readonly string[];
  /**
   * Records that the lead of this touch unsubscribed. Called again for each repetition, so it must be idempotent; a touch that is no
   * longer there (its lead was erased, and so is suppressed) is no error.
   */
  readonly unsubscribe: (touchId: string) => Promise<void>;
  /** By which channels the lead of this touch may be contacted; none when it is no longer there. Changes nothing. */
  readonly preferences: (touchId: string) => Promise<Preferences>;
  /** Records by which channels the lead of this touch wants to be contacted, and answers what holds then. */
  readonly choose: (touchId: string, wanted: readonly ContactChannel[]) => Promise<Preferences>;
  /** What providers tell; without it there is no such address. */
  readonly hooks?: HookDeps;
  /** Tracked links and images; without it there is no such address. */
  readonly tracking?: TrackingDeps;
  /** The API below `/v1`; without it there is none. */
  readonly api?: ApiDeps;
  /** The folder of the built web app; null: it is not built, and its addresses say so; without it there is none. */
  readonly web?: string | null;
  /** What `/readyz` asks, by name (`database`, `temporal`); each throws when it cannot be reached. */
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  /** Wall ms after which a check counts as failed. */
  readonly checkTimeoutMs?: number;
}

const BODY_LIMIT = 16 * 1024;
/** Characters of one part of a path. */
const MAX_PARAMETER = 300;

/**
 * The HTTP server: the web app, the API (`/v1`), one-click unsubscribe and the choice of channels (`/u/:token`, GET asks and POST acts), what
 * providers tell (`/hooks/…`), tracked links and images (`/t/…`), `/healthz` and `/readyz`; anything else is a 404.
 * Sets no cookies and logs no tokens. The caller listens and closes.
 */
export function createServer(deps: ServerDeps): FastifyInstance {
  const app = Fastify({
    loggerInstance: deps.log as FastifyInstance['log'],
    // The paths of unsubscribe and tracked links are tokens.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: deps.trustedProxies?.length ? [...deps.trustedProxies] : false,
    clientErrorHandler: refuseBytes,
    requestTimeout: 15_000,
    routerOptions: { maxParamLength: MAX_PARAMETER },
    // Addresses that the router itself refuses reach no scope, and so no scope's error handler.
    frameworkErrors: (error, request, reply) => void refuseAddress(error, request, reply),
  });

  // Only our own form is read: whoever else posts to a token wants out, in whatever format a mail client says so.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  );
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null, undefined));

  app.setNotFoundHandler((request, reply) => page(request, reply, 404, 'unknown'));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode && error.statusCode < 500 ? error.statusCode : 503;
    if (status === 503) deps.log.error({ err: error, route: request.routeOptions.url }, 'a request failed');
    return page(request, reply, status, status === 503 ? 'sorry' : 'unknown');
  });

  app.get<{ Params: { token: string } }>('/u/:token', async (request, reply) => {
    const touchId = deps.tokens.verify(request.params.token);
    if (touchId === null) return page(request, reply, 404, 'unknown');
    return page(request, reply, 200, 'ask', await deps.preferences(touchId));
  });
  app.post<{ Params: { token: string } }>('/u/:token', async (request, reply) => {
    const touchId = deps.tokens.verify(request.params.token);
    if (touchId === null) return page(request, reply, 404, 'unknown');
    const wanted = choiceOf(request.body);
    if (wanted && wanted.length > 0) {
      const preferences = await deps.choose(touchId, wanted);
      deps.log.info({ touch: touchId, wanted }, 'channels chosen by link');
      return page(request, reply, 200, preferences.open.length > 0 ? 'chosen' : 'done', preferences);
    }
    await deps.unsubscribe(touchId);
    deps.log.info({ touch: touchId }, 'unsubscribed by link');
    return page(request, reply, 200, 'done');
  });

  if (deps.tracking) trackingRoutes(app, deps.tracking);
  const { hooks } = deps;
  if (hooks) void app.register((scope) => hookRoutes(scope, hooks));
  const { api } = deps;
  if (api) void app.register((scope) => registerApi(scope, api));

  const { web } = deps;
  if (web) void app.register(async (scope) => webRoutes(scope, web));
  else if (web === null) unbuiltRoutes(app);

  app.get('/healthz', async (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ ok: true }),
  );
  app.get('/readyz', async (_request, reply) => {
    const names = Object.keys(deps.checks);
    const results = await Promise.all(names.map((name) => check(name, deps)));
    const ready = results.every((result) => result.ok);
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ ready, checks: Object.fromEntries(names.map((name, index) => [name, results[index]])) });
  });
  return app;
}

function refuseAddress(
  { statusCode = 400 }: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (!request.url.startsWith('/v1/')) return page(request, reply, statusCode, 'unknown');
  const problem =
    statusCode === 414
      ? new HttpProblem(
          414,
          'address_too_long',
          `A part of the address is too long: at most ${MAX_PARAMETER} characters.`,
        )
      : new HttpProblem(400, 'bad_address', 'The address is not written as one: see its % signs.');
  void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
  return sendProblem(problem, request, reply);
}

/** What is no request that HTTP knows, such as headers that never end: the connection is closed. */
function refuseBytes({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const [status, word, detail] =
    code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'headers_too_large', 'The headers are too large: at most 16 KiB.']
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'too_slow', 'The request did not come to its end in time.']
        : [400, 'bad_http', 'This is no HTTP request.'];
  const problem = problemOf(new HttpProblem(Number(status), String(word), String(detail)), randomUUID());
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${problem.instance}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** The channels ticked in our own form; null: it is not our form. */
function choiceOf(body: unknown): readonly ContactChannel[] | null {
  if (!(body instanceof URLSearchParams) || !body.has(CHOICE)) return null;
  return CONTACT_CHANNELS.filter((channel) => body.getAll('channel').includes(channel));
}

function page(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  name: PageName,
  preferences?: Preferences,
): FastifyReply {
  const html = renderPage(name, request.headers['accept-language'], preferences);
  return reply.code(status).headers(PAGE_HEADERS).send(html);
}

async function check(
  name: string,
  { checks, log, checkTimeoutMs = 2_000 }: ServerDeps,
): Promise<{ ok: boolean; ms: number }> {
  const startedAt = performance.now();
  const ms = () => Math.round(performance.now() - startedAt);
  const timer = new AbortController();
  try {
    const late = sleep(checkTimeoutMs, undefined, { signal: timer.signal }).then(() => {
      throw new Error(`no answer within ${checkTimeoutMs} ms`);
    });
    await Promise.race([checks[name]!(), late]);
    return { ok: true, ms: ms() };
  } catch (error) {
    // The reason is for the log: this page is open to everybody.
    log.warn({ check: name, err: error }, 'not ready');
    return { ok: false, ms: ms() };
  } finally {
    timer.abort();
  }
}
