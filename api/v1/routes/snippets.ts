/** Texts that reps put into answers. */
import { z } from 'zod';
import {
  addSnippet,
  changeSnippet,
  deleteSnippet,
  listSnippets,
  readSnippet,
  type Snippet,
} from '../../../db/snippets.ts';
import { everybody, principalOf, type Principal } from '../access/principal.ts';
import { assertVersion, byId, listOf, nothing, saysVersion, tag, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problem.ts';

const snippetSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    text: z.string(),
    ownerId: z.uuid().nullable().describe('null: everybody’s'),
    version: z.int(),
  })
  .meta({ id: 'Snippet' });

const fields = { name: z.string().trim().min(1).max(100), text: z.string().min(1).max(20_000) };

export function snippetRoutes(app: Api, { db }: ApiDeps): void {
  app.get('/snippets', {
    schema: {
      operationId: 'snippets.list',
      tags: ['Inbox'],
      summary: 'Everybody’s snippets and one’s own',
      response: { 200: z.object({ items: listOf(snippetSchema) }) },
    },
    config: { access: everybody('inbox:read') },
    handler: async (request) => ({ items: await listSnippets(db, principalOf(request).user.id) }),
  });

  app.post('/snippets', {
    schema: {
      operationId: 'snippets.add',
      tags: ['Inbox'],
      summary: 'Add a snippet; a shared one is a manager’s to add',
      body: z.object({ ...fields, shared: z.boolean().default(false) }),
      response: { 201: snippetSchema },
    },
    config: { access: everybody('inbox:write') },
    handler: async (request, reply) => {
      const { name, text, shared } = request.body;
      const principal = principalOf(request);
      const ownerId = shared ? null : principal.user.id;
      assertMayChange(principal, { ownerId });
      const snippet = await addSnippet(db, { name, text, ownerId });
      request.auditTarget = snippet.id;
      void tag(reply, snippet.version);
      return reply.code(201).send(snippet);
    },
  });

  app.get('/snippets/:id', {
    schema: {
      operationId: 'snippets.read',
      tags: ['Inbox'],
      summary: 'A snippet',
      params: byId,
      response: { 200: snippetSchema },
    },
    config: { access: everybody('inbox:read') },
    handler: async (request, reply) => {
      const snippet = await readSnippet(db, request.params.id, principalOf(request).user.id);
      void tag(reply, snippet.version);
      return snippet;
    },
  });

  app.put('/snippets/:id', {
    schema: {
      operationId: 'snippets.change',
      tags: ['Inbox'],
      summary: 'Change a snippet',
      params: byId,
      body: z.object(fields),
      response: { 200: snippetSchema },
    },
    config: { access: everybody('inbox:write') },
    handler: async (request, reply) => {
      const before = await readSnippet(db, request.params.id, principalOf(request).user.id);
      assertMayChange(principalOf(request), before);
      assertVersion(request, before.version);
      const snippet = await changeSnippet(db, before, request.body);
      void tag(reply, snippet.version);
      return snippet;
    },
  });

  app.delete('/snippets/:id', {
    schema: {
      operationId: 'snippets.delete',
      tags: ['Inbox'],
      summary: 'Delete a snippet',
      params: byId,
      response: { 204: nothing },
    },
    config: { access: everybody('inbox:write') },
    handler: async (request, reply) => {
      const before = await readSnippet(db, request.params.id, principalOf(request).user.id);
      assertMayChange(principalOf(request), before);
      if (saysVersion(request)) assertVersion(request, before.version);
      await deleteSnippet(db, before);
      return reply.code(204).send(null);
    },
  });
}

function assertMayChange({ user }: Principal, { ownerId }: Pick<Snippet, 'ownerId'>): void {
  if (ownerId === null && user.role === 'rep')
    throw new HttpProblem(403, 'not_allowed', 'Shared snippets are a manager’s to change: make your own.');
}
