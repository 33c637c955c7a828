/** What waits for whoever is signed in, and when that changes. */
import { z } from 'zod';
import { deskCounts } from '../../../db/desk.ts';
import { everybody, principalOf, principalStill } from '../access/principal.ts';
import { sightOf } from '../access/sight.ts';
import type { Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { createDeskStream } from '../desk-stream.ts';

export function deskRoutes(app: Api, { db }: ApiDeps): void {
  const stream = createDeskStream(db);
  app.addHook('preClose', async () => stream.close());

  app.get('/me/counts', {
    schema: {
      operationId: 'me.counts',
      tags: ['Access'],
      summary: 'What waits for one; no number goes beyond 1,000',
      response: {
        200: z.object({
          tasksDue: z.int(),
          tasksOpen: z.int(),
          waiting: z.int().describe('Messages that wait for an answer'),
        }),
      },
    },
    config: { access: everybody('tasks:read') },
    handler: async (request) => deskCounts(db, sightOf(principalOf(request))),
  });

  app.get('/stream', {
    schema: {
      operationId: 'me.stream',
      tags: ['Access'],
      summary: 'Server-sent events: `tasks`, `inbox` and `counts`, each when what one sees of it changed',
      produces: ['text/event-stream'],
      response: { 200: z.string().describe('Server-sent events, until either side ends them') },
    },
    config: { access: everybody('tasks:read') },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const look = async () => {
        const still = await principalStill(db, request);
        return still && sightOf(still);
      };
      const { raw } = reply;
      reply.hijack();
      raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-request-id': request.id,
      });
      if (!stream.join({ response: raw, look, userId: principal.user.id, sight: sightOf(principal) }))
        // Browsers try again by themselves, less often.
        raw.end('retry: 60000\n\n');
    },
  });
}
