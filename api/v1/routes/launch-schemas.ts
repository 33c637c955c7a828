import { z } from 'zod';
import { IN_TOUCH } from '../../../db/launch-forecast.ts';
import { REVIEWS } from '../../../db/launches.ts';
import { ACTIONS, CHANNELS } from '../../../sequences/lead.ts';
import { instant, listOf } from '../contract.ts';
import { defaultCountry, mapping, MAX_FILE, reportSchema } from './imports.ts';

/** Where somebody in a launch stands; `held` waits for a person. */
export const STATUSES = ['pending', 'running', 'held', 'finished', 'stopped'] as const;
export const EXCLUSIONS = [
  'suppressed',
  'already_active',
  'no_reachable_channel',
  'no_consent',
  'invalid',
] as const;

const someLeads = listOf(z.object({ leadId: z.uuid(), name: z.string() }));
const counts = z.object({
  pending: z.int(),
  running: z.int(),
  held: z.int(),
  finished: z.int(),
  stopped: z.int(),
});
const reasons = listOf(z.object({ status: z.enum(STATUSES), reason: z.string(), count: z.int() }));
const paused = z
  .enum(['all', 'sequence', 'launch'])
  .nullable()
  .describe('The widest that is paused and covers it');

const launch = {
  id: z.uuid(),
  name: z.string(),
  sequence: z.string(),
  sequenceId: z.uuid(),
  title: z.string(),
  versionId: z.uuid(),
  version: z.int().describe('Which of the sequence’s versions, from 1'),
  status: z.enum(['running', 'stopped']),
  stopReason: z.string().nullable(),
  paused,
  timeZone: z.string(),
  senderIds: listOf(z.uuid()).nullable().describe('null: what the sequence says'),
  onEvents: z.boolean(),
  startsAt: instant.nullable(),
  review: z.enum(REVIEWS).nullable(),
  reviewer: z.string().nullable(),
  createdBy: z.uuid().nullable(),
  createdByName: z.string().nullable(),
  createdAt: instant,
  counts,
  reasons,
  answered: z.int().describe('Who answered, or booked a meeting'),
  next: z
    .object({ at: instant, step: z.string().nullable() })
    .nullable()
    .describe('When the next of its leads moves, and at which step'),
  startedAt: instant.nullable(),
  finishedAt: instant.nullable().describe('When the last one ended; null while anybody is under way'),
};
export const launchSchema = z.object(launch).meta({ id: 'Launch' });
export const launchDetail = z
  .object({
    ...launch,
    exclusions: listOf(z.object({ reason: z.string(), count: z.int() })),
    waitsFor: z
      .enum(['paused', 'stopped', 'not_yet', 'no_sender', 'no_capacity'])
      .nullable()
      .describe('Why no more leads start now; null: they do, or nobody waits'),
    looksAgainAt: instant.nullable(),
  })
  .meta({ id: 'LaunchDetail' });

/** Whom a segment means. */
export const condition = z
  .string()
  .min(1)
  .max(4000)
  .describe('A condition over `lead`, such as lead.country == "DE"');

const whom = [
  z.strictObject({ leadIds: z.array(z.uuid()).min(1).max(20_000) }),
  z.strictObject({ importId: z.uuid().describe('Whom an imported file was about') }),
  z.strictObject({ where: condition }),
  z.strictObject({
    csv: z.string().max(MAX_FILE).describe('Of a dry run: a file of leads, tried without being imported'),
    mapping: mapping.default({}),
    defaultCountry: defaultCountry.optional(),
  }),
] as const;

