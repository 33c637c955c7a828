/** A sequence started on an audience: launches, and who is enrolled in them. */
import type { IdentityHasher, IdentityKind } from '../common/crypto.ts';
import { isZone } from '../sequences/calendar/index.ts';
import { channelsWithoutConsent, type ConsentPolicy } from '../sequences/consent.ts';
import type { ContactChannel, LeadProfile } from '../sequences/lead.ts';
import type { EventRule, OutsideEvent } from '../sequences/plan.ts';
import { readConsentPolicy } from './consent.ts';
import type { Db, Queryable, Tx } from './db.ts';
import { writeExclusions, type LeftOut } from './exclusions.ts';
import { rememberingDomains } from './identities.ts';
import { planChannels } from '../sequences/route/plan-channels.ts';
import { CommandRefused } from './refused.ts';
import { launchSenders } from './senders.ts';
import { loadVersion } from './sequences.ts';
import {
  addressableChannels,
  BOUNCE,
  byHash,
  leadHashes,
  weighSuppressions,
  type Laid,
  type Suppressed,
} from './suppressions.ts';

export interface NewLaunch {
  readonly versionId: string;
  readonly name: string;
  /** The zone for leads whose own, company's and sender's are unknown. */
  readonly timeZone: string;
  /** Senders that this launch may use; null: what the sequence says. */
  readonly senderIds: readonly string[] | null;
  /** Stands open for the events that its sequence enrolls on. */
  readonly onEvents?: boolean;
  /** Business time before which nobody in it starts; default: at once. */
  readonly startsAt?: Date | null;
  /** Which messages a person approves first, beside those of which the sequence says so. */
  readonly review?: Review | null;
  /** Who has the reviews; default: the lead's owner. */
  readonly reviewer?: string | null;
  /** The user who makes it. */
  readonly createdBy?: string | null;
}

export const REVIEWS = ['first', 'every'] as const;
/** `first`: each lead's first message; `every`: all of them. */
export type Review = (typeof REVIEWS)[number];

/**
 * Makes a launch that runs; nobody is in it yet.
 * @throws CommandRefused `bad_time` for a zone that is none, `not_found` for a version or sender that is not there
 */
export async function createLaunch(db: Db, launch: NewLaunch): Promise<{ readonly id: string }> {
  if (!isZone(launch.timeZone)) {
    throw new CommandRefused(
      'bad_time',
      `"${launch.timeZone}" is no time zone. Use a name such as Europe/Berlin.`,
    );
  }
  return db.tx(async (tx) => {
    await loadVersion(tx, launch.versionId);
    const { rows: missing } = await tx.query<{ id: string }>(
      'select id from unnest($1::uuid[]) id where not exists (select from senders s where s.id = id.id) limit 1',
      [launch.senderIds ?? []],
    );
    if (missing[0]) throw new CommandRefused('not_found', `There is no sender with the id ${missing[0].id}.`);
    const { rows } = await tx.query<{ id: string }>(
      `insert into launches (version_id, name, time_zone, sender_ids, on_events, starts_at, review, reviewer, created_by, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, business_now()) returning id`,
      [
        launch.versionId,
        launch.name,
        launch.timeZone,
        launch.senderIds,
        launch.onEvents ?? false,
        launch.startsAt ?? null,
        launch.review ?? null,
        launch.reviewer ?? null,
        launch.createdBy ?? null,
      ],
    );
    return { id: rows[0]!.id };
  });
}

/**
 * A name for a launch that nobody chose: the first of those that no launch has.
 * @param candidate the n-th one, from 1
 */
export async function freeLaunchName(q: Queryable, candidate: (n: number) => string): Promise<string> {
  for (let n = 1; ; n++) {
    const name = candidate(n);
    const { rowCount } = await q.query('select from launches where lower(name) = lower($1) limit 1', [name]);
    if (rowCount === 0) return name;
  }
}

