/** Leads: finding them, what happened to them and why they are where they are, and telling their sequences what to do. */
import { z } from 'zod';
import { eraseLead } from '../../../db/erase.ts';
import { recordLeadEvent } from '../../../db/events.ts';
import { exportLead } from '../../../db/export.ts';
import { timeline } from '../../../db/history.ts';
import { loadLead, readLead } from '../../../db/leads.ts';
import { suppress, suppressedChannels } from '../../../db/suppressions.ts';
import { BLOCKS, why } from '../../../db/why.ts';
import { CONTACT_CHANNELS } from '../../../sequences/lead.ts';
import { OUTSIDE_EVENT, type OutsideEvent } from '../../../sequences/plan.ts';
import { everybody, managers, principalOf } from '../access/principal.ts';
import { assertSees } from '../access/sight.ts';
import { byId, cursorOf, instant, listOf, paging, placeOf, tag, time, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problem.ts';
import { EXCLUSIONS } from './launch-schemas.ts';
import { sendingSchema } from './steering.ts';

const channel = z.enum(CONTACT_CHANNELS);

export const leadSchema = z
  .object({
    id: z.uuid(),
    externalId: z.string().nullable(),
    firstName: z.string().nullable(),
    lastName: z.string().nullable(),
    title: z.string().nullable(),
    company: z.string().nullable(),
    companyDomain: z.string().nullable(),
    emails: listOf(z.string()),
    phones: listOf(z.string()).describe('E.164'),
    linkedinUrl: z.string().nullable(),
    country: z.string().nullable(),
    locale: z.string().nullable(),
    timeZone: z.string().nullable(),
    companyTimeZone: z.string().nullable(),
    preferredChannel: channel.nullable(),
    persona: z.string().nullable(),
    owner: z.string().nullable(),
    consent: z.object({
      status: z.enum(['unknown', 'given', 'refused']),
      source: z.string().nullable(),
      at: z.string().nullable(),
    }),
    attributes: z.record(z.string(), z.unknown()),
    createdAt: instant,
    version: z.int(),
  })
  .meta({ id: 'Lead' });

export const leadSummary = z.object({
  id: z.uuid(),
  name: z.string(),
  email: z.string().nullable(),
  company: z.string().nullable(),
  timeZone: z.string().nullable(),
});

const whySchema = z
  .object({
    lead: leadSummary,
    timeZone: z.string(),
    enrollment: z
      .object({
        id: z.uuid(),
        launchId: z.uuid(),
        sequence: z.string(),
        status: z.enum(['pending', 'running', 'finished', 'stopped']),
        reason: z.string(),
        startedAt: time.nullable(),
        endedAt: time.nullable(),
        step: z.string().nullable(),
        phase: z.string().nullable().describe('What it does at its step, such as `sleeping` or `booked`'),
        held: z.boolean(),
      })
      .nullable(),
    next: z
      .object({
        action: z.string().nullable(),
        at: time,
        step: z
          .object({
            kind: z.enum(['touch', 'wait', 'wait_for', 'if', 'split', 'goal', 'end', 'reactivate']),
            channel: z.string().nullable(),
            action: z.string().nullable(),
          })
          .nullable(),
      })
      .nullable(),
    handed: z
      .object({ at: z.iso.datetime(), from: z.string().nullable(), to: z.string().nullable() })
      .nullable(),
    blocks: listOf(
      z.object({
        kind: z.enum(BLOCKS),
        subject: z.string(),
        sentence: z.string(),
        leave: z
          .object({ name: z.string(), to: z.iso.date().describe('The last day') })
          .optional()
          .describe('Of `on_leave`: who'),
        about: z
          .object({
            reason: z.string().nullable(),
            name: z.string(),
            step: z.string(),
            channel: z.string(),
            title: z.string(),
            assignee: z.string().nullable(),
            dueAt: z.iso.datetime(),
          })
          .partial()
          .optional()
          .describe('What the sentence names'),
      }),
    ),
    sentence: z.string(),
  })
  .meta({ id: 'Why' });

const timelineSchema = z
  .object({
    lead: leadSummary,
    timeZone: z.string(),
    truncated: z.boolean().describe('There was more; the newest entries are here'),
    next: z.string().nullable().describe('The cursor of what was earlier; null: nothing was'),
    entries: listOf(
      z.object({
        at: time,
        what: z.enum(['touch', 'event', 'decision', 'task', 'hit']),
        id: z.string(),
        enrollmentId: z.uuid().nullable(),
        sequence: z.string().nullable(),
        step: z.string().nullable(),
        channel: z.string().nullable(),
        action: z.string().nullable(),
        sender: z.string().nullable(),
        state: z.string(),
        reason: z.string().nullable(),
        detail: z.string().nullable(),
        visit: z.int().nullable().describe('How often its lead had come to the step, from 1'),
        attempt: z.int().nullable(),
      }),
    ),
  })
  .meta({ id: 'Timeline' });

const EVENTS = [
  'replied',
  'bounced',
  'unsubscribed',
  'meeting_booked',
  'goal',
  'accepted',
  'opened',
  'clicked',
  'out_of_office',
] as const;
const eventType = z.union([z.enum(EVENTS), z.string().max(100).regex(OUTSIDE_EVENT)]);

/** Other systems' clocks may be so far ahead. */
const SKEW_MS = 5 * 60_000;

export function leadRoutes(app: Api, { db, clock, hashIdentity, wake }: ApiDeps): void {
  app.get('/leads/:id', {
    schema: {
      operationId: 'leads.read',
      tags: ['Leads'],
      summary: 'A lead’s profile',
      params: byId,
      response: { 200: leadSchema },
    },
    config: { access: everybody('leads:read') },
    handler: async (request, reply) => {
      await assertSees(db, request, 'lead', request.params.id);
      const lead = await readLead(db, request.params.id);
      void tag(reply, lead.version);
      return lead;
    },
  });

  app.get('/leads/:id/suppressed', {
    schema: {
      operationId: 'leads.suppressed',
      tags: ['Leads'],
      summary: 'Where a lead must not be contacted',
      params: byId,
      response: {
        200: z.object({ all: z.boolean().describe('On no channel'), channels: listOf(channel) }),
      },
    },
    config: { access: everybody('leads:read') },
    handler: async (request) => {
      await assertSees(db, request, 'lead', request.params.id);
      const lead = await loadLead(db, request.params.id);
      const { all, channels } = await suppressedChannels(db, hashIdentity, lead);
      return { all, channels: [...channels] };
    },
  });

  app.get('/leads/:id/why', {
    schema: {
      operationId: 'leads.why',
      tags: ['Leads'],
      summary: 'Why a lead is where it is, what comes next and when',
      params: byId,
      response: { 200: whySchema },
    },
    config: { access: everybody('leads:read') },
    handler: async (request) => {
      await assertSees(db, request, 'lead', request.params.id);
      return why(db, hashIdentity, request.params.id);
    },
  });

  app.get('/leads/:id/timeline', {
    schema: {
      operationId: 'leads.timeline',
      tags: ['Leads'],
      summary:
        'Everything that happened to a lead and what is booked, oldest first; the newest of it without a cursor',
      params: byId,
      querystring: z.object({
        ...paging,
        limit: z.coerce.number().int().min(1).max(1000).default(200),
      }),
      response: { 200: timelineSchema },
    },
    config: { access: everybody('leads:read') },
    handler: async (request) => {
      await assertSees(db, request, 'lead', request.params.id);
      const { cursor, limit } = request.query;
      const before = placeOf(
        'leads.timeline',
        cursor,
        z.tuple([z.iso.datetime(), z.int().min(0).max(3), z.string().max(40)]),
      );
      const { earlier, ...told } = await timeline(db, request.params.id, limit, before);
      return { ...told, next: earlier && cursorOf('leads.timeline', earlier) };
    },
  });

  app.get('/leads/:id/export', {
    schema: {
      operationId: 'leads.export',
      tags: ['Leads'],
      summary: 'Everything that is held about a lead (GDPR, article 15)',
      params: byId,
      response: { 200: z.record(z.string(), z.unknown()) },
    },
    config: { access: everybody('leads:read') },
    handler: async (request) => {
      await assertSees(db, request, 'lead', request.params.id);
      return exportLead(db, request.params.id);
    },
  });

  app.post('/leads/:id/events', {
    schema: {
      operationId: 'leads.event',
      tags: ['Leads'],
      summary: 'Record what a lead did; it has its effect at once',
      params: byId,
      body: z.object({
        type: eventType.describe('One of ours, or another system’s such as order.placed'),
        channel: channel.nullable().default(null),
        at: instant.optional().describe('Not in the future; default: now'),
        until: instant.optional().describe('Of out_of_office: when the lead is back'),
        data: z.record(z.string().max(100), z.unknown()).default({}),
        key: z
          .string()
          .min(1)
          .max(200)
          .optional()
          .describe('The source’s own id of it: again it changes nothing'),
      }),
      response: {
        200: z.object({
          eventId: z.uuid().nullable().describe('null: it was known already'),
          stopped: listOf(z.object({ enrollmentId: z.uuid(), leadId: z.uuid() })).describe(
            'Enrollments that ended because of it',
          ),
          enrolled: listOf(z.object({ launchId: z.uuid(), refused: z.enum(EXCLUSIONS).nullable() })).describe(
            'Launches that stand open for it; `refused`: why the lead is not in, null: it is',
          ),
          sending: sendingSchema,
        }),
      },
    },
    config: { access: everybody('leads:write') },
    handler: async (request) => {
      const { id: leadId } = request.params;
      await assertSees(db, request, 'lead', leadId);
      const { type, at, until, key, ...rest } = request.body;
      if (at && at.getTime() > clock.now() + SKEW_MS)
        throw new HttpProblem(
          422,
          'bad_time',
          'It cannot have happened yet: `at` is in the future. Send it when it happened.',
        );
      const effect = await recordLeadEvent(db, hashIdentity, {
        ...rest,
        leadId,
        type: type as OutsideEvent,
        ...(at && { at: at.getTime() }),
        ...(until && { until: until.getTime() }),
        ...(key !== undefined && { dedupeKey: key }),
      });
      const launches = effect.enrolled
        .filter(({ refused }) => refused === null)
        .map(({ launchId }) => launchId);
      wake({ enrollments: effect.wake, launches });
      return effect;
    },
  });

  app.post('/leads/:id/suppress', {
    schema: {
      operationId: 'leads.suppress',
      tags: ['Leads'],
      summary: 'Never contact a lead again, on one channel or any',
      params: byId,
      body: z.object({
        channel: channel.nullable().default(null).describe('null: every channel'),
        reason: z
          .string()
          .regex(/^[a-z][a-z0-9_]{0,60}$/)
          .default('by_hand'),
      }),
      response: { 200: z.object({ leads: z.int(), stopped: z.int(), sending: sendingSchema }) },
    },
    config: { access: everybody('leads:write') },
    handler: async (request) => {
      const { id: leadId } = request.params;
      await assertSees(db, request, 'lead', leadId);
      const done = await suppress(db, hashIdentity, { leadId }, request.body);
      wake({ enrollments: done.wake });
      return { leads: done.leads, stopped: done.wake.length, sending: done.sending };
    },
  });

  app.post('/leads/:id/erase', {
    schema: {
      operationId: 'leads.erase',
      tags: ['Leads'],
      summary: 'Erase a lead everywhere, for good; it stays suppressed',
      params: byId,
      body: z.object({
        name: z
          .string()
          .max(500)
          .describe('The lead’s name, or email where there is none: it cannot be undone'),
      }),
      response: { 200: z.object({ enrollments: z.int(), sending: sendingSchema }) },
    },
    config: { access: managers('leads:write') },
    handler: async (request) => {
      const { id } = request.params;
      await assertSees(db, request, 'lead', id);
      const { lead } = await timeline(db, id, 1);
      if (request.body.name.trim() !== (lead.name || lead.email || id))
        throw new HttpProblem(422, 'not_confirmed', 'That is not the lead’s name; nothing was erased.');
      const erased = await eraseLead(db, id, { hashIdentity });
      wake({ terminate: erased.enrollmentIds });
      request.log.info({ lead: id, by: principalOf(request).user.id }, 'a lead was erased');
      return { enrollments: erased.enrollmentIds.length, sending: erased.sending };
    },
  });
}
