/** Filters of the list of leads that somebody gave a name; nobody else sees them. */
import { z } from 'zod';
import { keepLeadView, listLeadViews, removeLeadView } from '../../../db/access/lead-views.ts';
import { everybody, principalOf } from '../access/principal.ts';
import { byId, listOf, nothing, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';

const filters = z.record(
  z.string().regex(/^[a-zA-Z]{1,40}$/, 'is not the name of a filter'),
  z.string().max(300),
);
const view = z
  .object({
    id: z.uuid(),
    name: z.string(),
    filters: filters.describe(
      'As the query of `leads.list` has them; `q` goes when somebody whom it names is erased',
    ),
  })
  .meta({ id: 'LeadView' });

export function leadViewRoutes(app: Api, { db }: ApiDeps): void {
  app.get('/me/lead-views', {
    schema: {
      operationId: 'leadViews.list',
      tags: ['Leads'],
      summary: 'One’s own views of leads; at most 100',
      response: { 200: z.object({ items: listOf(view) }) },
    },
    config: { access: everybody(null) },
    handler: async (request) => ({ items: await listLeadViews(db, principalOf(request).user.id) }),
  });

  app.post('/me/lead-views', {
    schema: {
      operationId: 'leadViews.keep',
      tags: ['Leads'],
      summary: 'Keep filters under a name, in the place of those that had it',
      body: z.object({ name: z.string().trim().min(1).max(60), filters }),
      response: { 201: view },
    },
    config: { access: everybody(null) },
    handler: async (request, reply) =>
      reply.code(201).send(await keepLeadView(db, principalOf(request).user.id, request.body)),
  });

  app.delete('/me/lead-views/:id', {
    schema: {
      operationId: 'leadViews.remove',
      tags: ['Leads'],
      summary: 'Remove one of one’s own views',
      params: byId,
      response: { 204: nothing },
    },
    config: { access: everybody(null) },
    handler: async (request, reply) => {
      await removeLeadView(db, principalOf(request).user.id, request.params.id);
      return reply.code(204).send(null);
    },
  });
}
