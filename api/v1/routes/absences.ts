/** People on leave: their leads wait, or a colleague has their tasks and conversations meanwhile. */
import { z } from 'zod';
import { addAbsence, changeAbsence, endAbsence, listAbsences, readAbsence } from '../../../db/absences.ts';
import { readUser, type User } from '../../../db/access/users.ts';
import type { Db } from '../../../db/db.ts';
import { wakeAfterPause } from '../../operations/control.ts';
import { everybody, principalOf } from '../access/principal.ts';
import { manages } from '../access/team.ts';
import {
  assertVersion,
  byId,
  ifMatch,
  instant,
  listOf,
  nothing,
  saysVersion,
  tag,
  type Api,
} from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../problem.ts';

const absence = z
  .object({
    id: z.uuid(),
    userId: z.uuid(),
    name: z.string(),
    team: z.string().nullable(),
    from: z.iso.date().describe('The first day, in `timeZone`'),
    to: z.iso.date().describe('The last day'),
    timeZone: z.string(),
    fromAt: instant,
    untilAt: instant.describe(
      'From then on everything goes on; an absence that was ended early is over sooner',
    ),
    state: z.enum(['planned', 'now', 'over']),
    colleagueId: z.uuid().nullable().describe('null: the leads wait'),
    colleague: z.string().nullable(),
    version: z.int(),
  })
  .meta({ id: 'Absence' });

const days = {
  from: z.iso.date(),
  to: z.iso.date().describe('The last day; touches go on the day after'),
  timeZone: z.string().trim().min(1).max(60).nullable().describe('null: that of the user’s sender, else UTC'),
  colleagueId: z
    .uuid()
    .nullable()
    .describe(
      'Has the tasks, conversations and new answers meanwhile, and touches go on; null: the leads wait',
    ),
};

export function absenceRoutes(app: Api, { db, wake }: ApiDeps): void {
  const read = { access: everybody('settings:read') };
  const write = { access: everybody('settings:write') };

  async function wakeAll(): Promise<void> {
    const { wake: enrollments, launches } = await wakeAfterPause(db, null);
    wake({ enrollments, launches });
  }

  app.get('/absences', {
    schema: {
      operationId: 'absences.list',
      tags: ['Users'],
      summary: 'Who is or will be on leave: oneself, one’s team, whose place one takes; for admins everybody',
      querystring: z.object({ over: z.stringbool().default(false).describe('Also those that are over') }),
      response: { 200: z.object({ items: listOf(absence) }) },
    },
    config: read,
    handler: async (request) => {
      const { user } = principalOf(request);
      const all = user.role === 'admin' || (user.role === 'manager' && user.team === null);
      const { over } = request.query;
      return { items: await listAbsences(db, { userId: user.id, team: user.team, all, over }) };
    },
  });

  app.post('/absences', {
    schema: {
      operationId: 'absences.add',
      tags: ['Users'],
      summary: 'Say that oneself, or somebody of the team, is on leave',
      body: z.strictObject({
        ...days,
        userId: z.uuid().optional().describe('Oneself when it is missing'),
        timeZone: days.timeZone.default(null),
        colleagueId: days.colleagueId.default(null),
      }),
      response: { 201: absence },
    },
    config: write,
    handler: async (request, reply) => {
      const { userId, ...given } = request.body;
      const { user } = principalOf(request);
      const whose = await readUser(db, userId ?? user.id);
      assertOwn(user, whose);
      await assertSeesColleague(db, user, given.colleagueId);
      const added = await addAbsence(db, whose.id, given);
      request.auditTarget = added.id;
      void tag(reply, added.version);
      return reply.code(201).send(added);
    },
  });

  app.get('/absences/:id', {
    schema: {
      operationId: 'absences.read',
      tags: ['Users'],
      summary: 'An absence',
      params: byId,
      response: { 200: absence },
    },
    config: read,
    handler: async (request, reply) => {
      const found = await ownAbsence(db, principalOf(request).user, request.params.id);
      void tag(reply, found.version);
      return found;
    },
  });

  app.patch('/absences/:id', {
    schema: {
      operationId: 'absences.change',
      tags: ['Users'],
      summary: 'Change an absence that is not over',
      params: byId,
      body: z.strictObject(days).partial(),
      response: { 200: absence },
    },
    config: write,
    handler: async (request, reply) => {
      const { user } = principalOf(request);
      const before = await ownAbsence(db, user, request.params.id);
      assertVersion(request, before.version);
      await assertSeesColleague(db, user, request.body.colleagueId ?? null);
      const changes = Object.fromEntries(Object.entries(request.body).filter(([, one]) => one !== undefined));
      const changed = await changeAbsence(
        db,
        before.id,
        changes,
        ifMatch(request) === null ? null : before.version,
      );
      await wakeAll();
      void tag(reply, changed.version);
      return changed;
    },
  });

  app.delete('/absences/:id', {
    schema: {
      operationId: 'absences.remove',
      tags: ['Users'],
      summary: 'End an absence now, and whoever waited goes on; one that has not begun goes',
      params: byId,
      response: { 204: nothing },
    },
    config: write,
    handler: async (request, reply) => {
      const before = await ownAbsence(db, principalOf(request).user, request.params.id);
      if (saysVersion(request)) assertVersion(request, before.version);
      await endAbsence(db, before.id);
      await wakeAll();
      return reply.code(204).send(null);
    },
  });
}

/** @throws HttpProblem 404 when it is neither the user's own nor of the team */
function assertOwn(user: User, whose: User): void {
  if (whose.id !== user.id && !manages(user, whose)) throw notFound('user');
}

/** @throws HttpProblem 404 */
async function ownAbsence(db: Db, user: User, id: string) {
  const found = await readAbsence(db, id);
  if (found.userId !== user.id && !manages(user, found)) throw notFound('absence');
  return found;
}

/** @throws HttpProblem 404 when the colleague is of another team: they would see what is none of theirs */
async function assertSeesColleague(db: Db, user: User, colleagueId: string | null): Promise<void> {
  if (colleagueId === null) return;
  const colleague = await readUser(db, colleagueId);
  if (user.role !== 'admin' && user.team !== null && colleague.team !== user.team) throw notFound('user');
}
