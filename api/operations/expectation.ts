/** What is to be expected of the leads that are on their way, by what came of those who stood where they stand. */
import { cohorts, standing, worth, type Cohort, type Standing } from '../../db/analytics/forecast.ts';
import type { Sight } from '../../db/access/sight.ts';
import type { Queryable } from '../../db/db.ts';
import type { StepId } from '../../sequences/plan.ts';
import { wilson } from './intervals.ts';
import { stepsInOrder } from './sequence-graph.ts';

/** A number with its 95 % interval. */
export interface Estimate {
  readonly expected: number;
  readonly low: number;
  readonly high: number;
}
export interface Value extends Estimate {
  readonly currency: string;
}

const OUTCOMES = ['positive', 'meetings', 'sales'] as const;
type Outcome = (typeof OUTCOMES)[number];

export interface Expected extends Readonly<Record<Outcome, Estimate | null>> {
  readonly active: number;
  /** Empty: no amounts of sales are known. */
  readonly value: readonly Value[];
}

export interface StepExpectation extends Expected {
  readonly sequence: string;
  readonly step: string;
  /** Leads that stood there before and are through. */
  readonly cases: number;
  /** Too few of them to say anything. */
  readonly tooFew: boolean;
}

export interface SumExpectation extends Expected {
  /** Active leads at steps with too few cases: nothing is expected of them here. */
  readonly leftOut: number;
}

export interface Expectation {
  readonly steps: readonly StepExpectation[];
  readonly sequences: readonly (SumExpectation & { readonly sequence: string; readonly title: string })[];
  readonly total: SumExpectation;
}

/** Steps with fewer than `minimum` cases are only counted. */
export async function expectationOf(
  q: Queryable,
  { sight, minimum }: { readonly sight: Sight; readonly minimum: number },
): Promise<Expectation> {
  const stand = await standing(q, sight);
  const names = [...new Set(stand.map(({ sequence }) => sequence))];
  const past = await cohorts(q, names, sight);
  const amounts = await worth(q, names, sight);
  const steps = names.flatMap((sequence) => {
    const cases = new Map(past.filter((one) => one.sequence === sequence).map((one) => [one.step, one]));
    const known = amounts.filter((one) => one.sequence === sequence);
    const sold = known.reduce((sum, one) => sum + one.sales, 0);
    return activeSteps(
      stand.filter((one) => one.sequence === sequence),
      cases,
    ).map(([step, active]): StepExpectation => {
      const cohort = cases.get(step);
      const enough = cohort !== undefined && cohort.cases >= minimum;
      const of = (outcome: Outcome) => (enough ? estimate(active, cohort[outcome], cohort.cases) : null);
      const sales = of('sales');
      return {
        sequence,
        step,
        active,
        cases: cohort?.cases ?? 0,
        tooFew: !enough,
        positive: of('positive'),
        meetings: of('meetings'),
        sales,
        value: sales
          ? known.map(({ currency, amount }) => ({ currency, ...times(sales, amount / sold) }))
          : [],
      };
    });
  });
  const sequences = names.map((sequence) => ({
    sequence,
    title: stand.findLast((one) => one.sequence === sequence)!.title,
    ...sumOf(steps.filter((one) => one.sequence === sequence)),
  }));
  return { steps, sequences, total: sumOf(steps) };
}

/** Steps with the leads that stand there, in the order of the newest version; who waits or has not begun stands at the next step that is known. */
function activeSteps(
  stand: readonly Standing[],
  cases: ReadonlyMap<string, Cohort>,
): readonly (readonly [StepId, number])[] {
  const active = new Map<StepId, number>();
  for (const { plan, step, leads } of stand) {
    let at = step ?? plan.start;
    for (const seen = new Set<StepId>(); at !== null && !cases.has(at) && !seen.has(at);) {
      seen.add(at);
      const node = plan.nodes[at];
      if (node?.kind !== 'wait' || node.next === null) break;
      at = node.next;
    }
    if (at !== null) active.set(at, (active.get(at) ?? 0) + leads);
  }
  const newest = stand.at(-1);
  const order = newest ? stepsInOrder(newest.plan).map(({ id }) => id) : [];
  const place = (step: StepId) => (order.indexOf(step) + order.length + 1) % (order.length + 1);
  return [...active].toSorted(([a], [b]) => place(a) - place(b));
}

function estimate(active: number, hits: number, of: number): Estimate {
  const { low, high } = wilson(hits, of)!;
  return times({ expected: hits / of, low, high }, active);
}

const times = ({ expected, low, high }: Estimate, by: number): Estimate => ({
  expected: expected * by,
  low: low * by,
  high: high * by,
});

/**
 * A sum of estimates with an interval made of theirs: its distance to the sum is the root of the sum of their squared distances, below
 * and above (MOVER; Zou and Donner, Statistics in Medicine 27, 2008). null: there are none.
 */
export function sum(estimates: readonly Estimate[]): Estimate | null {
  if (estimates.length === 0) return null;
  const add = (read: (one: Estimate) => number) => estimates.reduce((all, one) => all + read(one), 0);
  const expected = add((one) => one.expected);
  return {
    expected,
    low: Math.max(0, expected - Math.sqrt(add((one) => (one.expected - one.low) ** 2))),
    high: expected + Math.sqrt(add((one) => (one.high - one.expected) ** 2)),
  };
}

function sumOf(steps: readonly StepExpectation[]): SumExpectation {
  const of = (outcome: Outcome) => sum(steps.flatMap((step) => step[outcome] ?? []));
  const active = steps.reduce((all, step) => all + step.active, 0);
  const currencies = [...new Set(steps.flatMap(({ value }) => value.map((one) => one.currency)))].sort();
  return {
    active,
    leftOut: steps.reduce((all, step) => all + (step.tooFew ? step.active : 0), 0),
    positive: of('positive'),
    meetings: of('meetings'),
    sales: of('sales'),
    value: currencies.map((currency) => ({
      currency,
      ...sum(steps.flatMap(({ value }) => value.filter((one) => one.currency === currency)))!,
    })),
  };
}
