/** What touches brought: counts by day, channel and so on, each beside the range before it. */
import type { Sight } from '../access/sight.ts';
import type { Db } from '../db.ts';
import { channelOf, FLAGS } from './flags.ts';
import { addDays, asking, daysIn, minutesOf, type LocalRange, type TouchFilter } from './scope.ts';
import { tally, type Told } from './tally.ts';

export const MEASURES = [
  'sent',
  'delivered',
  'opened',
  'clicked',
  'answered',
  'positive',
  'meetings',
  'unsubscribed',
  'bounced',
] as const satisfies readonly (keyof typeof FLAGS)[];
export type Measures = Readonly<Record<(typeof MEASURES)[number], number>>;

export const GROUPS = ['day', 'week', 'channel', 'sequence', 'step', 'sender', 'rep'] as const;
export type Group = (typeof GROUPS)[number];

export interface SummaryRow {
  /** The first day of the day or week; a channel; a sequence's or step's name; a sender's id; a rep's email. null: nobody. */
  readonly key: string | null;
  /** For people. */
  readonly label: string | null;
  /** Of a step. */
  readonly sequence: string | null;
  readonly current: Measures;
  readonly previous: Measures;
}

export interface Summary {
  readonly total: { readonly current: Measures; readonly previous: Measures };
  readonly rows: readonly SummaryRow[];
}

const NONE = Object.fromEntries(MEASURES.map((name) => [name, 0])) as Measures;
const plus = (a: Measures, b: Measures) =>
  Object.fromEntries(MEASURES.map((name) => [name, a[name] + b[name]])) as Measures;

/** By what rows are told apart while they are counted; days and weeks by their time alone. */
const OF: Readonly<Record<Group, Told | null>> = {
  day: null,
  week: null,
  channel: 'channel',
  sequence: 'step',
  step: 'step',
  sender: 'sender',
  rep: 'owner',
};

/** What those are called. */
const NAMES: Partial<Record<Group, string>> = {
  sequence: `select s.id, s.sequence as key, coalesce(v.title, s.sequence) as label, null as sequence from analytics_steps s
    left join lateral (select title from sequence_versions where name = s.sequence order by created_at desc, id desc limit 1) v on true
    where s.id = any($1)`,
  step: 'select id, step as key, step as label, sequence from analytics_steps where id = any($1)',
  sender: `select n.id, n.name as key, coalesce(s.name || ' <' || s.address || '>', n.name) as label, null as sequence
    from analytics_names n left join senders s on s.id::text = n.name where n.id = any($1)`,
  rep: `select n.id, coalesce(u.email, n.name) as key, coalesce(u.name, n.name) as label, null as sequence
    from analytics_names n left join lateral (select email, name from users
      where n.name = email or n.name = lower(name) or n.name = any(known_as) order by n.name = email desc, id limit 1) u on true
    where n.id = any($1)`,
};

/** Groups beyond so many are left out of the rows, not of the total. */
const ROWS = 1000;

/** Counts touches by when they went out, with what came of them until now, and those of as many days before. */
export async function summarize(
  db: Db,
  {
    range,
    by,
    filter,
    sight,
  }: {
    readonly range: LocalRange;
    readonly by: Group;
    readonly filter: TouchFilter;
    readonly sight: Sight;
  },
): Promise<Summary> {
  const days = daysIn(range);
  const starts = startsOf(range, by);
  return asking(db, async (tx) => {
    const edges = minutesOf(
      [...starts.map((day) => addDays(day, -days)), ...starts, addDays(range.to, 1)],
      range.timeZone,
    );
    const { text, values } = await tally(tx, { edges, of: OF[by], filter, sight });
    const { rows: counted } = await tx.query<{ part: number; id: number } & Measures>(
      `select part, id, ${MEASURES.map((name) => `coalesce(sum(n) filter (where flags & ${FLAGS[name]} > 0), 0)::int8 as ${name}`).join(', ')}
       from (${text}) x group by 1, 2 limit 100000`,
      values,
    );
    const names = await namesFor(tx, by, [...new Set(counted.map(({ id }) => id))]);
    const rows = new Map<string, SummaryRow>();
    if (by === 'day' || by === 'week')
      for (const day of starts)
        rows.set(day, { key: day, label: day, sequence: null, current: NONE, previous: NONE });
    let total = { current: NONE, previous: NONE };
    for (const { part, id, ...measures } of counted) {
      const place = part - 1;
      const time = place < starts.length ? 'previous' : 'current';
      const day = starts[place % starts.length]!;
      const name = by === 'day' || by === 'week' ? { key: day, label: day, sequence: null } : names.get(id)!;
      const at = `${name.sequence ?? ''} ${name.key ?? ''}`.trim();
      const row = rows.get(at) ?? { ...name, current: NONE, previous: NONE };
      rows.set(at, { ...row, [time]: plus(row[time], measures) });
      total = { ...total, [time]: plus(total[time], measures) };
    }
    const all = [...rows.values()];
    if (by !== 'day' && by !== 'week')
      all.sort(
        (a, b) =>
          b.current.sent - a.current.sent ||
          b.previous.sent - a.previous.sent ||
          (a.key ?? '').localeCompare(b.key ?? ''),
      );
    return { total, rows: all.slice(0, ROWS) };
  });
}

/** The first days of the parts of a range: its days, its weeks (from Monday, the first from the range's beginning), or all of it. */
function startsOf(range: LocalRange, by: Group): readonly string[] {
  if (by !== 'day' && by !== 'week') return [range.from];
  return Array.from({ length: daysIn(range) }, (_, i) => addDays(range.from, i)).filter(
    (day, i) => by === 'day' || i === 0 || new Date(`${day}T00:00:00Z`).getUTCDay() === 1,
  );
}

interface Name {
  readonly key: string | null;
  readonly label: string | null;
  readonly sequence: string | null;
}

async function namesFor(
  q: { query: Db['query'] },
  by: Group,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Name>> {
  const nobody: [number, Name] = [0, { key: null, label: null, sequence: null }];
  if (by === 'channel')
    return new Map(
      ids.map((id) => [id, { key: channelOf(id), label: channelOf(id), sequence: null }] as const),
    );
  const names = NAMES[by];
  if (names === undefined) return new Map([nobody]);
  const { rows } = await q.query<Name & { id: number }>(`${names} limit 100000`, [ids]);
  return new Map([nobody, ...rows.map(({ id, ...name }) => [id, name] as const)]);
}
