import { emit } from './callbacks.ts';
import type { Db } from './db.ts';
import { lockLeads, recordDecision } from './endings.ts';
import { appendInbox } from './inbox.ts';
import { CommandRefused } from './refused.ts';

export interface Settled {
  readonly leadId: string;
  readonly wake: readonly string[];
}

interface UnconfirmedTouch {
  readonly state: string;
  readonly leadId: string;
  readonly enrollmentId: string;
  readonly stepId: string;
  readonly visit: number;
  readonly active: boolean;
}

const TOUCH = `select t.state, t.lead_id as "leadId", t.enrollment_id as "enrollmentId", t.step_id as "stepId", t.visit,
    e.status = 'running' as active
  from touches t join enrollments e on e.id = t.enrollment_id where t.id = $1`;

/**
 * A person says what became of a touch whose outcome nobody could find out (promise 1): it counts as sent, or it failed and the
 * next attempt may be made. Also after its enrollment has ended, so that the record is right.
 * @throws CommandRefused `not_found`, `not_unconfirmed`
 */
export async function settleTouch(db: Db, touchId: string, sent: boolean): Promise<Settled> {
  return db.tx(async (tx) => {
    const before = (await tx.query<UnconfirmedTouch>(TOUCH, [touchId])).rows[0];
    if (!before) throw new CommandRefused('not_found', `There is no touch with the id ${touchId}.`);
    const { leadId, enrollmentId } = before;
    await lockLeads(tx, [leadId]);
    await tx.query('select from enrollments where id = $1 for update', [enrollmentId]);
    const touch = (await tx.query<UnconfirmedTouch>(TOUCH, [touchId])).rows[0]!;
    if (touch.state !== 'unconfirmed') {
      throw new CommandRefused(
        'not_unconfirmed',
        `This touch is "${touch.state}"; only an unconfirmed one can be settled.`,
      );
    }
    const reason = sent ? null : 'settled_not_sent';
    await tx.query(
      `update touches set state = $2, reason = $3,
         at = case when $2 = 'sent' then coalesce(sending_at, business_now()) else business_now() end,
         lease_until = null, lease_owner = null
       where id = $1`,
      [touchId, sent ? 'sent' : 'failed', reason],
    );
    await recordDecision(tx, {
      enrollmentId,
      leadId,
      stepId: touch.stepId,
      kind: 'settled',
      reason: sent ? 'settled_sent' : 'settled_not_sent',
    });
    await emit(tx, { type: sent ? 'touch.sent' : 'touch.failed', leadId, touchId });
    if (!touch.active) return { leadId, wake: [] };
    await appendInbox(tx, enrollmentId, { type: 'settled', step: touch.stepId, visit: touch.visit, sent });
    return { leadId, wake: [enrollmentId] };
  });
}
