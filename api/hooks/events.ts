import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { toldEventSchema } from '../../sequences/outside/told.ts';
import type { HookDeps } from './deps.ts';

type Hook = FastifyRequest<{ Params: { source: string } }>;

/**
 * What other systems tell of leads, signed as Standard Webhooks say (standardwebhooks.com): `webhook-id`, `webhook-timestamp` no
 * more than five minutes off, `webhook-signature`.
 */
export function eventHooks(app: FastifyInstance, deps: HookDeps): void {
  app.post('/events/:source', async (request: Hook, reply) => {
    const { source } = request.params;
    const secrets = await deps.sourceSecrets(source);
    if (!secrets) return reply.code(404).send();
    const body = typeof request.body === 'string' ? request.body : '';
    if (!secrets.some((secret) => isGenuine(secret, body, request))) return reply.code(401).send();
    const parsed = toldEventSchema.safeParse(jsonOf(body));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const field = issue?.path.join('.') || 'body';
      return reply.code(400).send({ error: `${field}: ${issue?.message ?? 'invalid'}` });
    }
    const { type, at } = parsed.data;
    await deps.store({
      source: 'events',
      kind: type,
      dedupeKey: `events:${source}:${String(request.headers['webhook-id'])}`,
      payload: parsed.data,
      at: at === undefined ? undefined : Date.parse(at),
    });
    return reply.code(202).send();
  });
}

function isGenuine(secret: string, body: string, { headers }: Hook): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>, { jsonParse: false });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