export const addBody = z.object({
  audience: z.union(whom).meta({ id: 'Audience' }),
  dryRun: z.boolean().default(false),
});
export const launchBody = z.object({
  versionId: z.uuid(),
  audience: z
    .union([
      ...whom,
      z.strictObject({
        events: z
          .literal(true)
          .describe('Whoever an event of the sequence’s enroll_on is about, until the launch is stopped'),
      }),
    ])
    .meta({ id: 'NewAudience' }),
  dryRun: z.boolean().default(false).describe('Nothing is written: the answer says what would be'),
  name: z.string().trim().min(1).max(200).nullable().default(null),
  senderIds: z
    .array(z.uuid())
    .min(1)
    .max(500)
    .nullable()
    .default(null)
    .describe('null: what the sequence says; of a rep, all their own'),
  startsAt: instant.nullable().default(null).describe('null: at once'),
  timeZone: z
    .string()
    .max(60)
    .default('UTC')
    .describe('Of leads whose own, company’s and sender’s are unknown'),
  review: z
    .enum(REVIEWS)
    .nullable()
    .default(null)
    .describe(
      'Which messages somebody approves first: each lead’s first, or every one; null: as the sequence says',
    ),
  reviewer: z.string().trim().min(1).max(200).nullable().default(null).describe('null: the lead’s owner'),
});

const forecast = z.object({
  simulated: z.int().describe('How many leads were simulated; the days tell of these'),
  firstTouchAt: instant.nullable(),
  lastTouchAt: instant.nullable().describe('When the last lead gets its first touch'),
  estimated: z.boolean().describe('`lastTouchAt` goes on at the pace of those who were simulated'),
  held: listOf(
    z.object({ reason: z.string(), count: z.int(), leads: someLeads.describe('The first hundred') }),
  ).describe('Who would wait for a person, and why'),
  senders: listOf(
    z.object({
      senderId: z.uuid(),
      name: z.string(),
      address: z.string(),
      channel: z.enum(CHANNELS),
      action: z.enum(ACTIONS),
      days: listOf(
        z.object({
          day: z.iso.date(),
          booked: z.int().describe('Before this launch'),
          planned: z.int().describe('By this launch'),
          cap: z.int().nullable(),
        }),
      ),
    }),
  ),
});

export const launchResult = z
  .object({
    dryRun: z.boolean(),
    launchId: z.uuid().nullable().describe('null: a dry run, or nobody was enrolled'),
    name: z.string(),
    sequence: z.string(),
    enrolled: z.int(),
    excluded: listOf(
      z.object({
        reason: z.enum(EXCLUSIONS),
        count: z.int(),
        sentence: z.string(),
        leads: someLeads.describe('Of a dry run: the first hundred'),
      }),
    ),
    inTouch: listOf(
      z.object({
        reason: z
          .enum(IN_TOUCH)
          .describe(
            'waits: for an answer, in the inbox; met, answered: booked a meeting or answered in the last 30 days',
          ),
        count: z.int(),
        leads: someLeads.describe('The first hundred'),
      }),
    ).describe('Of a dry run: who would be contacted though they are in touch; each for one reason'),
    imported: reportSchema
      .nullable()
      .describe('What importing the file of a dry run would do; null: none was given'),
    forecast: forecast.nullable(),
  })
  .meta({ id: 'LaunchResult' });

export const enrollmentSchema = z
  .object({
    id: z.uuid(),
    leadId: z.uuid(),
    name: z.string(),
    email: z.string().nullable(),
    company: z.string().nullable(),
    status: z.enum(STATUSES),
    reason: z.string(),
    sentence: z.string(),
    step: z.string().nullable(),
    nextAction: z.string().nullable(),
    nextAt: instant.nullable(),
    startedAt: instant.nullable(),
    endedAt: instant.nullable(),
  })
  .meta({ id: 'LaunchEnrollment' });

export const exclusionSchema = z
  .object({
    leadId: z.uuid(),
    name: z.string(),
    email: z.string().nullable(),
    company: z.string().nullable(),
    reason: z.enum(EXCLUSIONS),
    sentence: z.string(),
  })
  .meta({ id: 'Exclusion' });

export const progressSchema = z
  .object({
    status: z.enum(['running', 'stopped']),
    paused,
    counts,
    reasons,
    steps: listOf(
      z.object({
        step: z.string(),
        reached: z.int(),
        sent: z.int(),
        answered: z.int(),
        here: z.int().describe('Leads who are at it now'),
        states: z.record(z.string(), z.int()).describe('Touches by state'),
      }),
    ),
  })
  .meta({ id: 'LaunchProgress' });
