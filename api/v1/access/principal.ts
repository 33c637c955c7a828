/** Who asks, and what they may. Every route says who may; one that says nothing cannot be registered. */
import type { FastifyRequest } from 'fastify';
import { useApiKey } from '../../../db/access/api-keys.ts';
import { sessionUser } from '../../../db/access/sessions.ts';
import { ownersSeenBy, readUser, type Role, type User } from '../../../db/access/users.ts';
import type { Db } from '../../../db/db.ts';
import { HttpProblem } from '../problem.ts';

/** What an API key may be good for; `read` is for GET, `write` for everything that changes something. */
export const SCOPES = [
  'leads:read', 'leads:write',
  'sequences:read', 'sequences:write',
  'launches:read', 'launches:write',
  'tasks:read', 'tasks:write',
  'inbox:read', 'inbox:write',
  'senders:read', 'senders:write',
  'webhooks:read', 'webhooks:write',
  'analytics:read',
  'settings:read', 'settings:write',
] as const; // prettier-ignore
export type Scope = (typeof SCOPES)[number];

/** Who may use a route: these roles, by session or by a key with this scope; `any`: by every key; null: by sessions only. */
export interface Access {
  readonly roles: readonly Role[];
  readonly scope: Scope | 'any' | null;
}

const EVERYBODY: readonly Role[] = ['rep', 'manager', 'admin'];
/** Every signed-in user; what they see is their own, their team's or everything, by role. */
export const everybody = (scope: Access['scope']): Access => ({ roles: EVERYBODY, scope });
export const managers = (scope: Scope | null): Access => ({ roles: ['manager', 'admin'], scope });
export const admins = (scope: Scope | null): Access => ({ roles: ['admin'], scope });

/** Who asks. */
export interface Principal {
  readonly user: User;
  /** null: a session. */
  readonly apiKeyId: string | null;
  readonly scopes: ReadonlySet<string> | null;
  /** Lower-case names of the owners whose leads and tasks are seen; null: all. */
  readonly owners: readonly string[] | null;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `anyone`: also who is not signed in. */
    access?: Access | 'anyone';
  }
  interface FastifyRequest {
    principalOrNull: Principal | null;
    /** Why it is not known who asks, although they say. */
    refusal: HttpProblem | null;
  }
}

export const SESSION_COOKIE = 'cadenza';

/** The session's token of a request, or null. */
export const sessionToken = (request: FastifyRequest): string | null =>
  request.cookies[SESSION_COOKIE] ?? null;

/** Who asks, by API key or by session. null: nobody whom we know. @throws HttpProblem for a key that is not good */
export async function readPrincipal(db: Db, request: FastifyRequest): Promise<Principal | null> {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const secret = /^Bearer (\S+)$/i.exec(authorization)?.[1];
    const key = secret === undefined ? null : await useApiKey(db, secret);
    if (!key)
      throw new HttpProblem(401, 'bad_api_key', 'This API key is not good: unknown, revoked or expired.');
    const user = await readUser(db, key.userId);
    return {
      user,
      apiKeyId: key.id,
      scopes: new Set(key.scopes),
      owners: await ownersSeenBy(db, user),
    };
  }
  const token = sessionToken(request);
  const userId = token === null ? null : await sessionUser(db, token);
  if (userId === null) return null;
  assertSameOrigin(request);
  const user = await readUser(db, userId);
  return { user, apiKeyId: null, scopes: null, owners: await ownersSeenBy(db, user) };
}

/** Who asks by now, for answers that go on. null: their session or key ended, or they may not have this any more. */
export async function principalStill(db: Db, request: FastifyRequest): Promise<Principal | null> {
  try {
    const principal = await readPrincipal(db, request);
    const { access } = request.routeOptions.config;
    if (access && access !== 'anyone') assertAccess(principal, access);
    return principal;
  } catch (error) {
    if (error instanceof HttpProblem) return null;
    throw error;
  }
}

/**
 * Refuses what another site makes a browser send with our cookie: by Fetch Metadata, which every current browser sends, else by
 * Origin. Whoever is no browser uses an API key.
 */
export function assertSameOrigin(request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const site = request.headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return;
  const { origin, host } = request.headers;
  if (site === undefined && origin !== undefined && URL.canParse(origin) && new URL(origin).host === host)
    return;
  throw new HttpProblem(403, 'cross_site', 'This came from another site, and was not done.');
}

/** The user behind a request; routes with `anyone` ask `principalOrNull` themselves. */
export function principalOf(request: FastifyRequest): Principal {
  if (!request.principalOrNull) throw new HttpProblem(401, 'not_signed_in', 'Sign in first.');
  return request.principalOrNull;
}

/** @throws HttpProblem 401, 403 */
export function assertAccess(principal: Principal | null, access: Access): void {
  if (!principal) throw new HttpProblem(401, 'not_signed_in', 'Sign in, or send an API key.');
  const { user, scopes } = principal;
  if (!access.roles.includes(user.role))
    throw new HttpProblem(
      403,
      'not_allowed',
      `This needs the role ${access.roles.join(' or ')}; yours is ${user.role}.`,
    );
  if (scopes && access.scope !== 'any' && (access.scope === null || !scopes.has(access.scope)))
    throw new HttpProblem(
      403,
      'not_in_scope',
      access.scope === null
        ? 'No API key can do this: sign in.'
        : `This key lacks the scope ${access.scope}.`,
    );
}
