/** What CRM callbacks say, one Zod schema a type. docs/schemas/callbacks/*.json is generated from here. */
import { z } from 'zod';
import { MESSAGE_CLASSES } from './messages.ts';

export const CALLBACK_TYPES = [
  'touch.sent',
  'touch.failed',
  'touch.unconfirmed',
  'touch.skipped',
  'task.created',
  'task.completed',
  'enrollment.started',
  'enrollment.held',
  'enrollment.paused',
  'enrollment.resumed',
  'enrollment.finished',
  'enrollment.stopped',
  'lead.replied',
  'lead.answered',
  'lead.classified',
  'lead.opened',
  'lead.clicked',
  'lead.bounced',
  'lead.unsubscribed',
  'lead.preferences',
  'lead.owner_changed',
  'lead.erased',
] as const;
export type CallbackType = (typeof CALLBACK_TYPES)[number];

/** On what occasion a lead got another owner. */
export const OWNER_REASONS = ['hand_over', 'bulk', 'edit', 'import'] as const;

const instant = z.iso.datetime().describe('UTC, ISO 8601');
const word = z.string().describe('A word in snake_case');

const lead = z
  .object({
    id: z.uuid(),
    external_id: z
      .string()
      .nullable()
      .describe("The CRM's own id of the lead; null when none was imported, and once the lead is erased"),
    owner: z.string().nullable().describe('The rep who owns the lead'),
  })
  .describe('Whom it is about');

const enrollment = z
  .object({
    id: z.uuid(),
    sequence: z.string().describe("The sequence's name"),
    launch_id: z.uuid(),
    status: z.enum(['pending', 'running', 'finished', 'stopped']),
    reason: word.describe('Why it ended, or what it waits for'),
  })
  .describe('The lead in the sequence, as it stood when this was recorded');

const touch = z
  .object({
    id: z.uuid().describe('The same for every callback about this touch'),
    step: z.string().describe("The step's id in the sequence"),
    channel: z.string().describe('email, linkedin, sms, whatsapp, call, task or webhook'),
    action: z.string().describe('What was done on the channel, e.g. email, visit, invite, message, call'),
    sender: z
      .object({ id: z.uuid(), name: z.string(), address: z.string() })
      .nullable()
      .describe('The mailbox, account or number that it went out from'),
    state: z.enum(['booked', 'sending', 'sent', 'failed', 'skipped', 'unconfirmed', 'task', 'cancelled']),
    at: instant.nullable().describe('When it happened'),
    attempt: z.int().min(0),
    reason: z.string().nullable().describe('Why not, in a word; null when it was sent'),
    message_id: z.string().nullable().describe("An email's Message-ID"),
  })
  .describe('One attempt to reach the lead by one step');

const task = z
  .object({
    id: z.uuid(),
    kind: z.enum(['call', 'task', 'linkedin', 'review', 'failed']),
    state: z.enum(['open', 'done', 'cancelled']),
    outcome: z.string().nullable().describe('What the rep said came of it'),
    assignee: z.string().nullable(),
    due_at: instant,
    done_at: instant.nullable(),
  })
  .describe('Work for a person');

const seq = z.int().positive().describe('Counts the callbacks about this lead, without gaps: 1, 2, 3, …');
const owner = z.string().nullable();
const channel = z.string().optional().describe('Where it came from');
const scope = z
  .string()
  .optional()
  .describe(
    'What was paused or resumed: all, sequence, launch, sender, company, lead, or absence (of whose lead or sender it is)',
  );

/** Fields may be added later, so receivers must let unknown ones pass: every object of ours stays open. */
function callback<Type extends CallbackType, Data extends z.ZodRawShape>(
  type: Type,
  title: string,
  data: Data,
) {
  return z
    .looseObject({
      type: z.literal(type),
      timestamp: instant.describe('When it happened'),
      data: z.looseObject({ seq, lead, ...data }),
    })
    .meta({ title: type, description: title });
}

const aboutTouch = { enrollment, touch };
const aboutTask = { enrollment, touch, task };
const aboutEnrollment = { enrollment };
const aboutLead = { enrollment: enrollment.optional(), touch: touch.optional() };

