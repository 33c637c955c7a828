/** A CRM that takes callbacks as the Standard Webhooks specification says, and remembers them. */
import type { FastifyInstance } from 'fastify';
import { Webhook } from 'standardwebhooks';
import { type Context, pause, stamp } from './context.ts';

/** Registers `POST /` and `POST /:any`; to be mounted under the CRM's path. */
export function crmRoutes(app: FastifyInstance, context: Context, ownSecret: string): void {
  // Signatures are over the bytes as they came.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: 5_000_000 },
    async (_request: unknown, body: Buffer) => body,
  );

  const take = async (request: {
    body: unknown;
    headers: Record<string, string | string[] | undefined>;
  }): Promise<{ status: number; retryAfter: number | null } | null> => {
    const { crm } = context.conduct.now;
    const { before, after } = context.conduct.latency();
    await pause(context, before);
    const raw = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    );
    const verified = (crm.secrets ?? [ownSecret]).some((secret) => verifies(secret, raw, headers));
    const status = crm.status >= 200 && crm.status < 300 && !verified ? 401 : crm.status;
    const body = parse(raw);
    context.callbacks.append({
      id: headers['webhook-id'] ?? '',
      type: text(body, 'type'),
      touchId: text(body, 'touchId') ?? text(body, 'touch_id'),
      verified,
      accepted: status >= 200 && status < 300 && !crm.hang,
      status: crm.hang ? 0 : status,
      ...stamp(context),
      body,
    });
    await pause(context, after);
    return crm.hang ? null : { status, retryAfter: crm.retryAfterSeconds };
  };

  for (const path of ['/', '/:name']) {
    app.post(path, async (request, reply) => {
      const answer = await take(request);
      if (answer === null) return reply.hijack();
      if (answer.retryAfter !== null) void reply.header('retry-after', String(answer.retryAfter));
      return reply.code(answer.status).send();
    });
  }
}

function verifies(secret: string, raw: string, headers: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(raw, headers);
    return true;
  } catch {
    return false;
  }
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return null;
  }
}

/** A field of the payload, at its top or in its `data`. */
function text(body: unknown, field: string): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const own = (body as Record<string, unknown>)[field];
  if (typeof own === 'string') return own;
  return field === 'data' ? null : text((body as Record<string, unknown>).data, field);
}
