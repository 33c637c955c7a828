import * as z from 'zod';
import {
  contactLimitsSchema,
  durationSchema,
  enrollOnSchema,
  NAME,
  sendersSchema,
  STEP_ID,
  stepReference,
  stopOnSchema,
  template,
  trackingSchema,
  untilSchema,
  waitedEvent,
  waitedWhere,
  windowSchema,
} from './schema-parts.ts';

/** The kinds of steps; a step has exactly one of these fields. */
export const STEP_KINDS = [
  'email', 'linkedin', 'sms', 'whatsapp', 'call', 'task', 'message', 'webhook',
  'wait', 'wait_for', 'if', 'split', 'goal', 'end', 'reactivate',
] as const; // prettier-ignore
export type StepKind = (typeof STEP_KINDS)[number];

const due = durationSchema.optional().describe('How long the rep has; 1 day unless given');
const giveUpAfter = durationSchema
  .optional()
  .describe('After this long the sequence goes on without it; waits for ever unless given');

const email = z
  .strictObject({
    subject: template('Subject; may be left out in a reply_to').optional(),
    body: template('Body in Markdown').optional(),
    html: template('Body in HTML, instead of Markdown').optional(),
    text: template('Plain-text alternative; made from the body unless given').optional(),
    attachments: z
      .array(
        z
          .string()
          .regex(/\S/)
          .meta({ title: "a file's path", examples: ['offer.pdf'] }),
      )
      .max(10)
      .optional()
      .describe('Files beside this one'),
    reply_to: stepReference.optional().describe('Continues the thread of this earlier email step'),
  })
  .meta({
    title: 'an email',
    description: 'Sends an email',
    examples: ['{ subject: "Hello {{ lead.first_name }}", body: "…" }'],
  });

const linkedin = z
  .strictObject({
    action: z.enum(['visit', 'follow', 'invite', 'message']).describe('What is done on LinkedIn'),
    note: template('invite: the note that goes with it, 300 characters').optional(),
    text: template('message: the text, 8000 characters').optional(),
    wait_for_connection: durationSchema
      .optional()
      .describe('message: wait so long for the connection before `else`'),
    get else(): z.ZodOptional<z.ZodArray<typeof stepSchema>> {
      return z.array(stepSchema).optional().describe('message: steps for a lead who is not connected');
    },
  })
  .meta({
    title: 'a LinkedIn step',
    description: 'Visits a profile, follows, invites or writes a message',
    examples: ['{ action: visit }'],
  });

const sms = z
  .strictObject({ text: template('The text, 1600 characters') })
  .meta({ title: 'an SMS', description: 'Sends an SMS', examples: ['{ text: "…" }'] });

const whatsapp = z
  .strictObject({
    text: template("Free text, 4096 characters; only within 24 hours of the lead's last message").optional(),
    content_sid: z
      .string()
      .regex(/^HX[0-9a-fA-F]{32}$/)
      .meta({ title: 'the id of an approved template', examples: ['HX0123456789abcdef0123456789abcdef'] })
      .optional(),
    variables: z
      .record(z.string().regex(/^[A-Za-z0-9_]{1,32}$/), template('What stands for this variable'))
      .optional()
      .describe('Values for the variables of content_sid'),
  })
  .meta({
    title: 'a WhatsApp message',
    description: 'Sends an approved template (content_sid) or, within 24 hours of an answer, free text',
    examples: ['{ content_sid: HX…, variables: { "1": "{{ lead.first_name }}" } }'],
  });

const call = z.strictObject({ script: template('What the rep says'), due, give_up_after: giveUpAfter }).meta({
  title: 'a call',
  description: 'A task for the rep to ring the lead',
  examples: ['{ script: "…", due: 1 day }'],
});

const task = z
  .strictObject({
    title: template('What is to be done, in a line'),
    body: template('What is to be done, in detail').optional(),
    due,
    give_up_after: giveUpAfter,
  })
  .meta({ title: 'a task', description: 'Manual work for the rep', examples: ['{ title: "…" }'] });

const shortText = (what: string) => z.union([template(what), z.strictObject({ text: template(what) })]);

const message = z
  .strictObject({
    channel: z
      .literal('preferred')
      .describe("The lead's preferred channel, else the persona's, that can be used"),
    texts: z
      .strictObject({
        email: email.optional(),
        linkedin: shortText('LinkedIn message, 8000 characters').optional(),
        sms: shortText('SMS, 1600 characters').optional(),
        whatsapp: z.union([template('WhatsApp free text, 4096 characters'), whatsapp]).optional(),
      })
      .meta({
        title: 'texts by channel',
        description: 'One text for each channel it may take',
        examples: ['{ sms: "…" }'],
      }),
  })
  .meta({
    title: 'a message',
    description: 'Writes on the preferred channel',
    examples: ['{ channel: preferred, texts: { sms: "…" } }'],
  });

const webhook = z
  .strictObject({
    url: template('Address that is called; the host is fixed'),
    data: z.record(z.string(), z.json()).optional().describe('JSON that is sent; texts are templates'),
  })
  .meta({
    title: 'a webhook',
    description: 'Posts JSON to an address',
    examples: ['{ url: "https://example.com/hook", data: { email: "{{ lead.email }}" } }'],
  });

