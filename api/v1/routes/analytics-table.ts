/** Reports: what every one of them is asked by, and each as JSON and as CSV. */
import { stringify } from 'csv-stringify/sync';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { USUAL_DAYS } from '../../../db/analytics/range.ts';
import { isZone } from '../../../sequences/calendar/zone.ts';
import { everybody } from '../access/principal.ts';
import type { Api } from '../contract.ts';

const READ = everybody('analytics:read');

export const rangeQuery = {
  from: z.iso.date().optional().describe(`The first local day; without it, ${USUAL_DAYS} days with the last`),
  to: z.iso.date().optional().describe('The last local day; today without it'),
  timeZone: z
    .string()
    .max(60)
    .refine(isZone, 'Give an IANA name such as Europe/Berlin.')
    .default('UTC')
    .describe('Whose days, as an IANA name'),
};

export const rangeSchema = z.object({ from: z.iso.date(), to: z.iso.date(), timeZone: z.string() });
export const counted = z
  .boolean()
  .describe('Whether everything that happened until now is in; what is not, is within seconds');

type Cell = string | number | boolean | null | undefined;

/** A report's table, for spreadsheets. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Registers `/analytics/NAME` and, with the same answer as a table, `/analytics/NAME.csv`. */
export function addReport<Query extends z.ZodObject, Answer extends z.ZodType>(
  app: Api,
  report: {
    readonly name: string;
    readonly summary: string;
    readonly query: Query;
    readonly answer: Answer;
    readonly read: (query: z.output<Query>, request: FastifyRequest) => Promise<z.input<Answer>>;
    readonly table: (answer: z.input<Answer>) => Table;
  },
): void {
  const { name, summary, read, table } = report;
  const query: z.ZodType = report.query;
  const answer: z.ZodType = report.answer;
  app.get(`/analytics/${name}`, {
    schema: {
      operationId: `analytics.${name}`,
      tags: ['Analytics'],
      summary,
      querystring: query,
      response: { 200: answer },
    },
    config: { access: READ },
    handler: (request) => read(request.query as z.output<Query>, request),
  });
  app.get(`/analytics/${name}.csv`, {
    schema: {
      operationId: `analytics.${name}Csv`,
      tags: ['Analytics'],
      summary: `${summary}, as CSV`,
      querystring: query,
      produces: ['text/csv'],
      response: { 200: z.string().describe('CSV, in UTF-8') },
    },
    config: { access: READ },
    handler: async (request, reply) => {
      const { head, rows } = table(await read(request.query as z.output<Query>, request));
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${name}.csv"`)
        .serializer((body: unknown) => body as string)
        .send(csvOf({ head, rows }) as never);
    },
  });
}

/** With a mark by which spreadsheets know that it is UTF-8 (Excel reads “ş” wrongly without); cells that they would run as a formula are made harmless. */
function csvOf({ head, rows }: Table): string {
  return stringify(
    [head, ...rows.map((row) => row.map((cell) => (typeof cell === 'boolean' ? String(cell) : cell)))],
    {
      bom: true,
      escape_formulas: true,
      record_delimiter: 'windows',
    },
  );
}
