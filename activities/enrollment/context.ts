import type { Queryable } from '../../db/db.ts';
import { readBonds, type Bond } from '../../db/lead-senders.ts';
import { loadLeads } from '../../db/leads.ts';
import { launchSenders, type Sender } from '../../db/senders.ts';
import { loadVersion, type SequenceVersion } from '../../db/sequences.ts';
import { suppressedChannels } from '../../db/suppressions.ts';
import {
  currentCopyRevision,
  readLaunchForTouch,
  readStepCopy,
  type LaunchForTouch,
} from '../../db/touch-needs.ts';
import { resolveZone, type WaitContext } from '../../sequences/calendar/index.ts';
import { channelsWithoutConsent, type ConsentPolicy } from '../../sequences/consent.ts';
import { LEAD_FIELDS } from '../../sequences/language/known-names.ts';
import type { Channel, LeadProfile } from '../../sequences/lead.ts';
import type { StepCopy, StepId, TouchNode } from '../../sequences/plan.ts';
import { chooseRoute, type NoRoute, type Route, type RouteRequest } from '../../sequences/route/route.ts';
import type { EnrollmentDeps } from './deps.ts';
import { Superseded, type Run } from './transact.ts';

/** The part of a version that never changes. */
export type Structure = Pick<SequenceVersion, 'plan' | 'settings'>;

/** Everything that decides about one touch, read at one moment. */
export interface TouchContext {
  readonly node: TouchNode;
  readonly version: Structure;
  readonly launch: LaunchForTouch;
  readonly lead: LeadProfile;
  readonly senders: readonly Sender[];
  readonly bonds: readonly Bond[];
  readonly copy: CurrentCopy;
}

/** The copy of a step that would be used now. */
export interface CurrentCopy {
  readonly revision: number;
  readonly step: StepCopy;
  readonly unsubscribeFooter: string | null;
}

/** How many versions and copies of steps one process keeps; each is written once and never changes. */
const KEPT = 500;

/** Versions and copies, remembered. */
export class Library {
  readonly #versions = new Map<string, Structure>();
  readonly #copies = new Map<string, Omit<CurrentCopy, 'revision'>>();

  async version(db: Queryable, versionId: string): Promise<Structure> {
    return remember(this.#versions, versionId, async () => {
      const { plan, settings } = await loadVersion(db, versionId);
      return { plan, settings };
    });
  }

  /** A step that says nothing (a LinkedIn visit) has an empty copy. */
  async copy(db: Queryable, versionId: string, step: StepId): Promise<CurrentCopy> {
    const revision = await currentCopyRevision(db, versionId);
    const kept = await remember(this.#copies, `${versionId}:${revision}:${step}`, async () => {
      const { copy, unsubscribeFooter } = await readStepCopy(db, { versionId, revision, step });
      return { step: copy ?? {}, unsubscribeFooter };
    });
    return { revision, ...kept };
  }
}

async function remember<T>(kept: Map<string, T>, key: string, read: () => Promise<T>): Promise<T> {
  const known = kept.get(key);
  if (known !== undefined) return known;
  const value = await read();
  if (kept.size >= KEPT) kept.clear();
  kept.set(key, value);
  return value;
}

/** The touch node of a command. */
export function touchNodeOf(version: Structure, step: StepId): TouchNode {
  const node = version.plan.nodes[step];
  if (node?.kind !== 'touch') throw new Error(`step ${step} is no touch`);
  return node;
}

/** @throws Superseded when there is none any more */
export async function leadOf(db: Queryable, leadId: string): Promise<LeadProfile> {
  const [lead] = await loadLeads(db, [leadId]);
  if (!lead) throw new Superseded('erased');
  return lead;
}

/** @throws Superseded when the lead was erased */
export async function readTouchContext(
  db: Queryable,
  library: Library,
  { row }: Pick<Run, 'row'>,
  step: StepId,
): Promise<TouchContext> {
  const version = await library.version(db, row.versionId);
  const lead = await leadOf(db, row.leadId);
  const launch = await readLaunchForTouch(db, row.launchId);
  return {
    node: touchNodeOf(version, step),
    version,
    launch,
    lead,
    senders: await launchSenders(db, { settings: version.settings, senderIds: launch.senderIds }),
    bonds: await readBonds(db, row.leadId),
    copy: await library.copy(db, row.versionId, step),
  };
}

/** Where a touch goes. */
export type Routed =
  | { readonly kind: 'route'; readonly route: Route; readonly sender: Sender | null }
  | { readonly kind: 'none'; readonly reason: NoRoute | 'no_consent' };

/**
 * The route of a touch now. When only broken senders could take it, it goes to one of them all the same: the lead then waits for
 * its mending instead of being left out.
 */
export async function routeTouch(
  db: Queryable,
  deps: Pick<EnrollmentDeps, 'identityHash' | 'personaChannels'>,
  { node, lead, senders, bonds, copy }: TouchContext,
  consentPolicy: ConsentPolicy,
): Promise<Routed> {
  const { channels, dead } = await suppressedChannels(db, deps.identityHash, lead);
  const unconsented = channelsWithoutConsent(consentPolicy, lead);
  const request: RouteRequest = {
    node,
    copy: copy.step,
    lead,
    senders: senders.map(({ id, channel, address, owner, brokenReason }) => ({
      id,
      channel,
      address,
      owner,
      broken: brokenReason !== null,
    })),
    sticky: Object.fromEntries(bonds.map(({ channel, senderId }) => [channel, senderId])),
    connected: bonds.some(({ channel, connectedAt }) => channel === 'linkedin' && connectedAt !== null),
    suppressed: new Set<Channel>([...channels, ...unconsented]),
    dead,
    personaChannels: deps.personaChannels,
    rotationKey: lead.seed,
  };
  let route = chooseRoute(request);
  if ('reason' in route) {
    const mended = chooseRoute({
      ...request,
      senders: request.senders.map((one) => ({ ...one, broken: false })),
    });
    if ('reason' in mended) {
      const consentOnly = route.reason === 'suppressed' && channels.size === 0;
      return { kind: 'none', reason: consentOnly ? 'no_consent' : route.reason };
    }
    route = mended;
  }
  const { senderId } = route;
  return { kind: 'route', route, sender: senders.find(({ id }) => id === senderId) ?? null };
}

/** The zone, window and fields that a lead's times are worked out with. */
export function calendarOf(
  { version, launch, lead }: Pick<TouchContext, 'version' | 'launch' | 'lead'>,
  sender: Sender | null,
): WaitContext {
  const { window } = version.settings;
  return {
    window,
    zone: resolveZone(window.timeZone, {
      lead: lead.timeZone,
      company: lead.companyTimeZone,
      sender: sender?.timeZone ?? null,
      launch: launch.timeZone,
    }),
    country: lead.country,
    daysOff: launch.daysOff,
    field: (name) => leadField(lead, name),
  };
}

/** `lead.renewal_date`, `renewal_date`: a field of the profile, or a custom column. */
function leadField(lead: LeadProfile, path: string): unknown {
  const name = path.replace(/^lead\./, '').replace(/^attributes\./, '');
  if (path === name || path === `lead.${name}`) {
    const known = Object.hasOwn(LEAD_FIELDS, name) ? LEAD_FIELDS[name] : undefined;
    if (known && known.type === 'text') return known.read(lead);
  }
  return Object.hasOwn(lead.attributes, name) ? lead.attributes[name] : null;
}
