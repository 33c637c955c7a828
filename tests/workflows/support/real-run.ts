/** Launches on the real stack, driven by the same scripts as the simulator's, and the calendar of touches that comes of it. */
import { readConsentPolicy } from '../../../db/consent.ts';
import { recordLeadEvent } from '../../../db/events.ts';
import { createLaunch, enroll } from '../../../db/launches.ts';
import { loadLeads, saveLead } from '../../../db/leads.ts';
import { addSender, listSenders, type NewSender } from '../../../db/senders.ts';
import { publish } from '../../../db/sequences.ts';
import { senderLimits } from '../../../db/slots.ts';
import { completeTask, listTasks } from '../../../db/tasks.ts';
import type { Action, Channel, LeadProfile } from '../../../sequences/lead.ts';
import type { LeadFields } from '../../../sequences/leads/row.ts';
import type { CompiledSequence, Instant } from '../../../sequences/plan.ts';
import type { Cap } from '../../../sequences/calendar/index.ts';
import { simulate } from '../../../sequences/simulate/index.ts';
import type { ScriptEntry, SimulationResult, SimulationSender } from '../../../sequences/simulate/index.ts';
import { ACTIONS } from '../../../sequences/lead.ts';
import { startTestStack, type TestStack, type TestStackOptions } from '../../support/stack.ts';

export const ZONE = 'Europe/Berlin';

/** One sequence on some leads, and what happens to them. Events are by instant; outcomes by time since the task opened. */
export interface Play {
  readonly sequence: CompiledSequence;
  readonly others?: readonly CompiledSequence[];
  readonly leads: readonly Partial<LeadFields>[];
  /** `lead` is the lead's first email, or its id by `idOf`. */
  readonly script?: (leads: readonly LeadProfile[]) => readonly ScriptEntry[];
}

/** A play on both hosts. */
export interface Played {
  readonly launchId: string;
  readonly leads: readonly LeadProfile[];
  readonly simulated: SimulationResult;
}

const CHANNELS = ['email', 'linkedin', 'sms', 'whatsapp', 'call'] as const;
const NUMBERS: Readonly<Partial<Record<Channel, string>>> = {
  sms: '+4930231250001',
  whatsapp: '+4930231250002',
  call: '+4930231250003',
};

/** Jitter on few channels: many leads then share an instant, and the run is short. */
const JITTER_SECONDS: Readonly<Partial<Record<Channel, number>>> = { sms: 120, call: 300 };

const failures = new WeakMap<TestStack, unknown[]>();

const holding = new WeakMap<TestStack, { at: Date | null }>();

/**
 * A stack whose business time stands at `start` until plays begin, and afterwards exactly at whatever is due: without any allowance
 * instants are equal to the simulator's to the millisecond. Nobody accepts an invitation unless a script says so.
 */
export async function startRealRun(start: Instant, options: TestStackOptions = {}): Promise<TestStack> {
  const hold = { at: new Date(start) as Date | null };
  const stack = await startTestStack({
    behaviour: {
      linkedin: {
        connected: '^$',
        unknown: '^unknown',
        acceptShare: 0,
        acceptAfterHours: 20,
        accountStatus: 'OK',
      },
    },
    ...options,
    timeLapse: {
      startAt: new Date(start),
      msPerDay: 300,
      allowanceMs: 0,
      extraHold: async () => hold.at,
      ...options.timeLapse,
    },
  });
  holding.set(stack, hold);
  return stack;
}

/** Business time may go on from here. */
export function goOn(stack: TestStack): void {
  const hold = holding.get(stack);
  if (hold) hold.at = null;
}

/** One sender a channel. Unless given otherwise it has no cap and no gap, so that leads never compete; jitter moves slots. */
export async function addSenders(
  { db, services, sandbox }: TestStack,
  change: Partial<Omit<NewSender, 'channel' | 'settings' | 'credentials' | 'provider'>> = {},
  channels: readonly Channel[] = CHANNELS,
): Promise<string[]> {
  const ids: string[] = [];
  for (const channel of channels) {
    const address =
      NUMBERS[channel] ?? (channel === 'email' ? 'sam@acme.test' : 'https://www.linkedin.com/in/sam');
    ids.push(
      await addSender(
        db,
        {
          channel, name: 'Sam Sender', address, timeZone: ZONE, caps: {}, minGapSeconds: 0, jitterSeconds: JITTER_SECONDS[channel] ?? 0,
          ...sandbox.senderSettings(channel, 'sam'), ...change,
        },
        services.secrets,
      ),
    ); // prettier-ignore
  }
  return ids;
}

