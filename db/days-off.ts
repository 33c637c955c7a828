/** The company's own days off, and which calendars its sequences read. */
import { seesLead, type Sight } from './access/sight.ts';
import type { DaysOff } from '../sequences/calendar/index.ts';
import type { Db, Queryable } from './db.ts';
import { CommandRefused } from './refused.ts';

export interface CompanyDaysOff {
  readonly items: readonly DaysOff[];
  readonly version: number;
}

export async function readDaysOff(q: Queryable): Promise<CompanyDaysOff> {
  const { rows } = await q.query<CompanyDaysOff & Record<string, unknown>>(
    'select days_off as items, days_off_version as version from workspace',
  );
  return rows[0]!;
}

/**
 * Replaces the days off: in force for slots that are placed from now on, and a booked touch on such a day is moved when it is due.
 * @param version what the caller saw; null: whatever it is
 * @throws CommandRefused `changed_meanwhile`
 */
export async function writeDaysOff(
  db: Db,
  items: readonly DaysOff[],
  version: number | null,
): Promise<CompanyDaysOff> {
  const { rows } = await db.query<CompanyDaysOff & Record<string, unknown>>(
    `update workspace set days_off = $1, days_off_version = days_off_version + 1
     where $2::int is null or days_off_version = $2 returning days_off as items, days_off_version as version`,
    [JSON.stringify(items), version],
  );
  if (!rows[0])
    throw new CommandRefused('changed_meanwhile', 'Somebody changed the days off meanwhile: look again.');
  return rows[0];
}

/** A calendar that is read. */
export interface CalendarInUse {
  /** `DE`, `DE-BY`. */
  readonly place: string;
  /** Leads, of those that one sees, in sequences that keep the holidays of each lead's country. */
  readonly leads: number;
  /** Sequences with leads that name this place. */
  readonly sequences: readonly string[];
}

/** The calendars that leads who are in a sequence now are touched by; at most 300. */
export async function calendarsInUse(q: Queryable, { owners, unowned }: Sight): Promise<CalendarInUse[]> {
  const { rows } = await q.query<CalendarInUse & Record<string, unknown>>(
    `with v as (select id, name, settings->'window'->'holidays' as rule from sequence_versions v
         where exists (select from enrollments e where e.version_id = v.id and e.status in ('pending', 'running')) limit 1000)
     select place, sum(leads)::int as leads, coalesce(array_agg(distinct name) filter (where name is not null), '{}') as sequences from (
       select l.country as place, count(*) as leads, null as name from v join enrollments e on e.version_id = v.id
         join leads l on l.id = e.lead_id
       where v.rule = '"lead"' and e.status in ('pending', 'running') and l.country is not null and ${seesLead(1)} group by l.country
       union all
       select upper(p.place), 0, v.name from v cross join lateral jsonb_array_elements_text(
         case when jsonb_typeof(v.rule) = 'array' then v.rule else '[]' end) p(place)) x
     group by place order by place limit 300`,
    [owners, unowned],
  );
  return rows;
}
