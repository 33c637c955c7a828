/** Files of leads: sent, looked at, imported. */
import { z } from 'zod';
import {
  addImport,
  claimImport,
  importContent,
  importRejects,
  listImports,
  readImport,
  type LeadImport,
} from '../../../db/imports.ts';
import { LEAD_FIELDS } from '../../../sequences/leads/columns.ts';
import { previewLeadsCsv } from '../../operations/preview-import.ts';
import { everybody, principalOf, type Principal } from '../access/principal.ts';
import { importerOf } from '../access/launching.ts';
import { byId, instant, listOf, page, pageOf, paging, placeOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problem.ts';

export const MAX_FILE = 20 * 1024 * 1024;

/** What became, or would become, of the rows. */
export const reportSchema = z.object({
  rows: z.int(),
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  duplicates: z.int(),
  rejected: z.record(z.string(), z.int()),
  warnings: z.int(),
});

const importSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    state: z
      .enum(['uploaded', 'running', 'stuck', 'done', 'failed'])
      .describe('stuck: who imported it has ended; run it again'),
    size: z.int().describe('Bytes'),
    kept: z.boolean().describe('The file is still here'),
    rowsDone: z.int(),
    phase: z.enum(['reading', 'merging']).nullable(),
    report: reportSchema.nullable(),
    error: z.string().nullable(),
    hasRejects: z.boolean().describe('Rows that were not taken can be had as CSV'),
    createdAt: instant,
    doneAt: instant.nullable(),
  })
  .meta({ id: 'LeadImport' });

export const mapping = z
  .record(z.string().max(500), z.string().max(100).nullable())
  .describe(
    'Column → field, attributes.<name>, or null to leave it out; columns that are not named are guessed',
  );
export const defaultCountry = z
  .string()
  .regex(/^[A-Z]{2}$/)
  .describe('By which phone numbers without a country are read');

export function importRoutes(app: Api, { db, hashIdentity, log }: ApiDeps): void {
  const write = { access: everybody('leads:write') };
  const underWay = new Set<Promise<void>>();
  app.addHook('onClose', async () => {
    await Promise.all(underWay);
  });
  const whose = ({ user }: Principal) => (user.role === 'admin' ? null : user.id);

  app.post('/imports', {
    bodyLimit: MAX_FILE,
    schema: {
      operationId: 'imports.add',
      tags: ['Imports'],
      summary: 'Send a CSV file of leads (text/csv, up to 20 MB); nothing is imported yet',
      querystring: z.object({ name: z.string().trim().min(1).max(200).default('leads.csv') }),
      consumes: ['text/csv'],
      body: z.string(),
      response: { 201: importSchema },
    },
    config: write,
    handler: async (request, reply) => {
      if (request.body.trim() === '')
        throw new HttpProblem(
          422,
          'bad_csv',
          'The file is empty: send one with a header and a row per lead.',
        );
      // What a browser or the parser could not read as UTF-8 is U+FFFD by now.
      if (request.body.includes('\u0000') || request.body.includes('\ufffd'))
        throw new HttpProblem(
          422,
          'bad_csv',
          'The file is no text in UTF-8. Save it as “CSV UTF-8” and send it again.',
        );
      const added = await addImport(db, {
        userId: principalOf(request).user.id,
        name: request.query.name,
        content: request.body,
      });
      request.auditTarget = added.id;
      return reply.code(201).send(added);
    },
  });

  app.get('/imports', {
    schema: {
      operationId: 'imports.list',
      tags: ['Imports'],
      summary: 'One’s own imports (an admin: everybody’s), the newest first',
      querystring: z.object(paging),
      response: { 200: pageOf(importSchema) },
    },
    config: { access: everybody('leads:read') },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const after = placeOf(
        'imports.list',
        cursor,
        z.tuple([
          z.iso.datetime({ offset: true }).or(z.string().regex(/^\d{4}-[\d :.+-]{10,40}$/)),
          z.uuid(),
        ]),
      );
      const rows = await listImports(db, { userId: whose(principalOf(request)), after, limit: limit + 1 });
      return page('imports.list', rows, limit, (row) => [row.place, row.id]);
    },
  });

  app.get('/imports/:id', {
    schema: {
      operationId: 'imports.read',
      tags: ['Imports'],
      summary: 'An import: how far it is, and what came of it',
      params: byId,
      response: { 200: importSchema },
    },
    config: { access: everybody('leads:read') },
    handler: async (request): Promise<LeadImport> =>
      readImport(db, request.params.id, whose(principalOf(request))),
  });

  app.post('/imports/:id/preview', {
    schema: {
      operationId: 'imports.preview',
      tags: ['Imports'],
      summary: 'What the columns of the file would become, and its first rows; nothing is written',
      params: byId,
      body: z.object({ mapping: mapping.default({}), defaultCountry: defaultCountry.optional() }),
      response: {
        200: z.object({
          fields: listOf(z.enum(LEAD_FIELDS)).describe('What a column can become'),
          columns: listOf(
            z.object({
              header: z.string(),
              target: z.string().nullable().describe('A field, attributes.<name>, or null: left out'),
              samples: listOf(z.string()),
            }),
          ),
          rows: listOf(
            z.object({
              line: z.int(),
              name: z.string().nullable(),
              identity: z.string().nullable(),
              problem: z.string().nullable().describe('Why it would not be taken'),
              warnings: listOf(z.string()),
            }),
          ),
        }),
      },
    },
    config: write,
    handler: async (request) => {
      const { id } = request.params;
      await readImport(db, id, whose(principalOf(request)));
      const content = await importContent(db, id);
      if (!content) throw new HttpProblem(410, 'not_kept', 'The file is not kept any more: send it again.');
      return previewLeadsCsv(content, request.body);
    },
  });

  app.post('/imports/:id/run', {
    schema: {
      operationId: 'imports.run',
      tags: ['Imports'],
      summary: 'Import the file, in the background; all of it or nothing',
      params: byId,
      body: z.object({ mapping: mapping.default({}), defaultCountry: defaultCountry.optional() }),
      response: { 202: importSchema },
    },
    config: write,
    handler: async (request, reply) => {
      const { id } = request.params;
      const principal = principalOf(request);
      const own = whose(principal);
      await readImport(db, id, own);
      const importer = importerOf(principal);
      const work = await claimImport(db, id, { hashIdentity, importer, ...request.body });
      const running = work().finally(() => underWay.delete(running));
      underWay.add(running);
      log.info({ import: id }, 'an import began');
      return reply.code(202).send(await readImport(db, id, own));
    },
  });

  app.get('/imports/:id/rejects.csv', {
    schema: {
      operationId: 'imports.rejects',
      tags: ['Imports'],
      summary:
        'The rows that were not taken and the cells that were left out, with the reason, as CSV; kept for a day',
      params: byId,
      produces: ['text/csv'],
      response: { 200: z.string().describe('CSV, in UTF-8') },
    },
    config: { access: everybody('leads:read') },
    handler: async (request, reply) => {
      const { id } = request.params;
      await readImport(db, id, whose(principalOf(request)));
      const rejects = await importRejects(db, id);
      if (rejects === null)
        throw new HttpProblem(404, 'not_found', 'Every row was taken, or it is more than a day ago.');
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="rejects.csv"')
        .serializer((body: unknown) => body as string)
        .send(rejects);
    },
  });
}
