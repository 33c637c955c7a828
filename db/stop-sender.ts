import type { Stopped } from './controls.ts';
import type { Db } from './db.ts';
import { endEnrollments, lockLeads, type Ended } from './endings.ts';
import { lockScope, sendingWithin } from './scopes.ts';

const PAGE = 500;

/**
 * Ends the active enrollments of every lead that this sender writes to, in one transaction: for a rep who left, say. The sender
 * stays and may be given new leads; `pause` keeps it from sending.
 * @throws CommandRefused `not_found`
 */
export async function stopSender(db: Db, senderId: string, reason = 'by_a_person'): Promise<Stopped> {
  return db.tx(async (tx) => {
    const scope = { scope: 'sender', scopeId: senderId } as const;
    await lockScope(tx, scope);
    const sending = await sendingWithin(tx, scope);
    const ended: Ended[] = [];
    for (let after: string | null = null; ;) {
      const { rows }: { rows: { id: string; lead_id: string }[] } = await tx.query(
        `select distinct e.id, e.lead_id from lead_senders s
           join enrollments e on e.lead_id = s.lead_id and e.status in ('pending', 'running')
         where s.sender_id = $1 and ($2::uuid is null or e.lead_id > $2) order by e.lead_id limit $3`,
        [senderId, after, PAGE],
      );
      if (rows.length === 0) {
        return {
          stopped: ended.length,
          wake: ended.slice(0, PAGE).map((one) => one.enrollmentId),
          more: false,
          sending,
        };
      }
      await lockLeads(
        tx,
        rows.map((row) => row.lead_id),
      );
      ended.push(
        ...(await endEnrollments(
          tx,
          rows.map((row) => row.id),
          'stopped_by_person',
          reason,
        )),
      );
      after = rows[rows.length - 1]!.lead_id;
    }
  });
}
