/** Counting touches: row by row where something is asked for beside the range, else by the sums that are kept of them. */
import type { Sight } from '../access/sight.ts';
import type { Queryable } from '../db.ts';
import { BLOCK, SLOT } from './flags.ts';
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

/** A statement that answers `part` (from 1), `id` (0: none), `flags` and how many touches (`n`) have them, in any number of rows. */
export async function tally(
  q: Queryable,
  { edges, of, filter, sight }: Question,
): Promise<{ readonly text: string; readonly values: readonly unknown[] }> {
  const all = sight.owners === null && Object.values(filter).every((one) => one === undefined);
  const where = new Conditions();
  const parts = `${where.value(edges)}::float8[]`;
  const [first, last] = [edges[0]!, edges.at(-1)!];
  if (all && of === null && edges.every((edge) => edge % SLOT === 0)) {
    where.add((place) => `slot >= ${place(first / SLOT)}::int and slot < ${place(last / SLOT)}::int`);
    return {
      text: `select width_bucket((slot * ${SLOT})::float8, ${parts}) as part, 0 as id, flags, sum(touches) as n
        from analytics_slots where ${where.sql} group by 1, 3`,
      values: where.values,
    };
  }
  const blocks = all && of !== null ? wholeBlocks(edges) : [];
  const left = outside(edges, blocks);
  where.add(
    (place) =>
      `(${left.map(([from, to]) => `(minute >= ${place(from)}::int and minute < ${place(to)}::int)`).join(' or ') || 'false'})`,
  );
  await addFilter(q, where, filter);
  await addSight(q, where, sight);
  const rows = `select width_bucket(minute::float8, ${parts}) as part, ${of === null ? '0' : `coalesce(${of}, 0)`} as id, flags, count(*) as n
    from analytics_touches where ${where.sql} group by 1, 2, 3`;
  if (blocks.length === 0) return { text: rows, values: where.values };
  const whole = new Conditions(where.values);
  whole.add((place) => `of = ${place(of)}`);
  whole.add(
    (place) =>
      `(${blocks.map(([from, to]) => `(block >= ${place(from / BLOCK)}::int and block < ${place(to / BLOCK)}::int)`).join(' or ')})`,
  );
  return {
    text: `select width_bucket((block::int8 * ${BLOCK})::float8, ${parts}) as part, id, flags, sum(touches) as n
      from analytics_blocks where ${whole.sql} group by 1, 2, 3 union all ${rows}`,
    values: whole.values,
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
