/** What became of a touch after its provider had taken it. */
import type { Instant } from '../sequences/plan.ts';
import type { Tx } from './db.ts';

/** In the order in which a later report replaces an earlier one, whichever of them comes first. */
const DELIVERIES = ['delivered', 'read', 'undelivered', 'bounced', 'complained'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** Which touch a report is about: by our id that the provider gave back, or by the provider's. */
export interface ReportedTouch {
  readonly touchId: string | null;
  readonly providerId: string;
  readonly senderId: string;
}

/** The touch of this sender that a report is about; null: none of ours. */
export async function findReported(
  tx: Tx,
  { touchId, providerId, senderId }: ReportedTouch,
): Promise<{ readonly id: string; readonly leadId: string; readonly recipient: string | null } | null> {
  const { rows } = await tx.query<{ id: string; leadId: string; recipient: string | null }>(
    `select id, lead_id as "leadId", recipient from touches
     where (id = $1 or provider_id = $2) and sender_id = $3 order by id = $1 desc limit 1`,
    [touchId, providerId, senderId],
  );
  return rows[0] ?? null;
}

/** Notes a report, unless a weightier one is there. Returns whether it changed anything. */
export async function noteDelivery(
  tx: Tx,
  report: {
    readonly touchId: string;
    readonly delivery: Delivery;
    readonly at: Instant;
    readonly detail: string | null;
  },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update touches set delivery = $2, delivery_at = $3, delivery_detail = $4
     where id = $1 and coalesce(array_position($5::text[], delivery), 0) < array_position($5::text[], $2::text)`,
    [report.touchId, report.delivery, new Date(report.at), report.detail, DELIVERIES],
  );
  return rowCount === 1;
}
