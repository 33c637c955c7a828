/** Looking at a CSV file of leads before it is imported. */
import type { ColumnMapping, LeadField } from '../../sequences/leads/columns.ts';
import { LEAD_FIELDS } from '../../sequences/leads/columns.ts';
import { readLeadsCsv } from '../../sequences/leads/read-csv.ts';

const ROWS = 20;
const SAMPLES = 3;

export interface ImportPreview {
  readonly fields: readonly LeadField[];
  readonly columns: readonly {
    readonly header: string;
    readonly target: string | null;
    readonly samples: readonly string[];
  }[];
  readonly rows: readonly {
    readonly line: number;
    readonly name: string | null;
    readonly identity: string | null;
    readonly company: string | null;
    readonly title: string | null;
    readonly country: string | null;
    readonly problem: string | null;
    readonly warnings: readonly string[];
  }[];
}

/** What the columns would become, and the first rows. @throws LeadsCsvError */
export async function previewLeadsCsv(
  content: Buffer,
  {
    mapping,
    defaultCountry,
  }: { readonly mapping: ColumnMapping; readonly defaultCountry?: string | undefined },
): Promise<ImportPreview> {
  const csv = readLeadsCsv(content.toString(), { mapping, ...(defaultCountry && { defaultCountry }) });
  const rows: ImportPreview['rows'][number][] = [];
  const samples: string[][] = [];
  for await (const row of csv) {
    row.cells.forEach((cell, index) => {
      const seen = (samples[index] ??= []);
      if (seen.length < SAMPLES && cell.trim() !== '') seen.push(cell.trim().slice(0, 120));
    });
    rows.push(
      row.kind === 'rejected'
        ? {
            line: row.line,
            name: null,
            identity: null,
            company: null,
            title: null,
            country: null,
            problem: row.detail,
            warnings: [],
          }
        : {
            line: row.line,
            name: [row.fields.firstName, row.fields.lastName].filter(Boolean).join(' ') || null,
            identity:
              row.fields.emails[0] ?? row.fields.linkedinUrl ?? row.fields.phones[0] ?? row.fields.externalId,
            company: row.fields.company,
            title: row.fields.title,
            country: row.fields.country,
            problem: null,
            warnings: row.warnings.map(({ column, detail }) => `${column}: ${detail}`),
          },
    );
    if (rows.length >= ROWS) break;
  }
  const columns = csv.columns.map((column, index) => ({
    header: column.header,
    target:
      column.kind === 'field'
        ? column.field
        : column.kind === 'attribute'
          ? `attributes.${column.name}`
          : null,
    samples: samples[index] ?? [],
  }));
  return { fields: LEAD_FIELDS, columns, rows };
}
