/** The transaction that commits `sending`, with the ledger's own locks and reads and nothing else around it. */
import { randomUUID } from 'node:crypto';
import type { Db, Queryable, Tx } from '../../db/db.ts';
import { readEnrollment, readGround } from '../../db/enrollments.ts';
import { lockChain } from '../../db/locks.ts';
import { markSending } from '../../db/touches.ts';

/** Whether anything is kept under one of the hashes for the channel; without one, for all of them. */
export async function isSuppressed(
  q: Queryable,
  hashes: readonly Buffer[],
  channel: string | null = null,
): Promise<boolean> {
  const { rowCount } = await q.query(
    'select from suppressions where identity_hash = any($1::bytea[]) and (channel is null or channel = $2)',
    [hashes, channel],
  );
  return rowCount! > 0;
}

export interface Booked {
  readonly touchId: string;
  readonly enrollmentId: string;
  readonly leadId: string;
  readonly launchId: string;
  readonly companyId: string | null;
  readonly senderId: string;
  /** Under which the lead may be suppressed. */
  readonly hashes?: readonly Buffer[];
}

/** A touch that is due now; each call is another step. */
export async function bookNow(q: Queryable, of: Omit<Booked, 'touchId'>): Promise<Booked> {
  const touchId = randomUUID();
  await q.query(
    `insert into touches (id, enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day)
     values ($1, $2, $3, $4, 1, 1, 'email', 'email', $5, 'booked', business_now(), '2026-03-10')`,
    [touchId, of.enrollmentId, of.leadId, `step-${touchId.slice(0, 8)}`, of.senderId],
  );
  return { ...of, touchId };
}

async function lockAll(tx: Tx, { leadId, enrollmentId, senderId, launchId, companyId }: Booked) {
  const { versionId } = (await readEnrollment(tx, enrollmentId))!;
  const scopes = { versionId, launchId, companyId, companyAlone: false };
  await lockChain(tx, { leadId, enrollmentId, senderId, scopes });
}

/** Returns whether the touch became `sending`. `lock` may be replaced to prove that it is needed. */
export async function trySending(
  db: Db,
  touch: Booked,
  options: { lock?: (tx: Tx) => Promise<void>; before?: (tx: Tx) => Promise<void> } = {},
): Promise<boolean> {
  return db.tx(async (tx) => {
    await (options.lock ? options.lock(tx) : lockAll(tx, touch));
    const ground = await readGround(tx, { enrollmentId: touch.enrollmentId, senderId: touch.senderId });
    if (!ground || ground.status !== 'running' || !ground.launchRunning || ground.paused) return false;
    if (touch.hashes && (await isSuppressed(tx, touch.hashes, 'email'))) return false;
    await options.before?.(tx);
    return markSending(tx, touch.touchId, {
      at: ground.now,
      localDay: '2026-03-10',
      leaseMs: 60_000,
      owner: 'test',
      copyRevision: 1,
      content: {},
      recipient: 'x@example.test',
      messageId: null,
    });
  });
}

/** The same database, counting transactions that had to run again: deadlocks. */
export function countRetries(db: Db): { readonly db: Db; retries(): number } {
  let retries = 0;
  const counted: Db = {
    ...db,
    tx(work) {
      let first = true;
      return db.tx((tx) => {
        if (!first) retries++;
        first = false;
        return work(tx);
      });
    },
  };
  return { db: counted, retries: () => retries };
}
