/** Sequences: what there is, what is being written, and publishing it. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { draftTag, dropDraft, findDraft, listDrafts, saveDraft } from '../../../db/drafts.ts';
import { CopyWouldHold } from '../../../db/publish-copy.ts';
import { leadsByStep, readRevision, sequenceLines, versionLines } from '../../../db/sequence-views.ts';
import { loadNewest, loadVersion } from '../../../db/sequences.ts';
import { SequenceError } from '../../../sequences/language/index.ts';
import type { CompiledSequence } from '../../../sequences/plan.ts';
import { stepsFrom } from '../../../sequences/route/plan-channels.ts';
import { publishCompiled } from '../../operations/publish-copy-file.ts';
import { rehearse } from '../../operations/rehearse.ts';
import { differenceOf } from '../../operations/sequence-difference.ts';
import { sequenceGraph } from '../../operations/sequence-graph.ts';
import { compileText } from '../../operations/sequence-text.ts';
import { everybody, managers, principalOf } from '../access/principal.ts';
import {
  ifMatch,
  instant,
  listOf,
  nothing,
  page,
  pageOf,
  paging,
  placeOf,
  tag,
  type Api,
} from '../contract.ts';
import { sightOf } from '../access/sight.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem, notFound } from '../problem.ts';
import {
  byName,
  differenceSchema,
  draftSchema,
  graphSchema,
  mistakeSchema,
  publicationPlanSchema,
  publishedSchema,
  sequenceLineSchema,
  source,
  versionLineSchema,
  versionSchema,
} from './sequence-schemas.ts';

const READ = everybody('sequences:read');
const WRITE = managers('sequences:write');
const SCHEMA = new URL('../../../sequences/schema.json', import.meta.url);
const tags = ['Sequences'];
const revision = z.coerce.number().int().min(1).max(1_000_000).optional();

export function sequenceRoutes(app: Api, { db }: ApiDeps): void {
  app.get('/sequences', {
    schema: {
      operationId: 'sequences.list',
      tags,
      summary: 'The sequences that were published, by name, with numbers over all versions',
      querystring: z.object({ ...paging, search: z.string().max(200).optional() }),
      response: { 200: pageOf(sequenceLineSchema) },
    },
    config: { access: READ },
    handler: async (request) => {
      const { cursor, limit, search } = request.query;
      const after = placeOf('sequences.list', cursor, z.tuple([z.string()]))?.[0] ?? null;
      const sight = sightOf(principalOf(request));
      const rows = await sequenceLines(db, { after, search: search ?? null, limit: limit + 1, sight });
      const lines = rows.map((row) => ({
        ...row,
        answeredRate: row.started === 0 ? null : row.answered / row.started,
      }));
      return page('sequences.list', lines, limit, ({ name }) => [name]);
    },
  });

  app.get('/sequence-schema', {
    schema: {
      operationId: 'sequences.schema',
      tags,
      summary: 'The JSON Schema of definitions, for editors',
      response: { 200: z.record(z.string(), z.unknown()) },
    },
    config: { access: READ },
    handler: async () => JSON.parse(readFileSync(SCHEMA, 'utf8')) as Record<string, unknown>,
  });

  app.post('/sequence-validation', {
    schema: {
      operationId: 'sequences.validate',
      tags,
      summary: 'Check a definition: its mistakes with line and column, and its picture when there is none',
      body: z.object({ source, name: byName.shape.name.default('sequence') }),
      response: {
        200: z.object({
          name: z.string().nullable(),
          problems: listOf(mistakeSchema),
          graph: graphSchema.nullable(),
        }),
      },
    },
    config: { access: READ },
    handler: async (request) => {
      try {
        const compiled = await compileText(db, request.body.source, request.body.name);
        return { name: compiled.name, problems: [], graph: sequenceGraph(compiled) };
      } catch (error) {
        if (!(error instanceof SequenceError)) throw error;
        const problems = error.problems.map(({ line, column, message, hint }) => ({
          line,
          column,
          message,
          hint: hint ?? null,
        }));
        return { name: null, problems, graph: null };
      }
    },
  });

  app.get('/sequence-drafts', {
    schema: {
      operationId: 'sequences.drafts',
      tags,
      summary: 'What is being written',
      response: { 200: z.object({ items: listOf(draftSchema.omit({ source: true })) }) },
    },
    config: { access: READ },
    handler: async () => ({ items: await listDrafts(db) }),
  });

  app.get('/sequences/:name', {
    schema: {
      operationId: 'sequences.read',
      tags,
      summary: 'A version of a sequence: the newest, unless another is asked for',
      params: byName,
      querystring: z.object({ version: z.uuid().optional(), revision }),
      response: { 200: versionSchema },
    },
    config: { access: READ },
    handler: async (request) => {
      const { version, revision: wanted } = request.query;
      const side = await readSide(request.params.name, version, wanted);
      return { ...side, settings: { ...side.settings }, graph: sequenceGraph(side) };
    },
  });

  app.get('/sequences/:name/versions', {
    schema: {
      operationId: 'sequences.versions',
      tags,
      summary: 'Its versions and their revisions of copy, the newest first',
      params: byName,
      response: { 200: z.object({ items: listOf(versionLineSchema) }) },
    },
    config: { access: READ },
    handler: async (request) => {
      const items = await versionLines(db, request.params.name);
      if (items.length === 0) throw notFound('sequence');
      return { items };
    },
  });

  app.get('/sequences/:name/difference', {
    schema: {
      operationId: 'sequences.difference',
      tags,
      summary: 'What differs between two versions or revisions, by step and by line',
      params: byName,
      querystring: z.object({
        from: z.uuid(),
        fromRevision: revision,
        to: z.uuid().optional(),
        toRevision: revision,
      }),
      response: { 200: differenceSchema },
    },
    config: { access: READ },
    handler: async (request) => {
      const { name } = request.params;
      const { from, fromRevision, to, toRevision } = request.query;
      return differenceOf(await readSide(name, from, fromRevision), await readSide(name, to, toRevision));
    },
  });

  app.get('/sequences/:name/draft', {
    schema: {
      operationId: 'sequences.readDraft',
      tags,
      summary: 'What is being written of a sequence',
      params: byName,
      response: { 200: draftSchema },
    },
    config: { access: READ },
    handler: async (request, reply) => {
      const draft = await findDraft(db, request.params.name);
      if (!draft) throw notFound('draft');
      void tag(reply, draftTag(draft));
      return draft;
    },
  });

  app.put('/sequences/:name/draft', {
    schema: {
      operationId: 'sequences.saveDraft',
      tags,
      summary:
        'Keep a draft, whatever is still wrong with it. If-Match: "0" is for one that is not there yet',
      params: byName,
      body: z.object({ source }),
      response: { 200: draftSchema },
    },
    config: { access: WRITE },
    handler: async (request, reply) => {
      const { id } = principalOf(request).user;
      const draft = await saveDraft(
        db,
        { name: request.params.name, source: request.body.source, by: id },
        ifMatch(request),
      );
      void tag(reply, draftTag(draft));
      return draft;
    },
  });

  app.delete('/sequences/:name/draft', {
    schema: {
      operationId: 'sequences.dropDraft',
      tags,
      summary: 'Throw a draft away',
      params: byName,
      response: { 204: nothing },
    },
    config: { access: WRITE },
    handler: async (request, reply) => {
      await dropDraft(db, request.params.name, ifMatch(request));
      return reply.code(204).send(null);
    },
  });

  app.post('/sequences/:name/publication-plan', {
    schema: {
      operationId: 'sequences.planPublication',
      tags,
      summary: 'What publishing this would do, also to leads that are on their way; nothing is published',
      params: byName,
      body: z.object({ source }),
      response: { 200: publicationPlanSchema },
    },
    config: { access: WRITE },
    handler: async (request) => {
      const compiled = await compileNamed(request.params.name, request.body.source);
      const newest = await findNewest(compiled.name);
      const difference = differenceOf(newest, compiled);
      const ahead = newest ? await leadsByStep(db, newest.id) : [];
      const changed = new Set(
        difference.steps.filter(({ change }) => change === 'text').map(({ step }) => step),
      );
      const gets = (from: string | null) =>
        difference.footerChanged ||
        (from !== null && [...stepsFrom(compiled.plan, from)].some((step) => changed.has(step)));
      const sum = (rows: typeof ahead) => rows.reduce((total, { leads }) => total + leads, 0);
      const affected = difference.structureChanged
        ? 0
        : sum(ahead.filter(({ step }) => gets(step ?? compiled.plan.start)));
      const told = { running: sum(ahead), affected, difference };
      try {
        const { outcome } = await rehearse(db, (rehearsal) => publishCompiled(rehearsal, compiled));
        return { ...told, outcome, holds: [] };
      } catch (error) {
        if (!(error instanceof CopyWouldHold)) throw error;
        return { ...told, outcome: 'would_hold' as const, holds: error.holds };
      }
    },
  });

  app.post('/sequences/:name/publication', {
    schema: {
      operationId: 'sequences.publish',
      tags,
      summary:
        'Publish a definition: a new structure as a version, new texts for the leads that are on their way too',
      params: byName,
      body: z.object({ source }),
      response: { 200: publishedSchema.extend({ publishedAt: instant }) },
    },
    config: { access: WRITE },
    handler: async (request) => {
      const compiled = await compileNamed(request.params.name, request.body.source);
      const published = await publishCompiled(db, compiled);
      const draft = await findDraft(db, compiled.name);
      if (draft?.source === request.body.source) await dropDraft(db, compiled.name, null);
      const { publishedAt } = await readRevision(db, published.versionId, published.revision);
      return { ...published, publishedAt };
    },
  });

  async function compileNamed(name: string, text: string): Promise<CompiledSequence> {
    const compiled = await compileText(db, text, name);
    if (compiled.name !== name)
      throw new HttpProblem(422, 'other_name', `The definition is named "${compiled.name}", not "${name}".`);
    return compiled;
  }

  async function findNewest(name: string) {
    return (await loadNewest(db, name)) && readSide(name, undefined, undefined);
  }

  async function readSide(name: string, versionId: string | undefined, wanted: number | undefined) {
    const version = versionId === undefined ? await loadNewest(db, name) : await loadVersion(db, versionId);
    if (!version || version.name !== name) throw notFound('version');
    return { ...version, ...(await readRevision(db, version.id, wanted ?? null)) };
  }
}
