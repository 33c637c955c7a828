/** What is kept for how long, as the workspace says, and what is due to go. */
import type { IdentityHasher } from '../common/crypto.ts';
import { audit } from './access/audit.ts';
import type { Db, Queryable } from './db.ts';
import { eraseLead } from './erase.ts';
import { CommandRefused } from './refused.ts';

export interface Retention {
  /** Leads without consent, of whom nothing was heard for so many months, are erased; null: never. */
  readonly inactiveLeadMonths: number | null;
  /** Entries of the audit are deleted after so many months; null: never. */
  readonly auditMonths: number | null;
}

const COLUMNS = `erase_inactive_months as "inactiveLeadMonths", audit_months as "auditMonths", retention_version as version`;
type Row = Retention & { readonly version: number } & Record<string, unknown>;

export async function readRetention(q: Queryable): Promise<Retention & { readonly version: number }> {
  const { rows } = await q.query<Row>(`select ${COLUMNS} from workspace`);
  return rows[0]!;
}

/**
 * Replaces what is said; the sweep goes by it from its next round on.
 * @param version what the caller saw; null: whatever it is
 * @throws CommandRefused `changed_meanwhile`
 */
export async function writeRetention(
  q: Queryable,
  { inactiveLeadMonths, auditMonths }: Retention,
  version: number | null,
): Promise<Retention & { readonly version: number }> {
  const { rows } = await q.query<Row>(
    `update workspace set erase_inactive_months = $1, audit_months = $2, retention_version = retention_version + 1
     where $3::int is null or retention_version = $3 returning ${COLUMNS}`,
    [inactiveLeadMonths, auditMonths, version],
  );
  if (!rows[0]) throw new CommandRefused('changed_meanwhile', 'Somebody changed this meanwhile: look again.');
  return rows[0];
}

/**
 * Condition over leads `l` that for $1 months nobody wrote to them, heard of them, changed them or had them in a sequence, and
 * they have not agreed to be contacted. `lead_activity` leaves most of the others out at once; it may be late, so that the rest is asked.
 */
const INACTIVE = `l.erased_at is null and l.consent_status <> 'given' and l.updated_at < ${since()}
  and not exists (select from lead_activity a where a.lead_id = l.id and a.last_at >= ${since()})
  and not exists (select from enrollments e where e.lead_id = l.id
    and (e.status in ('pending', 'running') or coalesce(e.ended_at, e.created_at) >= ${since()}))
  and not exists (select from touches t where t.lead_id = l.id and t.at >= ${since()})
  and not exists (select from touches t where t.lead_id = l.id and t.state in ('sending', 'unconfirmed'))
  and not exists (select from lead_events x where x.lead_id = l.id and x.at >= ${since()})
  and not exists (select from messages m where m.lead_id = l.id and m.at >= ${since()})
  and not exists (select from messages m where m.lead_id = l.id and not m.settled)
  and not exists (select from replies r where r.lead_id = l.id and r.sending_at >= ${since()})
  and not exists (select from tasks k where k.lead_id = l.id and (k.state = 'open' or k.done_at >= ${since()}))`;

function since(): string {
  return `(select business_now() - make_interval(months => $1))`;
}

/** How many leads that would be now, counted up to `limit`. */
export async function countInactive(q: Queryable, months: number, limit: number): Promise<number> {
  const { rows } = await q.query<{ n: number }>(
    `select count(*)::int as n from (select from leads l where ${INACTIVE} limit $2) l`,
    [months, limit],
  );
  return rows[0]!.n;
}

/** Who wrote it down when nobody commanded it. */
const WHO = { userId: null, who: 'Cadenza', apiKeyId: null, requestId: 'retention' } as const;

/**
 * Erases the next leads that have been inactive for too long, each for itself and looked at again under its locks, and writes each
 * into the audit. Answers how many, and their enrollments, whose workflows are to be ended.
 */
export async function eraseInactive(
  db: Db,
  hashIdentity: IdentityHasher,
  limit = 100,
): Promise<{ erased: number; enrollmentIds: readonly string[] }> {
  const { inactiveLeadMonths: months } = await readRetention(db);
  if (months === null) return { erased: 0, enrollmentIds: [] };
  const { rows } = await db.query<{ id: string }>(
    `select l.id from leads l where ${INACTIVE} order by l.updated_at, l.id limit $2`,
    [months, limit],
  );
  let erased = 0;
  const enrollmentIds: string[] = [];
  for (const { id } of rows) {
    const stillInactive = async (tx: Queryable) =>
      (await tx.query(`select from leads l where l.id = $2 and ${INACTIVE}`, [months, id])).rowCount === 1;
    const done = await eraseLead(db, id, { hashIdentity, unless: async (tx) => !(await stillInactive(tx)) });
    if (!done.erased) continue;
    erased++;
    enrollmentIds.push(...done.enrollmentIds);
    await audit(db, { ...WHO, action: 'retention.erase', target: id });
  }
  return { erased, enrollmentIds };
}

/** Deletes the next entries of the audit that are too old. Answers how many. */
export async function forgetAudit(q: Queryable, limit = 5000): Promise<number> {
  const { rowCount } = await q.query(
    `delete from audit where id in (select a.id from audit a, workspace w
       where a.at < clock_timestamp() - make_interval(months => w.audit_months) order by a.at limit $1)`,
    [limit],
  );
  return rowCount ?? 0;
}
