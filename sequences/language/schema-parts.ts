import * as z from 'zod';
import { CHANNELS } from '../lead.ts';
import { LEAD_EVENTS, OUTSIDE_EVENT } from '../plan.ts';
import { DURATION } from './duration.ts';

/**
 * The pieces that fields are made of. `title` in the metadata completes "expected …" in messages, `examples` give the hint,
 * and both reach editors through the JSON Schema.
 */

export const NAME = /^[a-z][a-z0-9-]{0,62}$/;
/** Not `constructor`: plans and copies are looked up by id in plain objects, which have that one from birth. */
export const STEP_ID = /^(?!constructor$)[a-z][a-z0-9_-]{0,62}$/;
const CLOCK_TIME = /^([01][0-9]|2[0-3]):[0-5][0-9]$/;
const COUNTRY = /^[A-Z]{2}(-[A-Z0-9]{1,3})?$/;
const LOCAL_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$/;
/** `wait: { until: lead.attributes.<name> }` */
export const UNTIL_FIELD = /^lead\.attributes\.([a-z0-9_]{1,64})$/;

/** Longest text of any field as it is written; channels set narrower limits. */
const MAX_TEXT = 100_000;

/** A length of time. */
export const durationSchema = z
  .string()
  .regex(DURATION)
  .meta({
    title: 'a length of time',
    examples: ['30 minutes', '4 hours', '2 days', '3 business days', '1 week'],
  });

/** A Liquid template. */
export function template(description: string): z.ZodString {
  return z
    .string()
    .regex(/\S/)
    .max(MAX_TEXT)
    .meta({ title: 'a text', description, examples: ['Hi {{ lead.first_name | default: "there" }}'] });
}

/** The id of another step of the same sequence. */
export const stepReference = z
  .string()
  .regex(STEP_ID)
  .meta({ title: "a step's id", examples: ['hello', 'email-1'] });

/** A condition in CEL. */
const whereSchema = z
  .string()
  .regex(/\S/)
  .max(2000)
  .meta({
    title: 'a condition',
    description: "A condition in CEL over the event's data and the lead; without it every such event counts",
    examples: ['data.total > 50'],
  });

const outsideEvent = z
  .string()
  .regex(OUTSIDE_EVENT)
  .meta({ title: "another system's event", examples: ['order.placed', 'deal.won'] });

/** What a step waits for: an event that Cadenza knows, or another system's. */
export const waitedEvent = z
  .union([z.enum(LEAD_EVENTS), outsideEvent])
  .meta({ title: 'an event', examples: ['accepted', 'order.placed'] });
export const waitedWhere = whereSchema.optional();

const eventRule = z
  .strictObject({ event: outsideEvent.describe('Which event'), where: whereSchema.optional() })
  .meta({ title: 'an event', examples: ['{ event: order.placed, where: "data.total > 50" }'] });

export const enrollOnSchema = z
  .array(eventRule)
  .min(1)
  .max(20)
  .describe('Events that enroll their lead, once the sequence is launched with --on-events');

const clockTime = z
  .string()
  .regex(CLOCK_TIME)
  .meta({ title: 'a time of day', examples: ['"09:00"', '"17:30"'] });

const scope = z.enum(['lead', 'company', 'none']);
const stopScope = scope.default('lead');

export const windowSchema = z
  .strictObject({
    days: z
      .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
      .min(1)
      .default(['mon', 'tue', 'wed', 'thu', 'fri'])
      .describe('Days on which touches may happen'),
    from: clockTime.default('09:00').describe('First minute of the day, local time'),
    to: clockTime.default('17:00').describe('From this minute on nothing happens, local time'),
    time_zone: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_+/-]{1,60}$/)
      .default('lead')
      .meta({
        title: 'a time zone',
        description:
          "Whose time zone: lead (else the company's, the sender's, the launch's), sender, launch, or an IANA name",
        examples: ['lead', 'sender', 'launch', 'Europe/Berlin'],
      }),
    holidays: z
      .union([
        z.enum(['lead', 'none']),
        z.array(
          z
            .string()
            .regex(COUNTRY)
            .meta({ title: 'a country', examples: ['DE', 'DE-BY', 'FR'] }),
        ),
      ])
      .default('lead')
      .describe(
        "Whose public holidays are left out: lead (the lead's country), none, or a list of countries",
      ),
  })
  .meta({
    title: 'a window',
    description: 'When touches may happen',
    examples: ['{ from: "09:00", to: "17:00" }'],
  });

export const stopOnSchema = z
  .strictObject({
    replied: stopScope.describe('The lead answered'),
    bounced: scope
      .default('none')
      .describe(
        "The lead's address does not exist. It is not written to again whatever this says, and a sequence without another way to the lead ends",
      ),
    unsubscribed: z
      .enum(['lead', 'company'])
      .default('lead')
      .describe('The lead unsubscribed; this always stops the lead'),
    meeting_booked: stopScope.describe('A meeting was booked'),
    goal: stopScope.describe('A goal was reached'),
    events: z
      .array(
        eventRule
          .extend({
            scope: z
              .enum(['lead', 'company'])
              .optional()
              .describe('For whom: lead (default) or company, everyone there'),
          })
          .meta({ title: 'an event', examples: ['{ event: deal.won, scope: company }'] }),
      )
      .max(20)
      .optional()
      .describe("Other systems' events that stop it"),
  })
  .meta({
    title: 'stop rules',
    description: 'What stops the sequence, and for whom: lead, company (everyone there), or none',
    examples: ['{ replied: company }'],
  });

export const contactLimitsSchema = z
  .strictObject({
    cool_off: durationSchema
      .optional()
      .describe(
        'At least this long since another sequence contacted the lead; within this one, its waits decide',
      ),
    company_per_week: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe('At most so many touches of one company in seven days'),
  })
  .meta({
    title: 'contact limits',
    description: 'Limits across all sequences',
    examples: ['{ cool_off: 2 days }'],
  });

export const trackingSchema = z
  .strictObject({
    opens: z
      .boolean()
      .default(false)
      .describe('Emails carry an image of one pixel that tells when it is loaded'),
    clicks: z
      .boolean()
      .default(false)
      .describe('Links of emails lead over CADENZA_PUBLIC_URL, which tells when they are followed'),
  })
  .meta({
    title: 'tracking',
    description: 'Whether opens and clicks of its emails are told; neither unless given',
    examples: ['{ opens: true, clicks: true }'],
  });

/** Channels that senders are named for. */
const SENDER_CHANNELS = CHANNELS.filter((channel) => channel !== 'task');

export const sendersSchema = z
  .partialRecord(
    z.enum(SENDER_CHANNELS),
    z
      .array(
        z
          .string()
          .regex(/\S/)
          .max(320)
          .meta({ title: "a sender's name or address", examples: ['ada@acme.test'] }),
      )
      .max(200),
  )
  .meta({
    title: 'senders by channel',
    description: 'Senders to rotate through, by name or address; without it every sender of the channel',
    examples: ['{ email: [ada@acme.test, grace@acme.test] }'],
  });

/** A local date or date-time, without offset. */
export const untilSchema = z.union([
  z
    .string()
    .regex(LOCAL_TIME)
    .meta({ title: 'a local date and time', examples: ['2026-12-01T09:00'] }),
  z
    .string()
    .regex(UNTIL_FIELD)
    .meta({ title: "a lead's field", examples: ['lead.attributes.renewal_date'] }),
]);
