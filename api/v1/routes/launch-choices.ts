/** What helps to put a launch together: whom a condition means, and by which senders one may launch. */
import { z } from 'zod';
import { roomToday } from '../../../db/sender-load.ts';
import { launchSenders } from '../../../db/senders.ts';
import { loadVersion } from '../../../db/sequences.ts';
import { ACTIONS, CHANNELS } from '../../../sequences/lead.ts';
import { touchWays } from '../../../sequences/route/plan-channels.ts';
import { countSegment } from '../../operations/count-segment.ts';
import { mayTake, ownSenders } from '../access/launching.ts';
import { everybody, principalOf } from '../access/principal.ts';
import { listOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { condition } from './launch-schemas.ts';

const mistake = z.object({
  offset: z.int().describe('Characters from the condition’s start'),
  message: z.string(),
  hint: z.string().nullable(),
});
const choosable = z.object({
  id: z.uuid(),
  name: z.string(),
  address: z.string(),
  channel: z.enum(CHANNELS),
  named: z.boolean().describe('Whether the sequence’s own choice has it'),
  brokenReason: z.string().nullable(),
  paused: z.boolean(),
  today: listOf(
    z.object({
      action: z.enum(ACTIONS),
      used: z.int(),
      cap: z.int().nullable(),
      free: z.int().nullable().describe('Its week’s cap counted too; null: not capped'),
    }),
  ).describe('What the sequence does by it, on its present local day'),
});

export function launchChoiceRoutes(app: Api, { db }: ApiDeps): void {
  app.get('/launch-audience', {
    schema: {
      operationId: 'launches.audience',
      tags: ['Launches'],
      summary: 'How many of the leads that one may launch on a condition means, or what is wrong with it',
      querystring: z.object({ where: condition }),
      response: {
        200: z.object({
          mistake: mistake.nullable(),
          count: z.int().describe('At least so many'),
          estimate: z
            .int()
            .nullable()
            .describe('About so many, where counting them all takes too long; null: `count` is all'),
          leads: listOf(z.object({ id: z.uuid(), name: z.string() })).describe('The first five'),
        }),
      },
    },
    config: { access: everybody('launches:read') },
    handler: async (request, reply) => {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const found = await countSegment(db, request.query.where, mayTake(principalOf(request)), gone.signal);
      if ('message' in found) return { mistake: found, count: 0, estimate: null, leads: [] };
      const leads = found.leads.map(({ id, firstName, lastName, emails, externalId }) => ({
        id,
        name: [firstName, lastName].filter(Boolean).join(' ') || emails[0] || externalId || id,
      }));
      return { mistake: null, count: found.count, estimate: found.estimate, leads };
    },
  });

  app.get('/launch-senders', {
    schema: {
      operationId: 'launches.senders',
      tags: ['Launches'],
      summary:
        'The senders that are one’s own to launch (a version of a sequence) by, and what they have left today',
      querystring: z.object({ versionId: z.uuid().optional().describe('None: all, whatever they do') }),
      response: { 200: z.object({ items: listOf(choosable) }) },
    },
    config: { access: everybody('launches:read') },
    handler: async (request) => {
      const { versionId } = request.query;
      const version = versionId === undefined ? null : await loadVersion(db, versionId);
      const ways =
        version &&
        Object.values(version.plan.nodes).flatMap((node) =>
          node.kind === 'touch' ? touchWays(node, version.copy) : [],
        );
      const own = await ownSenders(db, principalOf(request));
      const useful = own.filter(({ channel }) => !ways || ways.some((way) => way.channel === channel));
      const settings = version?.settings ?? { senders: {} };
      const named = new Set((await launchSenders(db, { settings, senderIds: null })).map(({ id }) => id));
      const room = await roomToday(db, useful);
      const does = (action: string) => !ways || ways.some((way) => way.action === action);
      return {
        items: useful.map((sender) => ({
          ...sender,
          named: named.has(sender.id),
          today: room.get(sender.id)!.filter(({ action }) => does(action)),
        })),
      };
    },
  });
}
