/** Finding by the first letters. */
import { z } from 'zod';
import { searchLaunches, searchLeads, searchSequences } from '../../../db/search.ts';
import { everybody, principalOf, type Scope } from '../access/principal.ts';
import { sightOf } from '../access/sight.ts';
import { listOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';

export function searchRoutes(app: Api, { db }: ApiDeps): void {
  app.get('/search', {
    schema: {
      operationId: 'search',
      tags: ['Search'],
      summary: 'Leads, sequences and launches by the beginnings of words, at most eight of each',
      querystring: z.object({ q: z.string().trim().min(2).max(100) }),
      response: {
        200: z.object({
          leads: listOf(
            z.object({
              id: z.uuid(),
              name: z.string(),
              company: z.string().nullable(),
              email: z.string().nullable(),
            }),
          ),
          sequences: listOf(z.object({ name: z.string(), title: z.string() })),
          launches: listOf(z.object({ id: z.uuid(), name: z.string(), sequence: z.string() })),
        }),
      },
    },
    config: { access: everybody('leads:read') },
    handler: async (request) => {
      const principal = principalOf(request);
      const { q } = request.query;
      // A key that may read leads only finds nothing else.
      const may = (scope: Scope) => principal.scopes === null || principal.scopes.has(scope);
      const viewer = { userId: principal.user.id, ...sightOf(principal) };
      const [leads, sequences, launches] = await Promise.all([
        searchLeads(db, q, sightOf(principal)),
        may('sequences:read') ? searchSequences(db, q) : [],
        may('launches:read') ? searchLaunches(db, q, viewer) : [],
      ]);
      return { leads, sequences, launches };
    },
  });
}
