import { z } from 'zod';
import { everybody } from '../access/principal.ts';
import type { Api } from '../contract.ts';
import { openApi } from '../openapi.ts';

/** What describes the API itself. */
export function metaRoutes(app: Api): void {
  app.get('/openapi.json', {
    schema: {
      operationId: 'meta.openapi',
      tags: ['Meta'],
      summary: 'This API as an OpenAPI 3.1 document',
      response: { 200: z.record(z.string(), z.unknown()) },
    },
    config: { access: everybody(null) },
    handler: async () => openApi(app),
  });
}
