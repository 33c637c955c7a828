/** Senders: the mailboxes, LinkedIn accounts and numbers by which leads are reached. Credentials are stored encrypted. */
import { z } from 'zod';
import { BrokenSecretError, UnknownKeyError, type Secrets } from '../common/crypto.ts';
import { issuesOf } from '../common/issues.ts';
import type { SenderAccount } from '../providers/ports.ts';
import { isZone } from '../sequences/calendar/index.ts';
import { ACTIONS, CHANNELS, type Action, type Channel } from '../sequences/lead.ts';
import { emailAddress, linkedinProfile, phoneNumber } from '../sequences/leads/fields.ts';
import type { SequenceSettings } from '../sequences/plan.ts';
import type { Db, Queryable, Tx } from './db.ts';
import { CommandRefused } from './refused.ts';
import type { StoredCaps, StoredRampUp } from './slots.ts';

/**
 * What a new sender may do a day unless it is told otherwise: below what mailbox providers and LinkedIn tolerate from an account
 * in good standing. `week` is for any seven days, as LinkedIn counts invitations. Tasks are not capped.
 */
export const DEFAULT_CAPS: Readonly<Record<Channel, StoredCaps>> = {
  email: { email: { day: 50 } },
  linkedin: { visit: { day: 60 }, follow: { day: 40 }, invite: { day: 20, week: 100 }, message: { day: 40 } },
  sms: { sms: { day: 100 } },
  whatsapp: { whatsapp: { day: 100 } },
  call: { call: { day: 60 } },
  task: {},
};

const count = z.int().min(0).max(100_000);
const day = z.iso.date();
const word = z.string().trim().min(1).max(200);

const fields = {
  channel: z.enum(CHANNELS),
  /** `smtp`, `unipile`, `manual`, `twilio`, … */
  provider: z.string().regex(/^[a-z][a-z0-9_-]*$/, 'is a lower-case word such as smtp'),
  name: word,
  address: word,
  owner: word.nullable(),
  timeZone: z.string().refine(isZone, 'is no time zone; use a name such as Europe/Berlin'),
  attributes: z.record(z.string(), z.string()),
  settings: z.record(z.string(), z.unknown()),
  credentials: z.record(z.string(), z.string()).nullable(),
  caps: z.partialRecord(z.enum(ACTIONS), z.strictObject({ day: count.optional(), week: count.optional() })),
  rampUp: z.strictObject({ start: count, add_per_day: count, from: day }).nullable(),
  minGapSeconds: z.int().min(0).max(86_400),
  jitterSeconds: z.int().min(0).max(86_400),
  /** From where on it is paused: bounces in percent of its last 200 messages, complaints among its last 1,000. */
  reputation: z.strictObject({
    bounced_percent: z.number().positive().max(100).optional(),
    complaints: z.int().min(1).max(1000).optional(),
  }),
};

const newSender = z
  .strictObject({
    ...fields,
    owner: fields.owner.default(null),
    attributes: fields.attributes.default({}),
    settings: fields.settings.default({}),
    credentials: fields.credentials.default(null),
    caps: fields.caps.optional(),
    rampUp: fields.rampUp.default(null),
    minGapSeconds: fields.minGapSeconds.optional(),
    jitterSeconds: fields.jitterSeconds.optional(),
    reputation: fields.reputation.default({}),
  })
  .transform((sender, context) => ({ ...sender, address: addressOf(sender, context) }));

const changes = z
  .strictObject({
    ...fields,
    /** Those given replace those of the same name; null takes one away, or all of them. */
    credentials: z.record(z.string(), z.string().nullable()).nullable(),
  })
  .omit({ channel: true, address: true })
  .partial();

/** What a sender is made of. Caps that are not given are DEFAULT_CAPS; gap and jitter default to 1 and 2 minutes (tasks: none). */
export type NewSender = z.input<typeof newSender>;
/** What can be changed later; a mailbox or number that changes is another sender. */
export type SenderChanges = z.input<typeof changes>;

