import type { ReactNode } from 'react';
import classes from './Rows.module.css';

export interface RowsColumn<Row> {
  readonly key: string;
  readonly header: string;
  readonly numeric?: boolean;
  /** Left out on a phone. */
  readonly wide?: boolean;
  readonly render: (row: Row) => ReactNode;
}

/** A short table: everything in the page, as wide as it needs. Long lists are a DataTable. */
export function Rows<Row>({
  label,
  columns,
  rows,
  rowKey,
}: {
  label: string;
  columns: readonly RowsColumn<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
}) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
    <div className={classes.frame} role="region" aria-label={label} tabIndex={0}>
      <table className={classes.table}>
        <thead>
          <tr>
            {columns.map(({ key, header, numeric, wide }) =>
              header === '' ? (
                <td key={key} />
              ) : (
                <th key={key} scope="col" data-numeric={numeric || undefined} data-wide={wide || undefined}>
                  {header}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ key, render, numeric, wide }) => (
                <td key={key} data-numeric={numeric || undefined} data-wide={wide || undefined}>
                  {render(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
