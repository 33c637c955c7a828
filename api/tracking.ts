/** Tracked links and images: stored first, then answered. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TrackingTokens } from '../common/tracking-tokens.ts';
import { machineByRequest } from '../providers/email/tracking/machine.ts';
import type { HitKind, MachineReason } from '../sequences/tracking.ts';

export interface TrackingDeps {
  readonly tokens: TrackingTokens;
  /**
   * Stores a hit and answers where the link leads; null: nowhere (any more), or it was an image. `why`: what the request itself
   * says against a person.
   */
  readonly receive: (
    hit: { readonly touchId: string; readonly kind: HitKind; readonly link: number },
    why: MachineReason | null,
  ) => Promise<string | null>;
}

const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex, nofollow',
};

/** One transparent pixel. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

/**
 * `/t/c/:token` leads where the link of the message led, and nowhere else: the address is the stored one. `/t/o/:token.gif` is the
 * image, there for every token of ours. What is no token of ours is not found.
 */
export function trackingRoutes(app: FastifyInstance, { tokens, receive }: TrackingDeps): void {
  app.get<{ Params: { token: string } }>('/t/c/:token', async (request, reply) => {
    const key = tokens.verifyClick(request.params.token);
    const url = key && (await receive({ ...key, kind: 'click' }, machineByRequest(request)));
    if (!url) return reply.callNotFound();
    return reply.code(302).headers(HEADERS).header('location', new URL(url).href).send();
  });
  app.get<{ Params: { file: string } }>('/t/o/:file', async (request, reply) => {
    const token = /^([\w-]+)\.gif$/.exec(request.params.file)?.[1];
    const key = token === undefined ? null : tokens.verifyOpen(token);
    if (!key) return reply.callNotFound();
    await receive({ ...key, kind: 'open', link: 0 }, machineByRequest(request)).catch((error: unknown) =>
      noted(request, error),
    );
    return image(reply);
  });
}

/** The reader sees no broken image because something could not be written down. */
function noted(request: FastifyRequest, error: unknown): void {
  request.log.error({ err: error, route: request.routeOptions.url }, 'an open could not be stored');
}

function image(reply: FastifyReply): FastifyReply {
  return reply.headers(HEADERS).type('image/gif').send(GIF);
}
