/** The part of Unipile's API v1 (and v2's follow) that the adapter uses, with the answers of its published OpenAPI document. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Answer, type Context, perform, stamp } from './context.ts';
import type { Rule } from './behaviour.ts';
import { type Accepted, type ChatMessage, idOfSlug, type LinkedinWorld, slugOfId } from './linkedin-world.ts';
import type { Received } from './record.ts';
import { messageHook } from './unipile-hooks.ts';

/** The key that the sandbox's Unipile takes. */
export const UNIPILE_KEY = 'sandbox-unipile-key';

function problem(status: number, type: string, title: string, detail?: string): Answer {
  return { status, body: { title, ...(detail ? { detail } : {}), type: `errors/${type}`, status } };
}

const INVALID_RECIPIENT = problem(
  422,
  'invalid_recipient',
  'Invalid recipient',
  'The recipient cannot be reached.',
);

function refusal(rule: Rule): Answer {
  if (rule.status === undefined && rule.code === undefined && rule.do === 'reject') return INVALID_RECIPIENT;
  const type = String(rule.code ?? (rule.do === 'refuse' ? 'too_many_requests' : 'invalid_recipient'));
  return problem(rule.status ?? (rule.do === 'refuse' ? 429 : 422), type, rule.message ?? 'Refused');
}

/** Registers the routes; to be mounted under the path that stands for Unipile's host. */
export function unipileRoutes(app: FastifyInstance, context: Context, world: LinkedinWorld): void {
  app.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer', bodyLimit: 20_000_000 },
    async (request: FastifyRequest, body: Buffer) => {
      const form = await new Response(new Uint8Array(body), {
        headers: { 'content-type': request.headers['content-type'] ?? '' },
      }).formData();
      return Object.fromEntries(form.entries());
    },
  );

  app.addHook('onRequest', async (request, reply) => {
    const refused = request.headers['x-api-key'] !== UNIPILE_KEY || context.conduct.now.refuseCredentials;
    if (refused) await send(reply, problem(401, 'missing_credentials', 'Missing credentials'));
  });

  function record(
    request: FastifyRequest,
    action: string,
    accountId: string,
    slug: string,
    text: string,
  ): Received {
    const tag = request.headers['x-cadenza-touch'];
    const entry = context.received.append({
      provider: 'unipile',
      channel: 'linkedin',
      action,
      touchId: typeof tag === 'string' ? tag : null,
      from: accountId,
      to: slug,
      ...stamp(context),
      providerId: `${action}_${process.hrtime.bigint().toString(36)}`,
      text,
    });
    const message = world.took(entry);
    // As Unipile does: what the account itself wrote is told, too.
    if (message) context.hooks.later(() => context.hooks.unipile(accountId, messageHook(message)));
    return entry;
  }

  function act(
    request: FastifyRequest,
    reply: FastifyReply,
    action: string,
    accountId: string,
    slug: string,
    text: string,
    answer: (entry: Received) => Answer,
  ): Promise<unknown> {
    return perform(
      context,
      reply,
      { channel: 'linkedin', recipient: slug },
      () => answer(record(request, action, accountId, slug, text)),
      refusal,
    );
  }

  app.get<{ Params: { identifier: string }; Querystring: { account_id?: string; notify?: string } }>(
    '/api/v1/users/:identifier',
    async (request, reply) => {
      const { identifier } = request.params;
      const accountId = request.query.account_id ?? '';
      const slug = slugOfId(identifier) ?? identifier;
      if (!world.exists(slug))
        return send(
          reply,
          problem(404, 'resource_not_found', 'Resource not found', 'The requested resource was not found.'),
        );
      const profile = (): Answer => ({ status: 200, body: profileOf(world, accountId, slug) });
      if (request.query.notify !== 'true') return send(reply, profile());
      return act(request, reply, 'visit', accountId, slug, '', profile);
    },
  );

  app.post<{ Body: { account_id: string; provider_id: string; message?: string } }>(
    '/api/v1/users/invite',
    async (request, reply) => {
      const { account_id: accountId, provider_id: id, message = '' } = request.body;
      const slug = slugOfId(id);
      if (slug === null || !world.exists(slug)) return send(reply, INVALID_RECIPIENT);
      if (message.length > 300)
        return send(reply, problem(400, 'too_many_characters', 'Too many characters'));
      const relation = world.relation(accountId, slug);
      if (relation.connected)
        return send(reply, problem(422, 'action_already_performed', 'Action already performed'));
      if (relation.invitation)
        return send(reply, problem(422, 'already_invited_recently', 'Already invited recently'));
      return act(request, reply, 'invite', accountId, slug, message, (entry) => ({
        status: 201,
        body: { object: 'UserInvitationSent', invitation_id: entry.providerId },
      }));
    },
  );

  app.get<{ Querystring: { account_id?: string } }>('/api/v1/users/invite/sent', async (request) => ({
    object: 'InvitationList',
    items: world.pending(request.query.account_id ?? '').map((each) => ({
      object: 'InvitationSent',
      id: each.id,
      invited_user: null,
      invited_user_id: idOfSlug(each.slug),
      invited_user_public_id: each.slug,
      invited_user_description: null,
      date: each.at,
      parsed_datetime: each.at,
      invitation_text: each.text,
    })),
    cursor: null,
  }));

  app.post<{ Body: { account_id: string; attendees_ids: string; text?: string } }>(
    '/api/v1/chats',
    async (request, reply) => {
      const { account_id: accountId, attendees_ids: id, text = '' } = request.body;
      const slug = slugOfId(id);
      if (slug === null || !world.exists(slug)) return send(reply, INVALID_RECIPIENT);
      if (!world.relation(accountId, slug).connected)
        return send(reply, problem(422, 'no_connection_with_recipient', 'No connection with recipient'));
      return act(request, reply, 'message', accountId, slug, text, (entry) => ({
        status: 201,
        body: {
          object: 'ChatStarted',
          chat_id: world.chatWith(accountId, slug),
          message_id: entry.providerId,
        },
      }));
    },
  );

  app.post<{ Params: { id: string }; Body: { text?: string } }>(
    '/api/v1/chats/:id/messages',
    async (request, reply) => {
      const [chat] = world.messages({ chatId: request.params.id });
      if (!chat)
        return send(reply, problem(404, 'resource_not_found', 'Resource not found', 'Chat not found'));
      return act(request, reply, 'message', chat.accountId, chat.slug, request.body.text ?? '', (entry) => ({
        status: 201,
        body: { object: 'MessageSent', message_id: entry.providerId },
      }));
    },
  );

  app.get<{ Params: { id: string }; Querystring: ListQuery }>(
    '/api/v1/chats/:id/messages',
    async (request, reply) => {
      const messages = world.messages({ chatId: request.params.id });
      if (messages.length === 0)
        return send(reply, problem(404, 'resource_not_found', 'Resource not found', 'Chat not found'));
      return messageList(messages, request.query);
    },
  );

  app.get<{ Querystring: ListQuery & { account_id?: string } }>('/api/v1/messages', async (request) =>
    messageList(world.messages({ accountId: request.query.account_id ?? '' }), request.query),
  );

  app.get<{ Querystring: ListQuery & { account_id?: string } }>(
    '/api/v1/users/relations',
    async (request) => ({
      object: 'UserRelationsList',
      ...paged(world.accepted(request.query.account_id ?? '').map(relationOf), request.query),
    }),
  );

  app.get<{ Params: { id: string }; Querystring: { account_id?: string } }>(
    '/api/v1/chat_attendees/:id/chats',
    async (request) => {
      const slug = slugOfId(request.params.id);
      const chat = slug === null ? null : world.chatWith(request.query.account_id ?? '', slug);
      return {
        object: 'ChatList',
        items: chat === null ? [] : [{ object: 'Chat', id: chat, account_id: request.query.account_id }],
        cursor: null,
      };
    },
  );

  app.get<{ Params: { id: string } }>('/api/v1/accounts/:id', async (request) => ({
    object: 'Account',
    type: 'LINKEDIN',
    id: request.params.id,
    name: `Sandbox ${request.params.id}`,
    sources: [{ id: `${request.params.id}_MESSAGING`, status: context.conduct.now.linkedin.accountStatus }],
  }));

  app.post<{ Params: { account: string; id: string } }>(
    '/v2/:account/users/me/follow/:id',
    async (request, reply) => {
      const slug = slugOfId(request.params.id);
      if (slug === null || !world.exists(slug)) return send(reply, INVALID_RECIPIENT);
      return act(request, reply, 'follow', request.params.account, slug, '', () => ({
        status: 201,
        body: { object: 'UserFollowed' },
      }));
    },
  );
}