/** The stack's senders as the simulator knows senders. */
export async function simulatedSenders({ db }: TestStack): Promise<SimulationSender[]> {
  const senders = await listSenders(db);
  return senders
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((sender) => {
      const caps: Partial<Record<Action, Cap>> = {};
      for (const action of ACTIONS) {
        const { cap } = senderLimits(sender, action);
        if (cap) caps[action] = cap;
      }
      const { rampUp, minGapMs, jitterMs } = senderLimits(sender, 'email');
      const { id, name, channel, provider, address, timeZone, owner, attributes } = sender;
      const profile = { id, name, channel, provider, address, timeZone, owner, attributes };
      return { profile, caps, rampUp, minGapMs, jitterMs };
    });
}

/**
 * Starts the plays now, as launches of their own on the real stack, and simulates each. What the script says happens on the stack
 * at the same business instants; tasks are done when the simulation says so. Business time goes on when everything is under way; `before` is called before anything is.
 */
export async function begin(
  stack: TestStack,
  plays: readonly Play[],
  before: (played: readonly Played[]) => void = () => {},
): Promise<Played[]> {
  const { db, services } = stack;
  const { hashIdentity, clock } = services;
  await clock.refresh();
  const start = clock.now();
  const senders = await simulatedSenders(stack);
  const consentPolicy = await readConsentPolicy(db);
  const played: Played[] = [];
  for (const { sequence, others = [], leads: fields, script } of plays) {
    for (const other of others) await publish(db, other);
    const { versionId } = await publish(db, sequence);
    const ids: string[] = [];
    for (const lead of fields) ids.push(await saveLead(db, lead));
    const launch = { versionId, name: sequence.name, timeZone: ZONE, senderIds: null };
    const { id: launchId } = await createLaunch(db, launch);
    await enroll(db, launchId, ids, { hashIdentity });
    // A generated sequence may have no step that reaches a lead, which leaves the lead out.
    const { rows } = await db.query<{ lead_id: string }>(
      'select lead_id from enrollments where launch_id = $1 limit 1000',
      [launchId],
    );
    const leads = await loadLeads(db, rows.map((row) => row.lead_id)); // prettier-ignore
    const entries = script?.(leads) ?? [];
    const simulated = simulate({
      sequence,
      others,
      leads: leads.map((profile) => ({ profile })),
      senders,
      start,
      launchZone: ZONE,
      script: entries,
      consentPolicy,
    });
    act(stack, leads, entries, simulated);
    played.push({ launchId, leads, simulated });
  }
  before(played);
  const waker = await services.waker();
  for (const { launchId } of played) await waker.launch(launchId);
  goOn(stack);
  return played;
}

function act(
  stack: TestStack,
  leads: readonly LeadProfile[],
  entries: readonly ScriptEntry[],
  { touches }: SimulationResult,
): void {
  for (const entry of entries) {
    const meant = leads.filter(
      ({ id, emails }) => entry.lead === null || entry.lead === id || emails.includes(entry.lead),
    );
    for (const lead of meant) {
      if (entry.kind === 'event') {
        if (!('at' in entry.when)) throw new Error('events on the real stack are given by instant');
        scripted(stack, entry.when.at, () => cause(stack, lead, entry.event, entry.until));
      } else if (entry.kind === 'outcome') {
        for (const { leadId, stepId, state, at, channel } of touches) {
          const done = state === 'sent' && (channel === 'call' || channel === 'task');
          if (leadId !== lead.id || !done || (entry.step !== null && entry.step !== stepId)) continue;
          scripted(stack, at, () => finish(stack, lead.id, channel === 'call' ? entry.outcome : 'done'));
        }
      } else throw new Error('failures on the real stack are the sandbox’s');
    }
  }
}

/** What scripts could not do. */
export const scriptFailures = (stack: TestStack): readonly unknown[] => failures.get(stack) ?? [];

/** Does `work` at a business instant. */
export function scripted(stack: TestStack, at: Instant, work: () => Promise<void>): void {
  stack.lapse.at(new Date(at), () =>
    work().catch((error: unknown) => {
      failures.set(stack, [...(failures.get(stack) ?? []), error]);
    }),
  );
}

