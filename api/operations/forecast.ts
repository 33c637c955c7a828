/** What a launch will do to its senders' days, and when its last lead is reached: the launch, simulated on the real calendar. */
import { setImmediate as breathe } from 'node:timers/promises';
import type { Queryable } from '../../db/db.ts';
import { readConsentPolicy } from '../../db/consent.ts';
import { readDaysOff } from '../../db/days-off.ts';
import { connectedLeads } from '../../db/launch-forecast.ts';
import { loadLeads } from '../../db/leads.ts';
import { dayCap, launchSenders, type Sender } from '../../db/senders.ts';
import { loadVersion } from '../../db/sequences.ts';
import { busySlotsBySender, senderLimits } from '../../db/slots.ts';
import { dayName, dayNumber, dayOf, zoneClock } from '../../sequences/calendar/zone.ts';
import type { Action, Channel } from '../../sequences/lead.ts';
import type { Instant } from '../../sequences/plan.ts';
import { touchWays } from '../../sequences/route/plan-channels.ts';
import {
  play,
  workDone,
  type SimulationProgress,
  type SimulationSender,
} from '../../sequences/simulate/index.ts';

export interface ForecastRequest {
  readonly versionId: string;
  readonly senderIds: readonly string[] | null;
  /** In the order in which they will start. */
  readonly leadIds: readonly string[];
  /** How many there are; `leadIds` may hold the first of them only. */
  readonly leads: number;
  readonly start: Instant;
  readonly timeZone: string;
}

export interface ForecastDay {
  /** The sender's local day, `YYYY-MM-DD`. */
  readonly day: string;
  /** What was booked or done before. */
  readonly booked: number;
  /** What this launch adds. */
  readonly planned: number;
  /** null: not capped. */
  readonly cap: number | null;
}

export interface Forecast {
  /** How many leads were simulated; the days tell of these. */
  readonly simulated: number;
  /** First touch of the first and of the last lead, if nobody answers; null: nobody is reached. */
  readonly firstTouchAt: Date | null;
  readonly lastTouchAt: Date | null;
  /** `lastTouchAt` goes on at the pace of those who were simulated. */
  readonly estimated: boolean;
  /** Leads that would wait for a person, such as for a missing first name. */
  readonly held: readonly {
    readonly reason: string;
    readonly count: number;
    /** The first of them. */
    readonly leads: readonly { readonly leadId: string; readonly name: string }[];
  }[];
  readonly senders: readonly {
    readonly senderId: string;
    readonly name: string;
    readonly address: string;
    readonly channel: Channel;
    readonly action: Action;
    readonly days: readonly ForecastDay[];
  }[];
}

/** Leads told by name for one reason. */
export const NAMES = 100;
const DAYS = 30;
const DAY_MS = 86_400_000;
/** As many leads as take part, and as long as the simulation computes, at most. */
export const FORECAST_LEADS = 5000;
const BUDGET_MS = 3000;

/** Reads what the forecast needs; `run` then computes it without the database, in small pieces. */
export async function prepareForecast(q: Queryable, request: ForecastRequest) {
  const { versionId, senderIds, start } = request;
  const version = await loadVersion(q, versionId);
  const senders = await launchSenders(q, { settings: version.settings, senderIds });
  const touches = Object.values(version.plan.nodes).filter((node) => node.kind === 'touch');
  const ways = touches.flatMap((node) => touchWays(node, version.copy));
  const used = senders.filter((sender) => ways.some(({ channel }) => channel === sender.channel));
  // Caps of seven days look back as far.
  const back = used.some(({ caps }) => Object.values(caps).some((cap) => cap.week != null)) ? 8 : 1;
  const busy = await busySlotsBySender(
    q,
    used.map(({ id }) => id),
    { from: start - back * DAY_MS, to: start + 400 * DAY_MS, except: null },
  );
  const ids = request.leadIds.slice(0, FORECAST_LEADS);
  const profiles = new Map((await loadLeads(q, ids)).map((lead) => [lead.id, lead]));
  const connected = await connectedLeads(q, ids);
  const input = {
    sequence: { ...version, source: '' },
    leads: ids.flatMap((id) => {
      const profile = profiles.get(id);
      return profile ? [{ profile, connected: connected.has(id) }] : [];
    }),
    senders: used.map((sender) => simulated(sender, busy.get(sender.id)!)),
    start,
    launchZone: request.timeZone,
    script: workDone(version.plan),
    consentPolicy: await readConsentPolicy(q),
    daysOff: (await readDaysOff(q)).items,
    paced: true,
  };
  return { request, used, busy, input, ways };
}

type Prepared = Awaited<ReturnType<typeof prepareForecast>>;

export async function runForecast(prepared: Prepared): Promise<Forecast> {
  const { request, input } = prepared;
  const enough = request.start + (DAYS + 1) * DAY_MS;
  const endsAt = performance.now() + BUDGET_MS;
  let seen: SimulationProgress | null = null;
  let over = true;
  for (const progress of play(input)) {
    seen = progress;
    const reached = progress.begun >= input.leads.length && progress.now > enough;
    if (reached || performance.now() > endsAt) {
      over = false;
      break;
    }
    await breathe();
  }
  // There is one at the end, if not before.
  return told(prepared, seen!, over);
}

