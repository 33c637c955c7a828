/** What every way of signing in ends with: a session, known by its cookie, and a line in the audit. */
import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { audit } from '../../../db/access/audit.ts';
import type { Attempt } from '../../../db/access/attempts.ts';
import { beginSession, endSession, SESSION_DAYS } from '../../../db/access/sessions.ts';
import { readUser, type User } from '../../../db/access/users.ts';
import type { ApiDeps } from '../deps.ts';
import { SESSION_COOKIE, sessionToken } from './principal.ts';

/** Says that this user signed in from this browser before; stays when they sign out. */
const DEVICE_COOKIE = 'cadenza-device';
const DEVICE_DAYS = 180;
const deviceSchema = z.object({ device: z.uuid(), userId: z.uuid() });

/** How the session's cookie is set. */
export const sessionCookie = ({ publicUrl }: ApiDeps['config']) =>
  ({
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: publicUrl.startsWith('https:'),
    maxAge: SESSION_DAYS * 86_400,
  }) as const;

/** Begins a session in the place of the one that this browser may have had. */
export async function signIn(
  { db, config, secrets }: Pick<ApiDeps, 'db' | 'config' | 'secrets'>,
  request: FastifyRequest,
  reply: FastifyReply,
  userId: string,
): Promise<User> {
  const before = sessionToken(request);
  if (before !== null) await endSession(db, before);
  const cookie = sessionCookie(config);
  void reply.setCookie(SESSION_COOKIE, await beginSession(db, userId), cookie);
  const device = deviceOf({ secrets }, request, userId) ?? randomUUID();
  void reply.setCookie(DEVICE_COOKIE, secrets.encrypt(JSON.stringify({ device, userId })), {
    ...cookie,
    path: '/v1',
    maxAge: DEVICE_DAYS * 86_400,
  });
  const user = await readUser(db, userId);
  // Whose session it was before did not do this.
  request.principalOrNull = null;
  await audit(db, {
    userId,
    who: `${user.name} <${user.email}>`,
    apiKeyId: null,
    action: request.routeOptions.schema?.operationId ?? 'session',
    target: null,
    requestId: request.id,
  });
  return user;
}

/** An attempt of this browser at a user's password. */
export const attemptOf = (
  deps: Pick<ApiDeps, 'secrets'>,
  request: FastifyRequest,
  email: string,
  userId: string | undefined,
): Attempt => ({
  email,
  network: request.ip,
  device: userId === undefined ? null : deviceOf(deps, request, userId),
});

function deviceOf(
  { secrets }: Pick<ApiDeps, 'secrets'>,
  request: FastifyRequest,
  userId: string,
): string | null {
  try {
    const known = deviceSchema.parse(JSON.parse(secrets.decrypt(request.cookies[DEVICE_COOKIE] ?? '')));
    return known.userId === userId ? known.device : null;
  } catch {
    // None, or none of ours.
    return null;
  }
}