interface ListQuery {
  readonly after?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

/** One page; a cursor says how many were there before. */
function paged<T>(all: readonly T[], { limit, cursor }: ListQuery): { items: T[]; cursor: string | null } {
  const start = Number(cursor ?? 0);
  const end = start + Number(limit ?? 100);
  return { items: all.slice(start, end), cursor: end < all.length ? String(end) : null };
}

function messageList(messages: readonly ChatMessage[], query: ListQuery) {
  const after = Date.parse(query.after ?? '') || 0;
  const listed = messages
    .filter((each) => Date.parse(each.at) > after)
    .map((each) => ({
      object: 'Message',
      id: each.id,
      provider_id: each.id,
      sender_id: idOfSlug(each.own ? each.accountId : each.slug),
      text: each.text,
      attachments: [],
      account_id: each.accountId,
      chat_id: each.chatId,
      timestamp: each.at,
      is_sender: each.own ? 1 : 0,
    }));
  return { object: 'MessageList', ...paged(listed, query) };
}

function relationOf({ slug, at }: Accepted) {
  return {
    object: 'UserRelation',
    first_name: slug,
    last_name: null,
    headline: 'Somebody in the sandbox',
    public_identifier: slug,
    public_profile_url: `https://www.linkedin.com/in/${slug}/`,
    member_id: idOfSlug(slug),
    created_at: at,
  };
}

function profileOf(world: LinkedinWorld, accountId: string, slug: string): Record<string, unknown> {
  const { connected, invitation } = world.relation(accountId, slug);
  const [first = slug, ...rest] = slug.split('-').map((part) => part.charAt(0).toUpperCase() + part.slice(1));
  return {
    object: 'UserProfile',
    provider: 'LINKEDIN',
    provider_id: idOfSlug(slug),
    public_identifier: slug,
    first_name: first,
    last_name: rest.join(' ') || null,
    headline: 'Somebody in the sandbox',
    websites: [],
    is_relationship: connected,
    network_distance: connected ? 'FIRST_DEGREE' : 'SECOND_DEGREE',
    ...(invitation ? { invitation: { type: 'SENT', status: 'PENDING' } } : {}),
  };
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply.code(answer.status).send(answer.body);
}
