/** Finding leads, writing them by hand, and doing one thing to many of them. */
import { PassThrough } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { sees } from '../../../db/access/sight.ts';
import {
  countLeads,
  LEAD_SORTS,
  LEAD_STATUSES,
  leadFacets,
  leadIds,
  listLeads,
  type LeadSort,
} from '../../../db/lead-list.ts';
import { IdentityTaken, readLead, saveLead } from '../../../db/leads.ts';
import { suppress } from '../../../db/suppressions.ts';
import { CONTACT_CHANNELS } from '../../../sequences/lead.ts';
import { compileSegment } from '../../../sequences/language/index.ts';
import { pauseTarget, resumeTarget, stopTarget } from '../../operations/control.ts';
import { exportLeads } from '../../operations/export-leads.ts';
import { leadFields } from '../../operations/lead-fields.ts';
import { everybody, principalOf } from '../access/principal.ts';
import { assertSees, sightOf } from '../access/sight.ts';
import { assertGives } from '../access/team.ts';
import {
  badCursor,
  byId,
  ifMatch,
  instant,
  listOf,
  page,
  pageOf,
  paging,
  placeOf,
  tag,
  type Api,
} from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problem.ts';
import { filterOf, leadFilter } from './lead-filter.ts';
import { condition } from './launch-schemas.ts';
import { leadSchema } from './leads.ts';

const listedSchema = z
  .object({
    id: z.uuid(),
    name: z.string().nullable(),
    title: z.string().nullable(),
    company: z.string().nullable(),
    email: z.string().nullable(),
    owner: z.string().nullable(),
    timeZone: z.string().nullable(),
    status: z
      .enum(LEAD_STATUSES)
      .describe('Of the active enrollment, else the last one; none: never in a sequence'),
    reason: z.string().nullable(),
    sequence: z.string().nullable(),
    nextAction: z.string().nullable(),
    nextAt: instant.nullable(),
    createdAt: instant,
  })
  .meta({ id: 'LeadListed' });

const SORTS = Object.keys(LEAD_SORTS) as [LeadSort, ...LeadSort[]];
const sortNames = [...SORTS, ...SORTS.map((name) => `-${name}` as const)] as const;

/** `__proto__` is a word that JavaScript objects keep for themselves. */
const attributeName = z.string().regex(/^(?!__proto__$)[a-z_][a-z0-9_]{0,60}$/);
const attributes = z.record(
  attributeName,
  z.union([z.string().max(10_000), z.number(), z.boolean(), z.null()]),
);
const line = z.string().trim().max(500).nullable().optional();
const typedLead = {
  externalId: line,
  firstName: line,
  lastName: line,
  title: line,
  company: line,
  emails: z.array(z.string().max(320)).max(20).optional(),
  phones: z.array(z.string().max(60)).max(20).optional(),
  linkedinUrl: line,
  country: line,
  locale: line,
  timeZone: line,
  preferredChannel: z.enum(CONTACT_CHANNELS).nullable().optional(),
  persona: line,
  owner: line,
  consent: z
    .object({
      status: z.enum(['unknown', 'given', 'refused']),
      source: z.string().trim().max(500).nullable(),
      at: z.iso.datetime().nullable(),
    })
    .optional(),
  // Zod drops that name from a record without a word.
  attributes: z
    .preprocess((given, context) => {
      if (typeof given === 'object' && given !== null && Object.hasOwn(given, '__proto__'))
        context.addIssue({ code: 'custom', message: '“__proto__” cannot be the name of an attribute' });
      return given;
    }, attributes.optional())
    .describe('All of them; what is left out goes'),
};

const reason = z.string().trim().min(1).max(200).default('by a person');
const bulkAction = z
  .discriminatedUnion('do', [
    z.strictObject({ do: z.literal('owner'), owner: z.string().trim().min(1).max(200).nullable() }),
    z.strictObject({
      do: z.literal('attribute'),
      name: attributeName,
      value: z.union([z.string().max(500), z.null()]).describe('null: without it'),
    }),
    z.strictObject({ do: z.literal('pause'), reason }),
    z.strictObject({ do: z.literal('resume') }),
    z.strictObject({ do: z.literal('stop'), reason }),
    z.strictObject({ do: z.literal('suppress'), channel: z.enum(CONTACT_CHANNELS).nullable().default(null) }),
  ])
  .meta({ id: 'BulkAction' });

