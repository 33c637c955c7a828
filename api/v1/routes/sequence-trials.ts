/** How sequences do, and how they would do: numbers, a simulated month, messages for a lead. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { createBreath } from '../../../common/breath.ts';
import { readDaysOff } from '../../../db/days-off.ts';
import { findLead } from '../../../db/history.ts';
import { readBonds } from '../../../db/lead-senders.ts';
import { loadLead } from '../../../db/leads.ts';
import { findSender, listSenders } from '../../../db/senders.ts';
import { leadsToPreview } from '../../../db/sequence-views.ts';
import { loadNewest, loadVersion } from '../../../db/sequences.ts';
import { stepNumbers } from '../../../db/step-numbers.ts';
import { suppressedChannels } from '../../../db/suppressions.ts';
import { defaultSenders } from '../../../sequences/simulate/index.ts';
import { previewing, told, type PreviewMessage } from '../../operations/preview.ts';
import { notMailbox, sendPreview } from '../../operations/send-preview.ts';
import { shippedSequences } from '../../operations/shipped-sequences.ts';
import { inPlanOrder } from '../../operations/sequence-graph.ts';
import { asCompiled, compileText, continuations } from '../../operations/sequence-text.ts';
import { sampleLead, simulateMonth } from '../../operations/simulate-month.ts';
import { sendersOf } from '../access/launching.ts';
import { everybody, managers, principalOf, type Principal } from '../access/principal.ts';
import { instant, listOf, type Api } from '../contract.ts';
import { sightOf } from '../access/sight.ts';
import type { ApiDeps } from '../deps.ts';
import { createTurns } from '../turns.ts';
import { HttpProblem, notFound } from '../problem.ts';
import { byName, messageSchema, monthSchema, numbersSchema, source } from './sequence-schemas.ts';

const READ = everybody('sequences:read');
const tags = ['Sequences'];
const definition = source.nullable().default(null).describe('null: the newest version');
const others = z
  .array(z.string().max(200))
  .max(50)
  .default([])
  .describe('Sequences that it may go on with though they are not published yet');
const named = z.string().min(1).max(500);

/** Of one text in a preview. */
const PATIENCE_MS = 500;

export function sequenceTrialRoutes(
  app: Api,
  { db, clock, hashIdentity, config, secrets, providers }: ApiDeps,
): void {
  const takeTurn = createTurns();

  app.get('/sequence-templates', {
    schema: {
      operationId: 'sequences.templates',
      tags,
      summary: 'Sequences that Cadenza ships, to begin with',
      response: {
        200: z.object({
          items: listOf(
            z.object({
              name: z.string(),
              title: z.string(),
              description: z.string(),
              goesOnWith: listOf(z.string()).describe(
                'Names of those that it goes on with, which are here too',
              ),
              source: z.string(),
            }),
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
      return { steps: inPlanOrder(version.plan, await stepNumbers(db, version.id, sight)) };
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
    handler: (request, reply) =>
      takeTurn(request, reply, async (goOn) => {
        const { body } = request;
        const sequence = await readDefinition(request.params.name, body.source);
        const month = {
          ...body,
          sequence,
          others: await continuations(db, sequence),
          daysOff: (await readDaysOff(db)).items,
          start: body.start?.getTime() ?? clock.now(),
        };
        return simulateMonth(month, goOn);
      }),
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
        others,
        lead: named.nullable().default(null).describe('Id, email, external id or name; null: an example'),
      }),
      response: { 200: z.object({ items: listOf(messageSchema) }) },
    },
    config: { access: READ },
    handler: async (request, reply) => {
      const { messages } = await messagesFor(request, reply);
      return {
        items: messages.map(told).map((message) => ({ ...message, step: message.stepId })),
      };
    },
  });

  app.post('/sequences/:name/preview-mails', {
    schema: {
      operationId: 'sequences.mailPreview',
      tags,
      summary: 'Send its emails, as one lead would get them and marked as a preview, to one’s own address',
      params: byName,
      body: z.object({
        source: definition,
        others,
        lead: named,
        senderId: z.uuid().nullable().default(null).describe('null: the sender of each message'),
      }),
      response: {
        200: z.object({
          items: listOf(
            z.object({
              step: z.string(),
              sender: z.string().describe('Its address'),
              sent: z.boolean(),
              detail: z.string().nullable().describe('Why not'),
            }),
          ),
        }),
      },
    },
    config: { access: managers('sequences:write') },
    handler: async (request, reply) => {
      const { body } = request;
      const principal = principalOf(request);
      const { lead, messages } = await messagesFor(request, reply);
      request.auditTarget = lead.id;
      const sent = await sendPreview({ db, secrets, providers }, messages, {
        to: principal.user.email,
        leadName: [lead.firstName, lead.lastName].filter(Boolean).join(' ') || lead.id,
        ...(body.senderId !== null && { senderId: await mailbox(principal, body.senderId) }),
      });
      return { items: sent.map((one) => ({ ...one, step: one.stepId })) };
    },
  });

  async function messagesFor(
    request: FastifyRequest<{
      Params: { name: string };
      Body: { source: string | null; others: readonly string[]; lead: string | null };
    }>,
    reply: FastifyReply,
  ) {
    const { params, body } = request;
    const sequence = await readDefinition(params.name, body.source, body.others);
    const known = await readLead(body.lead, principalOf(request));
    const wanted = { ...known, sequences: [sequence], patienceMs: PATIENCE_MS };
    const messages = await takeTurn(request, reply, async (goOn) => {
      const breath = createBreath();
      const written: PreviewMessage[] = [];
      for (const message of previewing({ ...wanted, unsubscribeUrl: `${config.publicUrl}/u/preview` })) {
        written.push(message);
        await breath();
        goOn();
      }
      return written;
    });
    return { lead: known.lead, messages };
  }

  async function mailbox(principal: Principal, id: string): Promise<string> {
    await sendersOf(db, principal, [id]);
    const sender = await findSender(db, id);
    if (sender.channel === 'email') return sender.id;
    throw new HttpProblem(422, 'bad_sender', notMailbox(sender));
  }

  async function readDefinition(name: string, text: string | null, others: readonly string[] = []) {
    if (text !== null) return compileText(db, text, name, others);
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
    const { id } = await findLead(db, wanted, sightOf(principal));
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
