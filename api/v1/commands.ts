/** What holds for every command: it counts once by its Idempotency-Key, and it is written down who gave it. */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { audit } from '../../db/access/audit.ts';
import { beginIdempotent, endIdempotent } from '../../db/access/idempotency.ts';
import type { Secrets } from '../../common/crypto.ts';
import type { Api } from './contract.ts';
import type { ApiDeps } from './deps.ts';
import { HttpProblem } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set while this request is the first with its key. */
    idempotent: { readonly principal: string; readonly key: string } | null;
    /** What the command was about, where its address does not say. */
    auditTarget: string | null;
  }
}

const isCommand = ({ method }: FastifyRequest) =>
  method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';

/** Hooks for the scope. They come after who asks is known. */
export function commandHooks(app: Api, { db, secrets }: Pick<ApiDeps, 'db' | 'secrets'>): void {
  app.decorateRequest('idempotent', null);
  app.decorateRequest('auditTarget', null);

  app.addHook('preHandler', async (request, reply) => {
    const key = request.headers['idempotency-key'];
    const principal = principalName(request);
    if (request.method !== 'POST' || key === undefined || principal === null) return;
    if (typeof key !== 'string' || key.length > 200 || key === '')
      throw new HttpProblem(400, 'bad_idempotency_key', 'Idempotency-Key has 1 to 200 characters.');
    const fingerprint = createHash('sha256')
      .update(`${request.method} ${request.url}\n${JSON.stringify(request.body ?? null)}`)
      .digest();
    const begun = await beginIdempotent(db, { principal, key, fingerprint });
    switch (begun.kind) {
      case 'first':
        request.idempotent = { principal, key };
        return;
      case 'under_way':
        throw new HttpProblem(
          409,
          'under_way',
          'The first request with this Idempotency-Key is still under way.',
          1,
        );
      case 'other_request':
        throw new HttpProblem(422, 'key_reused', 'This Idempotency-Key belongs to another request.');
      case 'answered':
        await replay(reply, begun.status, opened(begun.body, secrets));
    }
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const { idempotent, principalOrNull: principal } = request;
    const status = reply.statusCode;
    if (idempotent) {
      // Answers may hold what is shown once: API keys, links, secrets of webhooks.
      const body = typeof payload === 'string' ? secrets.encrypt(payload) : '';
      await endIdempotent(db, { ...idempotent, status, body });
      request.idempotent = null;
    }
    const operation = request.routeOptions.schema?.operationId;
    if (
      principal &&
      operation &&
      isCommand(request) &&
      !isRehearsal(request) &&
      status < 400 &&
      !reply.hasHeader('idempotency-replayed')
    ) {
      const { user, apiKeyId } = principal;
      await audit(db, {
        userId: user.id,
        who: `${user.name} <${user.email}>`,
        apiKeyId,
        action: operation,
        target: request.auditTarget ?? targetOf(request.params),
        requestId: request.id,
      });
    }
    return payload;
  });
}

/** What only says what would be: nothing was carried out. */
const isRehearsal = ({ body }: FastifyRequest): boolean =>
  typeof body === 'object' && body !== null && 'dryRun' in body && body.dryRun === true;

function targetOf(params: unknown): string | null {
  const [first] = Object.values((params ?? {}) as Record<string, unknown>);
  return typeof first === 'string' ? first.slice(0, 200) : null;
}

function principalName({ principalOrNull: principal }: FastifyRequest): string | null {
  if (!principal) return null;
  return principal.apiKeyId ? `key ${principal.apiKeyId}` : `user ${principal.user.id}`;
}

/** The answer as it was sent. */
function opened(body: string, secrets: Secrets): string {
  // Otherwise empty, or kept by a version that did not encrypt.
  return body.startsWith('v1.') ? secrets.decrypt(body) : body;
}

async function replay(reply: FastifyReply, status: number, body: string): Promise<void> {
  await reply
    .code(status)
    .header('idempotency-replayed', 'true')
    .type(status >= 400 ? 'application/problem+json' : 'application/json')
    .serializer((text: unknown) => String(text))
    .send(body);
}
