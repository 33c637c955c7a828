/** Rows for tests, with everything optional. Each returns what it inserted, by the words of the code. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../common/clock.ts';
import type { Queryable } from '../../db/db.ts';
import type { Action, Channel, ContactChannel } from '../../sequences/lead.ts';
import type {
  CompiledSequence,
  Plan,
  PlanNode,
  SequenceCopy,
  SequenceSettings,
  StepCopy,
  StepId,
  TouchNode,
} from '../../sequences/plan.ts';

/** A frozen Tuesday morning in Berlin (10:00 local), inside every usual window. */
export const TUESDAY = Date.parse('2026-03-10T09:00:00Z');

/** Sets business time for every process on this database. Speed 0 (the default) stands still. */
export async function setTime(db: Queryable, at: number, speed = 0): Promise<void> {
  await db.query(
    'update clock set business_anchor = $1, wall_anchor = clock_timestamp(), speed = $2, ceiling = null',
    [new Date(at), speed],
  );
}

/** A clock on the test's database without a refresh of its own: `refresh` reads it. */
export async function databaseClock(db: Queryable): Promise<Clock> {
  let at = 0;
  let speed = 1;
  const clock: Clock = {
    now: () => at,
    speed: () => speed,
    async refresh() {
      const { rows } = await db.query<{ now: Date; speed: number }>(
        'select business_now() as now, speed from clock',
      );
      at = rows[0]!.now.getTime();
      speed = rows[0]!.speed;
    },
    close() {},
  };
  await clock.refresh();
  return clock;
}

export interface LeadRow {
  readonly id: string;
  readonly email: string | null;
  readonly companyId: string | null;
}

/** A lead with one email address (null: none), known by it. */
export async function makeLead(
  db: Queryable,
  options: {
    email?: string | null;
    phone?: string | null;
    linkedinUrl?: string | null;
    firstName?: string | null;
    lastName?: string | null;
    externalId?: string | null;
    companyId?: string | null;
    country?: string | null;
    timeZone?: string | null;
    preferredChannel?: ContactChannel | null;
    owner?: string | null;
    consent?: 'unknown' | 'given' | 'refused';
    attributes?: Readonly<Record<string, string | number | boolean | null>>;
  } = {},
): Promise<LeadRow> {
  const id = randomUUID();
  const email = options.email === undefined ? `lead-${id.slice(0, 8)}@example.test` : options.email;
  await db.query(
    `insert into leads (id, seed, external_id, first_name, last_name, company_id, emails, phones, linkedin_url, country, time_zone,
       preferred_channel, owner, consent_status, attributes)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    [
      id,
      email ?? options.externalId ?? id,
      options.externalId ?? null,
      options.firstName === undefined ? 'Ada' : options.firstName,
      options.lastName === undefined ? 'Lovelace' : options.lastName,
      options.companyId ?? null,
      email ? [email] : [],
      options.phone ? [options.phone] : [],
      options.linkedinUrl ?? null,
      options.country ?? null,
      options.timeZone === undefined ? 'Europe/Berlin' : options.timeZone,
      options.preferredChannel ?? null,
      options.owner ?? null,
      options.consent ?? 'unknown',
      options.attributes ?? {},
    ],
  );
  const identities: [string, string | null | undefined][] = [
    ['email', email],
    ['linkedin', options.linkedinUrl],
    ['external', options.externalId],
  ];
  for (const [kind, value] of identities) {
    if (value)
      await db.query('insert into lead_identities (kind, value, lead_id) values ($1, $2, $3)', [
        kind,
        value,
        id,
      ]);
  }
  return { id, email, companyId: options.companyId ?? null };
}

/** A company; its domain is its own unless given. */
export async function makeCompany(
  db: Queryable,
  options: { domain?: string | null; timeZone?: string | null } = {},
): Promise<{ readonly id: string }> {
  const id = randomUUID();
  await db.query('insert into companies (id, domain, name, time_zone) values ($1, $2, $3, $4)', [
    id,
    options.domain === undefined ? `${id.slice(0, 8)}.test` : options.domain,
    'Acme',
    options.timeZone ?? null,
  ]);
  return { id };
}

export interface SenderRow {
  readonly id: string;
  readonly address: string;
}

/** A sender that can do everything at once: no cap, no gap, no jitter unless given. */
export async function makeSender(
  db: Queryable,
  options: {
    channel?: Channel;
    provider?: string;
    name?: string;
    address?: string;
    timeZone?: string;
    owner?: string | null;
    caps?: Readonly<Partial<Record<Action, { day?: number; week?: number }>>>;
    rampUp?: { start: number; add_per_day: number; from: string } | null;
    minGapSeconds?: number;
    jitterSeconds?: number;
  } = {},
): Promise<SenderRow> {
  const id = randomUUID();
  const channel = options.channel ?? 'email';
  const address = options.address ?? `${channel}-${id.slice(0, 8)}@acme.test`;
  await db.query(
    `insert into senders (id, channel, provider, name, address, owner, time_zone, caps, ramp_up, min_gap_seconds, jitter_seconds)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      id,
      channel,
      options.provider ?? 'test',
      options.name ?? 'Grace Hopper',
      address,
      options.owner ?? null,
      options.timeZone ?? 'Europe/Berlin',
      options.caps ?? {},
      options.rampUp ?? null,
      options.minGapSeconds ?? 0,
      options.jitterSeconds ?? 0,
    ],
  );
  return { id, address };
}

