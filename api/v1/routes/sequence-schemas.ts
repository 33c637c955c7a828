/** What sequences look like in answers. */
import { z } from 'zod';
import { instant, listOf } from '../contract.ts';

export const sequenceName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/)
  .describe('As the definition says');
export const byName = z.object({ name: sequenceName });
/** A definition: its size is bounded by what a request may have. */
export const source = z.string().max(500_000).describe('The definition, as YAML');
const count = z.int().min(0);

export const sequenceLineSchema = z
  .object({
    id: z.uuid().describe('Over all versions: what a pause names'),
    name: z.string(),
    title: z.string(),
    versionId: z.uuid().describe('The newest version'),
    revision: z.int().describe('Of its copy'),
    versions: count,
    createdAt: instant,
    running: count.describe('Leads on their way, in any version'),
    started: count,
    answered: count,
    answeredRate: z.number().nullable().describe('Answered of started; null: nobody was started'),
  })
  .meta({ id: 'SequenceLine' });

export const draftSchema = z
  .object({
    name: z.string(),
    source: z.string(),
    version: z.int(),
    changedBy: z.string().nullable(),
    changedAt: instant,
  })
  .meta({ id: 'SequenceDraft' });

const duration = z.object({
  unit: z.enum(['minutes', 'hours', 'days', 'business_days']),
  amount: z.number(),
});
const wait = z.union([
  duration,
  z.object({ unit: z.literal('until'), local: z.string() }),
  z.object({ unit: z.literal('field'), field: z.string() }),
]);

export const graphSchema = z
  .object({
    nodes: listOf(
      z.object({
        id: z.string(),
        kind: z.enum(['touch', 'wait_for', 'if', 'split', 'goal', 'end', 'reactivate']),
        channel: z.string().nullable(),
        action: z.string().nullable(),
        summary: z.string(),
        review: z.boolean(),
      }),
    ),
    edges: listOf(
      z.object({
        from: z.string().nullable().describe('null: the beginning'),
        to: z.string().nullable().describe('null: the end'),
        kind: z.enum(['next', 'then', 'else', 'outcome', 'arm']),
        name: z.string().nullable(),
        share: z.number().nullable(),
        waits: listOf(wait),
      }),
    ),
  })
  .meta({ id: 'SequenceGraph' });

export const versionSchema = z
  .object({
    id: z.uuid(),
    sequenceId: z.uuid().describe('Over all versions: what a pause names'),
    name: z.string(),
    title: z.string(),
    createdAt: instant,
    revision: z.int(),
    publishedAt: instant,
    source: z.string(),
    settings: z.record(z.string(), z.unknown()),
    graph: graphSchema,
  })
  .meta({ id: 'SequenceVersion' });

export const versionLineSchema = z
  .object({
    id: z.uuid(),
    number: z.int().describe('The first is 1'),
    title: z.string(),
    createdAt: instant,
    running: count,
    begun: z.boolean().describe('Leads began in it, so that there are numbers'),
    revisions: listOf(z.object({ revision: z.int(), publishedAt: z.string() })),
  })
  .meta({ id: 'SequenceVersionLine' });

export const mistakeSchema = z
  .object({ line: z.int(), column: z.int(), message: z.string(), hint: z.string().nullable() })
  .meta({ id: 'SequenceMistake' });

export const differenceSchema = z
  .object({
    steps: listOf(z.object({ step: z.string(), change: z.enum(['added', 'removed', 'changed', 'text']) })),
    settingsChanged: z.boolean(),
    footerChanged: z.boolean(),
    structureChanged: z.boolean(),
    lines: listOf(
      z.object({
        kind: z.enum(['same', 'added', 'removed']),
        text: z.string(),
        before: z.int().nullable(),
        after: z.int().nullable(),
      }),
    ),
  })
  .meta({ id: 'SequenceDifference' });

export const numbersSchema = z
  .object({
    steps: listOf(
      z.object({
        step: z.string(),
        reached: count,
        waiting: count,
        sent: count,
        answered: count,
        left: count,
        skipped: count,
        failed: count,
      }),
    ),
  })
  .meta({ id: 'SequenceNumbers' });

export const publishedSchema = z.object({
  versionId: z.uuid(),
  revision: z.int(),
  outcome: z.enum(['new_version', 'new_copy', 'unchanged']),
});

export const publicationPlanSchema = z
  .object({
    outcome: z.enum(['new_version', 'new_copy', 'unchanged', 'would_hold']),
    running: count.describe('Leads that are on their way in the newest version'),
    affected: count.describe('Those of them whose next touches get new texts'),
    holds: listOf(z.object({ step: z.string(), variable: z.string(), leads: count })),
    difference: differenceSchema,
  })
  .meta({ id: 'SequencePublicationPlan' });

export const monthSchema = z
  .object({
    days: listOf(
      z.object({
        day: z.string(),
        total: count,
        touches: listOf(
          z.object({
            sequence: z.string(),
            step: z.string(),
            channel: z.string(),
            action: z.string(),
            leads: count,
          }),
        ),
      }),
    ),
    leads: listOf(z.object({ state: z.string(), reason: z.string(), leads: count })),
  })
  .meta({ id: 'SequenceMonth' });

export const messageSchema = z
  .object({
    step: z.string(),
    channel: z.string(),
    action: z.string(),
    chosen: z.boolean().describe('Whether this lead would be written to on this channel'),
    to: z.string().nullable(),
    sender: z.object({ name: z.string(), address: z.string() }).nullable(),
    noRoute: z.string().nullable(),
    missing: z.string().nullable(),
    problem: z.string().nullable(),
    rendered: z
      .object({
        subject: z.string().optional(),
        text: z.string(),
        html: z.string().optional().describe('From outside: show it only in a sandboxed frame'),
        footer: z.string().optional().describe('The end of the text, by which one unsubscribes'),
        title: z.string().optional(),
        contentSid: z.string().optional(),
        variables: z.record(z.string(), z.string()).optional(),
        attachments: listOf(z.object({ name: z.string(), contentType: z.string() })).optional(),
        url: z.string().optional(),
        data: z.record(z.string(), z.unknown()).optional(),
      })
      .nullable()
      .describe('null: it cannot be written'),
  })
  .meta({ id: 'SequenceMessage' });
