/** How sequences do, and how they would do: numbers, a simulated month, messages for a lead. */
import { z } from 'zod';
import { readDaysOff } from '../../../db/days-off.ts';
import { findLead } from '../../../db/history.ts';
import { readBonds } from '../../../db/lead-senders.ts';
import { loadLead } from '../../../db/leads.ts';
import { listSenders } from '../../../db/senders.ts';
import { leadsToPreview, seesLead } from '../../../db/sequence-views.ts';
import { loadNewest, loadVersion } from '../../../db/sequences.ts';
import { stepNumbers } from '../../../db/step-numbers.ts';
import { suppressedChannels } from '../../../db/suppressions.ts';
import { defaultSenders } from '../../../sequences/simulate/index.ts';
import { preview } from '../../operations/preview.ts';
import { shippedSequences } from '../../operations/shipped-sequences.ts';
import { stepsInOrder } from '../../operations/sequence-graph.ts';
import { asCompiled, compileText, continuations } from '../../operations/sequence-text.ts';
import { sampleLead, simulateMonth } from '../../operations/simulate-month.ts';
import { everybody, principalOf, type Principal } from '../access/principal.ts';
import { instant, listOf, type Api } from '../contract.ts';
import { sightOf } from '../access/sight.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../problem.ts';
import { byName, messageSchema, monthSchema, numbersSchema, source } from './sequence-schemas.ts';

const READ = everybody('sequences:read');
const tags = ['Sequences'];
const definition = source.nullable().default(null).describe('null: the newest version');

export function sequenceTrialRoutes(app: Api, { db, clock, hashIdentity, config }: ApiDeps): void {
  app.get('/sequence-templates', {
    schema: {
      operationId: 'sequences.templates',
      tags,
      summary: 'Sequences that Cadenza ships, to begin with',
      response: {
        200: z.object({
          items: listOf(
            z.object({ name: z.string(), title: z.string(), description: z.string(), source: z.string() }),
          ),
        }),
      },
    },
    config: { access: READ },
    handler: async () => ({ items: await shippedSequences() }),
  });

  app.get('/sequences/:name/numbers', {
    schema: {
      operationId: 'sequences.numbers',
      tags,
      summary: 'What became of a version’s leads at each step',
      params: byName,
      querystring: z.object({ version: z.uuid().optional() }),
      response: { 200: numbersSchema },
    },
    config: { access: READ },
    handler: async (request) => {
      const sight = sightOf(principalOf(request));
      const { version: wanted } = request.query;
      const version = await (wanted === undefined
        ? loadNewest(db, request.params.name)
        : loadVersion(db, wanted));
      if (!version || version.name !== request.params.name) throw notFound('sequence');
      return { steps: await stepNumbers(db, version.id, sight) };
    },
  });

  app.post('/sequences/:name/simulation', {
    schema: {
      operationId: 'sequences.simulate',
      tags,
      summary: 'A month of it for made-up leads, day by day; nothing is sent or stored',
      params: byName,
      body: z.object({
        source: definition,
        leads: z.int().min(1).max(200).default(20),
        events: z
          .array(z.string().max(200))
          .max(50)
          .default([])
          .describe('Such as `* accepted +2d` or `lead-1@example.com replied +3d`'),
        start: instant.nullable().default(null),
        timeZone: z.string().max(60).default('UTC'),
        country: z
          .string()
          .regex(/^[A-Z]{2}$/)
          .nullable()
          .default(null),
      }),
      response: { 200: monthSchema },
    },
    config: { access: READ },
    handler: async (request) => {
      const { body } = request;
      const sequence = await readDefinition(request.params.name, body.source);
      return simulateMonth({
        ...body,
        sequence,
        others: await continuations(db, sequence),
        daysOff: (await readDaysOff(db)).items,
        start: body.start?.getTime() ?? clock.now(),
      });
    },
  });

  app.get('/sequences/:name/preview-leads', {
    schema: {
      operationId: 'sequences.previewLeads',
      tags,
      summary: 'Some leads to look at its messages with',
      params: byName,
      response: {
        200: z.object({
          items: listOf(z.object({ id: z.uuid(), name: z.string(), company: z.string().nullable() })),
        }),
      },
    },
    config: { access: READ },
    handler: async (request) => ({
      items: await leadsToPreview(db, request.params.name, sightOf(principalOf(request))),
    }),
  });

  app.post('/sequences/:name/preview', {
    schema: {
      operationId: 'sequences.preview',
      tags,
      summary: 'Each message as one lead would get it; nothing is sent',
      params: byName,
      body: z.object({
        source: definition,
        lead: z
          .string()
          .min(1)
          .max(320)
          .nullable()
          .default(null)
          .describe('Id, email or name; null: an example'),
      }),
      response: { 200: z.object({ items: listOf(messageSchema) }) },
    },
    config: { access: READ },
    handler: async (request) => {
      const sequence = await readDefinition(request.params.name, request.body.source);
      const known = await readLead(request.body.lead, principalOf(request));
      const messages = preview({
        ...known,
        sequences: [sequence],
        unsubscribeUrl: `${config.publicUrl}/u/preview`,
      });
      const items = messages.map(({ stepId, sender, rendered, channel, action, ...message }) => ({
        step: stepId,
        channel,
        action,
        chosen: message.chosen,
        to: message.to,
        noRoute: message.noRoute,
        missing: message.missing,
        problem: message.problem,
        sender: sender && { name: sender.name, address: sender.address },
        subject: rendered?.subject ?? null,
        title: rendered?.title ?? null,
        text: rendered?.text ?? null,
        html: rendered?.html ?? null,
        attachments: rendered?.attachments?.map(({ name }) => name) ?? [],
      }));
      const order = stepsInOrder(sequence.plan).map(({ id }) => id);
      return { items: items.sort((a, b) => order.indexOf(a.step) - order.indexOf(b.step)) };
    },
  });

  async function readDefinition(name: string, text: string | null) {
    if (text !== null) return compileText(db, text, name);
    const version = await loadNewest(db, name);
    if (!version) throw notFound('sequence');
    return asCompiled(version);
  }

  async function readLead(wanted: string | null, principal: Principal) {
    if (wanted === null)
      return {
        lead: sampleLead(1, { country: null, timeZone: null }),
        senders: defaultSenders('UTC').map(({ profile }) => profile),
      };
    const id = await findLead(db, wanted).then(
      (lead) => lead.id,
      () => null,
    );
    if (id === null || !(await seesLead(db, id, sightOf(principal)))) throw notFound('lead');
    const lead = await loadLead(db, id);
    const [senders, bonds, { channels, dead }] = await Promise.all([
      listSenders(db),
      readBonds(db, id),
      suppressedChannels(db, hashIdentity, lead),
    ]);
    return {
      lead,
      senders: senders.map((sender) => ({ ...sender, broken: sender.brokenReason !== null })),
      sticky: Object.fromEntries(bonds.map(({ channel, senderId }) => [channel, senderId])),
      suppressed: channels,
      dead,
    };
  }
}
