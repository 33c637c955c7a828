/** What is to be expected of the leads that are on their way. */
import { z } from 'zod';
import { isCounted } from '../../../db/analytics/recount.ts';
import { expectationOf, type Expected } from '../../operations/expectation.ts';
import { principalOf } from '../access/principal.ts';
import { sightOf } from '../access/sight.ts';
import { listOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { addReport, counted } from './analytics-table.ts';

const estimate = z
  .object({ expected: z.number(), low: z.number(), high: z.number() })
  .describe('With its 95 % interval')
  .meta({ id: 'AnalyticsEstimate' });
const expected = {
  active: z.int().describe('Leads that are there now'),
  positive: estimate.nullable(),
  meetings: estimate.nullable(),
  sales: estimate.nullable(),
  value: listOf(
    z.object({ currency: z.string(), expected: z.number(), low: z.number(), high: z.number() }),
  ).describe('Of the sales; empty: no amounts are known'),
};
const summed = z.object({
  ...expected,
  leftOut: z.int().describe('Active leads at steps with too few cases, of whom nothing is expected here'),
});

export function forecastRoutes(app: Api, { db }: ApiDeps): void {
  addReport(app, {
    name: 'forecast',
    summary:
      'What is to be expected of the leads that are on their way, by what came of those who stood at their steps before',
    query: z.object({
      minimumCases: z.coerce
        .number()
        .int()
        .min(1)
        .max(10_000)
        .default(30)
        .describe('Steps with fewer leads that are through say nothing'),
    }),
    answer: z
      .object({
        counted,
        minimumCases: z.int(),
        steps: listOf(
          z.object({
            sequence: z.string(),
            step: z.string(),
            cases: z.int().describe('Leads that stood there and are through'),
            tooFew: z.boolean(),
            ...expected,
          }),
        ),
        sequences: listOf(summed.extend({ sequence: z.string(), title: z.string() })),
        total: summed,
      })
      .meta({ id: 'AnalyticsForecast' }),
    read: async ({ minimumCases: minimum }, request) => ({
      counted: await isCounted(db),
      minimumCases: minimum,
      ...(await expectationOf(db, { minimum, sight: sightOf(principalOf(request)) })),
    }),
    table: ({ steps }) => {
      const currencies = [...new Set(steps.flatMap(({ value }) => value.map((one) => one.currency)))].sort();
      const numbers = ['positive', 'meetings', 'sales'] as const;
      const each = (name: string) => [name, `${name}_low`, `${name}_high`];
      const cells = (one: { expected: number; low: number; high: number } | null | undefined) =>
        one ? [one.expected, one.low, one.high] : [null, null, null];
      return {
        head: [
          'sequence',
          'step',
          'active',
          'cases',
          'too_few',
          ...numbers.flatMap(each),
          ...currencies.flatMap((currency) => each(`value_${currency}`)),
        ],
        rows: steps.map((step) => [
          step.sequence,
          step.step,
          step.active,
          step.cases,
          step.tooFew,
          ...numbers.flatMap((name) => cells((step as Expected)[name])),
          ...currencies.flatMap((currency) => cells(step.value.find((one) => one.currency === currency))),
        ]),
      };
    },
  });
}
