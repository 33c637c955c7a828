import { zoneClock } from '../calendar/zone.ts';
import { parseDuration } from '../language/duration.ts';
import { readDocument, type Path, type SourceDocument } from '../language/document.ts';
import { SequenceError, type Problem } from '../language/problems.ts';
import type { LeadProfile } from '../lead.ts';
import { seedOf } from '../leads/seed.ts';
import type { Duration, Instant, LeadEvent, OutsideEvent } from '../plan.ts';
import {
  fileSchema,
  translate,
  type LeadDefinition,
  type ScenarioDefinition,
  type When,
} from './scenario-schema.ts';
import { simulationProfile, simulationSender } from './defaults.ts';
import type { ScriptEntry, SimulationLead, SimulationSender } from './types.ts';

/** One touch that a scenario expects. What it leaves out may be anything. */
export interface ExpectedTouch {
  readonly line: number;
  readonly step: string;
  /** The lead's local time, `YYYY-MM-DD HH:MM`. */
  readonly at: string;
  readonly channel: string | null;
  readonly action: string | null;
  readonly sender: string | null;
  readonly sequence: string | null;
  readonly state: string;
  readonly reason: string | null;
}

export interface ExpectedEnd {
  readonly line: number;
  readonly state: string;
  readonly reason: string | null;
  readonly sequence: string | null;
  readonly at: string | null;
}

export interface Scenario {
  readonly name: string;
  readonly line: number;
  readonly start: Instant;
  /** The zone in which the scenario's times are written. */
  readonly zone: string;
  readonly lead: SimulationLead;
  readonly senders: readonly SimulationSender[] | null;
  readonly script: readonly ScriptEntry[];
  readonly then: readonly ExpectedTouch[];
  readonly ends: ExpectedEnd | null;
}

export interface ScenarioFile {
  /** The definition's path, as written; null: the file of the same name. */
  readonly sequence: string | null;
  readonly scenarios: readonly Scenario[];
}

/**
 * Whether this is a file of scenarios rather than a definition.
 * @throws SequenceError when it is no YAML
 */
export function isScenarioFile(source: string | Uint8Array, file: string): boolean {
  const { value } = readDocument(source, file);
  return typeof value === 'object' && value !== null && 'scenarios' in value && !('steps' in value);
}

/** Reads a scenario file. @throws SequenceError with each mistake's file, line and column */
export function parseScenarioFile(source: string | Uint8Array, file: string): ScenarioFile {
  const document = readDocument(source, file);
  const result = fileSchema.safeParse(document.value);
  if (!result.success)
    throw new SequenceError(result.error.issues.flatMap((issue) => translate(document, issue)));
  const problems: Problem[] = [];
  const scenarios = result.data.scenarios.map((scenario, index) =>
    compile(scenario, document, ['scenarios', index], problems),
  );
  if (problems.length > 0) throw new SequenceError(problems);
  return { sequence: result.data.sequence ?? null, scenarios };
}

function compile(
  definition: ScenarioDefinition,
  document: SourceDocument,
  path: Path,
  problems: Problem[],
): Scenario {
  const { given } = definition;
  const line = (...rest: Path) => document.at([...path, ...rest], '').line;
  const zone = given.lead.time_zone ?? given.lead.company_time_zone ?? given.launch_time_zone;
  const instant = (local: string) => zoneClock(zone).toInstant(Date.parse(`${local.replace(' ', 'T')}Z`));
  const time = (local: string, ...rest: Path) => {
    const [day, date] = local.length > 16 ? [local.slice(0, 3), local.slice(4)] : [null, local];
    const right = new Intl.DateTimeFormat('en-US', { weekday: 'short', timeZone: 'UTC' }).format(
      Date.parse(`${date.slice(0, 10)}T00:00Z`),
    );
    if (day !== null && day !== right) {
      problems.push(document.at([...path, ...rest], `${date.slice(0, 10)} is no ${day}`, `it is a ${right}`));
    }
    return date.replace('T', ' ');
  };
  return {
    name: definition.name,
    line: line('name'),
    start: instant(given.start),
    zone,
    lead: lead(given.lead, document, path, problems),
    senders:
      given.senders?.map(({ channel, address, name, time_zone, caps, broken, by_hand }) =>
        simulationSender({
          channel,
          timeZone: time_zone ?? zone,
          ...(address === undefined ? {} : { address }),
          ...(name === undefined ? {} : { name }),
          caps: Object.fromEntries(
            Object.entries(caps ?? {}).map(([action, cap]) => [
              action,
              { day: cap.day, week: cap.week ?? null },
            ]),
          ),
          broken: broken ?? false,
          byHand: by_hand ?? false,
        }),
      ) ?? null,
    script: definition.when.flatMap((when, index) =>
      scriptEntry(when, instant, document, [...path, 'when', index], problems),
    ),
    then: definition.then.map(({ step, at, channel, action, sender, sequence, state, reason }, index) => ({
      line: line('then', index),
      step,
      at: time(at, 'then', index, 'at'),
      channel: channel ?? null,
      action: action ?? null,
      sender: sender ?? null,
      sequence: sequence ?? null,
      state,
      reason: reason ?? null,
    })),
    ends: definition.ends
      ? {
          line: line('ends'),
          state: definition.ends.state,
          reason: definition.ends.reason ?? null,
          sequence: definition.ends.sequence ?? null,
          at: definition.ends.at === undefined ? null : time(definition.ends.at, 'ends', 'at'),
        }
      : null,
  };
}