/** Takes back a launch in which nobody is; one that somebody joined meanwhile stays. Returns whether it is gone. */
export async function dropEmptyLaunch(db: Db, launchId: string): Promise<boolean> {
  return db.tx(async (tx) => {
    // Who enrolls holds the launch FOR SHARE: either it is seen below, or it finds the launch gone.
    await tx.query('select from launches where id = $1 for update', [launchId]);
    const { rowCount } = await tx.query(
      'delete from launches where id = $1 and not exists (select from enrollments where launch_id = $1)',
      [launchId],
    );
    return rowCount === 1;
  });
}

/** Why a lead is left out of a launch. */
export type ExclusionReason =
  'suppressed' | 'already_active' | 'no_reachable_channel' | 'invalid' | 'no_consent';

export interface EnrollReport {
  readonly enrolled: number;
  readonly excluded: Readonly<Record<ExclusionReason, number>>;
}

/** Lead ids: all at once, or page by page (an import's, a segment's). A lead that comes twice counts once. */
export type Audience = readonly string[] | AsyncIterable<readonly string[]>;

const PAGE = 5000;

/**
 * Enrolls leads in a running launch as `pending`; the launch starts them as its senders' capacity comes near. Leads that are or
 * were in this launch, or are active in another sequence, are left out as `already_active`, so calling it again with more leads
 * adds only the new ones. Each page commits by itself; what was enrolled stays when a later page fails.
 * @throws CommandRefused `not_found`, `not_running` when the launch was stopped
 */
export async function enroll(
  db: Db,
  launchId: string,
  audience: Audience,
  deps: { readonly hashIdentity: IdentityHasher },
): Promise<EnrollReport> {
  const launch = await readLaunch(db, launchId);
  const rules = await readRules(db, launch, deps.hashIdentity);
  return eachPage(audience, (ids) =>
    db.tx(async (tx) => {
      const { rows } = await tx.query<{ status: string }>(
        'select status from launches where id = $1 for share',
        [launchId],
      );
      if (rows[0]?.status !== 'running') {
        throw new CommandRefused(
          'not_running',
          'This launch was stopped: nobody can be added. Start a new one.',
        );
      }
      // A suppression or an erasure locks its lead FOR UPDATE: it is seen below, or waits for this and ends what it finds.
      await tx.query('select from leads where id = any($1::uuid[]) order by id for key share', [ids]);
      return enrollPage(tx, launch, await judge(tx, ids, { ...rules, launchId }));
    }),
  );
}

async function enrollPage(
  tx: Tx,
  launch: Pick<LaunchRow, 'id' | 'versionId'>,
  judged: readonly Judged[],
): Promise<{ enrolled: number; left: readonly Judged[] }> {
  const chosen = judged.filter((one) => one.reason === null).map((one) => one.leadId);
  const { rows: inserted } = await tx.query<{ lead_id: string }>(
    `insert into enrollments (launch_id, lead_id, version_id, status, reason, created_at)
     select $1, a.lead_id, $2, 'pending', 'waits_for_capacity', n.now + a.place * interval '1 microsecond'
     from (select business_now() as now) n, unnest($3::uuid[]) with ordinality as a(lead_id, place) order by a.place
     on conflict (lead_id) where status in ('pending', 'running') do nothing returning lead_id`,
    [launch.id, launch.versionId, chosen],
  );
  const enrolled = new Set(inserted.map((row) => row.lead_id));
  const overtaken = chosen.filter((id) => !enrolled.has(id));
  const left = judged
    .map((one): Judged => (overtaken.includes(one.leadId) ? { ...one, reason: 'already_active' } : one))
    .filter((one) => one.reason !== null);
  await writeExclusions(tx, launch.id, left);
  return { enrolled: enrolled.size, left };
}

/** A launch that events enroll in. */
export interface StandingLaunch {
  readonly id: string;
  readonly versionId: string;
  readonly senderIds: readonly string[] | null;
  readonly rules: readonly EventRule[];
}

/**
 * The running launches of sequences that such an event may enroll in, kept from being stopped. Locks them, before any lead, and as
 * strongly as letting the pacer look again will: events that shared a lock would wait for each other then.
 */