/** Counting further would cost more than anybody learns from it. */
const COUNTED = 10_000;

export function leadListRoutes(app: Api, { db, hashIdentity, wake }: ApiDeps): void {
  const read = { access: everybody('leads:read') };
  const write = { access: everybody('leads:write') };

  /** Which lead has an identity is told to those who see it. */
  const anothers = async (request: FastifyRequest, error: unknown): Promise<never> => {
    if (
      error instanceof IdentityTaken &&
      !(await sees(db, 'lead', error.leadId, sightOf(principalOf(request))))
    )
      throw new HttpProblem(
        409,
        'identity_taken',
        'One of these addresses or ids belongs to a lead that you do not see: ask a manager.',
      );
    throw error;
  };

  app.get('/leads', {
    schema: {
      operationId: 'leads.list',
      tags: ['Leads'],
      summary: 'Leads, the newest first unless sorted otherwise',
      querystring: z.object({
        ...paging,
        ...leadFilter,
        sort: z.enum(sortNames).default('-createdAt').describe('`-` before it: descending'),
      }),
      response: { 200: pageOf(listedSchema) },
    },
    config: read,
    handler: async (request) => {
      const { cursor, limit, sort, ...query } = request.query;
      const list = `leads.list ${sort}`;
      const after = placeOf(list, cursor, z.tuple([z.string().max(1000), z.uuid()]));
      const descending = sort.startsWith('-');
      const by = sort.replace('-', '') as LeadSort;
      if (after && by === 'createdAt' && !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+\d\d$/.test(after[0]))
        throw badCursor();
      const rows = await listLeads(db, filterOf(query), sightOf(principalOf(request)), {
        sort: by,
        descending,
        after,
        limit: limit + 1,
      });
      return page(list, rows, limit, (row) => [row.place, row.id]);
    },
  });

  app.get('/leads/count', {
    schema: {
      operationId: 'leads.count',
      tags: ['Leads'],
      summary: 'How many leads a filter finds, counted up to 10,000',
      querystring: z.object(leadFilter),
      response: { 200: z.object({ count: z.int(), more: z.boolean() }) },
    },
    config: read,
    handler: async (request) => {
      const count = await countLeads(db, filterOf(request.query), sightOf(principalOf(request)), COUNTED + 1);
      return { count: Math.min(count, COUNTED), more: count > COUNTED };
    },
  });

  app.get('/leads/facets', {
    schema: {
      operationId: 'leads.facets',
      tags: ['Leads'],
      summary:
        'What leads can be filtered by: owners, countries, personas, languages and attributes of the newest 5,000, sequences, events',
      response: {
        200: z.object({
          owners: listOf(z.string()),
          countries: listOf(z.string()),
          personas: listOf(z.string()),
          languages: listOf(z.string()),
          attributes: listOf(z.string()),
          sequences: listOf(z.string()),
          events: listOf(z.string()),
        }),
      },
    },
    config: read,
    handler: async (request) => leadFacets(db, sightOf(principalOf(request))),
  });

  app.get('/leads.csv', {
    schema: {
      operationId: 'leads.csv',
      tags: ['Leads'],
      summary: 'The leads that a filter finds, as CSV',
      querystring: z.object({ ...leadFilter, where: condition.optional() }),
      produces: ['text/csv'],
      response: { 200: z.string().describe('CSV, in UTF-8') },
    },
    config: read,
    handler: async (request, reply) => {
      const filter = filterOf(request.query);
      const sight = sightOf(principalOf(request));
      const { where } = request.query;
      const matches = where === undefined ? undefined : compileSegment(where);
      const out = new PassThrough();
      // By this mark spreadsheets know that it is UTF-8; Excel reads “ş” wrongly without.
      out.write('\ufeff');
      void exportLeads(db, out, {
        ids: (after, limit) => leadIds(db, filter, sight, { after, limit }),
        ...(matches && { matches }),
      }).catch((error: unknown) => out.destroy(error as Error));
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="leads.csv"')
        .serializer((body: unknown) => body as string)
        .send(out as unknown as string);
    },
  });

  app.post('/leads', {
    schema: {
      operationId: 'leads.add',
      tags: ['Leads'],
      summary: 'Add a lead by hand',
      body: z.object(typedLead),
      response: { 201: leadSchema },
    },
    config: write,
    handler: async (request, reply) => {
      const { user } = principalOf(request);
      const fields = leadFields(request.body);
      // A rep's new lead is the rep's: nobody else's could be seen again.
      const owner = user.role === 'rep' ? user.email : (fields.owner ?? null);
      await assertGives(db, user, owner);
      const id = await saveLead(db, { ...fields, owner }).catch((error: unknown) => anothers(request, error));
      request.auditTarget = id;
      const lead = await readLead(db, id);
      void tag(reply, lead.version);
      return reply.code(201).send(lead);
    },
  });

  app.patch('/leads/:id', {
    schema: {
      operationId: 'leads.change',
      tags: ['Leads'],
      summary: 'Change the given things of a lead; texts still to be sent are rendered with them',
      params: byId,
      body: z.object(typedLead),
      response: { 200: leadSchema },
    },
    config: write,
    handler: async (request, reply) => {
      const { id } = request.params;
      await assertSees(db, request, 'lead', id);
      const { user } = principalOf(request);
      if (request.body.owner !== undefined && user.role === 'rep')
        throw new HttpProblem(403, 'not_allowed', 'Handing leads over is for managers and admins.');
      const wanted = ifMatch(request);
      const before = await readLead(db, id);
      const fields = leadFields(request.body, before.country);
      if (fields.owner !== before.owner) await assertGives(db, user, fields.owner);
      await saveLead(db, fields, id, wanted === null ? undefined : Number(wanted), {
        by: user.email,
        reason: 'edit',
      }).catch((error: unknown) => anothers(request, error));
      const lead = await readLead(db, id);
      void tag(reply, lead.version);
      return lead;
    },
  });

  app.post('/leads/bulk', {
    schema: {
      operationId: 'leads.bulk',
      tags: ['Leads'],
      summary: 'Do one thing to many leads; whom one does not see is left alone',
      body: z.object({ ids: z.array(z.uuid()).min(1).max(200), action: bulkAction }),
      response: { 200: z.object({ leads: z.int().describe('To so many it was done') }) },
    },
    config: write,
    handler: async (request) => {
      const { ids, action } = request.body;
      const principal = principalOf(request);
      const sight = sightOf(principal);
      if (action.do === 'owner' && principal.user.role === 'rep')
        throw new HttpProblem(403, 'not_allowed', 'Handing leads over is for managers and admins.');
      if (action.do === 'owner') await assertGives(db, principal.user, action.owner);
      let leads = 0;
      const wakes: string[] = [];
      for (const id of new Set(ids)) {
        if (!(await sees(db, 'lead', id, sight))) continue;
        const target = { scope: 'lead', scopeId: id, name: id } as const;
        if (action.do === 'owner')
          await saveLead(db, { owner: action.owner }, id, undefined, {
            by: principal.user.email,
            reason: 'bulk',
          });
        else if (action.do === 'attribute') {
          const { [action.name]: _, ...others } = (await readLead(db, id)).attributes;
          const added = action.value === null ? {} : { [action.name]: action.value };
          await saveLead(
            db,
            leadFields({ attributes: { ...others, ...added } as Record<string, string> }),
            id,
          );
        } else if (action.do === 'pause')
          await pauseTarget(db, target, action.reason, principalOf(request).user.id);
        else if (action.do === 'resume') wakes.push(...(await resumeTarget(db, target)).wake);
        else if (action.do === 'stop') wakes.push(...(await stopTarget(db, target, action.reason)).wake);
        else
          wakes.push(
            ...(
              await suppress(db, hashIdentity, { leadId: id }, { channel: action.channel, reason: 'by_hand' })
            ).wake,
          );
        leads += 1;
      }
      wake({ enrollments: wakes });
      return { leads };
    },
  });
}
