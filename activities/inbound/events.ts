/** What other systems tell of leads: a meeting, a deal, an order, a visit. */
import type { Tx } from '../../db/db.ts';
import { recordLeadEventIn } from '../../db/events.ts';
import type { InboundRow } from '../../db/inbound.ts';
import { leadsNamed } from '../../db/matching.ts';
import { emailAddress, linkedinProfile, phoneNumber } from '../../sequences/leads/fields.ts';
import { toldEventSchema } from '../../sequences/outside/told.ts';
import type { InboundDeps, Understood } from './index.ts';

export async function understandEvent(tx: Tx, arrived: InboundRow, deps: InboundDeps): Promise<Understood> {
  const { type, lead, data = {} } = toldEventSchema.parse(arrived.payload);
  const leadIds = await leadsNamed(tx, {
    id: lead.id ?? null,
    externalId: lead.external_id ?? null,
    email: lead.email === undefined ? null : emailAddress(lead.email),
    linkedinUrl: lead.linkedin_url === undefined ? null : linkedinProfile(lead.linkedin_url),
    phone: lead.phone === undefined ? null : phoneNumber(lead.phone, null),
  });
  const [leadId] = leadIds;
  if (leadId === undefined) return { result: 'unknown_lead' };
  // A number that several share says nothing about one of them.
  if (leadIds.length > 1) return { result: 'ambiguous_lead' };
  const effect = await recordLeadEventIn(tx, deps.hashIdentity, {
    leadId,
    type,
    at: arrived.receivedAt.getTime(),
    data,
    dedupeKey: arrived.dedupeKey,
  });
  const launches = effect.enrolled.filter((one) => one.refused === null).map((one) => one.launchId);
  return { result: resultOf(effect), leadId, wake: effect.wake, launches };
}

function resultOf({ stopped, enrolled }: Awaited<ReturnType<typeof recordLeadEventIn>>): string {
  if (enrolled.some((one) => one.refused === null)) return 'enrolled';
  if (stopped.length > 0) return 'stopped';
  const [refused] = enrolled;
  return refused ? `not_enrolled:${refused.refused}` : 'recorded';
}
