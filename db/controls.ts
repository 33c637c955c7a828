/**
 * Stopping, at a person's word. In force when it commits (promise 3); the answer names what had already left for the provider
 * and which workflows to wake, who then find that it is over.
 */
import type { Db, Tx } from './db.ts';
import { endEnrollments, lockLeads, type Ended } from './endings.ts';
import { CommandRefused } from './refused.ts';
import { lockScope, sendingWithin, type SendingTouch } from './scopes.ts';

/** Enrollments ended in one transaction of a stop that covers many. */
const PAGE = 500;

export interface Stopped {
  /** How many enrollments this call ended. */
  readonly stopped: number;
  /** Enrollments whose workflows should look; at most a page. */
  readonly wake: readonly string[];
  /** Enrollments of a stopped launch are left to be closed by `continueStops`; none of them sends any more. */
  readonly more: boolean;
  /** Touches that were `sending` at that moment: these may still arrive. */
  readonly sending: readonly SendingTouch[];
}

/** Ends the lead's active enrollment, if there is one. It may be enrolled again: to prevent that, suppress. */
export async function stopLead(db: Db, leadId: string, reason = 'by_a_person'): Promise<Stopped> {
  return db.tx(async (tx) => {
    await lockScope(tx, { scope: 'lead', scopeId: leadId });
    const { rows } = await tx.query<{ id: string }>(
      `select id from enrollments where lead_id = $1 and status in ('pending', 'running') limit 1`,
      [leadId],
    );
    const sending = await sendingWithin(tx, { scope: 'lead', scopeId: leadId });
    return answer(
      await endEnrollments(
        tx,
        rows.map((row) => row.id),
        'stopped_by_person',
        reason,
      ),
      sending,
    );
  });
}

/** Ends one enrollment; one that has ended already stays as it is. */
export async function stopEnrollment(db: Db, enrollmentId: string, reason = 'by_a_person'): Promise<Stopped> {
  return db.tx(async (tx) => {
    const { rows } = await tx.query<{ lead_id: string }>('select lead_id from enrollments where id = $1', [
      enrollmentId,
    ]);
    if (!rows[0])
      throw new CommandRefused('not_found', `There is no enrollment with the id ${enrollmentId}.`);
    await lockLeads(tx, [rows[0].lead_id]);
    const sending = await sendingWithin(tx, { scope: 'lead', scopeId: rows[0].lead_id });
    return answer(
      await endEnrollments(tx, [enrollmentId], 'stopped_by_person', reason),
      sending.filter((touch) => touch.enrollmentId === enrollmentId),
    );
  });
}

/** Ends every active enrollment of the company's leads, in one transaction. */
export async function stopCompany(db: Db, companyId: string, reason = 'by_a_person'): Promise<Stopped> {
  return db.tx(async (tx) => {
    const scope = { scope: 'company', scopeId: companyId } as const;
    await lockScope(tx, scope);
    const sending = await sendingWithin(tx, scope);
    const ended: Ended[] = [];
    for (let after: string | null = null; ;) {
      const { rows }: { rows: { id: string; lead_id: string }[] } = await tx.query(
        `select e.id, e.lead_id from leads l join enrollments e on e.lead_id = l.id and e.status in ('pending', 'running')
         where l.company_id = $1 and ($2::uuid is null or l.id > $2) order by l.id limit $3`,
        [companyId, after, PAGE],
      );
      if (rows.length === 0) return answer(ended, sending);
      ended.push(...(await endPage(tx, rows, 'stopped_by_person', reason)));
      after = rows[rows.length - 1]!.lead_id;
    }
  });
}

/**
 * Stops a launch: from this commit on nothing of it sends, because every send reads the launch's status under its lock. Its
 * enrollments are closed a page at a time: the first one here, the others by `continueStops`. Stopping twice changes nothing.
 */
export async function stopLaunch(db: Db, launchId: string, reason = 'by_a_person'): Promise<Stopped> {
  const scope = { scope: 'launch', scopeId: launchId } as const;
  const sending = await db.tx(async (tx) => {
    await lockScope(tx, scope);
    await tx.query(
      `update launches set status = 'stopped', stop_reason = $2 where id = $1 and status = 'running'`,
      [launchId, reason],
    );
    return sendingWithin(tx, scope);
  });
  return { ...(await continueStops(db)), sending };
}

/** Stops every launch that runs now, as `stopLaunch` does. Launches that are made later run. */
export async function stopAll(db: Db, reason = 'by_a_person'): Promise<Stopped> {
  const scope = { scope: 'all', scopeId: null } as const;
  const sending = await db.tx(async (tx) => {
    await lockScope(tx, scope);
    await tx.query(`select from launches where status = 'running' order by id for update`);
    await tx.query(`update launches set status = 'stopped', stop_reason = $1 where status = 'running'`, [
      reason,
    ]);
    return sendingWithin(tx, scope);
  });
  return { ...(await continueStops(db)), sending };
}

/** Closes the next page of enrollments of stopped launches: the rest of a large stop, whoever began it. */
export async function continueStops(db: Db, page = PAGE): Promise<Omit<Stopped, 'sending'>> {
  return db.tx(async (tx) => {
    const { rows } = await tx.query<{
      id: string;
      lead_id: string;
      status: string;
      stop_reason: string | null;
    }>(
      `select e.id, e.lead_id, e.status, l.stop_reason
       from launches l cross join lateral (
         select id, lead_id, status from enrollments
         where launch_id = l.id and status in ('pending', 'running') limit $1) e
       where l.status = 'stopped' limit $1`,
      [page],
    );
    const reasons = new Set(rows.map((row) => row.stop_reason));
    await lockLeads(
      tx,
      rows.map((row) => row.lead_id),
    );
    const ended: Ended[] = [];
    for (const reason of reasons) {
      const ids = rows.filter((row) => row.stop_reason === reason).map((row) => row.id);
      ended.push(...(await endEnrollments(tx, ids, 'launch_stopped', reason)));
    }
    // Who was never started has no workflow to wake; who is started just now looks by itself.
    const ran = new Set(rows.filter(({ status }) => status === 'running').map(({ id }) => id));
    return {
      stopped: ended.length,
      wake: ended.map((one) => one.enrollmentId).filter((id) => ran.has(id)),
      more: rows.length === page,
    };
  });
}

async function endPage(
  tx: Tx,
  rows: readonly { id: string; lead_id: string }[],
  reason: string,
  detail: string,
): Promise<Ended[]> {
  await lockLeads(
    tx,
    rows.map((row) => row.lead_id),
  );
  return endEnrollments(
    tx,
    rows.map((row) => row.id),
    reason,
    detail,
  );
}

function answer(ended: readonly Ended[], sending: readonly SendingTouch[]): Stopped {
  return {
    stopped: ended.length,
    wake: ended.slice(0, PAGE).map((one) => one.enrollmentId),
    more: false,
    sending,
  };
}
