/** Signing in and out, one's own profile and keys. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { wallNow } from '../../../common/clock.ts';
import { addApiKey, listApiKeys, revokeApiKey } from '../../../db/access/api-keys.ts';
import { beginAttempt, forgetAttempts } from '../../../db/access/attempts.ts';
import { endSession, passwordHashOf, setPasswordHash, useSignInLink } from '../../../db/access/sessions.ts';
import { namesOf, updateUser, type User } from '../../../db/access/users.ts';
import { hashPassword, isPassword, MAX_PASSWORD, MIN_PASSWORD } from '../access/password.ts';
import { everybody, principalOf, SCOPES, SESSION_COOKIE, sessionToken } from '../access/principal.ts';
import { attemptOf, signIn } from '../access/sign-in.ts';
import { byId, instant, listOf, nothing, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problem.ts';
import { userSchema } from './users.ts';

const password = z.string().min(MIN_PASSWORD).max(MAX_PASSWORD);

export const apiKeySchema = z
  .object({
    id: z.uuid(),
    userId: z.uuid(),
    name: z.string(),
    prefix: z.string().describe('How the key begins'),
    scopes: listOf(z.string()),
    createdAt: instant,
    lastUsedAt: instant.nullable(),
    expiresAt: instant.nullable(),
    revokedAt: instant.nullable(),
  })
  .meta({ id: 'ApiKey' });

type Check = (known: Awaited<ReturnType<typeof passwordHashOf>>) => Promise<boolean>;

const isNameOf = (user: User, name: string): boolean =>
  namesOf(user).some((known) => known.toLowerCase() === name.toLowerCase());

export function accessRoutes(app: Api, deps: ApiDeps): void {
  const { db } = deps;

  /** Runs `check` as one of the attempts that are limited. @throws HttpProblem 429 */
  async function attempt(request: FastifyRequest, email: string, check: Check): Promise<boolean> {
    const known = await passwordHashOf(db, email);
    const one = attemptOf(deps, request, email, known?.userId);
    const begun = await beginAttempt(db, one);
    if (!('ids' in begun))
      throw new HttpProblem(
        429,
        'too_many_attempts',
        `Too many attempts: try again in ${Math.ceil(begun.wait / 60)} minutes, or by a link.`,
        begun.wait,
      );
    const right = await check(known);
    if (right) await forgetAttempts(db, one, begun.ids);
    return right;
  }

  app.post('/session', {
    schema: {
      operationId: 'session.signIn',
      tags: ['Access'],
      summary: 'Sign in by password; the session is a cookie',
      body: z.object({ email: z.email().max(320), password: z.string().max(MAX_PASSWORD) }),
      response: { 200: userSchema },
    },
    config: { access: 'anyone' },
    handler: async (request, reply) => {
      const { email, password: typed } = request.body;
      let userId: string | undefined;
      const right = await attempt(request, email, async (known) => {
        userId = known?.userId;
        return isPassword(typed, known?.hash ?? null);
      });
      if (!right || userId === undefined)
        throw new HttpProblem(401, 'wrong_password', 'The email or the password is wrong.');
      return signIn(deps, request, reply, userId);
    },
  });

  app.post('/session/link', {
    schema: {
      operationId: 'session.useLink',
      tags: ['Access'],
      summary: 'Sign in by a one-time link, whose last part is the token',
      body: z.object({ token: z.string().max(100) }),
      response: { 200: userSchema },
    },
    config: { access: 'anyone' },
    handler: async (request, reply) => {
      const userId = await useSignInLink(db, request.body.token);
      if (userId === null)
        throw new HttpProblem(
          401,
          'bad_link',
          'This link was used or is too old. Ask an admin for another one.',
        );
      return signIn(deps, request, reply, userId);
    },
  });

  app.delete('/session', {
    schema: {
      operationId: 'session.signOut',
      tags: ['Access'],
      summary: 'Sign out',
      response: { 204: nothing },
    },
    config: { access: everybody(null) },
    handler: async (request, reply) => {
      const token = sessionToken(request);
      if (token !== null) await endSession(db, token);
      return reply.clearCookie(SESSION_COOKIE, { path: '/' }).code(204).send(null);
    },
  });

  app.get('/me', {
    schema: {
      operationId: 'me.read',
      tags: ['Access'],
      summary: 'Who is signed in',
      response: { 200: userSchema },
    },
    config: { access: everybody('settings:read') },
    handler: async (request) => principalOf(request).user,
  });

  app.patch('/me', {
    schema: {
      operationId: 'me.change',
      tags: ['Access'],
      summary:
        'Change one’s own name or language; by names leads are somebody’s, so most can only change how theirs is written',
      body: z.object({
        name: z.string().trim().min(1).max(200).optional(),
        locale: z.enum(['en', 'tr']).nullable().optional(),
      }),
      response: { 200: userSchema },
    },
    config: { access: everybody(null) },
    handler: async (request) => {
      const { name, locale } = request.body;
      const { user, owners } = principalOf(request);
      if (name !== undefined && owners !== null && !isNameOf(user, name))
        throw new HttpProblem(
          403,
          'not_allowed',
          'Leads are yours by your name, so an admin changes it. You can change upper and lower case, or take another of your known names.',
        );
      const changes = { ...(name !== undefined && { name }), ...(locale !== undefined && { locale }) };
      return updateUser(db, user.id, changes, null);
    },
  });

  app.put('/me/password', {
    schema: {
      operationId: 'me.setPassword',
      tags: ['Access'],
      summary: 'Set one’s own password; other sessions end',
      body: z.object({
        current: z.string().max(MAX_PASSWORD).nullable().describe('null: there is none yet'),
        password,
      }),
      response: { 204: nothing },
    },
    config: { access: everybody(null) },
    handler: async (request, reply) => {
      const { user } = principalOf(request);
      const { current } = request.body;
      const right = await attempt(
        request,
        user.email,
        async (known) => !known?.hash || isPassword(current ?? '', known.hash),
      );
      if (!right) throw new HttpProblem(422, 'wrong_password', 'The present password is wrong.');
      await setPasswordHash(db, user.id, await hashPassword(request.body.password), sessionToken(request));
      return reply.code(204).send(null);
    },
  });

  app.get('/me/api-keys', {
    schema: {
      operationId: 'apiKeys.list',
      tags: ['Access'],
      summary: 'One’s own API keys',
      response: { 200: z.object({ items: listOf(apiKeySchema) }) },
    },
    config: { access: everybody(null) },
    handler: async (request) => ({ items: await listApiKeys(db, principalOf(request).user.id) }),
  });

  app.post('/me/api-keys', {
    schema: {
      operationId: 'apiKeys.add',
      tags: ['Access'],
      summary: 'Make an API key; it is shown this once',
      body: z.object({
        name: z.string().trim().min(1).max(200),
        scopes: z.array(z.enum(SCOPES)).min(1),
        expiresAt: instant.nullable().default(null),
      }),
      response: { 201: z.object({ key: apiKeySchema, secret: z.string() }) },
    },
    config: { access: everybody(null) },
    handler: async (request, reply) => {
      const { expiresAt } = request.body;
      if (expiresAt && expiresAt.getTime() <= wallNow())
        throw new HttpProblem(
          422,
          'bad_time',
          'This key would be good for nothing: expiresAt is over. Give a later one, or none.',
        );
      const { key, secret } = await addApiKey(db, { ...request.body, userId: principalOf(request).user.id });
      request.auditTarget = key.id;
      return reply.code(201).send({ key, secret });
    },
  });

  app.delete('/me/api-keys/:id', {
    schema: {
      operationId: 'apiKeys.revoke',
      tags: ['Access'],
      summary: 'Revoke an API key, at once',
      params: byId,
      response: { 204: nothing },
    },
    config: { access: everybody(null) },
    handler: async (request, reply) => {
      await revokeApiKey(db, request.params.id, principalOf(request).user.id);
      return reply.code(204).send(null);
    },
  });
}
