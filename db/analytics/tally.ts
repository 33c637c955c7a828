/** Counting touches by the sums that are kept of them, and row by row what is in none. */
import type { Sight } from '../access/sight.ts';
import type { Queryable } from '../db.ts';
import { BLOCK, DAY, SLOT } from './flags.ts';
import { addFilter, addSight, Conditions, type TouchFilter } from './scope.ts';

/** By what touches are told apart. */
export type Told = 'channel' | 'step' | 'sender' | 'owner';

interface Question {
  /** Where the parts of the range begin, and where the last one ends: minutes since 1970. */
  readonly edges: readonly number[];
  /** null: by their part alone. */
  readonly of: Told | null;
  readonly filter: TouchFilter;
  readonly sight: Sight;
}

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A statement that answers `part` (from 1), `id` (0: none), `flags` and how many touches (`n`) have them, in any number of rows. */
export async function tally(q: Queryable, { edges, of, filter, sight }: Question): Promise<Statement> {
  const where = new Conditions();
  await addFilter(q, where, filter);
  await addSight(q, where, sight);
  const { sequence, step, sender, launch } = filter;
  if (of === null && where.sql === 'true' && edges.every((edge) => edge % SLOT === 0))
    return bySlots(where, edges);
  const coarse = [sequence, step, sender, launch].every((one) => one === undefined);
  if (coarse && of !== 'step' && of !== 'sender') return byDays(where, edges, of);
  return byBlocks(where, edges, of, of === null || launch !== undefined ? [] : wholeBlocks(edges));
}

function bySlots(where: Conditions, edges: readonly number[]): Statement {
  where.add(
    (place) => `slot >= ${place(edges[0]! / SLOT)}::int and slot < ${place(edges.at(-1)! / SLOT)}::int`,
  );
  return {
    text: `select width_bucket((slot * ${SLOT})::float8, ${where.value(edges)}::float8[]) as part, 0 as id, flags, sum(touches) as n
      from analytics_slots where ${where.sql} group by 1, 3`,
    values: where.values,
  };
}

/** What of each day is in a part: its minutes are in order, so they are not gone through. */
function byDays(where: Conditions, edges: readonly number[], of: 'channel' | 'owner' | null): Statement {
  const cuts = edges.slice(1).flatMap((end, i) => cutIntoDays(i + 1, edges[i]!, end));
  const column = (key: keyof Cut, type: string) => `${where.value(cuts.map((cut) => cut[key]))}::${type}[]`;
  const before = (minute: string) => `width_bucket((${minute} - 1)::int2, minutes)`;
  return {
    text: `select part, ${of ?? '0'} as id, flags, sum(${before('upto')} - ${before('since')}) as n from analytics_days
      join unnest(${column('day', 'int')}, ${column('part', 'int')}, ${column('since', 'int2')}, ${column('upto', 'int2')})
        cut (day, part, since, upto) using (day)
      where ${where.sql} group by 1, 2, 3`,
    values: where.values,
  };
}

/** A day of which the minutes from `since` until before `upto` are in a part. */
interface Cut {
  readonly day: number;
  readonly part: number;
  readonly since: number;
  readonly upto: number;
}

function cutIntoDays(part: number, start: number, end: number): readonly Cut[] {
  const first = Math.floor(start / DAY);
  return Array.from({ length: Math.max(0, Math.ceil(end / DAY) - first) }, (_, i) => {
    const midnight = (first + i) * DAY;
    return {
      day: first + i,
      part,
      since: Math.max(0, start - midnight),
      upto: Math.min(DAY, end - midnight),
    };
  });
}

/** These blocks by their sums, what is left of the range row by row. */
function byBlocks(
  where: Conditions,
  edges: readonly number[],
  of: Told | null,
  blocks: readonly Stretch[],
): Statement {
  const parts = `${where.value(edges)}::float8[]`;
  const within = (column: string, size: number, stretches: readonly Stretch[]) =>
    `(${
      stretches
        .map(
          ([from, to]) =>
            `(${column} >= ${where.value(from / size)}::int and ${column} < ${where.value(to / size)}::int)`,
        )
        .join(' or ') || 'false'
    })`;
  const id = of === null ? '0' : `coalesce(${of}, 0)`;
  const rows = `select width_bucket(minute::float8, ${parts}) as part, ${id} as id, flags, count(*) as n from analytics_touches
    where ${where.sql} and ${within('minute', 1, outside(edges, blocks))} group by 1, 2, 3`;
  if (blocks.length === 0) return { text: rows, values: where.values };
  return {
    text: `select width_bucket((block::int8 * ${BLOCK})::float8, ${parts}) as part, ${of} as id, flags, sum(touches) as n from analytics_weeks
      where ${where.sql} and ${within('block', BLOCK, blocks)} group by 1, 2, 3 union all ${rows}`,
    values: where.values,
  };
}

type Stretch = readonly [from: number, to: number];

/** Of each part of the range the blocks that are wholly in it, as minutes. */
function wholeBlocks(edges: readonly number[]): readonly Stretch[] {
  return edges.slice(1).flatMap((end, i) => {
    const from = Math.ceil(edges[i]! / BLOCK) * BLOCK;
    const to = Math.floor(end / BLOCK) * BLOCK;
    return from < to ? [[from, to] as const] : [];
  });
}

/** What of the range is in no such block. */
function outside(edges: readonly number[], blocks: readonly Stretch[]): readonly Stretch[] {
  const bounds = [edges[0]!, ...blocks.flat(), edges.at(-1)!];
  return Array.from(
    { length: bounds.length / 2 },
    (_, i) => [bounds[2 * i]!, bounds[2 * i + 1]!] as const,
  ).filter(([from, to]) => from < to);
}
