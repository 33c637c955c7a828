import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { unipileArrival } from '../../activities/inbound/arrivals.ts';
import { senderOf, type HookDeps } from './deps.ts';

/** The header that carries the sender's `webhookSecret`; Unipile's v1 sends whatever headers its webhook was created with. */
export const UNIPILE_SECRET_HEADER = 'unipile-auth';

const bodySchema = z.union([
  z.looseObject({ AccountStatus: z.looseObject({ account_id: z.string(), message: z.string() }) }),
  z.looseObject({
    event: z.literal('new_relation'),
    account_id: z.string(),
    user_provider_id: z.string().nullish(),
  }),
  z.looseObject({ message_id: z.string(), account_id: z.string(), event: z.string().nullish() }),
]);

/** What happens on a LinkedIn account: messages, accepted invitations, the account's own state (developer.unipile.com/docs/webhooks-2). */
export function unipileHooks(app: FastifyInstance, deps: HookDeps): void {
  app.post('/unipile/:sender', async (request: FastifyRequest<{ Params: { sender: string } }>, reply) => {
    const sender = await senderOf(deps, request.params.sender, 'unipile');
    if (!sender) return reply.code(404).send();
    const secret = sender.credentials.webhookSecret;
    const given = request.headers[UNIPILE_SECRET_HEADER];
    if (!secret || typeof given !== 'string' || !same(secret, given)) return reply.code(403).send();
    const parsed = bodySchema.safeParse(jsonOf(request.body));
    if (!parsed.success) return reply.code(400).send();
    const body = parsed.data as Record<string, unknown>;
    const { account_id: accountId } = (body.AccountStatus ?? body) as { account_id: string };
    // One address can be given for several accounts; each tells its own sender.
    if (accountId !== sender.settings.accountId) return reply.code(200).send();
    await deps.store({ ...unipileArrival(body), senderId: sender.id });
    return reply.code(200).send();
  });
}

function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    return null;
  }
}

/** In constant time, whatever the lengths. */
function same(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
