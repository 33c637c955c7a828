/** What went out, and what nobody knows went out. */
import { z } from 'zod';
import { listTouches } from '../../../db/lookup.ts';
import { settleTouch } from '../../../db/settle.ts';
import { TOUCH_STATES } from '../../../db/touches.ts';
import { everybody, principalOf } from '../access/principal.ts';
import { assertSees, sightOf } from '../access/sight.ts';
import { byId, instant, page, pageOf, paging, placeOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';

const touchSchema = z
  .object({
    id: z.uuid(),
    leadId: z.uuid(),
    lead: z.string().describe('As people call them'),
    timeZone: z.string().describe('The lead’s, else the company’s or the launch’s'),
    sequence: z.string(),
    step: z.string(),
    channel: z.string(),
    sender: z.string().nullable().describe('The address that it goes out from'),
    recipient: z.string().nullable(),
    state: z.enum(TOUCH_STATES),
    at: instant.describe('When it went out or did not; of one that is still to go, when it will'),
    reason: z.string().nullable(),
    detail: z.string().nullable(),
  })
  .meta({ id: 'Touch' });

export function touchRoutes(app: Api, { db, wake }: ApiDeps): void {
  app.get('/touches', {
    schema: {
      operationId: 'touches.list',
      tags: ['Tasks'],
      summary:
        'Touches to the leads that one sees, the newest first; `unconfirmed`: somebody has to settle them',
      querystring: z.object({
        ...paging,
        state: z.enum(TOUCH_STATES).optional(),
        leadId: z.uuid().optional(),
        launchId: z.uuid().optional(),
      }),
      response: { 200: pageOf(touchSchema) },
    },
    config: { access: everybody('tasks:read') },
    handler: async (request) => {
      const { cursor, limit, ...filter } = request.query;
      const place = placeOf('touches.list', cursor, z.tuple([z.iso.datetime(), z.uuid()]));
      const rows = await listTouches(db, {
        ...filter,
        sight: sightOf(principalOf(request)),
        after: place && { at: new Date(place[0]), id: place[1] },
        limit: limit + 1,
      });
      return page('touches.list', rows, limit, (row) => [row.at.toISOString(), row.id]);
    },
  });

  app.post('/touches/:id/settle', {
    schema: {
      operationId: 'touches.settle',
      tags: ['Tasks'],
      summary: 'Say whether a touch went out, of which nobody could find out',
      params: byId,
      body: z.object({ sent: z.boolean() }),
      response: { 200: z.object({ leadId: z.uuid() }) },
    },
    config: { access: everybody('tasks:write') },
    handler: async (request) => {
      await assertSees(db, request, 'touch', request.params.id);
      const { leadId, wake: enrollments } = await settleTouch(db, request.params.id, request.body.sent);
      wake({ enrollments });
      return { leadId };
    },
  });
}
