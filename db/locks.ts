import type { Tx } from './db.ts';

/** What a transaction about one enrollment locks. */
export interface Chain {
  readonly leadId: string;
  readonly enrollmentId: string;
  /** The sender that a slot is taken from or a touch leaves by. */
  readonly senderId?: string | null;
  /** Also what could forbid a touch: workspace, sequence, launch and company. */
  readonly scopes?: {
    /** Of the sequence. */
    readonly versionId: string;
    readonly launchId: string;
    readonly companyId: string | null;
    /** When a limit per company counts on nobody else counting meanwhile. */
    readonly companyAlone: boolean;
  };
}

/**
 * Locks, in the order that holds everywhere: workspace, sequence, launch, sender, company, lead, enrollment. A pause, stop or suppression
 * locks its scope's row FOR UPDATE, so it comes wholly before or wholly after this transaction (promise 3). What was read before
 * is stale: read again, in a new statement.
 */
export async function lockChain(tx: Tx, { leadId, enrollmentId, senderId, scopes }: Chain): Promise<void> {
  if (scopes) {
    await tx.query('select 1 from workspace for share');
    await tx.query(
      'select 1 from sequence_versions v join sequences q on q.name = v.name where v.id = $1 for share of q',
      [scopes.versionId],
    );
    await tx.query('select 1 from launches where id = $1 for share', [scopes.launchId]);
  }
  if (senderId) await tx.query('select 1 from senders where id = $1 for no key update', [senderId]);
  if (scopes?.companyId) {
    const strength = scopes.companyAlone ? 'no key update' : 'share';
    await tx.query(`select 1 from companies where id = $1 for ${strength}`, [scopes.companyId]);
  }
  await tx.query('select 1 from leads where id = $1 for no key update', [leadId]);
  await tx.query('select 1 from enrollments where id = $1 for no key update', [enrollmentId]);
}
