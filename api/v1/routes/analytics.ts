/** Which channel, sequence, step, sender and rep brought what. */
import { z } from 'zod';
import { rangeOf } from '../../../db/analytics/range.ts';
import { isCounted } from '../../../db/analytics/recount.ts';
import { GROUPS, MEASURES, summarize } from '../../../db/analytics/summary.ts';
import { CHANNELS } from '../../../sequences/lead.ts';
import { principalOf } from '../access/principal.ts';
import { sightOf } from '../access/sight.ts';
import { listOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { addReport, counted, rangeQuery, rangeSchema } from './analytics-table.ts';

const text = z.string().trim().min(1).max(200);
const measures = z
  .object(
    Object.fromEntries(MEASURES.map((name) => [name, z.int()])) as Record<
      (typeof MEASURES)[number],
      z.ZodInt
    >,
  )
  .meta({ id: 'AnalyticsMeasures' });

export function analyticsRoutes(app: Api, deps: ApiDeps): void {
  const { db } = deps;

  addReport(app, {
    name: 'summary',
    summary:
      'Touches by the day they went out with what came of them until now, and those of as many days before',
    query: z.object({
      ...rangeQuery,
      by: z.enum(GROUPS).default('day'),
      channel: z.enum(CHANNELS).optional(),
      sequence: text.optional(),
      step: text.optional().describe('In any sequence, unless one is given'),
      launchId: z.uuid().optional(),
      senderId: z.uuid().optional(),
      rep: text.optional().describe('A user’s email, or as leads’ owners are written'),
    }),
    answer: z
      .object({
        range: rangeSchema,
        counted,
        total: z.object({ current: measures, previous: measures }),
        rows: listOf(
          z.object({
            key: z
              .string()
              .nullable()
              .describe(
                'First day of the day or week, channel, name of the sequence or step, id of the sender, email of the rep; null: nobody',
              ),
            label: z.string().nullable().describe('For people'),
            sequence: z.string().nullable().describe('Of a step'),
            current: measures,
            previous: measures,
          }),
        ),
      })
      .meta({ id: 'AnalyticsSummary' }),
    read: async (query, request) => {
      const { by, channel, sequence, step, launchId, senderId, rep } = query;
      const range = rangeOf(query, deps.clock.now());
      const sight = sightOf(principalOf(request));
      const filter = { channel, sequence, step, launch: launchId, sender: senderId, rep };
      const summary = await summarize(db, { range, by, filter, sight });
      return { range, counted: await isCounted(db), ...summary };
    },
    table: ({ rows }) => ({
      head: ['key', 'label', 'sequence', ...MEASURES, ...MEASURES.map((name) => `previous_${name}`)],
      rows: rows.map(({ key, label, sequence, current, previous }) => [
        key,
        label,
        sequence,
        ...MEASURES.map((name) => current[name]),
        ...MEASURES.map((name) => previous[name]),
      ]),
    }),
  });
}
