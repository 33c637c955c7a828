/** What a person tells a running enrollment to do next: validated and in force when it commits, then taken in by the engine. */
import type { Instant } from '../sequences/plan.ts';
import { emit } from './callbacks.ts';
import type { Db, Tx } from './db.ts';
import { lockLeads } from './endings.ts';
import { postponeSlots } from './events.ts';
import { appendInbox, type InboxEntry } from './inbox.ts';
import { CommandRefused } from './refused.ts';

/** Farther ahead than this a date is a typing error. */
const FARTHEST_MS = 366 * 24 * 60 * 60 * 1000;

export interface Commanded {
  readonly enrollmentId: string;
  readonly leadId: string;
  readonly wake: readonly string[];
}

/**
 * Leaves out the present step, or the wait before it; what it had booked does not go out any more.
 * @throws CommandRefused `not_found`, `not_running`, `being_sent`, `unconfirmed`
 */
export async function skip(db: Db, enrollmentId: string): Promise<Commanded> {
  return command(db, enrollmentId, { type: 'skip' }, async (tx) => {
    await refuseUnderway(tx, enrollmentId);
    await tx.query(
      `update touches set state = 'cancelled', reason = 'skipped_by_person'
       where enrollment_id = $1 and state in ('booked', 'task')`,
      [enrollmentId],
    );
    await tx.query(
      `update tasks set state = 'cancelled', outcome = 'skipped_by_person', done_at = business_now()
       where enrollment_id = $1 and state = 'open'`,
      [enrollmentId],
    );
  });
}

/**
 * Moves what comes next to `to` at the earliest; window and caps still apply.
 * @throws CommandRefused `not_found`, `not_running`, `being_sent`, `unconfirmed`, `bad_time`, `nothing_to_move`
 */
export async function reschedule(db: Db, enrollmentId: string, to: Instant): Promise<Commanded> {
  return command(db, enrollmentId, { type: 'reschedule', to }, async (tx, { now }) => {
    if (!Number.isFinite(to) || to <= now || to > now + FARTHEST_MS) {
      throw new CommandRefused(
        'bad_time',
        `The new time must lie after ${new Date(now).toISOString()} and within a year.`,
      );
    }
    await refuseUnderway(tx, enrollmentId);
    const { rows } = await tx.query(`select from tasks where enrollment_id = $1 and state = 'open' limit 1`, [
      enrollmentId,
    ]);
    if (rows.length > 0) {
      throw new CommandRefused(
        'nothing_to_move',
        'A task is open for this lead and keeps its time. Complete the task or skip it.',
      );
    }
    await postponeSlots(tx, enrollmentId, to);
  });
}

/**
 * Tries again what holds the lead, after somebody mended it.
 * @throws CommandRefused `not_found`, `not_running`, `not_held`
 */
export async function retry(db: Db, enrollmentId: string): Promise<Commanded> {
  return command(db, enrollmentId, { type: 'resume' }, async (tx, { leadId, held }) => {
    if (!held) throw new CommandRefused('not_held', 'This lead is not held; `why` tells what it waits for.');
    await tx.query(`update enrollments set held = false, reason = 'trying_again' where id = $1`, [
      enrollmentId,
    ]);
    await emit(tx, { type: 'enrollment.resumed', leadId, enrollmentId });
  });
}

interface Present {
  readonly leadId: string;
  readonly held: boolean;
  /** Business time. */
  readonly now: Instant;
}

async function command(
  db: Db,
  enrollmentId: string,
  entry: InboxEntry,
  check: (tx: Tx, present: Present) => Promise<void>,
): Promise<Commanded> {
  return db.tx(async (tx) => {
    const found = await tx.query<{ lead_id: string }>('select lead_id from enrollments where id = $1', [
      enrollmentId,
    ]);
    const leadId = found.rows[0]?.lead_id;
    if (!leadId) throw new CommandRefused('not_found', `There is no enrollment with the id ${enrollmentId}.`);
    await lockLeads(tx, [leadId]);
    const { rows } = await tx.query<{ status: string; reason: string; held: boolean }>(
      'select status, reason, held from enrollments where id = $1 for update',
      [enrollmentId],
    );
    const { status, reason, held } = rows[0]!;
    if (status !== 'running') {
      const why = status === 'pending' ? 'has not started yet' : `is ${status} (${reason})`;
      throw new CommandRefused('not_running', `This lead's sequence ${why}.`);
    }
    const clock = await tx.query<{ now: Date }>('select business_now() as now');
    await check(tx, { leadId, held, now: clock.rows[0]!.now.getTime() });
    await appendInbox(tx, enrollmentId, entry);
    return { enrollmentId, leadId, wake: [enrollmentId] };
  });
}

async function refuseUnderway(tx: Tx, enrollmentId: string): Promise<void> {
  const { rows } = await tx.query<{ id: string; state: string }>(
    `select id, state from touches where enrollment_id = $1 and state in ('sending', 'unconfirmed') limit 1`,
    [enrollmentId],
  );
  if (rows[0]?.state === 'sending') {
    throw new CommandRefused('being_sent', 'This touch is being sent right now. Try again in a minute.');
  }
  if (rows[0]) {
    throw new CommandRefused(
      'unconfirmed',
      `It is not known whether the last touch went out. Settle it first: touches settle ${rows[0].id} --sent or --not-sent.`,
    );
  }
}
