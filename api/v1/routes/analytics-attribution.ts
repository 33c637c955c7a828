/** Which touches led to sessions, contacts, qualified contacts and sales. */
import { z } from 'zod';
import { attribute, journeys, STAGE_NAMES } from '../../../db/analytics/attribution.ts';
import { rangeOf } from '../../../db/analytics/range.ts';
import { isCounted, MAX_LOOKBACK } from '../../../db/analytics/recount.ts';
import { CHANNELS } from '../../../sequences/lead.ts';
import { principalOf } from '../access/principal.ts';
import { sightOf } from '../access/sight.ts';
import { listOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { addReport, counted, rangeQuery, rangeSchema } from './analytics-table.ts';

const lookbackDays = z.coerce
  .number()
  .int()
  .min(1)
  .max(MAX_LOOKBACK)
  .default(90)
  .describe('Touches longer before led to nothing');
const channel = z.enum(CHANNELS);
const count = z.int();

export function attributionRoutes(app: Api, deps: ApiDeps): void {
  const { db } = deps;

  addReport(app, {
    name: 'attribution',
    summary:
      'What each channel led to: sessions, contacts, qualified contacts and sales, by the first or last touch before',
    query: z.object({ ...rangeQuery, lookbackDays, model: z.enum(['first', 'last']).default('last') }),
    answer: z
      .object({
        range: rangeSchema,
        counted,
        model: z.enum(['first', 'last']),
        lookbackDays: z.int(),
        rows: listOf(
          z.object({
            channel: channel.nullable().describe('null: nothing of ours had reached the lead'),
            sessions: count,
            contacts: count,
            qualified: count,
            sales: count,
            amounts: listOf(
              z.object({
                currency: z.string(),
                amount: z.number(),
                sales: count.describe('Whose amount is known'),
              }),
            ),
          }),
        ),
      })
      .meta({ id: 'AnalyticsAttribution' }),
    read: async (query, request) => {
      const range = rangeOf(query, deps.clock.now());
      const { model, lookbackDays: lookback } = query;
      const rows = await attribute(db, { range, lookback, model, sight: sightOf(principalOf(request)) });
      return { range, counted: await isCounted(db), model, lookbackDays: lookback, rows };
    },
    table: ({ rows }) => {
      const currencies = [
        ...new Set(rows.flatMap(({ amounts }) => amounts.map((one) => one.currency))),
      ].sort();
      return {
        head: ['channel', ...STAGE_NAMES, ...currencies.map((currency) => `amount_${currency}`)],
        rows: rows.map((row) => [
          row.channel,
          ...STAGE_NAMES.map((stage) => row[stage]),
          ...currencies.map((currency) => row.amounts.find((one) => one.currency === currency)?.amount),
        ]),
      };
    },
  });

  addReport(app, {
    name: 'journeys',
    summary: 'The most usual ways, channel by channel, to sessions, contacts, qualified contacts and sales',
    query: z.object({
      ...rangeQuery,
      lookbackDays,
      most: z.coerce.number().int().min(1).max(100).default(10).describe('Ways to each stage'),
    }),
    answer: z
      .object({
        range: rangeSchema,
        counted,
        lookbackDays: z.int(),
        rows: listOf(
          z.object({
            stage: z.enum(STAGE_NAMES),
            path: listOf(channel).describe('Empty: nothing of ours had reached the lead'),
            count,
            share: z.number().describe('Of all that came to the stage'),
          }),
        ),
      })
      .meta({ id: 'AnalyticsJourneys' }),
    read: async (query, request) => {
      const range = rangeOf(query, deps.clock.now());
      const { lookbackDays: lookback, most } = query;
      const rows = await journeys(db, { range, lookback, most, sight: sightOf(principalOf(request)) });
      return { range, counted: await isCounted(db), lookbackDays: lookback, rows };
    },
    table: ({ rows }) => ({
      head: ['stage', 'path', 'count', 'share'],
      rows: rows.map(({ stage, path, count, share }) => [stage, path.join(' > '), count, share]),
    }),
  });
}
