/** Pausing, resuming and stopping, at every level. In force when the answer comes. */
import { z } from 'zod';
import { readScope } from '../../../db/control-scope.ts';
import { activePauses } from '../../../db/pauses.ts';
import { SCOPES, STOP_SCOPES, type Scope } from '../../../db/scopes.ts';
import { pauseTarget, resumeTarget, stopTarget, type Target } from '../../operations/control.ts';
import { sightOf } from '../access/sight.ts';
import { everybody, principalOf, type Principal } from '../access/principal.ts';
import { instant, listOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem, notFound } from '../problem.ts';

const id = z.uuid().nullable().default(null).describe('null for `all` only');
const target = { scope: z.enum(SCOPES), id };
const reason = z.string().trim().min(1).max(500);
const sending = z
  .object({
    touchId: z.uuid(),
    enrollmentId: z.uuid(),
    leadId: z.uuid(),
    stepId: z.string(),
    channel: z.string(),
  })
  .meta({ id: 'SendingTouch', description: 'Was with its provider already: it may still arrive' });
const activePause = z
  .object({
    id: z.uuid(),
    scope: z.enum(SCOPES),
    scopeId: z.uuid().nullable(),
    name: z.string(),
    reason: z.string(),
    byName: z.string().nullable().describe('null: the terminal, or Cadenza itself'),
    at: instant,
  })
  .meta({ id: 'Pause' });

export function controlRoutes(app: Api, deps: ApiDeps): void {
  const { db, wake } = deps;

  /** @throws HttpProblem 404 for what the caller does not see, 403 for what is not all theirs */
  async function take<Of extends Scope>(
    principal: Principal,
    { scope, id }: { scope: Of; id: string | null },
  ): Promise<Target<Of>> {
    if ((scope === 'all') !== (id === null))
      throw new HttpProblem(422, 'bad_scope', 'Give an id, except for `all`, which takes none.');
    const found = await readScope(db, { scope, id }, viewerOf(principal));
    if (!found?.seen) throw notFound(scope);
    if (!found.own) {
      const whom = principal.user.role === 'rep' ? 'a manager' : 'an admin';
      throw new HttpProblem(
        403,
        'not_allowed',
        scope === 'all'
          ? 'Pausing, resuming or stopping everything is for those who see everything: ask an admin.'
          : `This ${scope} concerns other people’s leads too: ask ${whom}.`,
      );
    }
    return { scope, scopeId: id, name: found.name };
  }

  app.get('/pauses', {
    schema: {
      operationId: 'pauses.list',
      tags: ['Launches'],
      summary: 'What is paused now, the newest first',
      response: { 200: z.object({ items: listOf(activePause) }) },
    },
    config: { access: everybody('launches:read') },
    handler: async (request) => {
      const viewer = viewerOf(principalOf(request));
      const items: z.output<typeof activePause>[] = [];
      for (const pause of await activePauses(db, 200)) {
        const { scope, scopeId: id } = pause;
        const found = await readScope(db, { scope, id }, viewer);
        if (found?.seen) items.push({ ...pause, name: found.name });
      }
      return { items };
    },
  });

  app.post('/pause', {
    schema: {
      operationId: 'controls.pause',
      tags: ['Launches'],
      summary: 'Pause a lead, company, sender, launch, sequence or everything; nothing more of it is sent',
      body: z.object({ ...target, reason: reason.default('paused by hand') }),
      response: {
        200: z.object({
          pauseId: z.uuid(),
          name: z.string(),
          already: z.boolean().describe('It was paused before, for this reason'),
          since: instant,
          reason: z.string(),
          sending: listOf(sending),
        }),
      },
    },
    config: { access: everybody('launches:write') },
    handler: async (request) => {
      const principal = principalOf(request);
      const found = await take(principal, request.body);
      request.auditTarget = nameOf(found);
      const { since, ...paused } = await pauseTarget(db, found, request.body.reason, principal.user.id);
      return { ...paused, name: found.name, since: new Date(since) };
    },
  });

  app.post('/resume', {
    schema: {
      operationId: 'controls.resume',
      tags: ['Launches'],
      summary: 'End a pause; everybody goes on from the same step in new slots',
      body: z.object(target),
      response: {
        200: z.object({
          name: z.string(),
          resumed: z.boolean().describe('false: it was not paused'),
          waking: z.int().describe('How many stood still'),
        }),
      },
    },
    config: { access: everybody('launches:write') },
    handler: async (request) => {
      const found = await take(principalOf(request), request.body);
      request.auditTarget = nameOf(found);
      const { resumed, waking, wake: enrollments, launches } = await resumeTarget(db, found);
      wake({ enrollments, launches });
      return { name: found.name, resumed, waking };
    },
  });

  app.post('/stop', {
    schema: {
      operationId: 'controls.stop',
      tags: ['Launches'],
      summary: 'End the sequences of a lead, company, sender, launch or of everybody, for good',
      body: z.object({ scope: z.enum(STOP_SCOPES), id, reason: reason.default('by a person') }),
      response: { 200: z.object({ name: z.string(), stopped: z.int(), sending: listOf(sending) }) },
    },
    config: { access: everybody('launches:write') },
    handler: async (request) => {
      const found = await take(principalOf(request), request.body);
      request.auditTarget = nameOf(found);
      const stopped = await stopTarget(db, found, request.body.reason);
      wake({ enrollments: stopped.wake });
      return { name: found.name, stopped: stopped.stopped, sending: stopped.sending };
    },
  });
}

const viewerOf = (principal: Principal) => ({ ...sightOf(principal), userId: principal.user.id });
const nameOf = ({ scope, scopeId }: Target) => (scopeId === null ? scope : `${scope} ${scopeId}`);
