/** Over what analytics count: a range of local days, and whose. */
import { CHANNELS, type Channel } from '../../sequences/lead.ts';
import { zoneClock } from '../../sequences/calendar/zone.ts';
import type { Sight } from '../access/sight.ts';
import type { Db, Queryable, Tx } from '../db.ts';
import { channelCode } from './flags.ts';

/** Both local dates (`YYYY-MM-DD`) are in the range. */
export interface LocalRange {
  readonly from: string;
  readonly to: string;
  /** IANA name. */
  readonly timeZone: string;
}

export interface TouchFilter {
  readonly channel?: Channel | undefined;
  readonly sequence?: string | undefined;
  /** The id of a step; in any sequence unless one is given. */
  readonly step?: string | undefined;
  readonly launch?: string | undefined;
  readonly sender?: string | undefined;
  /** A user's email, or what leads' owners say. */
  readonly rep?: string | undefined;
}

/** Runs a question that reads much: with memory to group in, on both cores, and nothing compiled first. */
export function asking<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  return db.tx(async (tx) => {
    await tx.query(
      `select set_config('jit', 'off', true), set_config('work_mem', '64MB', true), set_config('parallel_setup_cost', '100', true),
         set_config('parallel_tuple_cost', '0.001', true), set_config('max_parallel_workers_per_gather', '2', true)`,
    );
    return work(tx);
  });
}

/** When local days begin, in minutes since 1970. */
export function minutesOf(dates: readonly string[], timeZone: string): readonly number[] {
  const zone = zoneClock(timeZone);
  return dates.map((day) => Math.floor(zone.toInstant(Date.parse(`${day}T00:00:00Z`)) / 60_000));
}

/** `date` and so many days more. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** How many days there are from the one to the other, both counted. */
export function daysIn({ from, to }: Pick<LocalRange, 'from' | 'to'>): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000) + 1;
}

/** Parameters of a statement, with a condition for each of them. */
export class Conditions {
  readonly values: unknown[];
  readonly #all: string[] = [];

  /** @param values of the statement that it becomes a part of */
  constructor(values: unknown[] = []) {
    this.values = values;
  }

  /** A parameter's place, such as `$3`. */
  value(value: unknown): string {
    return `$${this.values.push(value)}`;
  }

  add(condition: (place: (value: unknown) => string) => string): this {
    this.#all.push(condition((value) => this.value(value)));
    return this;
  }

  get sql(): string {
    return this.#all.length === 0 ? 'true' : this.#all.join(' and ');
  }
}

/** Whose: rows by `owner`, null (or 0) being nobody's. */
export async function addSight(q: Queryable, conditions: Conditions, sight: Sight): Promise<void> {
  if (sight.owners === null) return;
  const ids = await namesOf(q, 'owner', sight.owners);
  conditions.add((place) => `coalesce(owner, 0) = any(${place(sight.unowned ? [0, ...ids] : ids)}::int[])`);
}

/** What is asked for beside the range. */
export async function addFilter(q: Queryable, conditions: Conditions, filter: TouchFilter): Promise<void> {
  const { channel, sequence, step, launch, sender, rep } = filter;
  const among = (column: string, ids: readonly number[]) =>
    conditions.add((place) => `${column} = any(${place(ids)}::int[])`);
  if (channel !== undefined && CHANNELS.includes(channel))
    conditions.add((place) => `channel = ${place(channelCode(channel))}`);
  if (sequence !== undefined || step !== undefined) {
    const { rows } = await q.query<{ id: number }>(
      `select id from analytics_steps where ($1::text is null or sequence = $1) and ($2::text is null or step = $2) limit 10000`,
      [sequence ?? null, step ?? null],
    );
    among(
      'step',
      rows.map(({ id }) => id),
    );
  }
  if (launch !== undefined) among('launch', await namesOf(q, 'launch', [launch]));
  if (sender !== undefined) among('sender', await namesOf(q, 'sender', [sender]));
  if (rep !== undefined) {
    const { rows } = await q.query<{ name: string }>(
      `select unnest(array[email, lower(name)] || known_as) as name from users where email = lower($1) limit 200`,
      [rep],
    );
    among('owner', await namesOf(q, 'owner', [rep.toLowerCase(), ...rows.map(({ name }) => name)]));
  }
}

async function namesOf(q: Queryable, kind: string, names: readonly string[]): Promise<number[]> {
  const { rows } = await q.query<{ id: number }>(
    'select id from analytics_names where kind = $1 and name = any($2) limit 10000',
    [kind, names],
  );
  return rows.map(({ id }) => id);
}
