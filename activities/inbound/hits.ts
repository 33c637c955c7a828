/** Opens and clicks of emails: told as the lead's where a person did it, counted apart where it was a machine. */
import { z } from 'zod';
import type { Db, Tx } from '../../db/db.ts';
import { recordLeadEventIn } from '../../db/events.ts';
import {
  readHitTarget,
  readWaitingHit,
  storeHit,
  takeForMachine,
  takeForPerson,
  type HitKey,
} from '../../db/hits.ts';
import type { InboundRow } from '../../db/inbound.ts';
import { CommandRefused } from '../../db/refused.ts';
import { isAtOnce } from '../../providers/email/tracking/machine.ts';
import type { MachineReason } from '../../sequences/tracking.ts';
import type { InboundDeps, Understood } from './index.ts';

/** What became of a hit that arrived. */
export interface ReceivedHit {
  /** Where the link leads; null: nowhere (any more), or it was an image. */
  readonly url: string | null;
  /** What waits in `inbound` and can be understood now. */
  readonly inboundId: number | null;
}

/** Stores a hit and says where it leads. `why`: what the request itself says against a person. */
export async function receiveHit(db: Db, key: HitKey, why: MachineReason | null): Promise<ReceivedHit> {
  const target = await readHitTarget(db, key);
  if (!target) return { url: null, inboundId: null };
  const { leadId, url, sinceMs } = target;
  const machine = why ?? (isAtOnce(key.kind, sinceMs) ? 'at_once' : null);
  return { url, inboundId: await storeHit(db, { ...key, leadId, why: machine }) };
}

const keySchema = z.object({
  touchId: z.uuid(),
  kind: z.enum(['open', 'click']),
  link: z.int().min(0),
});

/** Decides about a hit when its neighbours are known. The first of a touch is the lead's event; others are counted only. */
export async function understandHit(tx: Tx, arrived: InboundRow, deps: InboundDeps): Promise<Understood> {
  const key = keySchema.parse(arrived.payload);
  const hit = await readWaitingHit(tx, key);
  if (!hit) return { result: 'counted' };
  if (hit.amongOthers) {
    await takeForMachine(tx, key, 'several_links');
    return { result: 'several_links' };
  }
  const type = key.kind === 'open' ? 'opened' : 'clicked';
  try {
    const { eventId, wake } = await recordLeadEventIn(tx, deps.hashIdentity, {
      leadId: hit.leadId,
      type,
      channel: 'email',
      at: hit.at,
      touchId: key.touchId,
      dedupeKey: `hit:${key.touchId}:${type}`,
      ...(hit.url !== null && { data: { url: hit.url } }),
    });
    await takeForPerson(tx, key);
    return { result: eventId === null ? 'counted' : type, wake };
  } catch (error) {
    // The lead was erased meanwhile: nothing is recorded about it any more.
    if (!(error instanceof CommandRefused)) throw error;
    return { result: 'erased' };
  }
}
