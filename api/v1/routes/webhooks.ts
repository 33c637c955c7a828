/** Where callbacks go, what was delivered there, and other systems that tell events. */
import { z } from 'zod';
import { CALLBACK_TYPES } from '../../../db/callback-schemas.ts';
import { deliveryLog, replay } from '../../../db/deliveries.ts';
import {
  addEndpoint,
  changeTypes,
  disableEndpoint,
  enableEndpoint,
  listEndpoints,
  removeEndpoint,
  rotateSecret,
} from '../../../db/endpoints.ts';
import { addSource, listSources, removeSource, rotateSource, toldEvents } from '../../../db/event-sources.ts';
import { admins } from '../access/principal.ts';
import { byId, instant, listOf, nothing, page, pageOf, paging, placeOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';

const endpointSchema = z
  .object({
    id: z.uuid(),
    url: z.string(),
    types: listOf(z.string()).describe('Empty: every type'),
    createdAt: instant,
    heldUntil: instant.nullable().describe('Until when nothing is sent after it could not be reached'),
    holdReason: z.string().nullable(),
    disabledAt: instant.nullable(),
    disabledReason: z.string().nullable(),
    pending: z.int(),
    parked: z.int(),
    secrets: z.int().describe('How many are valid: two during a rotation'),
  })
  .meta({ id: 'Endpoint' });

const deliverySchema = z
  .object({
    id: z.int(),
    eventId: z.string(),
    type: z.string(),
    leadId: z.uuid(),
    seq: z.int(),
    state: z.enum(['pending', 'delivered', 'parked']),
    attempts: z.int(),
    lastStatus: z.int().nullable(),
    lastError: z.string().nullable(),
    recordedAt: instant,
    deliveredAt: instant.nullable(),
  })
  .meta({ id: 'Delivery' });

const types = z.array(z.enum(CALLBACK_TYPES)).max(CALLBACK_TYPES.length).describe('Empty: every type');
const withSecret = z.object({ secret: z.string().describe('Shown this once') });
const name = z.object({ name: z.string().max(100) });

export function webhookRoutes(app: Api, deps: ApiDeps): void {
  endpoints(app, deps);
  sources(app, deps);
}

function endpoints(app: Api, { db, secrets, config, wake }: ApiDeps): void {
  const read = { access: admins('webhooks:read') };
  const write = { access: admins('webhooks:write') };

  app.get('/webhooks', {
    schema: {
      operationId: 'webhooks.list',
      tags: ['Webhooks'],
      summary: 'Where callbacks go',
      response: { 200: z.object({ items: listOf(endpointSchema) }) },
    },
    config: read,
    handler: async () => ({ items: await listEndpoints(db) }),
  });

  app.post('/webhooks', {
    schema: {
      operationId: 'webhooks.add',
      tags: ['Webhooks'],
      summary: 'Post callbacks to an address, from now on',
      body: z.object({
        url: z.string().min(1).max(2000),
        types: types.default([]),
      }),
      response: { 201: withSecret.extend({ id: z.uuid() }) },
    },
    config: write,
    handler: async (request, reply) => {
      const added = await addEndpoint(db, secrets, request.body, {
        allowPrivate: config.allowPrivateEndpoints,
      });
      request.auditTarget = added.id;
      wake({ endpoints: [added.id] });
      return reply.code(201).send(added);
    },
  });

  app.post('/webhooks/:id/types', {
    schema: {
      operationId: 'webhooks.change',
      tags: ['Webhooks'],
      summary: 'Change which callbacks go to an endpoint from now on; another address is another endpoint',
      params: byId,
      body: z.strictObject({ types }),
      response: { 204: nothing },
    },
    config: write,
    handler: async (request, reply) => {
      await changeTypes(db, request.params.id, request.body.types);
      return reply.code(204).send(null);
    },
  });

  app.get('/webhooks/:id/deliveries', {
    schema: {
      operationId: 'webhooks.deliveries',
      tags: ['Webhooks'],
      summary: 'What was delivered to an endpoint and what was not, the newest first',
      params: byId,
      querystring: z.object({
        ...paging,
        state: z.enum(['pending', 'delivered', 'parked']).optional(),
        leadId: z.uuid().optional(),
      }),
      response: { 200: pageOf(deliverySchema) },
    },
    config: read,
    handler: async (request) => {
      const { cursor, limit, state, leadId } = request.query;
      const place = placeOf('webhooks.deliveries', cursor, z.tuple([z.int()]));
      const rows = await deliveryLog(db, request.params.id, {
        state,
        leadId,
        limit: limit + 1,
        behind: place?.[0],
      });
      return page('webhooks.deliveries', rows, limit, ({ id }) => [id]);
    },
  });

  app.post('/webhooks/:id/replay', {
    schema: {
      operationId: 'webhooks.replay',
      tags: ['Webhooks'],
      summary: 'Send callbacks once more, under their old ids',
      params: byId,
      body: z.union([
        z.strictObject({ parked: z.literal(true).describe('Those that the endpoint refused') }),
        z.strictObject({ since: instant }),
        z.strictObject({ eventId: z.string().min(1).max(100) }),
      ]),
      response: { 200: z.object({ replayed: z.int() }) },
    },
    config: write,
    handler: async (request) => {
      const replayed = await replay(db, request.params.id, request.body);
      wake({ endpoints: [request.params.id] });
      return { replayed };
    },
  });

  app.post('/webhooks/:id/rotate', {
    schema: {
      operationId: 'webhooks.rotate',
      tags: ['Webhooks'],
      summary: 'Give an endpoint a new secret; the one before stays valid for a while',
      params: byId,
      body: z.object({ overlapHours: z.number().min(0).max(720).default(24) }),
      response: { 200: withSecret },
    },
    config: write,
    handler: async (request) =>
      rotateSecret(db, secrets, request.params.id, Math.round(request.body.overlapHours * 3_600_000)),
  });

  const changes = [
    ['enable', 'Send there again, beginning with what was pending', enableEndpoint],
    ['disable', 'Send nothing there', disableEndpoint],
  ] as const;
  for (const [verb, summary, change] of changes)
    app.post(`/webhooks/:id/${verb}`, {
      schema: {
        operationId: `webhooks.${verb}`,
        tags: ['Webhooks'],
        summary,
        params: byId,
        response: { 204: nothing },
      },
      config: write,
      handler: async (request, reply) => {
        await change(db, request.params.id);
        wake({ endpoints: [request.params.id] });
        return reply.code(204).send(null);
      },
    });

  app.delete('/webhooks/:id', {
    schema: {
      operationId: 'webhooks.remove',
      tags: ['Webhooks'],
      summary: 'Remove an endpoint with its log',
      params: byId,
      response: { 204: nothing },
    },
    config: write,
    handler: async (request, reply) => {
      await removeEndpoint(db, request.params.id);
      wake({ endpoints: [request.params.id] });
      return reply.code(204).send(null);
    },
  });
}

function sources(app: Api, { db, secrets, config }: ApiDeps): void {
  const read = { access: admins('webhooks:read') };
  const write = { access: admins('webhooks:write') };
  const urlOf = (source: string) => `${config.publicUrl}/hooks/events/${source}`;
  const sourceSchema = z.object({ name: z.string(), url: z.string(), createdAt: instant, secrets: z.int() });

  app.get('/sources', {
    schema: {
      operationId: 'sources.list',
      tags: ['Webhooks'],
      summary: 'Other systems that tell what leads did',
      response: { 200: z.object({ items: listOf(sourceSchema) }) },
    },
    config: read,
    handler: async () => ({
      items: (await listSources(db)).map((source) => ({ ...source, url: urlOf(source.name) })),
    }),
  });

  app.post('/sources', {
    schema: {
      operationId: 'sources.add',
      tags: ['Webhooks'],
      summary: 'Let another system tell events, signed as Standard Webhooks say',
      body: name,
      response: { 201: withSecret.extend({ name: z.string(), url: z.string() }) },
    },
    config: write,
    handler: async (request, reply) => {
      const added = await addSource(db, secrets, request.body.name);
      request.auditTarget = request.body.name;
      return reply.code(201).send({ ...added, name: request.body.name, url: urlOf(request.body.name) });
    },
  });

  app.get('/sources/events', {
    schema: {
      operationId: 'sources.events',
      tags: ['Webhooks'],
      summary: 'What was told and what came of it, the newest first',
      querystring: z.object({ ...paging, source: z.string().max(100).optional() }),
      response: {
        200: pageOf(
          z.object({
            id: z.int(),
            source: z.string(),
            event: z.string(),
            at: instant,
            leadId: z.uuid().nullable(),
            state: z.string(),
            result: z.string().nullable(),
            error: z.string().nullable(),
          }),
        ),
      },
    },
    config: read,
    handler: async (request) => {
      const { source = null, cursor, limit } = request.query;
      const before = placeOf('sources.events', cursor, z.tuple([z.int()]))?.[0] ?? null;
      return page(
        'sources.events',
        await toldEvents(db, { source, before, limit: limit + 1 }),
        limit,
        ({ id }) => [id],
      );
    },
  });

  app.post('/sources/:name/rotate', {
    schema: {
      operationId: 'sources.rotate',
      tags: ['Webhooks'],
      summary: 'Give a source a new secret; the one before is accepted for another day',
      params: name,
      response: { 200: withSecret },
    },
    config: write,
    handler: async (request) => rotateSource(db, secrets, request.params.name),
  });

  app.delete('/sources/:name', {
    schema: {
      operationId: 'sources.remove',
      tags: ['Webhooks'],
      summary: 'Take nothing more from a source',
      params: name,
      response: { 204: nothing },
    },
    config: write,
    handler: async (request, reply) => {
      await removeSource(db, request.params.name);
      return reply.code(204).send(null);
    },
  });
}
