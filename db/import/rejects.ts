import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type pg from 'pg';
import type { Column } from '../../sequences/leads/columns.ts';
import type { RowWarning } from '../../sequences/leads/row.ts';

const PAGE = 1000;

interface StagedRow {
  readonly n: number;
  readonly cells: string;
  readonly reject: string | null;
  readonly detail: string | null;
  readonly warnings: string | null;
}

/**
 * Writes each row that was not taken, and each cell that was left out, as CSV: line, `rejected` or `warning`, reason, then the
 * row as it was written. Cells that a spreadsheet would run as a formula are made harmless. Ends `out`.
 */
export async function writeRejects(
  client: pg.PoolClient,
  columns: readonly Column[],
  out: Writable,
): Promise<void> {
  const header = ['line', 'kind', 'reason', ...columns.map((column) => column.header)];
  async function* records(): AsyncGenerator<readonly string[]> {
    yield header;
    for (let after = 0; ;) {
      const { rows } = await client.query<StagedRow>(
        `select n, cells, reject, detail, warnings from import_rows
         where (reject is not null or warnings is not null) and n > $1 order by n limit ${PAGE}`,
        [after],
      );
      for (const row of rows) yield* lines(row);
      if (rows.length < PAGE) return;
      after = rows.at(-1)!.n;
    }
  }
  await pipeline(
    Readable.from(records()),
    stringify({ escape_formulas: true, record_delimiter: 'windows' }),
    out,
  );
}

function lines(row: StagedRow): string[][] {
  const cells = JSON.parse(row.cells) as string[];
  if (row.reject !== null) {
    return [
      [
        String(row.n),
        'rejected',
        row.detail === null ? row.reject : `${row.reject}: ${row.detail}`,
        ...cells,
      ],
    ];
  }
  const warnings = JSON.parse(row.warnings ?? '[]') as RowWarning[];
  return warnings.map(({ column, detail }) => [String(row.n), 'warning', `${column}: ${detail}`, ...cells]);
}
