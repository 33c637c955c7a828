import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { CsvError, parse, type Info } from 'csv-parse';
import { mapColumns, type Column, type ColumnMapping } from './columns.ts';
import { LeadsCsvError } from './csv-error.ts';
import { detectDelimiter, utf8 } from './encoding.ts';
import { readRow, type LeadFields, type RejectReason, type RowWarning } from './row.ts';

/** How a file of leads is read. */
export interface ReadOptions {
  /** What columns mean, where the known names don't say it: header → field, `attributes.<name>`, or null to leave it out. */
  readonly mapping?: ColumnMapping;
  /** ISO code by which national phone numbers are read in rows without a country. */
  readonly defaultCountry?: string;
  /** Told as the file is read. */
  readonly onProgress?: (progress: { readonly rows: number; readonly bytes: number }) => void;
}

interface RowOf {
  /** Where the row starts in the file, from 1. */
  readonly line: number;
  /** The cells as they were written, long ones cut. */
  readonly cells: readonly string[];
}

/** One row: a lead, or why it is none. */
export type CsvRow =
  | (RowOf & { readonly kind: 'lead'; readonly fields: LeadFields; readonly warnings: readonly RowWarning[] })
  | (RowOf & { readonly kind: 'rejected'; readonly reason: RejectReason; readonly detail: string });

/** The rows of a file, to be read once. `columns` are known from the first row on. */
export interface LeadsCsv extends AsyncIterable<CsvRow> {
  readonly columns: readonly Column[];
}

/** A record that is longer has lost its closing quote. */
const MAX_RECORD = 8 * 1024 * 1024;
const PROGRESS_EVERY = 1000;
/** Bytes. */
const PIECE = 65_536;
const KEPT_CELL = 500;

/**
 * Reads leads from CSV, one row at a time and in constant memory, without any database: the import and the simulator share it.
 * Finds the delimiter (`,` `;` tab `|`); a byte-order mark, quotes and line breaks in cells are fine.
 * Iterating throws LeadsCsvError when the file as a whole cannot be taken; a row that cannot is yielded as `rejected`.
 */
export function readLeadsCsv(
  source: AsyncIterable<Buffer | string> | string,
  options: ReadOptions = {},
): LeadsCsv {
  let columns: readonly Column[] = [];
  const pieces = typeof source === 'string' ? piecesOf(Buffer.from(source)) : source;
  return {
    get columns() {
      return columns;
    },
    [Symbol.asyncIterator]: () => rows(pieces, options, (found) => (columns = found)),
  };
}

/** As a file would come, so that others have their turn between two pieces. */
async function* piecesOf(whole: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at === 0 || at < whole.length; at += PIECE) {
    yield whole.subarray(at, at + PIECE);
    await setImmediate();
  }
}

async function* rows(
  source: AsyncIterable<Buffer | string>,
  options: ReadOptions,
  onColumns: (columns: readonly Column[]) => void,
): AsyncGenerator<CsvRow> {
  let bytes = 0;
  const checked = utf8(source, (total) => (bytes = total));
  const head = await checked.next();
  if (head.done) throw new LeadsCsvError('empty', 'it is empty. Its first line should name the columns.');
  const parser = parse({
    bom: true,
    delimiter: detectDelimiter(head.value),
    record_delimiter: ['\r\n', '\n', '\r'],
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD,
  });
  const input = Readable.from(
    (async function* () {
      yield head.value;
      yield* checked;
    })(),
  );
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);

  let columns: readonly Column[] | null = null;
  let count = 0;
  let ended = 0;
  try {
    for await (const { info, record } of parser as AsyncIterable<{ info: Info; record: string[] }>) {
      const breaks = record.reduce((sum, cell) => sum + lineBreaks(cell), 0);
      ended += 1 + breaks;
      const line = ended - breaks + info.empty_lines;
      if (columns === null) {
        columns = header(record, options.mapping);
        onColumns(columns);
        continue;
      }
      if (record.every((cell) => cell.trim() === '')) continue;
      count++;
      if (count % PROGRESS_EVERY === 0) options.onProgress?.({ rows: count, bytes });
      yield { line, cells: record.map(cut), ...readRow(columns, record, options.defaultCountry ?? null) };
    }
  } catch (error) {
    throw explained(error, ended + 1);
  } finally {
    input.destroy();
    parser.destroy();
  }
  options.onProgress?.({ rows: count, bytes });
  if (columns === null)
    throw new LeadsCsvError('empty', 'it is empty. Its first line should name the columns.');
  if (count === 0) throw new LeadsCsvError('no_rows', 'it has a header but no rows.');
}

function header(record: readonly string[], mapping: ColumnMapping | undefined): readonly Column[] {
  const columns = mapColumns(record, mapping);
  const identifies = columns.some(
    (column) =>
      column.kind === 'field' && ['email', 'phone', 'linkedin_url', 'external_id'].includes(column.field),
  );
  if (identifies) return columns;
  const seen = record.slice(0, 20).map((cell) => `“${cut(cell).slice(0, 60)}”`);
  throw new LeadsCsvError(
    'no_identity_column',
    `no column with an email, phone, LinkedIn URL or id was found. The first line should name the columns; it has ${seen.join(', ')}. Rename a column, or say with a mapping what each means.`,
    1,
  );
}

function lineBreaks(cell: string): number {
  if (!cell.includes('\n') && !cell.includes('\r')) return 0;
  return cell.match(/\r\n|\n|\r/g)?.length ?? 0;
}

function cut(cell: string): string {
  return cell.length > KEPT_CELL ? `${cell.slice(0, KEPT_CELL)}…` : cell;
}

function explained(error: unknown, line: number): unknown {
  if (!(error instanceof CsvError)) return error;
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
    return new LeadsCsvError(
      'quote_not_closed',
      'a cell that starts with a quote in or after this line never ends. Close the quote, or double it (“""”) where it belongs to the text.',
      line,
    );
  }
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    return new LeadsCsvError(
      'record_too_long',
      'the row that starts here has more than 8 MB. A quote is probably not closed.',
      line,
    );
  }
  return new LeadsCsvError('not_csv', `this is not valid CSV (${error.code}).`, line);
}
