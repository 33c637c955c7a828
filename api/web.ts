/** The web app: its files, and one page for every address of it. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { PAGE_HEADERS, plainPage } from './pages/page.ts';

/** What the app has pages for: everything else stays a 404. */
const PLACES = ['today', 'inbox', 'leads', 'sequences', 'launches', 'analytics', 'settings', 'sign-in'];
const ADDRESSES = ['/', ...PLACES.flatMap((place) => [`/${place}`, `/${place}/*`])];
/** Stands in the built page where its styles' nonce belongs. */
const NONCE = '{{nonce}}';
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex, nofollow',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
} as const;

/**
 * What a page may do (Content Security Policy, level 3): run our own files, style itself by them, ask this server. Styles that
 * components make at run time carry the page's nonce. Messages are shown in frames of this server, which have a policy of their own.
 */
const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "frame-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** What the app's addresses say while it is not built, and how to build it. */
export const NOT_BUILT =
  'The web app is not built. Build it by “npm run build:web”, then start Cadenza again.';

/** In the place of an app that is not built. */
export function unbuiltRoutes(app: FastifyInstance): void {
  for (const path of ADDRESSES)
    app.get(path, async (_request, reply) =>
      reply
        .code(503)
        .headers(PAGE_HEADERS)
        .send(plainPage('en', 'No app here yet', NOT_BUILT)),
    );
}

/** @param folder where the app was built (`web/dist`) */
export function webRoutes(app: FastifyInstance, folder: string): void {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  void app.register(fastifyStatic, {
    root: join(folder, 'assets'),
    prefix: '/assets/',
    decorateReply: false,
    index: false,
    preCompressed: true,
    // Their names change with what is in them.
    immutable: true,
    maxAge: '365d',
    setHeaders(response) {
      response.setHeader('x-content-type-options', 'nosniff');
    },
  });
  const icon = readFileSync(join(folder, 'icon.svg'));
  app.get('/icon.svg', async (_request, reply) =>
    reply
      .headers({ 'content-type': 'image/svg+xml', 'cache-control': 'max-age=86400' })
      .header('content-security-policy', "default-src 'none'; sandbox")
      .send(icon),
  );
  for (const path of ADDRESSES)
    app.get(path, async (_request, reply) => {
      const nonce = randomBytes(16).toString('base64');
      return reply
        .headers(HEADERS)
        .header('content-security-policy', policy(nonce))
        .send(html.replaceAll(NONCE, nonce));
    });
}