/** The description of a sender cannot be used; `message` says what is wrong with which field. */
export class BadSender extends Error {
  override readonly name = 'BadSender';
}

/** A sender, without its credentials. */
export interface Sender {
  readonly id: string;
  readonly channel: Channel;
  readonly provider: string;
  readonly name: string;
  readonly address: string;
  readonly owner: string | null;
  readonly timeZone: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly hasCredentials: boolean;
  readonly caps: StoredCaps;
  readonly rampUp: StoredRampUp | null;
  readonly minGapSeconds: number;
  readonly jitterSeconds: number;
  /** Thresholds of its own; what is missing is the usual one (`USUAL_REPUTATION`). */
  readonly reputation: { readonly bounced_percent?: number; readonly complaints?: number };
  readonly brokenReason: string | null;
  readonly brokenAt: Date | null;
  readonly paused: boolean;
}

const SELECT = `select s.id, s.channel, s.provider, s.name, s.address, s.owner, s.time_zone as "timeZone", s.attributes, s.settings,
    s.credentials is not null as "hasCredentials", s.caps, s.ramp_up as "rampUp", s.min_gap_seconds as "minGapSeconds",
    s.jitter_seconds as "jitterSeconds", s.reputation, case when s.broken_at is not null then coalesce(s.broken_reason, 'broken') end as "brokenReason",
    s.broken_at as "brokenAt",
    exists (select from pauses p where p.scope = 'sender' and p.scope_id = s.id and p.ended_at is null) as paused
  from senders s`;
const LIMIT = 2000;

/**
 * Adds a sender and returns its id.
 * @throws BadSender
 * @throws CommandRefused `already_done` when the channel has one with that address
 */
export async function addSender(
  db: Queryable,
  input: NewSender,
  secrets: Pick<Secrets, 'encrypt'>,
): Promise<string> {
  const sender = parsed(newSender, input);
  const task = sender.channel === 'task';
  const { rows } = await db.query<{ id: string }>(
    `insert into senders (channel, provider, name, address, owner, time_zone, attributes, settings, credentials, caps, ramp_up,
       min_gap_seconds, jitter_seconds, reputation)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (channel, address) do nothing returning id`,
    [
      sender.channel,
      sender.provider,
      sender.name,
      sender.address,
      sender.owner,
      sender.timeZone,
      sender.attributes,
      sender.settings,
      sealed(sender.credentials, secrets),
      sender.caps ?? DEFAULT_CAPS[sender.channel],
      sender.rampUp,
      sender.minGapSeconds ?? (task ? 0 : 60),
      sender.jitterSeconds ?? (task ? 0 : 120),
      sender.reputation,
    ],
  );
  if (!rows[0]) {
    throw new CommandRefused(
      'already_done',
      `There is a sender for ${sender.channel} with the address ${sender.address} already. Update that one instead.`,
    );
  }
  return rows[0].id;
}

/**
 * Changes the given fields of a sender; new caps replace the old ones as a whole and hold from the next send on.
 * @param verify looks at what was written before it is committed; what it throws takes everything back
 * @throws BadSender
 * @throws CommandRefused `not_found`
 */
export async function updateSender(
  db: Db,
  id: string,
  input: SenderChanges,
  secrets: Pick<Secrets, 'encrypt' | 'decrypt'>,
  verify: (tx: Tx) => Promise<void> = async () => {},
): Promise<void> {
  const change = parsed(changes, input);
  const columns: Record<string, unknown> = {
    provider: change.provider,
    name: change.name,
    owner: change.owner,
    time_zone: change.timeZone,
    attributes: change.attributes,
    settings: change.settings,
    caps: change.caps,
    ramp_up: change.rampUp,
    min_gap_seconds: change.minGapSeconds,
    jitter_seconds: change.jitterSeconds,
    reputation: change.reputation,
  };
  await db.tx(async (tx) => {
    const { rows } = await tx.query<Sealed>(
      'select provider, credentials from senders where id = $1 for no key update',
      [id],
    );
    if (!rows[0]) throw notFound(id);
    if (change.credentials !== undefined)
      columns.credentials = sealed(credentialsAfter(rows[0], change, secrets), secrets);
    const given = Object.entries(columns).filter(([, value]) => value !== undefined);
    if (given.length === 0) return;
    const set = given.map(([column], index) => `${column} = $${index + 2}`).join(', ');
    await tx.query(`update senders set ${set} where id = $1`, [id, ...given.map(([, value]) => value)]);
    await verify(tx);
  });
}