function told(
  { request, used, busy, input, ways }: Prepared,
  seen: SimulationProgress,
  over: boolean,
): Forecast {
  const first = new Map<string, Instant>();
  const perDay = new Map<string, number>();
  const add = (to: Map<string, number>, key: string) => to.set(key, (to.get(key) ?? 0) + 1);
  const bookedOn = (senderId: string, action: Action): ReadonlyMap<string, number> => {
    const days = new Map<string, number>();
    for (const slot of busy.get(senderId)!) if (slot.action === action) add(days, slot.localDay);
    return days;
  };
  const zones = new Map(used.map((sender) => [sender.id, zoneClock(sender.timeZone)]));
  for (const touch of seen.touches) {
    if (touch.state === 'cancelled' || touch.state === 'skipped') continue;
    first.set(touch.leadId, Math.min(touch.at, first.get(touch.leadId) ?? Infinity));
    const zone = touch.senderId === null ? undefined : zones.get(touch.senderId);
    if (zone) add(perDay, `${touch.senderId} ${touch.action} ${dayName(dayOf(zone, touch.at))}`);
  }
  const reached = [...first.values()].sort((a, b) => a - b);
  const { last, estimated } = lastOf(reached, { leads: request.leads, begun: seen.begun, over });
  const held = new Map<string, Set<string>>();
  for (const { kind, reason, leadId } of seen.decisions)
    if (kind === 'held') held.set(reason, (held.get(reason) ?? new Set()).add(leadId));
  const nameOf = new Map(
    input.leads.map(({ profile: { id, firstName, lastName, emails } }) => [
      id,
      [firstName, lastName].filter(Boolean).join(' ') || emails[0] || id,
    ]),
  );
  return {
    simulated: seen.begun,
    firstTouchAt: reached.length > 0 ? new Date(reached[0]!) : null,
    lastTouchAt: last === null ? null : new Date(last),
    estimated,
    held: [...held].map(([reason, leads]) => ({
      reason,
      count: leads.size,
      leads: [...leads].slice(0, NAMES).map((leadId) => ({ leadId, name: nameOf.get(leadId)! })),
    })),
    senders: used.flatMap((sender) =>
      [...new Set(ways.filter(({ channel }) => channel === sender.channel).map(({ action }) => action))].map(
        (action) => {
          const booked = bookedOn(sender.id, action);
          return {
            senderId: sender.id,
            name: sender.name,
            address: sender.address,
            channel: sender.channel,
            action,
            days: daysOf(sender, action, request.start).map(({ day, cap }) => ({
              day,
              cap,
              booked: booked.get(day) ?? 0,
              planned: perDay.get(`${sender.id} ${action} ${day}`) ?? 0,
            })),
          };
        },
      ),
    ),
  };
}

/** When the last of `leads` is reached; those beyond the simulated come at the pace of its second half. */
function lastOf(
  reached: readonly Instant[],
  { leads, begun, over }: { leads: number; begun: number; over: boolean },
): { last: Instant | null; estimated: boolean } {
  const last = reached.at(-1) ?? null;
  if (last === null || begun >= leads) return { last, estimated: false };
  const from = Math.floor(reached.length / 2);
  const span = last - reached[from]!;
  const steps = reached.length - 1 - from;
  // Nobody who was simulated has a successor: no sender, or too few to tell a pace by.
  if (steps < 1 || span <= 0 || (over && begun === 0)) return { last: null, estimated: true };
  return { last: last + ((leads - begun) * span) / steps, estimated: true };
}

function daysOf(sender: Sender, action: Action, start: Instant): { day: string; cap: number | null }[] {
  const today = dayOf(zoneClock(sender.timeZone), start);
  const from = sender.rampUp ? dayNumber(sender.rampUp.from) : 0;
  return Array.from({ length: DAYS }, (_, ahead) => ({
    day: dayName(today + ahead),
    cap: dayCap(sender, action, today + ahead - from),
  }));
}

function simulated(sender: Sender, busy: NonNullable<SimulationSender['busy']>): SimulationSender {
  const { id, channel, provider, name, address, owner, timeZone, attributes } = sender;
  const actions = Object.keys(sender.caps) as Action[];
  const limits = senderLimits(sender, 'email');
  return {
    profile: { id, name, channel, provider, address, timeZone, owner, attributes },
    caps: Object.fromEntries(
      actions.flatMap((action) => {
        const { cap } = senderLimits(sender, action);
        return cap ? [[action, cap]] : [];
      }),
    ),
    rampUp: limits.rampUp,
    minGapMs: limits.minGapMs,
    jitterMs: limits.jitterMs,
    broken: sender.brokenReason !== null || sender.paused,
    byHand: provider === 'manual',
    busy,
  };
}