/** The schema of each callback's body, by type. */
export const callbackSchemas = {
  'touch.sent': callback(
    'touch.sent',
    'A touch went out: the provider took it, or the rep did it.',
    aboutTouch,
  ),
  'touch.failed': callback('touch.failed', 'A touch was refused for good.', aboutTouch),
  'touch.unconfirmed': callback(
    'touch.unconfirmed',
    'It is not known whether a touch went out; a person settles it. It is not sent again.',
    aboutTouch,
  ),
  'touch.skipped': callback('touch.skipped', 'A touch was left out; `touch.reason` says why.', aboutTouch),
  'task.created': callback('task.created', 'A rep has something to do.', aboutTask),
  'task.completed': callback(
    'task.completed',
    'A rep completed a task; `task.outcome` says what came of it.',
    aboutTask,
  ),
  'enrollment.started': callback('enrollment.started', 'A lead started on a sequence.', aboutEnrollment),
  'enrollment.held': callback(
    'enrollment.held',
    'A lead waits for a person; `enrollment.reason` says why.',
    aboutEnrollment,
  ),
  'enrollment.paused': callback(
    'enrollment.paused',
    'A lead was paused, alone or with its sequence, launch, sender, company or everything.',
    { ...aboutEnrollment, scope },
  ),
  'enrollment.resumed': callback('enrollment.resumed', 'A pause or hold ended.', {
    ...aboutEnrollment,
    scope,
  }),
  'enrollment.finished': callback(
    'enrollment.finished',
    'A lead reached the end of a sequence.',
    aboutEnrollment,
  ),
  'enrollment.stopped': callback(
    'enrollment.stopped',
    'A lead left a sequence before its end; `enrollment.reason` says why.',
    aboutEnrollment,
  ),
  'lead.replied': callback('lead.replied', 'A lead answered.', { ...aboutLead, channel }),
  'lead.answered': callback('lead.answered', 'A rep answered a lead from the inbox.', {
    ...aboutLead,
    channel,
    reply_id: z.uuid(),
  }),
  'lead.classified': callback('lead.classified', 'A person said what a message of a lead is.', {
    ...aboutLead,
    channel,
    message_id: z.uuid().describe('The message in the inbox'),
    class: z.enum(MESSAGE_CLASSES),
  }),
  'lead.opened': callback('lead.opened', 'A lead opened an email; the first time only.', {
    ...aboutLead,
    channel,
  }),
  'lead.clicked': callback('lead.clicked', 'A lead followed a link of an email; the first time only.', {
    ...aboutLead,
    channel,
  }),
  'lead.bounced': callback('lead.bounced', "A lead's address does not exist.", { ...aboutLead, channel }),
  'lead.unsubscribed': callback('lead.unsubscribed', 'A lead must not be contacted again.', {
    ...aboutLead,
    channel,
  }),
  'lead.preferences': callback(
    'lead.preferences',
    'A lead chose by which channels to be contacted: true where they may be.',
    {
      ...aboutLead,
      email: z.boolean(),
      linkedin: z.boolean(),
      sms: z.boolean(),
      whatsapp: z.boolean(),
      call: z.boolean(),
    },
  ),
  'lead.owner_changed': callback(
    'lead.owner_changed',
    'A lead has another owner; `lead.owner` is the new one, as the lead says it.',
    {
      from: owner.describe('Whose it was, by email where that is known; null: nobody’s'),
      to: owner.describe('Whose it is; null: nobody’s'),
      by: owner.describe('The email of who did it; null: the terminal'),
      reason: z
        .enum(OWNER_REASONS)
        .describe(
          'Somebody’s leads were handed over, many leads given away at once, one was edited, or an import filled what was empty',
        ),
    },
  ),
  'lead.erased': callback(
    'lead.erased',
    "A lead's personal data were erased; erase them in the CRM too where the law asks for it.",
    {},
  ),
} satisfies { [Type in CallbackType]: z.ZodType<{ type: Type }> };

/** The JSON Schema (2020-12) of one type's body, as it is published in docs/schemas/callbacks. */
export function callbackJsonSchema(type: CallbackType): Record<string, unknown> {
  // As input: what receivers may rely on, and objects that later versions may add fields to.
  return z.toJSONSchema(callbackSchemas[type], { io: 'input', reused: 'inline' }) as Record<string, unknown>;
}
