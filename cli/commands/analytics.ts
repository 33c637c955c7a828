import type { Command } from 'commander';
import type { Estimate, SumExpectation } from '../../api/operations/expectation.ts';
import type { LocalRange } from '../../db/analytics/scope.ts';
import type { Db } from '../../db/db.ts';
import { CHANNELS, type Channel } from '../../sequences/lead.ts';
import { action, addCommand, addGroup } from '../command.ts';
import { oneOf, wholeNumber } from '../options.ts';
import type { Output } from '../output/output.ts';
import { count } from '../output/text.ts';
import { remote } from '../remote.ts';

/** As in db/analytics/summary.ts, which is loaded when a command runs. */
const GROUPS = ['day', 'week', 'channel', 'sequence', 'step', 'sender', 'rep'] as const;

interface RangeOptions {
  readonly from?: string;
  readonly to?: string;
  readonly timeZone?: string;
}

interface SummaryOptions extends RangeOptions {
  readonly by: (typeof GROUPS)[number];
  readonly channel?: Channel;
  readonly sequence?: string;
  readonly step?: string;
  readonly rep?: string;
}

interface AttributionOptions extends RangeOptions {
  readonly model: 'first' | 'last';
  readonly lookback: number;
}

/** Who uses the terminal sees everything. */
const EVERYTHING = { owners: null, unowned: true } as const;

export function addAnalytics(program: Command): void {
  const analytics = addGroup(program, 'analytics', {
    summary: 'what touches brought, which channels led to sales, what is to be expected',
    examples: ['analytics summary --by channel', 'analytics attribution --model first', 'analytics forecast'],
  });

  inRange(
    addCommand(analytics, 'summary', {
      summary: 'touches with what came of them, beside those of as many days before',
      description: 'Touches count by the day they went out. docs/analytics.md says what each number counts.',
      examples: [
        'analytics summary --by channel',
        'analytics summary --by week --from 2026-01-01 --to 2026-03-31 --sequence classic',
      ],
    }),
  )
    .option('--by <group>', `rows: ${GROUPS.join(', ')}`, oneOf('--by', GROUPS), 'day')
    .option('--channel <channel>', 'only touches by it', oneOf('--channel', CHANNELS))
    .option('--sequence <name>', 'only its touches')
    .option('--step <id>', 'only touches of this step')
    .option('--rep <email>', 'only leads of this user')
    .action(
      action<[], SummaryOptions>(async (out, _, options) => {
        const { by, channel, sequence, step, rep } = options;
        const { MEASURES, summarize } = await import('../../db/analytics/summary.ts');
        const filter = { channel, sequence, step, rep };
        const answer =
          (await remote()?.call('analytics.summary', { query: { ...rangeQuery(options), by, ...filter } })) ??
          (await ask(out, options, (db, range) => summarize(db, { range, by, filter, sight: EVERYTHING })));
        await out.result({ by, ...answer }, async () => {
          sayRange(out, answer.range);
          const cells = ({ current, previous }: (typeof answer)['total']) =>
            MEASURES.map((name) => `${current[name]} (${previous[name]})`);
          await out.table(
            [by.toUpperCase(), ...MEASURES.map((name) => name.toUpperCase())],
            [
              ...answer.rows.map((row) => [
                row.sequence === null ? (row.label ?? 'nobody') : `${row.sequence} ${row.label}`,
                ...cells(row),
              ]),
              ['total', ...cells(answer.total)],
            ],
          );
          out.note('In brackets: the range before.');
          sayCounted(out, answer);
        });
      }),
    );

  inRange(
    addCommand(analytics, 'attribution', {
      summary: 'which channels led to sessions, contacts, qualified contacts and sales',
      examples: ['analytics attribution', 'analytics attribution --model first --lookback 30 --json'],
    }),
  )
    .option(
      '--model <model>',
      'by the first or the last touch before',
      oneOf('--model', ['first', 'last']),
      'last',
    )
    .option('--lookback <days>', 'touches longer before led to nothing', wholeNumber('--lookback', 1), 90)
    .action(
      action<[], AttributionOptions>(async (out, _, options) => {
        const { model } = options;
        const [{ attribute, STAGE_NAMES }, { MAX_LOOKBACK }] = await Promise.all([
          import('../../db/analytics/attribution.ts'),
          import('../../db/analytics/recount.ts'),
        ]);
        const lookback = Math.min(options.lookback, MAX_LOOKBACK);
        const asked = { model, lookbackDays: lookback };
        const answer =
          (await remote()?.call('analytics.attribution', { query: { ...rangeQuery(options), ...asked } })) ??
          (await ask(out, options, async (db, range) => ({
            ...asked,
            rows: await attribute(db, { range, lookback, model, sight: EVERYTHING }),
          })));
        await out.result(answer, async () => {
          sayRange(out, answer.range);
          await out.table(
            ['CHANNEL', ...STAGE_NAMES.map((name) => name.toUpperCase()), 'AMOUNT'],
            answer.rows.map((row) => [
              row.channel ?? 'none',
              ...STAGE_NAMES.map((stage) => row[stage]),
              row.amounts.map(({ amount, currency }) => `${amount} ${currency}`).join(', '),
            ]),
          );
          sayCounted(out, answer);
        });
      }),
    );

  addCommand(analytics, 'forecast', {
    summary: 'what is to be expected of the leads that are on their way',
    description: 'By what came of the leads that stood at the same steps before, with 95 % intervals.',
    examples: ['analytics forecast', 'analytics forecast --minimum-cases 100 --json'],
  })
    .option(
      '--minimum-cases <leads>',
      'steps with fewer leads that are through say nothing',
      wholeNumber('--minimum-cases', 1),
      30,
    )
    .action(
      action<[], { minimumCases: number }>(async (out, _, { minimumCases: minimum }) => {
        const { expectationOf } = await import('../../api/operations/expectation.ts');
        const inDatabase = async () => {
          const { range: _, ...answer } = await ask(out, {}, (db) =>
            expectationOf(db, { minimum, sight: EVERYTHING }),
          );
          return { minimumCases: minimum, ...answer };
        };
        const answer =
          (await remote()?.call('analytics.forecast', { query: { minimumCases: minimum } })) ??
          (await inDatabase());
        await out.result(answer, async () => {
          const outcomes = (one: Omit<SumExpectation, 'leftOut'>) => [
            one.active,
            said(one.positive),
            said(one.meetings),
            said(one.sales),
            one.value.map((value) => `${said(value)} ${value.currency}`).join(', '),
          ];
          await out.table(
            ['SEQUENCE', 'STEP', 'CASES', 'ACTIVE', 'POSITIVE', 'MEETINGS', 'SALES', 'VALUE'],
            [
              ...answer.steps.map((step) => [
                step.sequence,
                step.step,
                step.tooFew ? `${step.cases}, too few` : step.cases,
                ...outcomes(step),
              ]),
              ['total', '', '', ...outcomes(answer.total)],
            ],
          );
          const { leftOut } = answer.total;
          if (leftOut > 0)
            out.note(`Of ${count(leftOut, 'lead')} nothing is said: too few were at their steps before.`);
          sayCounted(out, answer);
        });
      }),
    );
}