/** All senders, by channel and name. */
export async function listSenders(q: Queryable): Promise<Sender[]> {
  const { rows } = await q.query<Sender & Record<string, unknown>>(
    `${SELECT} order by s.channel, s.name, s.id limit ${LIMIT}`,
  );
  return rows;
}

/**
 * The sender that somebody means: by id, address or name.
 * @throws CommandRefused `not_found`, or `ambiguous` when several have that address or name
 */
export async function findSender(q: Queryable, text: string): Promise<Sender> {
  const { rows } = await q.query<Sender & Record<string, unknown>>(
    `${SELECT} where s.id::text = lower($1) or lower(s.address) = lower($1) or lower(s.name) = lower($1) order by s.channel limit 6`,
    [text.trim()],
  );
  if (rows.length === 1) return rows[0]!;
  if (rows.length === 0) throw notFound(text);
  const some = rows.map((sender) => `${sender.channel} ${sender.name} <${sender.address}> ${sender.id}`);
  throw new CommandRefused(
    'ambiguous',
    `More than one sender is called "${text}". Say which by id:\n  ${some.join('\n  ')}`,
  );
}

/**
 * The sender that a provider means by a Unipile account or by a Twilio number (`whatsapp:` before it for WhatsApp); null: none. Of
 * several with one Unipile account any.
 */
export async function senderAt(
  q: Queryable,
  provider: 'twilio' | 'unipile',
  account: string,
): Promise<string | null> {
  const { rows } = await q.query<{ id: string }>(
    `select id from senders where provider = $1
       and (settings ->> 'accountId' = $2 or (channel = 'sms' and address = $2) or (channel = 'whatsapp' and 'whatsapp:' || address = $2))
     order by created_at, id limit 1`,
    [provider, account],
  );
  return rows[0]?.id ?? null;
}

/** The sender with its credentials, as its provider's adapter needs it. @throws CommandRefused `not_found` */
export async function loadAccount(
  q: Queryable,
  id: string,
  secrets: Pick<Secrets, 'decrypt'>,
): Promise<SenderAccount> {
  const { rows } = await q.query<
    Omit<SenderAccount, 'credentials'> & { readonly credentials: string | null }
  >('select id, channel, provider, name, address, settings, credentials from senders where id = $1', [id]);
  const row = rows[0];
  if (!row) throw notFound(id);
  const credentials =
    row.credentials === null ? {} : (JSON.parse(secrets.decrypt(row.credentials)) as Record<string, string>);
  return { ...row, credentials };
}

/** Says that a broken sender works again. Returns whether it was broken. @throws CommandRefused `not_found` */
export async function repairSender(db: Db, id: string): Promise<boolean> {
  return db.tx(async (tx) => {
    const { rows } = await tx.query<{ broken: boolean }>(
      'select broken_at is not null as broken from senders where id = $1 for no key update',
      [id],
    );
    if (!rows[0]) throw notFound(id);
    await tx.query('update senders set broken_at = null, broken_reason = null where id = $1', [id]);
    return rows[0].broken;
  });
}

/**
 * The senders that a launch may use: those it names (`senderIds`), and of them those that the sequence names for their channel,
 * by address or name; where neither names any, all. Broken and paused ones are included and say so.
 */
