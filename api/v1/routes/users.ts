/** Users, and what was done by them. */
import { z } from 'zod';
import { listAudit } from '../../../db/access/audit.ts';
import { newSignInLink } from '../../../db/access/sessions.ts';
import { addUser, listUsers, readUser, ROLES, updateUser } from '../../../db/access/users.ts';
import { admins, managers } from '../access/principal.ts';
import {
  assertVersion,
  byId,
  ifMatch,
  instant,
  listOf,
  page,
  pageOf,
  paging,
  placeOf,
  tag,
  type Api,
} from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problem.ts';

export const userSchema = z
  .object({
    id: z.uuid(),
    email: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    team: z.string().nullable(),
    knownAs: listOf(z.string()).describe('By what names leads’ owners and tasks’ assignees mean this user'),
    locale: z.enum(['en', 'tr']).nullable(),
    hasPassword: z.boolean(),
    disabledAt: instant.nullable(),
    createdAt: instant,
    lastSignInAt: instant.nullable(),
    version: z.int(),
  })
  .meta({ id: 'User' });

const name = z.string().trim().min(1).max(200);
const fields = {
  name,
  role: z.enum(ROLES),
  team: z.string().trim().min(1).max(100).nullable(),
  knownAs: z.array(z.string().trim().min(1).max(200)).max(20),
};
const invited = z.object({ user: userSchema, link: z.string().describe('Good for a day and one use') });

export function userRoutes(app: Api, { db, config }: ApiDeps): void {
  const linkOf = (token: string) => `${config.publicUrl}/sign-in/${token}`;

  app.get('/users', {
    schema: {
      operationId: 'users.list',
      tags: ['Users'],
      summary: 'Everybody who may sign in',
      response: { 200: z.object({ items: listOf(userSchema) }) },
    },
    config: { access: managers('settings:read') },
    handler: async () => ({ items: await listUsers(db) }),
  });

  app.post('/users', {
    schema: {
      operationId: 'users.add',
      tags: ['Users'],
      summary: 'Add a user, who signs in by the link the first time',
      body: z.object({
        ...fields,
        email: z.email().max(320),
        team: fields.team.default(null),
        knownAs: fields.knownAs.default([]),
      }),
      response: { 201: invited },
    },
    config: { access: admins(null) },
    handler: async (request, reply) => {
      const user = await addUser(db, request.body);
      request.auditTarget = user.id;
      return reply.code(201).send({ user, link: linkOf(await newSignInLink(db, user.id)) });
    },
  });

  app.get('/users/:id', {
    schema: {
      operationId: 'users.read',
      tags: ['Users'],
      summary: 'A user',
      params: byId,
      response: { 200: userSchema },
    },
    config: { access: managers('settings:read') },
    handler: async (request, reply) => {
      const user = await readUser(db, request.params.id);
      void tag(reply, user.version);
      return user;
    },
  });

  app.patch('/users/:id', {
    schema: {
      operationId: 'users.change',
      tags: ['Users'],
      summary: 'Change a user; disabling ends their sessions and keys at once',
      params: byId,
      body: z.object({ ...fields, disabled: z.boolean() }).partial(),
      response: { 200: userSchema },
    },
    config: { access: admins(null) },
    handler: async (request, reply) => {
      const before = await readUser(db, request.params.id);
      assertVersion(request, before.version);
      const changes = Object.fromEntries(
        Object.entries(request.body).filter(([, value]) => value !== undefined),
      );
      const user = await updateUser(
        db,
        before.id,
        changes,
        ifMatch(request) === null ? null : before.version,
      );
      void tag(reply, user.version);
      return user;
    },
  });

  app.post('/users/:id/link', {
    schema: {
      operationId: 'users.link',
      tags: ['Users'],
      summary: 'Make a one-time link by which a user signs in and sets a new password',
      params: byId,
      response: { 201: invited },
    },
    config: { access: admins(null) },
    handler: async (request, reply) => {
      const user = await readUser(db, request.params.id);
      if (user.disabledAt !== null)
        throw new HttpProblem(
          422,
          'user_disabled',
          `${user.name} may not sign in, so no link would let them in: let them in again first.`,
        );
      return reply.code(201).send({ user, link: linkOf(await newSignInLink(db, user.id)) });
    },
  });

  app.get('/audit', {
    schema: {
      operationId: 'audit.list',
      tags: ['Users'],
      summary: 'Who did what, the newest first',
      querystring: z.object({
        ...paging,
        userId: z.uuid().optional(),
        target: z.string().max(200).optional(),
      }),
      response: {
        200: pageOf(
          z.object({
            id: z.int(),
            at: instant,
            userId: z.uuid().nullable(),
            who: z.string(),
            apiKeyId: z.uuid().nullable(),
            action: z.string(),
            target: z.string().nullable(),
            requestId: z.string(),
          }),
        ),
      },
    },
    config: { access: admins('settings:read') },
    handler: async (request) => {
      const { cursor, limit, userId, target } = request.query;
      const place = placeOf('audit.list', cursor, z.tuple([z.int()]));
      const rows = await listAudit(db, { before: place?.[0] ?? null, limit: limit + 1, userId, target });
      return page('audit.list', rows, limit, (row) => [row.id]);
    },
  });
}