function inRange(command: Command): Command {
  return command
    .option('--from <date>', 'the first day (default: 30 days with the last)')
    .option('--to <date>', 'the last day (default: today)')
    .option('--time-zone <zone>', 'whose days (default: this machine’s zone)');
}

/** The range as the API is asked for it. */
function rangeQuery({ from, to, timeZone }: RangeOptions) {
  return { from, to, timeZone: timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone };
}

/** Counts what is not counted yet, and asks the database. */
async function ask<T extends object>(
  out: Output,
  options: RangeOptions,
  work: (db: Db, range: LocalRange) => Promise<T>,
): Promise<T & { readonly range: LocalRange; readonly counted: boolean }> {
  const [{ rangeOf }, { isCounted, recountAll }, { businessNow }, { withSession }, { machineZone }] =
    await Promise.all([
      import('../../db/analytics/range.ts'),
      import('../../db/analytics/recount.ts'),
      import('../../db/lookup.ts'),
      import('../session.ts'),
      import('../output/when.ts'),
    ]);
  return withSession(out, async ({ db }) => {
    const now = await businessNow(db);
    const range = rangeOf({ timeZone: machineZone(), ...options }, now);
    await recountAll(db, 10_000);
    return { range, counted: await isCounted(db), ...(await work(db, range)) };
  });
}

function sayRange(out: Output, { from, to, timeZone }: LocalRange): void {
  out.line(out.colors.bold(`${from} to ${to}, ${timeZone}`));
}

function sayCounted(out: Output, { counted }: { readonly counted: boolean }): void {
  if (!counted) out.note('Not everything that happened until now is in yet; it is within seconds.');
}

function said(one: Estimate | null): string {
  if (!one) return '';
  const round = (value: number) => (value >= 100 ? Math.round(value) : Math.round(value * 10) / 10);
  return `${round(one.expected)} (${round(one.low)} to ${round(one.high)})`;
}
