/** Who must never be contacted again. */
import { z } from 'zod';
import { listSuppressions, removeSuppression } from '../../../db/suppression-list.ts';
import { suppress } from '../../../db/suppressions.ts';
import { CONTACT_CHANNELS } from '../../../sequences/lead.ts';
import { emailAddress, phoneNumber } from '../../../sequences/leads/fields.ts';
import { admins, managers, principalOf } from '../access/principal.ts';
import { byId, instant, nothing, page, pageOf, paging, placeOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problem.ts';
import { sendingSchema } from './steering.ts';

const channel = z.enum(CONTACT_CHANNELS).nullable();
const suppressionSchema = z
  .object({
    id: z.uuid(),
    kind: z.enum(['email', 'phone', 'linkedin', 'external', 'domain']),
    channel: channel.describe('null: every channel'),
    reason: z.string(),
    at: instant,
    wished: z.boolean().describe('By the person’s own wish, or erased: nobody else takes it back'),
  })
  .meta({ id: 'Suppression', description: 'Whom it concerns is kept as a keyed hash only' });

const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;
const PARSERS = {
  email: emailAddress,
  phone: (text: string) => phoneNumber(text, null),
  domain: (text: string) => {
    const domain = text.trim().toLowerCase();
    return DOMAIN.test(domain) ? domain : null;
  },
} as const;

export function suppressionRoutes(app: Api, { db, hashIdentity, wake }: ApiDeps): void {
  app.get('/suppressions', {
    schema: {
      operationId: 'suppressions.list',
      tags: ['Leads'],
      summary: 'What is suppressed, the newest first; `value` finds an address, number or domain exactly',
      querystring: z.object({
        ...paging,
        value: z.string().trim().min(1).max(320).optional(),
        reason: z.string().max(100).optional(),
      }),
      response: { 200: pageOf(suppressionSchema) },
    },
    config: { access: managers('leads:read') },
    handler: async (request) => {
      const { cursor, limit, value = null, reason = null } = request.query;
      const after = placeOf(
        'suppressions.list',
        cursor,
        z.tuple([z.string().regex(/^\d{4}-[\d :.+-]{10,40}$/), z.uuid()]),
      );
      const rows = await listSuppressions(db, hashIdentity, { value, reason, after, limit: limit + 1 });
      return page('suppressions.list', rows, limit, (row) => [row.place, row.id]);
    },
  });

  app.post('/suppressions', {
    schema: {
      operationId: 'suppressions.add',
      tags: ['Leads'],
      summary: 'Never contact an address, a number or (who sees all leads) a whole domain again',
      body: z.object({
        kind: z.enum(['email', 'phone', 'domain']),
        value: z.string().trim().min(1).max(320),
        channel: channel.default(null),
        reason: z
          .string()
          .regex(/^[a-z][a-z0-9_]{0,60}$/)
          .default('by_hand'),
      }),
      response: {
        201: z.object({
          leads: z.int().describe('Who are concerned, in a sequence or not'),
          stopped: z.int().describe('So many left their sequence because of it'),
          sending: sendingSchema,
        }),
      },
    },
    config: { access: managers('leads:write') },
    handler: async (request, reply) => {
      const { kind, value: text, ...suppression } = request.body;
      if (kind === 'domain' && principalOf(request).owners !== null)
        throw new HttpProblem(
          403,
          'not_allowed',
          'A whole domain concerns other teams’ leads too, so an admin or a manager without a team suppresses it. You can suppress a person’s address or number.',
        );
      const value = PARSERS[kind](text);
      if (value === null)
        throw new HttpProblem(422, 'bad_lead', `“${text}” is no ${kind} that can be suppressed.`);
      const done = await suppress(db, hashIdentity, { kind, value }, suppression);
      wake({ enrollments: done.wake });
      return reply.code(201).send({ leads: done.leads, stopped: done.wake.length, sending: done.sending });
    },
  });

  app.delete('/suppressions/:id', {
    schema: {
      operationId: 'suppressions.remove',
      tags: ['Leads'],
      summary: 'Take back what was suppressed by hand, or bounced; never a person’s own wish',
      params: byId,
      response: { 204: nothing },
    },
    config: { access: admins('leads:write') },
    handler: async (request, reply) => {
      await removeSuppression(db, request.params.id);
      return reply.code(204).send(null);
    },
  });
}
