/** What changes between two states of a sequence: by step, and line by line. */
import { isDeepStrictEqual } from 'node:util';
import { diffLines } from 'diff';
import { stepsInOrder } from './sequence-graph.ts';
import { changedSteps } from '../../db/sequences.ts';
import type { CompiledSequence, StepId } from '../../sequences/plan.ts';

export interface StepChange {
  readonly step: StepId;
  /** `text`: only what is written; `changed`: also or only when and how. */
  readonly change: 'added' | 'removed' | 'changed' | 'text';
}

export interface DifferenceLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
  /** Line numbers from 1; null: not on that side. */
  readonly before: number | null;
  readonly after: number | null;
}

export interface Difference {
  readonly steps: readonly StepChange[];
  readonly settingsChanged: boolean;
  readonly footerChanged: boolean;
  /** Leads that are on their way are not touched by a new structure. */
  readonly structureChanged: boolean;
  readonly lines: readonly DifferenceLine[];
}

type Side = Pick<CompiledSequence, 'plan' | 'settings' | 'copy' | 'structureHash' | 'source'>;

/** The whole difference; `before` null: everything is new. */
export function differenceOf(before: Side | null, after: Side): Difference {
  const old = before?.plan.nodes ?? {};
  const now = after.plan.nodes;
  const texts = new Set(changedSteps(before?.copy ?? { steps: {}, unsubscribeFooter: null }, after.copy));
  const steps = [...new Set([...idsOf(after), ...(before ? idsOf(before) : [])])].flatMap(
    (step): StepChange[] => {
      if (!Object.hasOwn(old, step)) return [{ step, change: 'added' }];
      if (!Object.hasOwn(now, step)) return [{ step, change: 'removed' }];
      if (!isDeepStrictEqual(plain(old[step]), plain(now[step]))) return [{ step, change: 'changed' }];
      return texts.has(step) ? [{ step, change: 'text' }] : [];
    },
  );
  return {
    steps,
    settingsChanged: before !== null && !isDeepStrictEqual(plain(before.settings), plain(after.settings)),
    footerChanged: before !== null && before.copy.unsubscribeFooter !== after.copy.unsubscribeFooter,
    structureChanged: before === null || before.structureHash !== after.structureHash,
    lines: lineDifference(before?.source ?? '', after.source),
  };
}

const idsOf = ({ plan }: Side): StepId[] => stepsInOrder(plan).map(({ id }) => id);

/** As stored: keys without a value are not there. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

function lineDifference(before: string, after: string): DifferenceLine[] {
  let [left, right] = [0, 0];
  // Two files that have nothing in common would take long; half a second is enough for any that are related.
  const parts = diffLines(before, after, { timeout: 500 }) ?? [
    { value: before, removed: true, added: false },
    { value: after, removed: false, added: true },
  ];
  return parts.flatMap(({ value, added, removed }) =>
    value
      .replace(/\n$/, '')
      .split('\n')
      .filter((_, index, all) => value !== '' || all.length > 1)
      .map((text): DifferenceLine => ({
        kind: added ? 'added' : removed ? 'removed' : 'same',
        text,
        before: added ? null : ++left,
        after: removed ? null : ++right,
      })),
  );
}
