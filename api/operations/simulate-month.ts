/** A month of a sequence before it is launched: what goes out on which day for so many made-up leads. */
import { createBreath } from '../../common/breath.ts';
import type { DaysOff } from '../../sequences/calendar/index.ts';
import { localDay } from '../../sequences/calendar/zone.ts';
import type { LeadProfile } from '../../sequences/lead.ts';
import type { CompiledSequence, Instant } from '../../sequences/plan.ts';
import { defaultSenders, parseScriptEvent, play, workDone } from '../../sequences/simulate/index.ts';
import { simulationProfile } from '../../sequences/simulate/defaults.ts';

const MONTH_MS = 31 * 86_400_000;

export interface MonthRequest {
  readonly sequence: CompiledSequence;
  readonly others: readonly CompiledSequence[];
  readonly leads: number;
  /** As `parseScriptEvent` reads them; the leads are called `lead-1@example.com` and so on. */
  readonly events: readonly string[];
  readonly start: Instant;
  readonly timeZone: string;
  readonly country: string | null;
  readonly daysOff: readonly DaysOff[];
}

export interface MonthDay {
  /** Local, of the launch's zone. */
  readonly day: string;
  readonly touches: readonly {
    readonly sequence: string;
    readonly step: string;
    readonly channel: string;
    readonly action: string;
    readonly leads: number;
  }[];
  readonly total: number;
}

export interface Month {
  readonly days: readonly MonthDay[];
  /** How many leads stand how at the end. */
  readonly leads: readonly { readonly state: string; readonly reason: string; readonly leads: number }[];
}

/**
 * Simulates it with one unlimited sender a channel, whose people do their work at once, letting others have their turn.
 * @param goOn asked now and then; throws to end it
 * @throws ScriptError, UnknownZone
 */
export async function simulateMonth(request: MonthRequest, goOn: () => void = () => {}): Promise<Month> {
  const { timeZone, start } = request;
  localDay(start, timeZone);
  const playing = play({
    sequence: request.sequence,
    others: request.others,
    leads: Array.from({ length: request.leads }, (_, index) => ({
      profile: sampleLead(index + 1, request),
      company: null,
    })),
    senders: defaultSenders(timeZone),
    start,
    launchZone: timeZone,
    // What the request says comes first, and so counts.
    script: [...request.events.map(parseScriptEvent), ...workDone(request.sequence.plan)],
    daysOff: request.daysOff,
    until: start + MONTH_MS,
  });
  const breath = createBreath();
  let step = playing.next();
  for (; !step.done; step = playing.next()) {
    await breath();
    goOn();
  }
  const result = step.value;
  const days = new Map<string, Map<string, MonthDay['touches'][number]>>();
  for (const { at, state, sequence, stepId: step, channel, action } of result.touches) {
    if (state !== 'sent' && state !== 'task' && state !== 'booked') continue;
    const day = localDay(at, timeZone);
    const of = days.get(day) ?? days.set(day, new Map()).get(day)!;
    const key = `${sequence} ${step} ${channel} ${action}`;
    of.set(key, { sequence, step, channel, action, leads: (of.get(key)?.leads ?? 0) + 1 });
  }
  const ends = new Map<string, Month['leads'][number]>();
  for (const { state, reason } of result.leads) {
    const key = `${state} ${reason}`;
    ends.set(key, { state, reason, leads: (ends.get(key)?.leads ?? 0) + 1 });
  }
  return {
    days: [...days]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([day, touches]) => {
        const list = [...touches.values()];
        return { day, touches: list, total: list.reduce((sum, { leads }) => sum + leads, 0) };
      }),
    leads: [...ends.values()].sort((a, b) => b.leads - a.leads),
  };
}

/** Somebody with every address, of whom the rest is an example: for simulations, and for previews where there are no leads yet. */
export function sampleLead(
  number: number,
  { country, timeZone }: { country: string | null; timeZone: string | null },
): LeadProfile {
  return simulationProfile({
    id: `lead-${number}`,
    seed: `lead-${number}@example.com`,
    firstName: 'Ada',
    lastName: 'Example',
    company: 'Example Ltd',
    companyDomain: 'example.com',
    title: 'Head of Operations',
    emails: [`lead-${number}@example.com`],
    phones: [`+4915112345${String(number).padStart(3, '0')}`],
    linkedinUrl: `https://www.linkedin.com/in/lead-${number}`,
    country,
    timeZone,
  });
}