function lead(
  given: LeadDefinition,
  document: SourceDocument,
  path: Path,
  problems: Problem[],
): SimulationLead {
  const fields: Partial<LeadProfile> = {
    externalId: given.external_id ?? null,
    firstName: given.first_name ?? null,
    lastName: given.last_name ?? null,
    company: given.company ?? null,
    companyDomain: given.company_domain ?? null,
    title: given.title ?? null,
    emails: given.email === undefined ? [] : [given.email.toLowerCase()],
    phones: given.phone === undefined ? [] : [given.phone],
    linkedinUrl: given.linkedin_url ?? null,
    country: given.country ?? null,
    locale: given.locale ?? null,
    timeZone: given.time_zone ?? null,
    companyTimeZone: given.company_time_zone ?? null,
    preferredChannel: given.preferred_channel ?? null,
    persona: given.persona ?? null,
    owner: given.owner ?? null,
    consent: { status: given.consent ?? 'unknown', source: null, at: null },
    attributes: given.attributes ?? {},
  };
  const profile = simulationProfile({ id: 'lead', seed: '', ...fields });
  const seed = given.seed ?? seedOf(profile);
  if (seed === null) {
    problems.push(
      document.at(
        [...path, 'given', 'lead'],
        'nothing says who the lead is',
        'give an email, linkedin_url, phone or external_id',
      ),
    );
  }
  return {
    profile: { ...profile, seed: seed ?? '' },
    connected: given.connected ?? false,
    suppressed: given.suppressed ?? [],
  };
}

function scriptEntry(
  when: When,
  instant: (local: string) => Instant,
  document: SourceDocument,
  path: Path,
  problems: Problem[],
): ScriptEntry[] {
  const problem = (message: string, hint: string, field?: string) => {
    problems.push(document.at(field === undefined ? path : [...path, field], message, hint));
    return [];
  };
  const kinds = (['event', 'outcome', 'fails'] as const).filter((kind) => when[kind] !== undefined);
  if (kinds.length !== 1)
    return problem('one of event, outcome or fails says what happens', 'give exactly one of them');
  const unused = FIELDS[kinds[0]!];
  const extra = (Object.keys(when) as (keyof When)[]).find(
    (field) => when[field] !== undefined && !unused.includes(field),
  );
  if (extra !== undefined)
    return problem(`${extra} does not go with ${kinds[0]}`, `fields are ${unused.join(', ')}`, extra);
  const after = durations(when.after);
  if (when.event !== undefined) {
    if (when.at !== undefined && (when.after !== undefined || when.step !== undefined)) {
      return problem('at says when already', 'leave out after and step', 'at');
    }
    const time =
      when.at !== undefined
        ? { at: instant(when.at) }
        : { after, ...(when.step === undefined ? {} : { step: when.step }) };
    const until = when.until === undefined ? {} : { until: instant(when.until) };
    const event = when.event as LeadEvent | OutsideEvent;
    const data = when.data === undefined ? {} : { data: when.data };
    return [{ kind: 'event', lead: null, when: time, event, ...data, ...until }];
  }
  if (when.step === undefined) return problem(`nothing says which step`, 'give step');
  if (when.outcome !== undefined) {
    return [{ kind: 'outcome', lead: null, step: when.step, outcome: when.outcome, after }];
  }
  const comesBack = when.fails === 'undelivered';
  if (comesBack ? when.retry_after !== undefined : when.after !== undefined)
    return problem(
      comesBack ? 'when it is sent again is not chosen' : 'a failure happens when the step does',
      comesBack ? 'after says when the report comes' : 'retry_after says when it may be tried again',
      comesBack ? 'retry_after' : 'after',
    );
  const { code = 'refused', times = 1 } = when;
  const retryAfter = comesBack ? (when.after ?? '5 minutes') : (when.retry_after ?? '15 minutes');
  return [
    {
      kind: 'failure',
      lead: null,
      step: when.step,
      result: when.fails!,
      code,
      times,
      retryAfter: durations(retryAfter),
    },
  ];
}

const FIELDS: Readonly<Record<'event' | 'outcome' | 'fails', readonly (keyof When)[]>> = {
  event: ['event', 'step', 'after', 'at', 'until', 'data'],
  outcome: ['outcome', 'step', 'after'],
  fails: ['fails', 'step', 'code', 'times', 'after', 'retry_after'],
};

function durations(length: string | undefined): Duration[] {
  return length === undefined ? [] : [parseDuration(length)];
}
