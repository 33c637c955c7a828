/** Which arm of a split does better, and whether that is more than chance. */
import { armResults } from '../../db/analytics/arms.ts';
import type { Sight } from '../../db/access/sight.ts';
import type { Queryable } from '../../db/db.ts';
import type { SequenceVersion } from '../../db/sequences.ts';
import { newcombe, wilson, type Interval } from './intervals.ts';
import { stepsInOrder } from './sequence-graph.ts';

export const RESULTS = ['answered', 'positive', 'meetings'] as const;
/** `too_few`: nobody can say yet; `same`: the difference may be chance. */
export const VERDICTS = ['too_few', 'same', 'better', 'worse'] as const;
/** With fewer contacted leads in an arm nothing is said about it. */
export const ENOUGH = 30;

export interface Result {
  /** Of the contacted. */
  readonly count: number;
  readonly rate: number | null;
  /** Of the rate: Wilson, 95 %. */
  readonly interval: Interval | null;
  /** To the first arm: Newcombe, 95 %; null for the first. */
  readonly difference: Interval | null;
  /** Held against the first arm; null for the first. */
  readonly verdict: (typeof VERDICTS)[number] | null;
}

export interface Arm extends Readonly<Record<(typeof RESULTS)[number], Result>> {
  readonly step: string;
  readonly arm: string;
  readonly reached: number;
  readonly contacted: number;
}

/** The arms of all splits of a version, in the order in which they are written, each held against the first of its split. */
export async function experiments(
  q: Queryable,
  version: Pick<SequenceVersion, 'id' | 'plan'>,
  sight: Sight,
): Promise<Arm[]> {
  const results = await armResults(q, version.id, sight);
  return stepsInOrder(version.plan).flatMap((node) => {
    if (node.kind !== 'split') return [];
    const arms = node.arms.map(
      ({ name }) =>
        results.find(({ step, arm }) => step === node.id && arm === name) ?? {
          step: node.id,
          arm: name,
          reached: 0,
          contacted: 0,
          answered: 0,
          positive: 0,
          meetings: 0,
        },
    );
    const [first] = arms;
    return arms.map((arm) => {
      const of = (name: (typeof RESULTS)[number]): Result => {
        const count = arm[name];
        const against = arm === first || !first ? null : first;
        const difference = against && newcombe([against[name], against.contacted], [count, arm.contacted]);
        return {
          count,
          rate: arm.contacted === 0 ? null : count / arm.contacted,
          interval: wilson(count, arm.contacted),
          difference,
          verdict: against && verdictOf(Math.min(arm.contacted, against.contacted), difference),
        };
      };
      return {
        ...arm,
        answered: of('answered'),
        positive: of('positive'),
        meetings: of('meetings'),
      };
    });
  });
}

function verdictOf(contacted: number, difference: Interval | null): Result['verdict'] {
  if (contacted < ENOUGH || !difference) return 'too_few';
  if (difference.low > 0) return 'better';
  return difference.high < 0 ? 'worse' : 'same';
}