/** Something comes back from a lead now. */
export async function cause(
  { db, services, sandbox }: TestStack,
  { id, linkedinUrl }: LeadProfile,
  type: Parameters<typeof recordLeadEvent>[2]['type'],
  until?: Instant,
): Promise<void> {
  const slug = linkedinUrl?.split('/in/')[1];
  if (type === 'accepted' && slug) sandbox.control({ connect: [slug] });
  const { wake } = await recordLeadEvent(db, services.hashIdentity, {
    leadId: id,
    type,
    ...(until !== undefined && { until }),
  });
  await (await services.waker()).enrollments(wake);
}

/** The rep ends the lead's open task now. */
export async function finish({ db, services }: TestStack, leadId: string, outcome: string): Promise<void> {
  const [task] = (await listTasks(db, {})).filter((one) => one.leadId === leadId);
  if (!task) throw new Error(`lead ${leadId} has no open task`);
  const { wake } = await completeTask(db, task.id, { outcome });
  await (await services.waker()).enrollments(wake);
}

/** Waits until nothing of these launches moves any more. */
export async function ended(
  stack: TestStack,
  launchIds: readonly string[],
  withinMs = 150_000,
): Promise<void> {
  await stack.until(
    async () => {
      const { rows } = await stack.db.query(
        `select e.reason, e.next_at, business_now() as now from enrollments e
         where launch_id = any($1::uuid[]) and status in ('pending', 'running') and not held limit 1`,
        [launchIds],
      );
      return rows.length === 0;
    },
    'every lead has come to an end',
    withinMs,
  );
}

/** One line a touch, comparable between the hosts: `lead sequence step visit.attempt channel state instant sender`. */
export interface Calendar {
  readonly touches: readonly string[];
  /** `lead sequence state reason`. */
  readonly ends: readonly string[];
}

export function simulatedCalendar({ leads, simulated }: Played): Calendar {
  const name = names(leads);
  return {
    touches: simulated.touches.map((touch) => line(touch, name(touch.leadId))).sort(),
    ends: simulated.leads
      .map((one) => `${name(one.leadId)} ${one.sequence} ${one.state} ${one.reason}`)
      .sort(),
  };
}

/** One touch as the ledger has it. `at`: when it went out or was left out; else its slot. */
export interface RealTouch {
  readonly leadId: string;
  readonly sequence: string;
  readonly stepId: string;
  readonly visit: number;
  readonly attempt: number;
  readonly channel: string;
  readonly state: string;
  readonly at: number;
  readonly sender: string | null;
}

/** What the ledger says of a launch. */
export async function realTouches(
  { db }: TestStack,
  { launchId }: Pick<Played, 'launchId'>,
): Promise<RealTouch[]> {
  const { rows } = await db.query<RealTouch & Record<string, unknown>>(
    `select t.lead_id as "leadId", v.name as sequence, t.step_id as "stepId", t.visit, t.attempt, t.channel, t.state, s.address as sender,
       (extract(epoch from case when t.state in ('sent', 'skipped', 'failed') then t.at else t.slot_at end) * 1000)::int8 as at
     from touches t join enrollments e on e.id = t.enrollment_id join sequence_versions v on v.id = e.version_id
       left join senders s on s.id = t.sender_id where e.launch_id = $1 limit 10000`,
    [launchId],
  );
  return rows;
}

/** The launch's calendar on the real stack. */
export async function realCalendar(stack: TestStack, { launchId, leads }: Played): Promise<Calendar> {
  const name = names(leads);
  const touches = await realTouches(stack, { launchId });
  const { rows: ends } = await stack.db.query<Record<'leadId' | 'sequence' | 'state' | 'reason', string>>(
    `select distinct on (e.lead_id) e.lead_id as "leadId", v.name as sequence, e.reason,
       case when e.status = 'running' and e.held then 'held' else e.status end as state
     from enrollments e join sequence_versions v on v.id = e.version_id
     where e.launch_id = $1 order by e.lead_id, e.created_at desc, e.status <> 'finished' desc`,
    [launchId],
  );
  return {
    touches: touches.map((touch) => line(touch, name(touch.leadId))).sort(),
    ends: ends.map((one) => `${name(one.leadId)} ${one.sequence} ${one.state} ${one.reason}`).sort(),
  };
}

function line(touch: RealTouch, lead: string): string {
  const { sequence, stepId, visit, attempt, channel, state, at, sender } = touch;
  return `${lead} ${sequence} ${new Date(at).toISOString()} ${stepId} ${visit}.${attempt} ${channel} ${state} ${sender}`;
}

function names(leads: readonly LeadProfile[]): (id: string) => string {
  const known = new Map(leads.map((lead) => [lead.id, lead.externalId ?? lead.emails[0] ?? lead.id]));
  return (id) => known.get(id) ?? id;
}
