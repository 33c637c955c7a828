/** Which channels led to sessions, contacts, qualified contacts and sales, by the first or the last touch before each. */
import type { Channel } from '../../sequences/lead.ts';
import type { Sight } from '../access/sight.ts';
import type { Db, Queryable } from '../db.ts';
import { channelOf, STAGES } from './flags.ts';
import { addDays, addSight, asking, Conditions, minutesOf, type LocalRange } from './scope.ts';

export const STAGE_NAMES = Object.keys(STAGES) as [Stage, ...Stage[]];
type Stage = keyof typeof STAGES;
const stageOf = (kind: number): Stage => STAGE_NAMES.find((name) => STAGES[name] === kind)!;

export interface AttributionQuestion {
  readonly range: LocalRange;
  /** Touches that are longer ago (days) led to nothing. */
  readonly lookback: number;
  readonly sight: Sight;
}

export interface Amount {
  readonly currency: string;
  readonly amount: number;
  /** Sales of which an amount in this currency is known. */
  readonly sales: number;
}

export type AttributionRow = Readonly<Record<Stage, number>> & {
  /** null: nothing of ours reached the lead before. */
  readonly channel: Channel | null;
  readonly amounts: readonly Amount[];
};

/** Of the channels before something (`channels`, `until`) the first within the lookback, from 1. */
const firstWithin = (lookback: string) => `width_bucket(minute - ${lookback} - 1, until) + 1`;

/** The channels with what they led to in the range, those that led to most sales first. */
export async function attribute(
  db: Db,
  { range, lookback, sight, model }: AttributionQuestion & { readonly model: 'first' | 'last' },
): Promise<AttributionRow[]> {
  return asking(db, async (tx) => {
    const where = new Conditions();
    const back = `${where.value(lookback * 1440)}::int`;
    await within(tx, where, range, sight);
    const channel =
      model === 'first'
        ? `channels[${firstWithin(back)}]`
        : `case when until[cardinality(until)] >= minute - ${back} then channels[cardinality(channels)] end`;
    const { rows } = await tx.query<{
      channel: number | null;
      kind: number;
      currency: string | null;
      count: number;
      amount: number | null;
    }>(
      `select ${channel} as channel, kind, currency, count(*) as count, sum(amount)::float8 as amount from analytics_conversions
       where ${where.sql} group by 1, 2, 3 order by 1, 2, 3 limit 10000`,
      where.values,
    );
    const found = new Map<number | null, AttributionRow>();
    for (const row of rows) {
      const stage = stageOf(row.kind);
      const before = found.get(row.channel) ?? {
        channel: row.channel === null ? null : channelOf(row.channel),
        sessions: 0,
        contacts: 0,
        qualified: 0,
        sales: 0,
        amounts: [],
      };
      const amounts =
        row.currency === null
          ? before.amounts
          : [...before.amounts, { currency: row.currency, amount: row.amount ?? 0, sales: row.count }];
      found.set(row.channel, { ...before, [stage]: before[stage] + row.count, amounts });
    }
    return [...found.values()].toSorted(
      (a, b) =>
        Number(a.channel === null) - Number(b.channel === null) ||
        b.sales - a.sales ||
        b.qualified - a.qualified ||
        b.contacts - a.contacts ||
        b.sessions - a.sessions,
    );
  });
}

export interface Journey {
  readonly stage: Stage;
  /** The channels by which the lead was reached, in order, the same one after the other once. */
  readonly path: readonly Channel[];
  readonly count: number;
  /** Of all that reached the stage. */
  readonly share: number;
}

/** The most usual ways to each stage, at most `most` for each. */
export async function journeys(
  db: Db,
  { range, lookback, sight, most }: AttributionQuestion & { readonly most: number },
): Promise<Journey[]> {
  return asking(db, async (tx) => {
    const where = new Conditions();
    const back = `${where.value(lookback * 1440)}::int`;
    const limit = where.value(most);
    await within(tx, where, range, sight);
    const { rows } = await tx.query<{ kind: number; path: number[]; count: number; share: number }>(
      `select kind, path, count, share from (
         select kind, path, count(*) as count, count(*)::float8 / sum(count(*)) over (partition by kind) as share,
           row_number() over (partition by kind order by count(*) desc, path) as place
         from (select kind, channels[${firstWithin(back)}:] as path from analytics_conversions where ${where.sql}) x
         group by 1, 2) y
       where place <= ${limit} order by kind, place limit 1000`,
      where.values,
    );
    return rows.map(({ kind, path, ...row }) => ({
      ...row,
      stage: stageOf(kind),
      path: path.map(channelOf),
    }));
  });
}

async function within(q: Queryable, where: Conditions, range: LocalRange, sight: Sight): Promise<void> {
  const edges = minutesOf([range.from, addDays(range.to, 1)], range.timeZone);
  where.add((place) => `minute >= ${place(edges[0])}::int and minute < ${place(edges[1])}::int`);
  where.add((place) => `kind = any(${place(Object.values(STAGES))}::int[])`);
  await addSight(q, where, sight);
}
