/** Companies of leads. */
import { z } from 'zod';
import { companiesCalled } from '../../../db/lookup.ts';
import { everybody, principalOf } from '../access/principal.ts';
import { listOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';

export function companyRoutes(app: Api, { db }: ApiDeps): void {
  app.get('/companies', {
    schema: {
      operationId: 'companies.find',
      tags: ['Leads'],
      summary: 'Companies of the leads that one sees, by what they are called; at most six',
      querystring: z.object({
        called: z
          .string()
          .trim()
          .min(1)
          .max(300)
          .describe('A domain, a name, the id that the CRM gave it, or the beginning of its id; in full'),
      }),
      response: {
        200: z.object({
          items: listOf(
            z
              .object({ id: z.uuid(), name: z.string(), domain: z.string().nullable() })
              .meta({ id: 'Company' }),
          ),
        }),
      },
    },
    config: { access: everybody('leads:read') },
    handler: async (request) => ({
      items: await companiesCalled(db, request.query.called, principalOf(request).owners),
    }),
  });
}
