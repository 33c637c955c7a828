/** How everything stands. */
import { z } from 'zod';
import { status } from '../../../db/history.ts';
import { readLaunchView } from '../../../db/launch-views.ts';
import { everybody, principalOf } from '../access/principal.ts';
import { sightOf } from '../access/sight.ts';
import { instant, listOf, time, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../problem.ts';

const count = z.int();

const statusSchema = z
  .object({
    now: instant.describe('Business time'),
    enrollments: z.object({ pending: count, running: count, finished: count, stopped: count }),
    held: count.describe('Of those that run: they wait for a person to mend something'),
    reasons: listOf(z.object({ status: z.string(), reason: z.string(), count })).describe(
      'Why enrollments are where they are, the most frequent first',
    ),
    touches: listOf(z.object({ step: z.string(), channel: z.string(), state: z.string(), count })),
    tracking: listOf(
      z.object({ step: z.string(), opened: count, clicked: count, onlyMachines: count }),
    ).describe('Emails that persons opened and followed a link of, and those that only machines did'),
    openTasks: count,
    next: listOf(
      z.object({
        enrollmentId: z.uuid(),
        leadId: z.uuid(),
        lead: z.string(),
        action: z.string().nullable(),
        at: time,
      }),
    ).describe('What happens next, ten at most'),
  })
  .meta({ id: 'Status' });

export function statusRoutes(app: Api, { db, clock }: ApiDeps): void {
  app.get('/status', {
    schema: {
      operationId: 'status',
      tags: ['Launches'],
      summary: 'How one launch stands, or everything, counted over the leads that one sees',
      querystring: z.object({ launchId: z.uuid().optional() }),
      response: { 200: statusSchema },
    },
    config: { access: everybody('launches:read') },
    handler: async (request) => {
      const principal = principalOf(request);
      const { launchId = null } = request.query;
      const sight = sightOf(principal);
      if (launchId !== null && !(await readLaunchView(db, launchId, { userId: principal.user.id, ...sight })))
        throw notFound('launch');
      return { now: new Date(clock.now()), ...(await status(db, launchId, sight)) };
    },
  });
}