export async function lockStandingLaunches(tx: Tx, event: OutsideEvent): Promise<readonly StandingLaunch[]> {
  const { rows } = await tx.query<StandingLaunch & Record<string, unknown>>(
    `select n.id, n.version_id as "versionId", n.sender_ids as "senderIds", v.settings->'enrollOn' as rules
     from launches n join sequence_versions v on v.id = n.version_id
     where n.on_events and n.status = 'running' and v.settings->'enrollOn' @> jsonb_build_array(jsonb_build_object('event', $1::text))
     order by n.id limit 100 for no key update of n`,
    [event],
  );
  return rows;
}

/**
 * Enrolls the lead of an event, whose lock the caller holds, as `enroll` does; one who went through this launch before may do so
 * again. Returns why not, or null: it waits for capacity.
 */
export async function enrollByEvent(
  tx: Tx,
  hashIdentity: IdentityHasher,
  launch: StandingLaunch,
  leadId: string,
): Promise<ExclusionReason | null> {
  const rules = await readRules(tx, launch, hashIdentity);
  const { left } = await enrollPage(tx, launch, await judge(tx, [leadId], { ...rules, launchId: null }));
  return left[0]?.reason ?? null;
}

/** What `enroll` would do with a launch like this, without writing anything. Give `launchId` for leads added to one that runs. */
export async function dryRun(
  q: Queryable,
  launch: Pick<NewLaunch, 'versionId' | 'senderIds'> & { readonly launchId?: string },
  audience: Audience,
  deps: { readonly hashIdentity: IdentityHasher },
): Promise<EnrollReport> {
  const rules = await readRules(q, launch, deps.hashIdentity);
  return eachPage(audience, async (ids) => {
    const left = (await judge(q, ids, { ...rules, launchId: launch.launchId ?? null })).filter(
      (one) => one.reason !== null,
    );
    return { enrolled: ids.length - left.length, left };
  });
}

async function eachPage(
  audience: Audience,
  take: (ids: readonly string[]) => Promise<{ enrolled: number; left: readonly Judged[] }>,
): Promise<EnrollReport> {
  const excluded = { suppressed: 0, already_active: 0, no_reachable_channel: 0, invalid: 0, no_consent: 0 };
  let enrolled = 0;
  const seen = new Set<string>();
  for await (const ids of Symbol.asyncIterator in audience ? audience : [audience]) {
    const fresh = ids.filter((id) => !seen.has(id) && seen.add(id));
    for (let at = 0; at < fresh.length; at += PAGE) {
      const page = await take(fresh.slice(at, at + PAGE));
      enrolled += page.enrolled;
      for (const { reason } of page.left) excluded[reason!]++;
    }
  }
  return { enrolled, excluded };
}

interface Rules {
  /** Channels of the sequence by which a person is reached and for which there is a sender; null: it reaches nobody (tasks and webhooks only). */
  readonly channels: ReadonlySet<ContactChannel> | null;
  readonly policy: ConsentPolicy;
  readonly hash: IdentityHasher;
}

const NOTHING = Buffer.alloc(0);

async function readRules(
  q: Queryable,
  { versionId, senderIds }: Pick<NewLaunch, 'versionId' | 'senderIds'>,
  hashIdentity: IdentityHasher,
): Promise<Rules> {
  const version = await loadVersion(q, versionId);
  const wanted = planChannels(version.plan, version.copy);
  const senders = await launchSenders(q, { settings: version.settings, senderIds });
  const channels =
    wanted && new Set([...wanted].filter((channel) => senders.some((sender) => sender.channel === channel)));
  return { channels, policy: await readConsentPolicy(q), hash: rememberingDomains(hashIdentity) };
}

interface Judged extends LeftOut {
  readonly reason: ExclusionReason | null;
}

interface Candidate {
  readonly id: string;
  readonly externalId: string | null;
  readonly emails: readonly string[];
  readonly phones: readonly string[];
  readonly linkedinUrl: string | null;
  readonly companyDomain: string | null;
  readonly country: string | null;
  readonly consent: LeadProfile['consent']['status'];
  readonly active: boolean;
}