/** Weekdays from nine to five in the lead's zone, no holidays, no limits. */
export const SETTINGS: SequenceSettings = {
  window: { days: [1, 2, 3, 4, 5], from: '09:00', to: '17:00', timeZone: 'lead', holidays: [] },
  contactLimits: { coolOff: null, companyPerWeek: null },
  senders: {},
  tags: [],
};

/** A touch node with the usual values. */
export function touchNode(
  id: StepId,
  channel: TouchNode['channel'] = 'email',
  options: Partial<TouchNode> = {},
): TouchNode {
  const actions: Partial<Record<TouchNode['channel'], TouchNode['action']>> = { linkedin: 'message' };
  return {
    id,
    kind: 'touch',
    channel,
    action: actions[channel] ?? (channel as TouchNode['action']),
    next: null,
    review: false,
    onFailure: 'continue',
    ...options,
  };
}

/** A plan in which each node without a `next` of its own is followed by the one after it. */
export function makePlan(nodes: readonly PlanNode[], stopOn: Partial<Plan['stopOn']> = {}): Plan {
  const linked = nodes.map((node, i) =>
    'next' in node && node.next === null ? { ...node, next: nodes[i + 1]?.id ?? null } : node,
  );
  return {
    format: 1,
    start: nodes[0]?.id ?? null,
    nodes: Object.fromEntries(linked.map((node) => [node.id, node])),
    stopOn: {
      replied: 'lead',
      bounced: 'lead',
      unsubscribed: 'lead',
      meeting_booked: 'lead',
      goal: 'lead',
      ...stopOn,
    },
  };
}

export interface VersionRow {
  readonly id: string;
  /** Of the sequence, over all versions of that name. */
  readonly sequenceId: string;
  readonly name: string;
  readonly plan: Plan;
}

/** A sequence version with copy revision 1: from a compiled sequence, or from parts. Touch steps without copy get a plain one. */
export async function makeVersion(
  db: Queryable,
  parts:
    | CompiledSequence
    | {
        readonly plan: Plan;
        readonly name?: string;
        readonly settings?: Partial<SequenceSettings>;
        readonly copy?: Readonly<Record<StepId, StepCopy>>;
        readonly unsubscribeFooter?: string | null;
      },
): Promise<VersionRow> {
  const id = randomUUID();
  const compiled = 'structureHash' in parts ? parts : null;
  const settings = { ...SETTINGS, ...parts.settings };
  const copy: SequenceCopy = compiled
    ? compiled.copy
    : {
        steps: {
          ...plainCopy(parts.plan),
          ...(parts.copy as Readonly<Record<StepId, StepCopy>> | undefined),
        },
        unsubscribeFooter: 'unsubscribeFooter' in parts ? (parts.unsubscribeFooter ?? null) : null,
      };
  const name = parts.name ?? `sequence-${id.slice(0, 8)}`;
  await db.query(
    'insert into sequence_versions (id, name, title, structure_hash, plan, settings) values ($1, $2, $3, $4, $5, $6)',
    [id, name, compiled?.title ?? name, compiled?.structureHash ?? id, parts.plan, settings],
  );
  await db.query(
    'insert into copy_revisions (version_id, revision, copy, copy_hash, source) values ($1, 1, $2, $3, $4)',
    [id, copy, compiled?.copyHash ?? id, compiled?.source ?? ''],
  );
  const { rows } = await db.query<{ id: string }>('select id from sequences where name = $1', [name]);
  return { id, sequenceId: rows[0]!.id, name, plan: parts.plan };
}

function plainCopy(plan: Plan): Record<StepId, StepCopy> {
  const copies: Record<StepId, StepCopy> = {};
  for (const node of Object.values(plan.nodes)) {
    if (node.kind !== 'touch') continue;
    copies[node.id] = {
      subject: 'Hello {{ lead.first_name }}',
      body: `Step ${node.id} for {{ lead.first_name }}`,
      ...((node.channel === 'task' || node.channel === 'call') && { title: `Do ${node.id}` }),
    };
  }
  return copies;
}

/** A running launch of a version in Berlin. */
export async function makeLaunch(
  db: Queryable,
  options: { versionId: string; timeZone?: string; senderIds?: readonly string[] | null; createdAt?: number },
): Promise<{ readonly id: string }> {
  const id = randomUUID();
  await db.query(
    'insert into launches (id, version_id, name, time_zone, sender_ids, created_at) values ($1, $2, $3, $4, $5, coalesce($6, business_now()))',
    [
      id,
      options.versionId,
      `launch-${id.slice(0, 8)}`,
      options.timeZone ?? 'Europe/Berlin',
      options.senderIds ?? null,
      options.createdAt === undefined ? null : new Date(options.createdAt),
    ],
  );
  return { id };
}

/** A running enrollment that has not begun, of the launch's version. */
export async function makeEnrollment(
  db: Queryable,
  options: { launchId: string; leadId: string; status?: 'pending' | 'running' | 'finished' | 'stopped' },
): Promise<{ readonly id: string }> {
  const id = randomUUID();
  await db.query(
    `insert into enrollments (id, launch_id, lead_id, version_id, status, created_at)
     select $1, l.id, $3, l.version_id, $4, business_now() from launches l where l.id = $2`,
    [id, options.launchId, options.leadId, options.status ?? 'running'],
  );
  return { id };
}
