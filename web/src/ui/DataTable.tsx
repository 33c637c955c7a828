import { Button, Checkbox, Text } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, type CSSProperties, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useColumnWidths } from './column-widths.ts';
import classes from './DataTable.module.css';

export interface Column<Row> {
  /** Also the name by which the API sorts, when it is `sortable`. */
  readonly key: string;
  readonly header: string;
  readonly render: (row: Row) => ReactNode;
  /** px; people change it by dragging, and it stays so on this machine. */
  readonly width: number;
  /** Right-aligned, tabular figures. */
  readonly numeric?: boolean;
  readonly sortable?: boolean;
  /** Left out on a phone, where the first column takes what is left. */
  readonly wide?: boolean;
}

export interface DataTableProps<Row> {
  /** What the table is, for screen readers and for remembering widths. */
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** By what it is sorted: a column's key, `-` before it for descending. */
  readonly sort?: string;
  readonly onSort?: (sort: string) => void;
  readonly onOpen?: (row: Row) => void;
  /** The row that is open beside the list. */
  readonly openKey?: string | null;
  /** The row that keys are about. */
  readonly cursorKey?: string | null;
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (selected: ReadonlySet<string>) => void;
  /** How a row is called, for its checkbox. */
  readonly nameOf?: (row: Row) => string;
  /** There are more rows to be had. */
  readonly onMore?: (() => void) | undefined;
  readonly loadingMore?: boolean;
}

const ROW_HEIGHT = 40;

/** A list of any length: sticky header, sorting, columns that people resize, and only the rows that are seen in the page. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { name, columns, rows, rowKey, selected, onSelect, onMore, loadingMore = false } = props;
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const [widths, resize] = useColumnWidths(name, columns);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const seen = virtual.getVirtualItems();
  const last = seen.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onMore && !loadingMore && last >= rows.length - 20) onMore();
  }, [last, rows.length, onMore, loadingMore]);

  const cursor = props.cursorKey == null ? -1 : rows.findIndex((row) => rowKey(row) === props.cursorKey);
  useEffect(() => {
    if (cursor >= 0) virtual.scrollToIndex(cursor, { align: 'auto' });
  }, [cursor, virtual]);

  const toggle = (key: string) => {
    const next = new Set(selected);
    if (!next.delete(key)) next.add(key);
    onSelect?.(next);
  };
  const all = selected !== undefined && rows.length > 0 && rows.every((row) => selected.has(rowKey(row)));
  const before = seen[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (seen.at(-1)?.end ?? 0);
  return (
    <div ref={frame} className={classes.frame} tabIndex={0} role="region" aria-label={name}>
      <table className={classes.table} aria-rowcount={onMore ? -1 : rows.length + 1}>
        <thead>
          <tr>
            {onSelect && (
              <th className={classes.check}>
                <Checkbox
                  size="xs"
                  aria-label={t('list.selectAll')}
                  checked={all}
                  indeterminate={!all && selected !== undefined && selected.size > 0}
                  onChange={() => onSelect(all ? new Set() : new Set(rows.map(rowKey)))}
                />
              </th>
            )}
            {columns.map((column) => (
              <Header
                key={column.key}
                column={column}
                width={widths[column.key]!}
                onResize={(width) => resize(column.key, width)}
                {...(props.sort !== undefined && { sort: props.sort })}
                {...(props.onSort && { onSort: props.onSort })}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <Spacer height={before} />}
          {seen.map(({ index }) => {
            const row = rows[index]!;
            const key = rowKey(row);
            return (
              <tr
                key={key}
                aria-rowindex={index + 2}
                data-open={props.openKey === key || undefined}
                data-cursor={index === cursor || undefined}
                data-selected={selected?.has(key) || undefined}
                data-link={props.onOpen !== undefined || undefined}
                onClick={(event) => {
                  if (!(event.target as HTMLElement).closest('a,button,input,label')) props.onOpen?.(row);
                }}
              >
                {onSelect && (
                  <td className={classes.check}>
                    <Checkbox
                      size="xs"
                      aria-label={t('list.select', { name: props.nameOf?.(row) ?? key })}
                      checked={selected?.has(key) ?? false}
                      onChange={() => toggle(key)}
                    />
                  </td>
                )}
                {columns.map((column) => (
                  <td
                    key={column.key}
                    data-numeric={column.numeric || undefined}
                    data-wide={column.wide || undefined}
                  >
                    {column.render(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && <Spacer height={after} />}
        </tbody>
      </table>
      {onMore && (
        <div className={classes.more}>
          {loadingMore ? (
            <Text size="sm" c="dimmed" role="status">
              {t('list.loading')}
            </Text>
          ) : (
            <Button variant="subtle" size="compact-sm" onClick={onMore}>
              {t('list.loadMore')}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

function Spacer({ height }: { height: number }) {
  return (
    <tr aria-hidden>
      <td className={classes.spacer} style={{ height }} />
    </tr>
  );
}

interface HeaderProps<Row> {
  readonly column: Column<Row>;
  readonly width: number;
  readonly onResize: (width: number) => void;
  readonly sort?: string;
  readonly onSort?: (sort: string) => void;
}

function Header<Row>({ column, width, onResize, sort, onSort }: HeaderProps<Row>) {
  const { t } = useTranslation();
  const direction = sort === column.key ? 'ascending' : sort === `-${column.key}` ? 'descending' : undefined;
  const Arrow = direction === 'descending' ? IconArrowDown : IconArrowUp;
  return (
    <th
      style={{ '--width': `${width}px` } as CSSProperties}
      data-numeric={column.numeric || undefined}
      data-wide={column.wide || undefined}
      {...(direction && { 'aria-sort': direction })}
      scope="col"
    >
      {column.sortable && onSort ? (
        <button
          type="button"
          className={classes.sort}
          title={t('list.sortBy', { name: column.header })}
          onClick={() => onSort(direction === 'ascending' ? `-${column.key}` : column.key)}
        >
          {column.header}
          {direction && <Arrow size={12} aria-hidden />}
        </button>
      ) : (
        column.header
      )}
      <span
        className={classes.grip}
        aria-hidden
        onPointerDown={(event) => {
          const from = event.clientX;
          const target = event.currentTarget;
          target.setPointerCapture(event.pointerId);
          target.onpointermove = (move) => onResize(Math.max(64, width + move.clientX - from));
          target.onpointerup = () => (target.onpointermove = null);
        }}
      />
    </th>
  );
}
