/** Opting out of text messages by a word, and in again: START takes back what its STOP laid down, and nothing else. */
import type { IdentityHasher } from '../common/crypto.ts';
import type { ContactChannel } from '../sequences/lead.ts';
import type { Tx } from './db.ts';
import { recordLeadEventIn } from './events.ts';
import { leadsKnownBy, suppressLocked } from './suppressions.ts';

export interface OptOut {
  /** E.164: who wrote. */
  readonly phone: string;
  readonly channel: ContactChannel;
  /** The source's own id of the message. */
  readonly dedupeKey: string;
  readonly at: number;
}

export interface OptOutEffect {
  readonly leadIds: readonly string[];
  readonly wake: readonly string[];
}

/** Names the STOP of a number without saying the number: suppressions outlive an erased lead. */
const originOf = (hash: IdentityHasher, phone: string) => `stop:${hash('phone', phone).toString('hex')}`;

/**
 * Whoever has the number is not contacted any more, on any channel; a number that is no lead's is kept from being written to or
 * rung, should it ever be imported. Takes the locks of the leads concerned.
 */
export async function optOut(tx: Tx, hash: IdentityHasher, one: OptOut): Promise<OptOutEffect> {
  const origin = originOf(hash, one.phone);
  const identity = { kind: 'phone', value: one.phone } as const;
  const leadIds = [...(await leadsKnownBy(tx, [identity]))].sort();
  const wake: string[] = [];
  for (const channel of ['sms', 'whatsapp', 'call'] as const) {
    await suppressLocked(tx, hash, identity, [], { channel, reason: 'unsubscribed', origin });
  }
  for (const leadId of leadIds) {
    const effect = await recordLeadEventIn(tx, hash, {
      leadId,
      type: 'unsubscribed',
      channel: one.channel,
      at: one.at,
      dedupeKey: `${one.dedupeKey}:${leadId}`,
      origin,
    });
    wake.push(...effect.wake);
  }
  return { leadIds, wake };
}

/**
 * Lifts what the STOP of this number laid down. Sequences that it ended stay ended. Returns the leads who can be contacted again
 * as far as this STOP goes; none when there was no STOP.
 */
export async function undoOptOut(tx: Tx, hash: IdentityHasher, one: OptOut): Promise<readonly string[]> {
  const { rowCount } = await tx.query('delete from suppressions where origin = $1', [
    originOf(hash, one.phone),
  ]);
  if (rowCount === 0) return [];
  const leadIds = await leadsKnownBy(tx, [{ kind: 'phone', value: one.phone }]);
  await tx.query(
    `insert into lead_events (lead_id, type, channel, at, dedupe_key)
     select id, 'resubscribed', $2, least($3::timestamptz, business_now()), $4 || ':' || id from unnest($1::uuid[]) as id
     on conflict (dedupe_key) do nothing`,
    [leadIds, one.channel, new Date(one.at), one.dedupeKey],
  );
  return leadIds;
}
