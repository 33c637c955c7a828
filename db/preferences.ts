/** By which channels people want to be contacted, as they say themselves. */
import type { IdentityHasher } from '../common/crypto.ts';
import { CONTACT_CHANNELS, type ContactChannel } from '../sequences/lead.ts';
import { emit } from './callbacks.ts';
import type { Db, Queryable, Tx } from './db.ts';
import { lockLeads, recordDecision } from './endings.ts';
import { CommandRefused } from './refused.ts';
import {
  identitiesOf,
  leadsKnownBy,
  ownWish,
  readReachable,
  suppressedChannels,
  suppressLocked,
} from './suppressions.ts';

/** What a lead may be contacted by, whether or not we know an address. */
export interface Preferences {
  readonly open: readonly ContactChannel[];
  /** Text messages are closed by a STOP, which only its START lifts. */
  readonly stoppedByText: boolean;
}

/** The lead whom a touch went to; null when the touch or the lead is gone. */
export async function leadOfTouch(q: Queryable, touchId: string): Promise<string | null> {
  const { rows } = await q.query<{ id: string }>(
    'select l.id from touches t join leads l on l.id = t.lead_id and l.erased_at is null where t.id = $1',
    [touchId],
  );
  return rows[0]?.id ?? null;
}

export async function readPreferences(
  q: Queryable,
  hash: IdentityHasher,
  leadId: string,
): Promise<Preferences> {
  const [lead] = await readReachable(q, [leadId]);
  if (!lead) return { open: [], stoppedByText: false };
  const { channels } = await suppressedChannels(q, hash, lead);
  const { rowCount } = await q.query(
    `select from suppressions where identity_hash = any($1::bytea[]) and starts_with(origin, 'stop:') limit 1`,
    [lead.phones.map((phone) => hash('phone', phone))],
  );
  return {
    open: CONTACT_CHANNELS.filter((channel) => !channels.has(channel)),
    stoppedByText: rowCount === 1,
  };
}

/**
 * A lead chooses by which channels to be contacted: this takes the place of what they wished before (also of having unsubscribed),
 * and lifts nothing that somebody else, a bounce or a STOP laid down. Choosing none is an `unsubscribed` event instead. Sequences without a channel
 * left end; what ended before stays ended. Returns the enrollments to wake.
 * @throws CommandRefused `not_found`, `erased`
 */
export async function choosePreferences(
  db: Db,
  hash: IdentityHasher,
  { leadId, touchId, wanted }: { leadId: string; touchId: string; wanted: readonly ContactChannel[] },
): Promise<readonly string[]> {
  return db.tx(async (tx) => {
    const closed = CONTACT_CHANNELS.filter((channel) => !wanted.includes(channel));
    const leadIds = await leadsKnownBy(tx, await identitiesOf(tx, leadId));
    await lockLeads(tx, [...new Set([leadId, ...leadIds])]);
    const { rowCount } = await tx.query('select from leads where id = $1 and erased_at is null', [leadId]);
    if (rowCount === 0) throw new CommandRefused('erased', `The lead ${leadId} was erased.`);
    const origin = ownWish(leadId);
    if (await isWished(tx, origin, closed)) return [];
    await tx.query('delete from suppressions where origin = $1', [origin]);
    // Whoever unsubscribes again by the same link means it again.
    await tx.query(
      `update lead_events set dedupe_key = null where lead_id = $1 and type = 'unsubscribed' and starts_with(dedupe_key, 'unsubscribe:')`,
      [leadId],
    );
    const wake: string[] = [];
    for (const channel of closed) {
      const suppression = { channel, reason: 'unsubscribed', origin } as const;
      const ended = await suppressLocked(tx, hash, { leadId }, leadIds, suppression);
      wake.push(...ended.map((one) => one.enrollmentId));
    }
    await tell(tx, leadId, touchId, wanted);
    return wake;
  });
}

/** Whether just these channels are what the person closed, so that the same form posted twice changes nothing. */
async function isWished(tx: Tx, origin: string, closed: readonly ContactChannel[]): Promise<boolean> {
  const { rows } = await tx.query<{ channel: ContactChannel | null }>(
    'select distinct channel from suppressions where origin = $1 limit 10',
    [origin],
  );
  return rows.length === closed.length && rows.every(({ channel }) => channel && closed.includes(channel));
}

async function tell(
  tx: Tx,
  leadId: string,
  touchId: string,
  wanted: readonly ContactChannel[],
): Promise<void> {
  const { rows } = await tx.query<{ id: string; step: string | null }>(
    `select id, engine->'state'->>'step' as step from enrollments where lead_id = $1 and status in ('pending', 'running')`,
    [leadId],
  );
  const enrollment = rows[0];
  await tx.query(
    `insert into lead_events (lead_id, enrollment_id, type, channel, at, data) values ($1, $2, 'preferences', 'email', business_now(), $3)`,
    [leadId, enrollment?.id ?? null, JSON.stringify({ touchId, wanted })],
  );
  const extra = Object.fromEntries(CONTACT_CHANNELS.map((channel) => [channel, wanted.includes(channel)]));
  await emit(tx, { type: 'lead.preferences', leadId, enrollmentId: enrollment?.id, extra });
  if (!enrollment) return;
  await recordDecision(tx, {
    enrollmentId: enrollment.id,
    leadId,
    stepId: enrollment.step,
    kind: 'preferences',
    reason: 'chosen_by_lead',
    detail: wanted.join(', '),
  });
}
