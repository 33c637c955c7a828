/**
 * Where providers and other systems tell what came back. Each sender has addresses of its own (`/hooks/<provider>/<sender's id>/…`), so that its own
 * secret vouches for what arrives. What is genuine is stored, then answered; what it means is worked out afterwards.
 */
import type { FastifyInstance } from 'fastify';
import type { HookDeps } from './deps.ts';
import { eventHooks } from './events.ts';
import { twilioHooks } from './twilio.ts';
import { unipileHooks } from './unipile.ts';

/** The largest body that a provider sends: a long message with the names of its attachments. */
const BODY_LIMIT = 256 * 1024;
/** `/hooks/…`, with the body as it came. */
export async function hookRoutes(app: FastifyInstance, deps: HookDeps): Promise<void> {
  await app.register(
    async (scope) => {
      scope.removeAllContentTypeParsers();
      for (const type of ['application/json', 'application/x-www-form-urlencoded'])
        scope.addContentTypeParser(
          type,
          { parseAs: 'string', bodyLimit: BODY_LIMIT },
          (_request, body, done) => done(null, body),
        );
      scope.setNotFoundHandler((_request, reply) => reply.code(404).send());
      scope.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
        const status = error.statusCode && error.statusCode < 500 ? error.statusCode : 503;
        if (status === 503)
          request.log.error({ err: error, route: request.routeOptions.url }, 'a hook failed');
        return reply.code(status).send();
      });
      twilioHooks(scope, deps);
      unipileHooks(scope, deps);
      eventHooks(scope, deps);
    },
    { prefix: '/hooks' },
  );
}