export async function launchSenders(
  q: Queryable,
  {
    settings,
    senderIds,
  }: { settings: Pick<SequenceSettings, 'senders'>; senderIds: readonly string[] | null },
): Promise<Sender[]> {
  const { rows } = await q.query<Sender & Record<string, unknown>>(
    `${SELECT} where $1::uuid[] is null or s.id = any($1) order by s.id limit ${LIMIT}`,
    [senderIds],
  );
  return rows.filter((sender) => {
    const named = settings.senders[sender.channel]?.map((name) => name.toLowerCase()) ?? [];
    return (
      named.length === 0 ||
      named.includes(sender.address.toLowerCase()) ||
      named.includes(sender.name.toLowerCase())
    );
  });
}

/** Of `launchSenders`, those that can send now. */
export async function usableSenders(
  q: Queryable,
  launch: Parameters<typeof launchSenders>[1],
): Promise<Sender[]> {
  return (await launchSenders(q, launch)).filter((sender) => sender.brokenReason === null && !sender.paused);
}

/** What a sender may do of one action on a local day, ramp-up included; null: not capped. */
export function dayCap(
  sender: Pick<Sender, 'caps' | 'rampUp'>,
  action: Action,
  daysSinceRampUp: number,
): number | null {
  const cap = sender.caps[action]?.day;
  if (cap === undefined || cap === null) return null;
  const { rampUp } = sender;
  return rampUp ? Math.min(cap, rampUp.start + rampUp.add_per_day * Math.max(0, daysSinceRampUp)) : cap;
}

function addressOf(
  { channel, address }: { channel: Channel; address: string },
  context: { addIssue(issue: { code: 'custom'; message: string; path: string[] }): void },
): string {
  const normal = normalAddress(channel, address);
  if (normal !== null) return normal;
  const message =
    channel === 'email'
      ? 'is no email address'
      : 'is no phone number with country code, such as +49301234567';
  context.addIssue({ code: 'custom', message, path: ['address'] });
  return address;
}

function normalAddress(channel: Channel, address: string): string | null {
  switch (channel) {
    case 'email':
      return emailAddress(address);
    case 'sms':
    case 'whatsapp':
    case 'call':
      // A Twilio messaging service stands for its pool of numbers.
      return /^MG[0-9a-f]{32}$/.test(address)
        ? address
        : phoneNumber(address.replace(/^whatsapp:/, ''), null);
    case 'linkedin':
      return linkedinProfile(address) ?? address;
    case 'task':
      return address;
  }
}

interface Sealed {
  readonly provider: string;
  readonly credentials: string | null;
  readonly [column: string]: unknown;
}

/** What a change leaves of the credentials: another provider has none of those before, nor has one whose key is gone. */
function credentialsAfter(
  before: Sealed,
  { provider = before.provider, credentials }: z.output<typeof changes>,
  secrets: Pick<Secrets, 'decrypt'>,
): Readonly<Record<string, string>> | null {
  if (credentials == null) return null;
  const kept = provider === before.provider ? readable(before.credentials, secrets) : {};
  const all = Object.entries({ ...kept, ...credentials });
  return Object.fromEntries(all.filter((one): one is [string, string] => one[1] !== null));
}

function readable(credentials: string | null, secrets: Pick<Secrets, 'decrypt'>): Record<string, string> {
  if (credentials === null) return {};
  try {
    return JSON.parse(secrets.decrypt(credentials)) as Record<string, string>;
  } catch (error) {
    if (error instanceof UnknownKeyError || error instanceof BrokenSecretError) return {};
    throw error;
  }
}

function sealed(
  credentials: Readonly<Record<string, string>> | null,
  secrets: Pick<Secrets, 'encrypt'>,
): string | null {
  return credentials === null ? null : secrets.encrypt(JSON.stringify(credentials));
}

function parsed<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new BadSender(`This sender cannot be used: ${issuesOf(result.error)}.`);
}

function notFound(what: string): CommandRefused {
  return new CommandRefused('not_found', `There is no sender "${what}". "senders list" shows them all.`);
}
