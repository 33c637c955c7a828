/** Telling a lead's sequence what to do: wait, go on, end, leave out, move, try again. In force when it is answered. */
import { z } from 'zod';
import { pauseTarget, resumeTarget, stopTarget, type Target } from '../../operations/control.ts';
import { reschedule, retry, skip, type Commanded } from '../../../db/commands.ts';
import { activeEnrollment } from '../../../db/lookup.ts';
import { everybody, principalOf } from '../access/principal.ts';
import { assertSees } from '../access/sight.ts';
import { byId, instant, listOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import type { FastifyRequest } from 'fastify';

/** Touches that were being sent at that moment and may still arrive. */
export const sendingSchema = listOf(
  z.object({
    touchId: z.uuid(),
    enrollmentId: z.uuid(),
    leadId: z.uuid(),
    stepId: z.string(),
    channel: z.string(),
  }),
);

const reason = z.string().trim().min(1).max(200);

export function steeringRoutes(app: Api, { db, wake }: ApiDeps): void {
  const seen = async (request: FastifyRequest<{ Params: { id: string } }>): Promise<Target<'lead'>> => {
    const { id } = request.params;
    await assertSees(db, request, 'lead', id);
    return { scope: 'lead', scopeId: id, name: id };
  };
  const commanded = (done: Commanded) => {
    wake({ enrollments: done.wake });
    return { enrollmentId: done.enrollmentId };
  };
  const answer = { 200: z.object({ enrollmentId: z.uuid() }) };
  const config = { access: everybody('leads:write') };

  app.post('/leads/:id/pause', {
    schema: {
      operationId: 'leads.pause',
      tags: ['Leads'],
      summary: 'Pause a lead: nothing is sent until it is resumed',
      params: byId,
      body: z.object({ reason: reason.default('by a person') }),
      response: { 200: z.object({ already: z.boolean(), reason: z.string(), sending: sendingSchema }) },
    },
    config,
    handler: async (request) =>
      pauseTarget(db, await seen(request), request.body.reason, principalOf(request).user.id),
  });

  app.post('/leads/:id/resume', {
    schema: {
      operationId: 'leads.resume',
      tags: ['Leads'],
      summary: 'Let a paused lead go on, in new slots',
      params: byId,
      response: { 200: z.object({ resumed: z.boolean().describe('false: it was not paused') }) },
    },
    config,
    handler: async (request) => {
      const { resumed, wake: enrollments, launches } = await resumeTarget(db, await seen(request));
      wake({ enrollments, launches });
      return { resumed };
    },
  });

  app.post('/leads/:id/stop', {
    schema: {
      operationId: 'leads.stop',
      tags: ['Leads'],
      summary: 'End a lead’s sequence',
      params: byId,
      body: z.object({
        reason: z
          .string()
          .regex(/^[a-z][a-z0-9_]{0,60}$/)
          .default('by_a_person'),
      }),
      response: { 200: z.object({ stopped: z.int(), sending: sendingSchema }) },
    },
    config,
    handler: async (request) => {
      const {
        stopped,
        sending,
        wake: enrollments,
      } = await stopTarget(db, await seen(request), request.body.reason);
      wake({ enrollments });
      return { stopped, sending };
    },
  });

  app.post('/leads/:id/skip', {
    schema: {
      operationId: 'leads.skip',
      tags: ['Leads'],
      summary: 'Leave out what comes next: the present step, or the wait before it',
      params: byId,
      response: answer,
    },
    config,
    handler: async (request) => {
      const { scopeId } = await seen(request);
      return commanded(await skip(db, await activeEnrollment(db, scopeId!)));
    },
  });

  app.post('/leads/:id/retry', {
    schema: {
      operationId: 'leads.retry',
      tags: ['Leads'],
      summary: 'Try again what holds a lead, after it was mended',
      params: byId,
      response: answer,
    },
    config,
    handler: async (request) => {
      const { scopeId } = await seen(request);
      return commanded(await retry(db, await activeEnrollment(db, scopeId!)));
    },
  });

  app.post('/leads/:id/reschedule', {
    schema: {
      operationId: 'leads.reschedule',
      tags: ['Leads'],
      summary: 'Move what comes next; window and caps still apply',
      params: byId,
      body: z.object({ to: instant }),
      response: answer,
    },
    config,
    handler: async (request) => {
      const { scopeId } = await seen(request);
      return commanded(await reschedule(db, await activeEnrollment(db, scopeId!), request.body.to.getTime()));
    },
  });
}