/** Who of a page can be enrolled; a lead that is none is `invalid`. */
async function judge(
  q: Queryable,
  ids: readonly string[],
  { channels, policy, hash, launchId }: Rules & { readonly launchId: string | null },
): Promise<Judged[]> {
  const { rows } = await q.query<Candidate & Record<string, unknown>>(
    `select l.id, l.external_id as "externalId", l.emails, l.phones, l.linkedin_url as "linkedinUrl", c.domain as "companyDomain",
       l.country, l.consent_status as consent,
       exists (select from enrollments e where e.lead_id = l.id and (e.status in ('pending', 'running') or e.launch_id = $2)) as active
     from leads l left join companies c on c.id = l.company_id where l.id = any($1::uuid[]) and l.erased_at is null`,
    [ids, launchId],
  );
  const suppressed = await suppressedOf(q, rows, hash);
  const known = new Map(rows.map((row) => [row.id, row]));
  return ids.map((leadId) => {
    const lead = known.get(leadId);
    if (!lead) return { leadId, reason: 'invalid' };
    return { leadId, reason: reasonAgainst(lead, channels, policy, suppressed.get(leadId)) };
  });
}

function reasonAgainst(
  lead: Candidate,
  channels: ReadonlySet<ContactChannel> | null,
  policy: ConsentPolicy,
  suppressed?: Suppressed,
): ExclusionReason | null {
  if (suppressed?.all) return 'suppressed';
  if (lead.active) return 'already_active';
  if (lead.consent === 'refused') return 'no_consent';
  if (channels === null) return null;
  const reachable = addressableChannels(lead).filter((channel) => channels.has(channel));
  if (reachable.length === 0) return 'no_reachable_channel';
  const open = reachable.filter((channel) => !suppressed?.channels.has(channel));
  if (open.length === 0) return 'suppressed';
  const consent = { status: lead.consent, source: null, at: null };
  const without = channelsWithoutConsent(policy, { consent, country: lead.country });
  return open.every((channel) => without.includes(channel)) ? 'no_consent' : null;
}

/** By lead, where they must not be contacted; of most there is nothing to say. */
async function suppressedOf(
  q: Queryable,
  leads: readonly Candidate[],
  hash: IdentityHasher,
): Promise<Map<string, Suppressed>> {
  const { rows: present } = await q.query<{ kind: IdentityKind }>(
    'select distinct kind from suppressions limit 10',
  );
  const kinds = new Set(present.map(({ kind }) => kind));
  if (kinds.size === 0) return new Map();
  const hashes: Buffer[] = [];
  const owners: string[] = [];
  for (const lead of leads) {
    for (const one of leadHashes((kind, value) => (kinds.has(kind) ? hash(kind, value) : NOTHING), lead)) {
      if (one === NOTHING) continue;
      hashes.push(one);
      owners.push(lead.id);
    }
  }
  const { rows } = await q.query<Laid & { leadId: string; hash: string }>(
    `select distinct h.lead_id as "leadId", encode(h.hash, 'hex') as hash, s.channel, s.origin = '${BOUNCE}' as bounced
     from unnest($1::bytea[], $2::uuid[]) h(hash, lead_id) join suppressions s on s.identity_hash = h.hash`,
    [hashes, owners],
  );
  const concerned = new Set(rows.map((row) => row.leadId));
  const laid = byHash(rows);
  return new Map(
    leads
      .filter((lead) => concerned.has(lead.id))
      .map((lead) => [lead.id, weighSuppressions(hash, lead, laid)]),
  );
}

export interface LaunchRow {
  readonly id: string;
  readonly versionId: string;
  readonly name: string;
  readonly status: 'running' | 'stopped';
  readonly timeZone: string;
  readonly senderIds: readonly string[] | null;
  /** null: at once. */
  readonly startsAt: Date | null;
  readonly createdAt: Date;
}

/** @throws CommandRefused `not_found` */
export async function readLaunch(q: Queryable, id: string): Promise<LaunchRow> {
  const { rows } = await q.query<LaunchRow & Record<string, unknown>>(
    `select id, version_id as "versionId", name, status, time_zone as "timeZone", sender_ids as "senderIds", starts_at as "startsAt",
       created_at as "createdAt" from launches where id = $1`,
    [id],
  );
  if (!rows[0]) throw new CommandRefused('not_found', `There is no launch with the id ${id}.`);
  return rows[0];
}
