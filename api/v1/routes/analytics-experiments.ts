/** What the arms of a sequence's splits brought. */
import { z } from 'zod';
import { isCounted } from '../../../db/analytics/recount.ts';
import { loadNewest, loadVersion } from '../../../db/sequences.ts';
import { ENOUGH, experiments, RESULTS, VERDICTS } from '../../operations/experiments.ts';
import { principalOf } from '../access/principal.ts';
import { sightOf } from '../access/sight.ts';
import { listOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../problem.ts';
import { addReport, counted } from './analytics-table.ts';
import { sequenceName } from './sequence-schemas.ts';

const interval = z.object({ low: z.number(), high: z.number() }).nullable();
const result = z
  .object({
    count: z.int().describe('Of the contacted leads, after the first touch in the arm'),
    rate: z.number().nullable().describe('null: nobody was contacted'),
    interval: interval.describe('Of the rate: Wilson, 95 %'),
    difference: interval.describe('To the first arm of the split: Newcombe, 95 %; null for the first'),
    verdict: z
      .enum(VERDICTS)
      .nullable()
      .describe(
        `Held against the first arm; too_few: fewer than ${ENOUGH} were contacted in one of them; same: it may be chance`,
      ),
  })
  .meta({ id: 'AnalyticsResult' });

export function experimentRoutes(app: Api, { db }: ApiDeps): void {
  addReport(app, {
    name: 'experiments',
    summary: 'The arms of a sequence’s splits: what each brought, and whether that is more than chance',
    query: z.object({
      sequence: sequenceName,
      version: z.uuid().optional().describe('The newest without it'),
    }),
    answer: z
      .object({
        counted,
        version: z.uuid(),
        arms: listOf(
          z.object({
            step: z.string(),
            arm: z.string(),
            reached: z.int().describe('Leads who were sent this way'),
            contacted: z.int().describe('Of them, whom a touch reached after that'),
            answered: result,
            positive: result,
            meetings: result,
          }),
        ),
      })
      .meta({ id: 'AnalyticsExperiments' }),
    read: async ({ sequence, version: wanted }, request) => {
      const version = await (wanted === undefined ? loadNewest(db, sequence) : loadVersion(db, wanted));
      if (!version || version.name !== sequence) throw notFound('sequence');
      const arms = await experiments(db, version, sightOf(principalOf(request)));
      return { counted: await isCounted(db), version: version.id, arms };
    },
    table: ({ arms }) => ({
      head: [
        'step',
        'arm',
        'reached',
        'contacted',
        ...RESULTS.flatMap((name) =>
          ['', '_rate', '_low', '_high', '_difference_low', '_difference_high', '_verdict'].map(
            (part) => `${name}${part}`,
          ),
        ),
      ],
      rows: arms.map((arm) => [
        arm.step,
        arm.arm,
        arm.reached,
        arm.contacted,
        ...RESULTS.flatMap((name) => {
          const { count, rate, interval: of, difference, verdict } = arm[name];
          return [count, rate, of?.low, of?.high, difference?.low, difference?.high, verdict];
        }),
      ]),
    }),
  });
}
