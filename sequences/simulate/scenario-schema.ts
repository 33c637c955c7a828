import * as z from 'zod';
import { isZone } from '../calendar/index.ts';
import type { Path, SourceDocument } from '../language/document.ts';
import { DURATION, durationHint } from '../language/duration.ts';
import { quote, suggest, type Problem } from '../language/problems.ts';
import { valueAt } from '../language/shape.ts';
import { ACTIONS, CHANNELS, CONTACT_CHANNELS } from '../lead.ts';
import { LEAD_EVENTS, OUTSIDE_EVENT } from '../plan.ts';

const LOCAL = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d$/;
const LOCAL_WITH_DAY = /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?\d{4}-\d\d-\d\d[T ]\d\d:\d\d$/;
const length = z
  .string()
  .regex(DURATION, 'expected a length of time, such as 4 hours, 2 days or 3 business days');
const localTime = z.string().regex(LOCAL, 'expected a local time, such as 2026-01-05 09:00');
const localTimeWithDay = z
  .string()
  .regex(LOCAL_WITH_DAY, 'expected a local time, such as Mon 2026-01-05 09:00');
const zoneName = z.string().refine(isZone, 'expected an IANA time zone, such as Europe/Berlin');
const text = z.string().min(1);

const leadSchema = z.strictObject({
  seed: text.optional(),
  external_id: text.optional(),
  first_name: text.optional(),
  last_name: text.optional(),
  company: text.optional(),
  company_domain: text.optional(),
  title: text.optional(),
  email: text.optional(),
  phone: text.optional(),
  linkedin_url: text.optional(),
  country: text.optional(),
  locale: text.optional(),
  time_zone: zoneName.optional(),
  company_time_zone: zoneName.optional(),
  preferred_channel: z.enum(CONTACT_CHANNELS).optional(),
  persona: text.optional(),
  owner: text.optional(),
  consent: z.enum(['unknown', 'given', 'refused']).optional(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  connected: z.boolean().optional(),
  suppressed: z.array(z.enum(CONTACT_CHANNELS)).optional(),
});

const senderSchema = z.strictObject({
  channel: z.enum(CHANNELS),
  address: text.optional(),
  name: text.optional(),
  time_zone: zoneName.optional(),
  caps: z
    .partialRecord(z.enum(ACTIONS), z.strictObject({ day: z.int().min(0), week: z.int().min(0).optional() }))
    .optional(),
  broken: z.boolean().optional(),
  by_hand: z.boolean().optional(),
});

const whenSchema = z.strictObject({
  event: z.union([z.enum(LEAD_EVENTS), z.string().regex(OUTSIDE_EVENT)]).optional(),
  data: z.record(z.string(), z.json()).optional(),
  outcome: text.optional(),
  fails: z.enum(['failed', 'later', 'unknown', 'undelivered']).optional(),
  step: text.optional(),
  after: length.optional(),
  at: localTime.optional(),
  until: localTime.optional(),
  code: text.optional(),
  times: z.int().min(1).max(100).optional(),
  retry_after: length.optional(),
});

const touchSchema = z.strictObject({
  step: text,
  at: localTimeWithDay,
  channel: z.enum([...CHANNELS, 'webhook']).optional(),
  action: z.enum(ACTIONS).optional(),
  sender: text.optional(),
  sequence: text.optional(),
  state: z.enum(['sent', 'failed', 'skipped', 'unconfirmed', 'task']).default('sent'),
  reason: text.optional(),
});

const scenarioSchema = z.strictObject({
  name: text,
  given: z.strictObject({
    start: localTime,
    launch_time_zone: zoneName.default('UTC'),
    lead: leadSchema,
    senders: z.array(senderSchema).optional(),
  }),
  when: z.array(whenSchema).default([]),
  then: z.array(touchSchema),
  ends: z
    .strictObject({
      state: z.enum(['running', 'held', 'finished', 'stopped']),
      reason: text.optional(),
      sequence: text.optional(),
      at: localTimeWithDay.optional(),
    })
    .optional(),
});

/** A whole scenario file. */
export const fileSchema = z.strictObject({
  sequence: text.optional(),
  scenarios: z.array(scenarioSchema).min(1),
});

export type ScenarioDefinition = z.infer<typeof scenarioSchema>;
export type When = z.infer<typeof whenSchema>;
export type LeadDefinition = z.infer<typeof leadSchema>;

/** What the schema finds wrong, where it stands and with what would be right. */
export function translate(document: SourceDocument, issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path as (string | number)[];
  const value = valueAt(document.value, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        document.atKey([...path, key], `unknown field ${quote(key)}`, suggest(key, fieldsAt(path), 'fields')),
      );
    case 'invalid_value':
      return [
        document.at(
          path,
          `unknown value ${quote(String(value))}`,
          suggest(String(value), issue.values.map(String), 'one of'),
        ),
      ];
    case 'invalid_format':
      if (issue.pattern !== String(OUTSIDE_EVENT)) break;
      return [
        document.at(
          path,
          `unknown value ${quote(String(value))}`,
          suggest(String(value), LEAD_EVENTS, "another system's event has dots; else one of"),
        ),
      ];
    case 'invalid_type':
      return [
        document.at(
          path,
          value === undefined ? `${quote(String(path.at(-1)))} is missing` : `expected ${issue.expected}`,
        ),
      ];
  }
  const isLength = typeof value === 'string' && issue.message.includes('length of time');
  return [document.at(path, issue.message, ...(isLength ? [durationHint(value)] : []))];
}

/** The fields that may stand where an unknown one was found. */
function fieldsAt(path: Path): string[] {
  const shapes: Readonly<Record<string, z.ZodObject>> = {
    lead: leadSchema,
    senders: senderSchema,
    when: whenSchema,
    then: touchSchema,
    ends: scenarioSchema.shape.ends.unwrap(),
    given: scenarioSchema.shape.given,
    scenarios: scenarioSchema,
  };
  const name = [...path].reverse().find((part): part is string => typeof part === 'string' && part in shapes);
  return Object.keys((name === undefined ? fileSchema : shapes[name]!).shape);
}
