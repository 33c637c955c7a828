/** Signing in by an identity provider: OpenID Connect's authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636). */
import * as oidc from 'openid-client';
import { z } from 'zod';
import { beginSession } from '../../../db/access/sessions.ts';
import { findUserByEmail } from '../../../db/access/users.ts';
import { SESSION_COOKIE } from '../access/principal.ts';
import type { Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problem.ts';
import { sessionCookie } from './access.ts';

/** Holds what a sign-in under way must match, encrypted, for as long as a person takes. */
const COOKIE = 'cadenza-oidc';
const MINUTES = 10;
const TIMEOUT_SECONDS = 10;

const underWay = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  to: z.string(),
  until: z.number(),
});

/** Only a path of the app: what stands in a link must not lead elsewhere. */
const localPath = (to: string | undefined): string => (to && /^\/(?![/\\])[^\s]*$/.test(to) ? to : '/today');

export function oidcRoutes(app: Api, { db, config, secrets, log, clock }: ApiDeps): void {
  const { oidc: provider, publicUrl } = config;
  const callback = `${publicUrl}/v1/session/oidc/callback`;
  const cookie = { ...(provider && sessionCookie(config)), path: '/v1/session/oidc', maxAge: MINUTES * 60 };
  let found: Promise<oidc.Configuration> | null = null;
  /** Looked up when somebody first needs it: this server starts also while the provider is away. */
  const discover = (): Promise<oidc.Configuration> => {
    if (!provider) throw new HttpProblem(404, 'not_found', 'No identity provider is set up here.');
    const issuer = new URL(provider.issuer);
    const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(issuer.hostname);
    found ??= oidc
      .discovery(issuer, provider.clientId, provider.clientSecret, undefined, {
        timeout: TIMEOUT_SECONDS,
        ...(loopback && { execute: [oidc.allowInsecureRequests] }),
      })
      .catch((error: unknown) => {
        found = null;
        throw error;
      });
    return found;
  };

  app.get('/session/methods', {
    schema: {
      operationId: 'session.methods',
      tags: ['Access'],
      summary: 'How one can sign in here',
      response: {
        200: z.object({ password: z.literal(true), oidc: z.object({ name: z.string() }).nullable() }),
      },
    },
    config: { access: 'anyone' },
    handler: async () => ({ password: true as const, oidc: provider && { name: provider.name } }),
  });

  app.get('/session/oidc', {
    schema: {
      operationId: 'session.oidc',
      tags: ['Access'],
      summary: 'Go to the identity provider to sign in',
      querystring: z.object({
        to: z.string().max(1000).optional().describe('A path of the app, afterwards'),
      }),
      response: { 302: z.null().describe('To the identity provider') },
    },
    config: { access: 'anyone' },
    handler: async (request, reply) => {
      const configuration = await discover().catch((error: unknown) => {
        if (error instanceof HttpProblem) throw error;
        log.warn({ err: error }, 'the identity provider does not answer');
        return null;
      });
      if (!configuration) return reply.redirect('/sign-in?error=provider_away');
      const sought = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
        to: localPath(request.query.to),
        until: clock.now() + MINUTES * 60_000,
      };
      const to = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: callback,
        scope: 'openid email profile',
        state: sought.state,
        nonce: sought.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(sought.verifier),
        code_challenge_method: 'S256',
      });
      return reply.setCookie(COOKIE, secrets.encrypt(JSON.stringify(sought)), cookie).redirect(to.href);
    },
  });

  app.get('/session/oidc/callback', {
    schema: {
      operationId: 'session.oidcCallback',
      tags: ['Access'],
      summary: 'Where the identity provider sends people back to',
      querystring: z.record(z.string(), z.string().max(4000)),
      response: { 302: z.null().describe('To the app, or to the sign-in page with what went wrong') },
    },
    config: { access: 'anyone' },
    handler: async (request, reply) => {
      void reply.clearCookie(COOKIE, { path: cookie.path });
      try {
        const configuration = await discover();
        const sought = underWay.parse(JSON.parse(secrets.decrypt(request.cookies[COOKIE] ?? '')));
        if (sought.until < clock.now()) throw new Error('it took too long');
        const tokens = await oidc.authorizationCodeGrant(configuration, new URL(request.url, publicUrl), {
          pkceCodeVerifier: sought.verifier,
          expectedState: sought.state,
          expectedNonce: sought.nonce,
          idTokenExpected: true,
        });
        const claims = tokens.claims()!;
        const told = claims.email
          ? claims
          : await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub);
        const user =
          told.email_verified === true && typeof told.email === 'string'
            ? await findUserByEmail(db, told.email)
            : null;
        if (!user || user.disabledAt) return reply.redirect('/sign-in?error=unknown_user');
        return reply
          .setCookie(SESSION_COOKIE, await beginSession(db, user.id), sessionCookie(config))
          .redirect(sought.to);
      } catch (error) {
        if (error instanceof HttpProblem) throw error;
        log.warn({ err: error }, 'signing in by the identity provider failed');
        return reply.redirect('/sign-in?error=other');
      }
    },
  });
}
