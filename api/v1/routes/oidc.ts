/** Signing in by an identity provider: OpenID Connect's authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636). */
import * as oidc from 'openid-client';
import { z } from 'zod';
import { isLoopback } from '../../../common/network.ts';
import { useOnce } from '../../../db/access/idempotency.ts';
import { findUserByEmail } from '../../../db/access/users.ts';
import { sessionCookie, signIn } from '../access/sign-in.ts';
import type { Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problem.ts';

/** Holds what a sign-in under way must match, encrypted, for as long as a person takes. */
const COOKIE = 'cadenza-oidc';
const MINUTES = 10;
const TIMEOUT_SECONDS = 10;

/** What the provider says in an address. */
const told = z.string().max(4000);

const underWay = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  to: z.string(),
  until: z.number(),
});

/** Why nobody came in; the sign-in page has a sentence for each. */
type Failure = 'provider_away' | 'unknown_user' | 'disabled_user' | 'unverified_email' | 'expired' | 'other';
const failed = (why: Failure): string => `/sign-in?error=${why}`;

/** An error of openid-client with what it came from: an error of the network, or the provider's answer. */
function chainOf(error: unknown): { message?: string; code?: string; error?: string; status?: number }[] {
  const chain: ReturnType<typeof chainOf> = [];
  for (let one = error; typeof one === 'object' && one !== null && chain.length < 5;) {
    chain.push(one);
    one = 'cause' in one ? one.cause : null;
  }
  return chain;
}

/** Whether the provider did not answer, or answered that it cannot now. */
const isAway = (error: unknown): boolean =>
  chainOf(error).some(
    (one) =>
      one.message === 'fetch failed' ||
      one.code === 'OAUTH_TIMEOUT' ||
      (one.status ?? 0) >= 500 ||
      one.error === 'temporarily_unavailable' ||
      one.error === 'server_error',
  );

/** For the log; not the error as a whole, which holds the provider's answer. */
const reasonOf = (error: unknown): string =>
  chainOf(error)
    .map((one) => one.message ?? one.status)
    .join(': ');

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
    found ??= oidc
      .discovery(issuer, provider.clientId, provider.clientSecret, undefined, {
        timeout: TIMEOUT_SECONDS,
        ...(isLoopback(issuer.hostname) && { execute: [oidc.allowInsecureRequests] }),
      })
      .catch((error: unknown) => {
        found = null;
        throw error;
      });
    return found;
  };

  /** What the cookie holds; null: there is none, or it is not ours. */
  const soughtBy = (value = ''): z.output<typeof underWay> | null => {
    try {
      return underWay.parse(JSON.parse(secrets.decrypt(value)));
    } catch {
      return null;
    }
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
        log.warn({ reason: reasonOf(error) }, 'the identity provider does not answer');
        return null;
      });
      if (!configuration) return reply.redirect(failed('provider_away'));
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
      // Providers add some of their own (RFC 6749, section 4.1.2).
      querystring: z
        .object({ state: told.optional(), code: told.optional(), error: told.optional() })
        .catchall(told),
      response: { 302: z.null().describe('To the app, or to the sign-in page with what went wrong') },
    },
    config: { access: 'anyone' },
    handler: async (request, reply) => {
      void reply.clearCookie(COOKIE, { path: cookie.path });
      try {
        const configuration = await discover();
        const sought = soughtBy(request.cookies[COOKIE]);
        const mine = sought && sought.until >= clock.now() && sought.state === request.query.state;
        // The cookie is taken back, but a copy of it may come again.
        if (!mine || !(await useOnce(db, 'oidc', sought.state))) return reply.redirect(failed('expired'));
        const tokens = await oidc.authorizationCodeGrant(configuration, new URL(request.url, publicUrl), {
          pkceCodeVerifier: sought.verifier,
          expectedState: sought.state,
          expectedNonce: sought.nonce,
          idTokenExpected: true,
        });
        const claims = tokens.claims()!;
        const known = claims.email
          ? claims
          : await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub);
        if (known.email_verified !== true || typeof known.email !== 'string')
          return reply.redirect(failed('unverified_email'));
        const user = await findUserByEmail(db, known.email);
        if (!user) return reply.redirect(failed('unknown_user'));
        if (user.disabledAt) return reply.redirect(failed('disabled_user'));
        await signIn({ db, config, secrets }, request, reply, user.id);
        return reply.redirect(sought.to);
      } catch (error) {
        if (error instanceof HttpProblem) throw error;
        log.warn({ reason: reasonOf(error) }, 'signing in by the identity provider failed');
        return reply.redirect(failed(isAway(error) ? 'provider_away' : 'other'));
      }
    },
  });
}