const wait = z.union([durationSchema, z.strictObject({ until: untilSchema })]).meta({
  title: 'a wait',
  description: 'Waits for a length of time, or until a date',
  examples: ['2 days'],
});

const waitFor = z
  .strictObject({
    event: waitedEvent.describe('What is waited for'),
    where: waitedWhere,
    within: durationSchema.describe('For how long'),
  })
  .meta({
    title: 'an event to wait for',
    description: 'Waits for an event; then `then` if it came in time, else `else`',
    examples: ['{ event: accepted, within: 5 days }'],
  });

const condition = z
  .string()
  .regex(/\S/)
  .max(2000)
  .meta({
    title: 'a condition',
    description: 'A condition in CEL over lead, happened, outcomes and sent; then `then`, else `else`',
    examples: ['lead.country == "DE"'],
  });

/** A step: one kind, and what applies to that kind. Which fields go together is in `step-rules.ts`. */
export const stepSchema = z
  .strictObject({
    id: z
      .string()
      .regex(STEP_ID)
      .optional()
      .meta({
        title: "a step's id",
        description: 'Name of the step; `<kind>-<n>` unless given. Keep it when the step moves.',
        examples: ['hello'],
      }),
    email: email.optional(),
    linkedin: linkedin.optional(),
    sms: sms.optional(),
    whatsapp: whatsapp.optional(),
    call: call.optional(),
    task: task.optional(),
    message: message.optional(),
    webhook: webhook.optional(),
    wait: wait.optional(),
    wait_for: waitFor.optional(),
    if: condition.optional(),
    get split() {
      return z
        .record(
          z.string().regex(STEP_ID),
          z.strictObject({
            weight: z.int().min(1).max(1000).describe('Share of the leads, relative to the other arms'),
            steps: z.array(stepSchema).describe('Steps of this arm'),
          }),
        )
        .optional()
        .meta({
          title: 'arms by name',
          description: 'A/B test: each lead takes one arm, always the same',
          examples: ['{ a: { weight: 50, steps: […] }, b: { weight: 50, steps: […] } }'],
        });
    },
    goal: z
      .string()
      .regex(STEP_ID)
      .optional()
      .meta({
        title: "a goal's name",
        description: 'The lead has reached this goal; the sequence ends for it',
        examples: ['demo_booked'],
      }),
    end: z.literal(true).optional().describe('The sequence ends here'),
    reactivate: z
      .strictObject({
        after: durationSchema.describe('This long without an answer'),
        with: z
          .string()
          .regex(NAME)
          .meta({
            title: "a sequence's name",
            description: 'Goes on with this sequence: a file beside this one, or one already published',
            examples: ['reactivation'],
          }),
      })
      .optional()
      .meta({
        title: 'a reactivation',
        description: 'After so long without an answer, goes on with another sequence',
        examples: ['{ after: 21 days, with: reactivation }'],
      }),
    review: z.boolean().optional().describe('A rep approves or edits the message before it goes'),
    on_failure: z
      .enum(['continue', 'stop', 'task'])
      .optional()
      .describe('When it fails: go on after the normal delay (continue), stop the lead, or make it a task'),
    get outcomes() {
      return z
        .record(z.string().regex(STEP_ID), z.array(stepSchema))
        .optional()
        .describe('call, task: steps by outcome; an outcome that is not named goes on with the next step');
    },
    get then() {
      return z.array(stepSchema).optional().describe('if, wait_for: steps when it holds');
    },
    get else() {
      return z.array(stepSchema).optional().describe('if, wait_for: steps when it does not hold');
    },
  })
  .meta({
    id: 'step',
    title: 'a step',
    description: 'One step: exactly one kind',
    examples: ['wait: 2 days'],
  });

/** A whole definition file. */
export const sequenceSchema = z
  .strictObject({
    name: z
      .string()
      .regex(NAME)
      .meta({
        title: "a sequence's name",
        description: 'Its name, for launches and reactivations',
        examples: ['classic'],
      }),
    title: z.string().regex(/\S/).max(200).optional().describe('A title for people; the name unless given'),
    description: z.string().max(10_000).optional().describe('What it is for'),
    tags: z
      .array(
        z
          .string()
          .regex(STEP_ID)
          .meta({ title: 'a tag', examples: ['outbound'] }),
      )
      .max(50)
      .optional()
      .describe('Tags to find it by'),
    window: windowSchema.optional(),
    stop_on: stopOnSchema.optional(),
    enroll_on: enrollOnSchema.optional(),
    contact_limits: contactLimitsSchema.optional(),
    out_of_office: durationSchema
      .optional()
      .describe('How long a lead is left alone who is away and does not say until when; 7 days unless given'),
    tracking: trackingSchema.optional(),
    senders: sendersSchema.optional(),
    unsubscribe_footer: z
      .union([z.boolean(), template('Markdown with {{ unsubscribe_url }}')])
      .optional()
      .describe(
        'Line below each email: true (the default text), false, or Markdown with {{ unsubscribe_url }}',
      ),
    steps: z.array(stepSchema).min(1).describe('What happens, in order'),
  })
  .meta({ title: 'a sequence', description: 'A Cadenza sequence', examples: ['name: classic'] });

export type SequenceDefinition = z.infer<typeof sequenceSchema>;
export type StepDefinition = z.infer<typeof stepSchema>;
export type EmailDefinition = z.infer<typeof email>;
