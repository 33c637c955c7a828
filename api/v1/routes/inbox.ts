/** What leads wrote on every channel, and what is answered. */
import { z } from 'zod';
import { mailHtml } from '../../operations/mail-html.ts';
import { reply } from '../../operations/reply.ts';
import {
  classMessage,
  conversation,
  keptMessage,
  listInbox,
  matchMessage,
  rawMessage,
} from '../../../db/conversations.ts';
import { deskMessages } from '../../../db/desk.ts';
import { timeline } from '../../../db/history.ts';
import { MESSAGE_CLASSES } from '../../../db/messages.ts';
import { settleReply } from '../../../db/replies.ts';
import { everybody, principalOf } from '../access/principal.ts';
import { assertSees, sightOf } from '../access/sight.ts';
import { byId, instant, listOf, page, pageOf, paging, placeOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problem.ts';

const CHANNELS = ['email', 'linkedin', 'sms', 'whatsapp', 'call'] as const;
const REPLY_CHANNELS = ['email', 'linkedin', 'sms', 'whatsapp'] as const;

const message = {
  id: z.uuid(),
  leadId: z.uuid().nullable().describe('null: from somebody whom nobody knows'),
  name: z.string().nullable(),
  company: z.string().nullable(),
  channel: z.enum(CHANNELS),
  address: z.string().nullable(),
  at: instant,
  class: z.enum(MESSAGE_CLASSES),
  classBy: z.enum(['rule', 'person']),
  body: z.string(),
  sequence: z.string().nullable().describe('Of the touch that it answers'),
  step: z.string().nullable(),
  settled: z.boolean().describe('It waits for nobody (any more)'),
  maybe: z
    .object({ leadId: z.uuid(), name: z.string().nullable() })
    .nullable()
    .describe('Whose it may be: somebody at the domain of a lead wrote, and a person says'),
};

const messageSchema = z.object(message).meta({ id: 'InboxMessage' });
const conversationSchema = z
  .object({
    ...message,
    waiting: z.int().describe('So many messages of this conversation wait for an answer'),
    unconfirmed: z.boolean().describe('An answer of ours may have gone out or not: somebody has to say'),
  })
  .meta({ id: 'InboxConversation' });

const utteranceSchema = z
  .object({
    id: z.uuid(),
    from: z.enum(['us', 'lead']),
    channel: z.string(),
    at: instant,
    sender: z.string().nullable(),
    step: z.string().nullable(),
    subject: z.string().nullable(),
    body: z.string().describe('As plain text'),
    class: z.enum(MESSAGE_CLASSES).nullable(),
    answers: z.uuid().nullable(),
    state: z.string().nullable().describe('Ours: sent, sending or unconfirmed'),
  })
  .meta({ id: 'Utterance' });

const replySchema = z
  .object({
    id: z.uuid(),
    leadId: z.uuid(),
    channel: z.enum(REPLY_CHANNELS),
    senderId: z.uuid(),
    state: z.enum(['sending', 'sent', 'failed', 'unconfirmed']),
    reason: z.string().nullable(),
    detail: z.string().nullable(),
  })
  .meta({ id: 'Reply' });

const state = z.enum(['open', 'all']).default('open').describe('open: what waits for an answer');

const afterOf = (list: string, cursor: string | undefined) => {
  const place = placeOf(list, cursor, z.tuple([z.iso.datetime(), z.uuid()]));
  return place && { at: new Date(place[0]), id: place[1] };
};
const placeIn = (row: { readonly at: Date; readonly id: string }) => [row.at.toISOString(), row.id];

export function inboxRoutes(app: Api, deps: ApiDeps): void {
  const { db, hashIdentity, wake } = deps;

  app.get('/inbox', {
    schema: {
      operationId: 'inbox.list',
      tags: ['Inbox'],
      summary: 'Conversations, each as its newest message, the newest first',
      querystring: z.object({
        ...paging,
        state,
        channel: z.enum(CHANNELS).optional(),
        class: z.enum(MESSAGE_CLASSES).optional(),
        leadId: z.uuid().optional(),
      }),
      response: { 200: pageOf(conversationSchema) },
    },
    config: { access: everybody('inbox:read') },
    handler: async (request) => {
      const { cursor, limit, state, channel, class: as, leadId } = request.query;
      const rows = await deskMessages(db, sightOf(principalOf(request)), {
        all: state === 'all',
        channel,
        class: as,
        leadId,
        after: afterOf('inbox.list', cursor),
        limit: limit + 1,
      });
      return page('inbox.list', rows, limit, placeIn);
    },
  });

  app.get('/inbox/messages', {
    schema: {
      operationId: 'inbox.messages',
      tags: ['Inbox'],
      summary: 'Every message that came in, the newest first',
      querystring: z.object({ ...paging, state }),
      response: { 200: pageOf(messageSchema) },
    },
    config: { access: everybody('inbox:read') },
    handler: async (request) => {
      const { cursor, limit, state } = request.query;
      const rows = await listInbox(
        db,
        { all: state === 'all', after: afterOf('inbox.messages', cursor), limit: limit + 1 },
        sightOf(principalOf(request)),
      );
      return page('inbox.messages', rows, limit, placeIn);
    },
  });

  app.get('/inbox/leads/:id', {
    schema: {
      operationId: 'inbox.conversation',
      tags: ['Inbox'],
      summary: 'Everything that was said to a lead and by a lead, over all channels',
      params: byId,
      response: {
        200: z.object({
          lead: z.object({
            id: z.uuid(),
            name: z.string(),
            email: z.string().nullable(),
            company: z.string().nullable(),
            timeZone: z.string(),
          }),
          items: listOf(utteranceSchema).describe('Oldest first; the newest 200'),
        }),
      },
    },
    config: { access: everybody('inbox:read') },
    handler: async (request) => {
      const { id } = request.params;
      await assertSees(db, request, 'lead', id);
      const [{ lead, timeZone }, items] = await Promise.all([timeline(db, id, 1), conversation(db, id)]);
      return { lead: { ...lead, timeZone }, items };
    },
  });

  app.post('/inbox/leads/:id/replies', {
    schema: {
      operationId: 'inbox.reply',
      tags: ['Inbox'],
      summary: 'Answer a lead in the thread, at once; with an Idempotency-Key it never goes out twice',
      params: byId,
      body: z.object({
        text: z.string().min(1).max(100_000),
        messageId: z.uuid().optional().describe('What is answered; default: the newest'),
        channel: z.enum(REPLY_CHANNELS).optional(),
        anyway: z.boolean().default(false).describe('Also to somebody who must not be contacted'),
      }),
      response: { 200: replySchema },
    },
    config: { access: everybody('inbox:write') },
    handler: async (request) => {
      const { id } = request.params;
      await assertSees(db, request, 'lead', id);
      const { text, messageId, channel, anyway } = request.body;
      const key = request.headers['idempotency-key'];
      return reply(deps, {
        leadId: id,
        text,
        anyway,
        ...(messageId !== undefined && { messageId }),
        ...(channel !== undefined && { channel }),
        // The row is found by it also when the answer to the first request was lost with its process.
        ...(typeof key === 'string' && { key: `${principalOf(request).user.id} ${id} ${key}` }),
      });
    },
  });

  app.post('/replies/:id/settle', {
    schema: {
      operationId: 'inbox.settle',
      tags: ['Inbox'],
      summary: 'Say whether an answer went out, of which nobody could find out',
      params: byId,
      body: z.object({ sent: z.boolean() }),
      response: { 200: replySchema },
    },
    config: { access: everybody('inbox:write') },
    handler: async (request) => {
      await assertSees(db, request, 'reply', request.params.id);
      return settleReply(db, request.params.id, request.body.sent);
    },
  });

  app.post('/inbox/messages/:id/class', {
    schema: {
      operationId: 'inbox.class',
      tags: ['Inbox'],
      summary: 'Say what a message is; it waits for nobody any more, and `unsubscribe` has its effect',
      params: byId,
      body: z.object({ class: z.enum(MESSAGE_CLASSES) }),
      response: { 200: z.object({ leadId: z.uuid().nullable() }) },
    },
    config: { access: everybody('inbox:write') },
    handler: async (request) => {
      await assertSees(db, request, 'message', request.params.id);
      const done = await classMessage(db, hashIdentity, request.params.id, request.body.class);
      wake({ enrollments: done.wake });
      return { leadId: done.leadId };
    },
  });

  app.post('/inbox/messages/:id/match', {
    schema: {
      operationId: 'inbox.match',
      tags: ['Inbox'],
      summary: 'Say whose message it is; from then on it is that lead’s answer',
      params: byId,
      body: z.object({ leadId: z.uuid().nullable().describe('null: whose it was guessed to be') }),
      response: { 200: z.object({ leadId: z.uuid().nullable() }) },
    },
    config: { access: everybody('inbox:write') },
    handler: async (request) => {
      const { leadId } = request.body;
      await assertSees(db, request, 'message', request.params.id);
      await (leadId === null
        ? assertSees(db, request, 'guess', request.params.id)
        : assertSees(db, request, 'lead', leadId));
      const done = await matchMessage(db, hashIdentity, request.params.id, leadId);
      wake({ enrollments: done.wake });
      return { leadId: done.leadId };
    },
  });

  app.get('/inbox/messages/:id/raw', {
    schema: {
      operationId: 'inbox.raw',
      tags: ['Inbox'],
      summary: 'The mail as it came (RFC 5322), for as long as it is kept',
      params: byId,
      produces: ['message/rfc822'],
      response: { 200: z.string().describe('The mail, byte by byte') },
    },
    config: { access: everybody('inbox:read') },
    handler: async (request, answer) => {
      await assertSees(db, request, 'message', request.params.id);
      const raw = await keptMessage(db, request.params.id);
      return answer
        .type('message/rfc822')
        .header('content-disposition', `attachment; filename="${request.params.id}.eml"`)
        .header('x-content-type-options', 'nosniff')
        .send(raw as unknown as string);
    },
  });

  app.get('/inbox/messages/:id/html', {
    schema: {
      operationId: 'inbox.html',
      tags: ['Inbox'],
      summary: 'The HTML part of a mail, as a page that can do nothing, for a sandboxed frame',
      params: byId,
      querystring: z.object({
        images: z
          .stringbool()
          .default(false)
          .describe('Remote images, by which senders learn that it was read'),
      }),
      produces: ['text/html'],
      response: { 200: z.string().describe('A page') },
    },
    config: { access: everybody('inbox:read') },
    handler: async (request, reply) => {
      await assertSees(db, request, 'message', request.params.id);
      const raw = await rawMessage(db, request.params.id);
      const html = raw && (await mailHtml(raw));
      if (html === null || html === undefined)
        throw new HttpProblem(404, 'not_found', 'This message has no HTML, or it is not kept any more.');
      return (
        reply
          .type('text/html; charset=utf-8')
          .header('content-security-policy', framePolicy(request.query.images))
          .header('referrer-policy', 'no-referrer')
          .header('x-content-type-options', 'nosniff')
          .serializer((body: unknown) => body as string)
          // A link that somebody follows opens a page of its own; in the frame it would be refused.
          .send(`<base target="_blank">${html}`)
      );
    },
  });
}

/** Styles and inline images only; the document is nobody's (`sandbox` without `allow-same-origin`), whoever opens it. */
const framePolicy = (images: boolean): string =>
  [
    'sandbox allow-popups allow-popups-to-escape-sandbox',
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `img-src data:${images ? ' https: http:' : ''}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
