/** The one thing that a person means by what they type, of those that they see. */
import { z } from 'zod';
import { findLead } from '../../../db/history.ts';
import { requireSeenId } from '../../../db/lookup.ts';
import { everybody, principalOf } from '../access/principal.ts';
import { sightOf } from '../access/sight.ts';
import { byId, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { leadSummary } from './leads.ts';

const BY_ID = [
  ['touch', 'touches.find', '/touches/find', 'Tasks', 'tasks:read'],
  ['task', 'tasks.find', '/tasks/find', 'Tasks', 'tasks:read'],
  ['message', 'inbox.findMessage', '/inbox/messages/find', 'Inbox', 'inbox:read'],
  ['reply', 'inbox.findReply', '/replies/find', 'Inbox', 'inbox:read'],
] as const;

export function findRoutes(app: Api, { db }: ApiDeps): void {
  for (const [what, operationId, path, tag, scope] of BY_ID)
    app.get(path, {
      schema: {
        operationId,
        tags: [tag],
        summary: `The one ${what} whose id begins so; 422 when there are more`,
        querystring: z.object({ id: z.string().min(1).max(36) }),
        response: { 200: byId },
      },
      config: { access: everybody(scope) },
      handler: async (request) => ({
        id: await requireSeenId(db, what, request.query.id, sightOf(principalOf(request))),
      }),
    });

  app.get('/leads/find', {
    schema: {
      operationId: 'leads.find',
      tags: ['Leads'],
      summary:
        'The one lead by id, email, external id, LinkedIn URL or a name that only one has; 422 when there are more',
      querystring: z.object({ lead: z.string().trim().min(1).max(500) }),
      response: { 200: leadSummary },
    },
    config: { access: everybody('leads:read') },
    handler: async (request) => findLead(db, request.query.lead, sightOf(principalOf(request))),
  });
}
