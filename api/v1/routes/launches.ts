/** Launches: a sequence started on an audience, tried first, followed while it runs. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { countExclusions, listExclusions } from '../../../db/exclusions.ts';
import {
  LAUNCH_STATES,
  launchNumbers,
  listLaunchEnrollments,
  listLaunchViews,
  nextMoves,
  readLaunchView,
  stepNumbers,
  type LaunchView,
  type Viewer,
} from '../../../db/launch-views.ts';
import { pacing } from '../../../db/pacing.ts';
import { explainReason } from '../../../db/reasons.ts';
import { launchLeads, rehearseLaunch, type LaunchLeads } from '../../operations/launch-leads.ts';
import { everybody, principalOf, principalStill, type Principal } from '../access/principal.ts';
import {
  assertLaunchable,
  assertMayWait,
  audienceOf,
  mayTake,
  sendersOf,
  tryFile,
} from '../access/launching.ts';
import { byId, page, pageOf, paging, placeOf, type Api } from '../contract.ts';
import { sightOf } from '../access/sight.ts';
import type { ApiDeps } from '../deps.ts';
import { createTurns } from '../turns.ts';
import { createLive } from '../live.ts';
import { HttpProblem, notFound } from '../problem.ts';
import { MAX_FILE } from './imports.ts';
import {
  addBody,
  enrollmentSchema,
  exclusionSchema,
  EXCLUSIONS,
  launchBody,
  launchDetail,
  launchResult,
  launchSchema,
  progressSchema,
  STATUSES,
} from './launch-schemas.ts';

const DAY_MS = 86_400_000;
const place = z.tuple([z.string().max(60), z.uuid()]);

export function launchRoutes(app: Api, deps: ApiDeps): void {
  const { db, clock, hashIdentity, wake } = deps;
  const live = createLive(app, deps.log);

  const viewerOf = (principal: Principal): Viewer => ({ userId: principal.user.id, ...sightOf(principal) });

  /** @throws HttpProblem 404 */
  async function seen(principal: Principal, id: string): Promise<LaunchView> {
    const launch = await readLaunchView(db, id, viewerOf(principal));
    if (!launch) throw notFound('launch');
    return launch;
  }

  const takeTurn = createTurns();
  type Order = Omit<LaunchLeads, 'audience'>;

  async function launchOrTry(
    [request, reply]: [FastifyRequest, FastifyReply],
    given: z.output<typeof launchBody>['audience'],
    dryRun: boolean,
    order: Omit<Order, 'mayTake' | 'createdBy'>,
  ) {
    const principal = principalOf(request);
    const whole: Order = { ...order, mayTake: mayTake(principal), createdBy: principal.user.id };
    const tryIt = (find: Parameters<typeof rehearseLaunch>[3]) =>
      takeTurn(request, reply, () => tried(whole, find));
    if ('csv' in given) {
      if (!dryRun)
        throw new HttpProblem(422, 'not_imported', 'Import the file first; unimported it can be tried only.');
      return tryIt((rehearsal) => tryFile({ db: rehearsal, hashIdentity }, principal, given));
    }
    const audience = await audienceOf(db, principal, given);
    await assertLaunchable(db, principal, audience);
    if (dryRun) return tryIt(async () => ({ audience, imported: null }));
    const launched = await launchLeads({ db, hashIdentity }, { ...whole, audience });
    const { report, wake: launches, ...told } = launched;
    wake({ launches });
    return {
      dryRun,
      enrolled: report.enrolled,
      excluded: leftOut(report.excluded, {}),
      imported: null,
      forecast: null,
      ...told,
    };
  }

  async function tried(order: Order, find: Parameters<typeof rehearseLaunch>[3]) {
    const tried = await rehearseLaunch({ db, hashIdentity }, clock.now(), order, find);
    const { report, names, ...told } = tried;
    return {
      dryRun: true,
      launchId: null,
      enrolled: report.enrolled,
      excluded: leftOut(report.excluded, names),
      ...told,
    };
  }

  app.get('/launches', {
    schema: {
      operationId: 'launches.list',
      tags: ['Launches'],
      summary: 'Launches, the newest first; numbers are of the leads that one sees',
      querystring: z.object({
        ...paging,
        status: z
          .enum(LAUNCH_STATES)
          .optional()
          .describe('running: leads can be added; active: it is not paused, and somebody is under way'),
        sequence: z.string().max(200).optional(),
        createdBy: z.uuid().optional(),
      }),
      response: { 200: pageOf(launchSchema) },
    },
    config: { access: everybody('launches:read') },
    handler: async (request) => {
      const viewer = viewerOf(principalOf(request));
      const { cursor, limit, ...filter } = request.query;
      const before = placeOf('launches.list', cursor, place);
      const rows = await listLaunchViews(db, { viewer, ...filter, before, limit: limit + 1 });
      const shown = page('launches.list', rows, limit, (row) => [row.place, row.id]);
      const ids = shown.items.map(({ id }) => id);
      const numbers = await launchNumbers(db, ids, viewer);
      const moves = await nextMoves(db, ids, viewer);
      const items = shown.items.map((row) => ({
        ...row,
        ...numbers.get(row.id)!,
        next: moves.get(row.id) ?? null,
      }));
      return { items, next: shown.next };
    },
  });

  app.post('/launches', {
    schema: {
      operationId: 'launches.create',
      tags: ['Launches'],
      summary:
        'Launch a sequence on leads, or try it: who is left out, when the last one is reached, the senders’ days',
      body: launchBody,
      response: { 200: launchResult, 201: launchResult },
    },
    config: { access: everybody('launches:write') },
    bodyLimit: MAX_FILE,
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { audience, dryRun, senderIds, ...body } = request.body;
      if ('events' in audience) assertMayWait(principal);
      if (body.startsAt && body.startsAt.getTime() < clock.now() - DAY_MS)
        throw new HttpProblem(
          422,
          'bad_time',
          'startsAt is more than a day ago. Give a time to come, or null to start at once.',
        );
      const senders = await sendersOf(db, principal, senderIds);
      const told = await launchOrTry([request, reply], audience, dryRun, { ...body, senderIds: senders });
      request.auditTarget = told.launchId ?? 'nobody';
      return reply.code(told.launchId === null ? 200 : 201).send(told);
    },
  });

  app.get('/launches/:id', {
    schema: {
      operationId: 'launches.read',
      tags: ['Launches'],
      summary: 'A launch, with how it goes',
      params: byId,
      response: { 200: launchDetail },
    },
    config: { access: everybody('launches:read') },
    handler: async (request) => {
      const principal = principalOf(request);
      const launch = await seen(principal, request.params.id);
      const numbers = (await launchNumbers(db, [launch.id], sightOf(principal))).get(launch.id)!;
      const { reason, lookAt } = await pacing(db, launch.id);
      return {
        ...launch,
        ...numbers,
        next: (await nextMoves(db, [launch.id], sightOf(principal))).get(launch.id) ?? null,
        exclusions: await countExclusions(db, launch.id, sightOf(principal)),
        waitsFor: reason,
        looksAgainAt: lookAt === null || reason === null ? null : new Date(lookAt),
      };
    },
  });

  app.post('/launches/:id/leads', {
    schema: {
      operationId: 'launches.add',
      tags: ['Launches'],
      summary: 'Add leads to a launch that runs, or try it',
      params: byId,
      body: addBody,
      response: { 200: launchResult },
    },
    config: { access: everybody('launches:write') },
    bodyLimit: MAX_FILE,
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const launch = await seen(principal, request.params.id);
      const { audience, dryRun } = request.body;
      // A launch with other people's senders is theirs to add to.
      if (launch.createdBy !== principal.user.id) await sendersOf(db, principal, launch.senderIds);
      const { versionId, timeZone, senderIds, startsAt, review, reviewer } = launch;
      return launchOrTry([request, reply], audience, dryRun, {
        to: launch.id,
        name: launch.name,
        versionId,
        timeZone,
        senderIds,
        startsAt,
        review,
        reviewer,
      });
    },
  });

  app.get('/launches/:id/enrollments', {
    schema: {
      operationId: 'launches.enrollments',
      tags: ['Launches'],
      summary: 'Who is in a launch, where they stand and why',
      params: byId,
      querystring: z.object({
        ...paging,
        status: z.enum(STATUSES).optional(),
        reason: z.string().max(200).optional(),
      }),
      response: { 200: pageOf(enrollmentSchema) },
    },
    config: { access: everybody('launches:read') },
    handler: async (request) => {
      const principal = principalOf(request);
      const { id } = await seen(principal, request.params.id);
      const { cursor, limit, status, reason } = request.query;
      const after = placeOf('launches.enrollments', cursor, place);
      const filter = { sight: sightOf(principal), status, reason, after, limit: limit + 1 };
      const rows = await listLaunchEnrollments(db, id, filter);
      const shown = page('launches.enrollments', rows, limit, (row) => [row.place, row.id]);
      return {
        items: shown.items.map((row) => ({ ...row, sentence: explainReason(row.reason) })),
        next: shown.next,
      };
    },
  });

  app.get('/launches/:id/exclusions', {
    schema: {
      operationId: 'launches.exclusions',
      tags: ['Launches'],
      summary: 'Whom a launch left out, and why',
      params: byId,
      querystring: z.object({ ...paging, reason: z.enum(EXCLUSIONS).optional() }),
      response: { 200: pageOf(exclusionSchema) },
    },
    config: { access: everybody('launches:read') },
    handler: async (request) => {
      const principal = principalOf(request);
      const { id } = await seen(principal, request.params.id);
      const { cursor, limit, reason } = request.query;
      const after = placeOf('launches.exclusions', cursor, z.tuple([z.uuid()]))?.[0] ?? null;
      const rows = await listExclusions(db, id, {
        sight: sightOf(principal),
        reason,
        after,
        limit: limit + 1,
      });
      const shown = page('launches.exclusions', rows, limit, (row) => [row.leadId]);
      return {
        items: shown.items.map((row) => ({ ...row, sentence: explainReason(row.reason) })),
        next: shown.next,
      };
    },
  });

  const progress = async (id: string, viewer: Viewer) => {
    const launch = await readLaunchView(db, id, viewer);
    const { counts, reasons } = (await launchNumbers(db, [id], viewer)).get(id)!;
    return {
      status: launch?.status ?? 'stopped',
      paused: launch?.paused ?? null,
      counts,
      reasons,
      steps: await stepNumbers(db, id, viewer),
    };
  };

  app.get('/launches/:id/numbers', {
    schema: {
      operationId: 'launches.numbers',
      tags: ['Launches'],
      summary: 'How far a launch is, by state and step: one snapshot of its progress',
      params: byId,
      response: { 200: progressSchema },
    },
    config: { access: everybody('launches:read') },
    handler: async (request) => {
      const principal = principalOf(request);
      const { id } = await seen(principal, request.params.id);
      return progress(id, viewerOf(principal));
    },
  });

  app.get('/launches/:id/progress', {
    schema: {
      operationId: 'launches.progress',
      tags: ['Launches'],
      summary:
        'Server-sent events: `snapshot`, as launches.numbers answers it, whenever it changed, at most once a second',
      params: byId,
      produces: ['text/event-stream'],
      response: { 200: z.string().describe('Server-sent events, until either side ends them') },
    },
    config: { access: everybody('launches:read') },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { id } = await seen(principal, request.params.id);
      const viewer = viewerOf(principal);
      const topicOf = ({ userId, owners }: Viewer) =>
        `launch ${id} ${owners === null ? 'all' : `${userId} ${owners.join()}`}`;
      const topic = topicOf(viewer);
      live.follow(request, reply, {
        topic,
        look: () => progress(id, viewer),
        userId: viewer.userId,
        async still() {
          const now = await principalStill(db, request);
          return now !== null && topicOf(viewerOf(now)) === topic;
        },
      });
      return reply;
    },
  });
}

function leftOut(
  counts: Readonly<Record<string, number>>,
  names: Readonly<Record<string, readonly { leadId: string; name: string }[]>>,
) {
  return EXCLUSIONS.filter((reason) => (counts[reason] ?? 0) > 0).map((reason) => ({
    reason,
    count: counts[reason]!,
    sentence: explainReason(reason),
    leads: names[reason] ?? [],
  }));
}
