/** What an event of another system does: its data are asked here, and go no further. */
import type { IdentityHasher } from '../common/crypto.ts';
import { isMeant, meaningOf, stopsCompany, type Occurrence } from '../sequences/outside/match.ts';
import type { OutsideEvent } from '../sequences/plan.ts';
import type { Tx } from './db.ts';
import { endEnrollments, type Ended } from './endings.ts';
import { runningOf, stillAt, type LockedLead } from './event-locks.ts';
import { appendInbox } from './inbox.ts';
import { enrollByEvent, type ExclusionReason, type StandingLaunch } from './launches.ts';
import { loadLeads } from './leads.ts';
import { lookAgain } from './look-again.ts';
import { CommandRefused } from './refused.ts';

/** A launch that stands open for an event, and whether the lead was enrolled there (null) or why not. */
export interface EnrolledByEvent {
  readonly launchId: string;
  readonly refused: ExclusionReason | null;
}

/** Enrolls the lead in the first of the launches that means such an event and takes it. */
export async function enrollIn(
  tx: Tx,
  hash: IdentityHasher,
  standing: readonly StandingLaunch[],
  occurrence: Occurrence,
): Promise<readonly EnrolledByEvent[]> {
  const tried: EnrolledByEvent[] = [];
  for (const launch of standing) {
    if (!launch.rules.some((rule) => isMeant(rule, occurrence))) continue;
    const refused = await enrollByEvent(tx, hash, launch, occurrence.lead.id);
    tried.push({ launchId: launch.id, refused });
    if (refused === null) await lookAgain(tx, launch.id);
  }
  return tried;
}

/** The event with its lead as it is now. @throws CommandRefused `not_found` */
export async function occurrenceOf(
  tx: Tx,
  { leadId, data = {} }: { readonly leadId: string; readonly data?: Occurrence['data'] },
  name: OutsideEvent,
): Promise<Occurrence> {
  const [lead] = await loadLeads(tx, [leadId]);
  if (!lead) throw new CommandRefused('not_found', `There is no lead with the id ${leadId}.`);
  return { name, data, lead };
}

/** What another system's event does to the lead's enrollment and to colleagues'. */
export async function takeOutside(
  tx: Tx,
  lead: LockedLead,
  occurrence: Occurrence,
): Promise<{ stopped: readonly Ended[]; wake: readonly string[] }> {
  const { name } = occurrence;
  const own = lead.enrollment;
  const meaning = own && meaningOf(own.plan, own.state, occurrence);
  const stopped: Ended[] = [];
  const wake: string[] = [];
  if (own && meaning) {
    await tx.query('select from enrollments where id = $1 for update', [own.id]);
    if (meaning.effect === 'stop') stopped.push(...(await endEnrollments(tx, [own.id], name)));
    else {
      const stop = meaning.stops !== null;
      await appendInbox(tx, own.id, { type: 'outside', name, met: meaning.met, stop });
      wake.push(own.id);
    }
  }
  const reached = meaning?.stops === 'company';
  const colleagues = (await runningOf(tx, lead.alsoLocked)).filter(
    (one) => reached || stopsCompany(one.plan, occurrence),
  );
  const atCompany = lead.companyId ? await stillAt(tx, lead.companyId, colleagues) : [];
  stopped.push(...(await endEnrollments(tx, atCompany, `company_${name}`)));
  wake.push(...stopped.map((one) => one.enrollmentId));
  return { stopped, wake };
}
