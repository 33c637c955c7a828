import { z } from 'zod';
import { everybody } from '../access/principal.ts';
import { instant, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { openApi } from '../openapi.ts';

/** What describes the API itself, and its time. */
export function metaRoutes(app: Api, { clock }: ApiDeps): void {
  app.get('/openapi.json', {
    schema: {
      operationId: 'meta.openapi',
      tags: ['Meta'],
      summary: 'This API as an OpenAPI 3.1 document',
      response: { 200: z.record(z.string(), z.unknown()) },
    },
    config: { access: everybody('any') },
    handler: async () => openApi(app),
  });

  app.get('/time', {
    schema: {
      operationId: 'meta.time',
      tags: ['Meta'],
      summary: 'Business time, by which windows, waits and slots go: the present, but for a time-lapse',
      response: { 200: z.object({ now: instant }) },
    },
    config: { access: everybody('leads:read') },
    handler: async () => ({ now: new Date(clock.now()) }),
  });
}
