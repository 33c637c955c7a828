/** Leads as people look for them, within what they may see. */
import type { Queryable } from './db.ts';
import { CommandRefused } from './refused.ts';

/** Lower-case names of owners; null: everybody's. A manager's list is read with `orNobodys`. */
export interface Sight {
  readonly owners: readonly string[] | null;
  /** Also what nobody owns. */
  readonly orNobodys: boolean;
}

export const LEAD_STATUSES = ['none', 'pending', 'running', 'finished', 'stopped'] as const;
export type LeadStatus = (typeof LEAD_STATUSES)[number];

export interface LeadListed {
  readonly id: string;
  readonly name: string | null;
  readonly title: string | null;
  readonly company: string | null;
  readonly email: string | null;
  readonly owner: string | null;
  readonly timeZone: string | null;
  /** Of the active enrollment, else the last one; `none`: never in a sequence. */
  readonly status: LeadStatus;
  readonly reason: string | null;
  readonly sequence: string | null;
  readonly nextAction: string | null;
  readonly nextAt: Date | null;
  readonly createdAt: Date;
  /** `createdAt` to the microsecond, for the next page. */
  readonly place: string;
}

export interface LeadFilter extends Sight {
  /** Words of the name, company or email. */
  readonly q: string | null;
  readonly owner: string | null;
  readonly status: LeadStatus | null;
  /** The last one of the page before. */
  readonly after: readonly [place: string, id: string] | null;
  readonly limit: number;
}

const seen = (owners: string, nobodys: string) =>
  `(${owners}::text[] is null or lower(l.owner) = any(${owners}) or (${nobodys} and l.owner is null))`;

/** The newest first. */
export async function listLeads(q: Queryable, filter: LeadFilter): Promise<LeadListed[]> {
  const { rows } = await q.query<LeadListed & Record<string, unknown>>(
    `select l.id, nullif(trim(concat_ws(' ', l.first_name, l.last_name)), '') as name, l.title, coalesce(l.company_name, c.name) as company,
       l.emails[1] as email, l.owner, coalesce(l.time_zone, c.time_zone) as "timeZone", coalesce(e.status, 'none') as status, e.reason,
       v.name as sequence, e.next_action as "nextAction", e.next_at as "nextAt", l.created_at as "createdAt", l.created_at::text as place
     from leads l left join companies c on c.id = l.company_id
       left join lateral (select * from enrollments where lead_id = l.id
         order by status in ('pending', 'running') desc, created_at desc, id limit 1) e on true
       left join sequence_versions v on v.id = e.version_id
     where l.erased_at is null and ${seen('$1', '$2')}
       and ($3::text is null or concat_ws(' ', l.first_name, l.last_name, l.company_name, c.name, array_to_string(l.emails, ' ')) ilike '%' || $3 || '%')
       and ($4::text is null or lower(l.owner) = lower($4)) and ($5::text is null or coalesce(e.status, 'none') = $5)
       and ($6::timestamptz is null or (l.created_at, l.id) < ($6, $7::uuid))
     order by l.created_at desc, l.id desc limit $8`,
    [
      filter.owners,
      filter.orNobodys,
      filter.q === null ? null : filter.q.replaceAll(/[\\%_]/g, '\\$&'),
      filter.owner,
      filter.status,
      filter.after?.[0] ?? null,
      filter.after?.[1] ?? null,
      filter.limit,
    ],
  );
  return rows;
}

/** @throws CommandRefused `not_found` for a lead that is not there, or that whoever asks may not see */
export async function assertSeen(q: Queryable, leadId: string, { owners, orNobodys }: Sight): Promise<void> {
  const { rowCount } = await q.query(
    `select from leads l where l.id = $3 and l.erased_at is null and ${seen('$1', '$2')}`,
    [owners, orNobodys, leadId],
  );
  if (!rowCount) throw new CommandRefused('not_found', `There is no lead with the id ${leadId}.`);
}
