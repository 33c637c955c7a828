import Table from 'cli-table3';
import { harmless } from './text.ts';

export type Cell = string | number | null | undefined;

const GAP = 2;
const NARROWEST = 8;
const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' '.repeat(GAP),
} as const;

/**
 * Rows under a head, without rules. On a terminal of `width` columns cells wrap so that lines fit; `width` null (a pipe, a file):
 * each row stays on one line, however long.
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  width: number | null,
): string {
  const texts = [head, ...rows].map((row) =>
    row.map((cell) => {
      const text = harmless(cell == null ? '' : String(cell));
      return width === null ? text.replace(/\s*\n\s*/g, ' ') : text;
    }),
  );
  const widths = head.map((_, column) =>
    Math.max(...texts.map((row) => Math.max(...(row[column] ?? '').split('\n').map(visibleLength)))),
  );
  const fitting = width === null ? widths : fit(widths, width - GAP * (head.length - 1));
  const table = new Table({
    chars: BARE,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colWidths: [...fitting],
    wordWrap: true,
    wrapOnWordBoundary: false,
  });
  table.push(...texts);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function visibleLength(text: string): number {
  // oxlint-disable-next-line no-control-regex
  return [...text.replace(/\u001b\[[0-9;]*m/g, '')].length;
}

/** Takes from the widest column until all fit. */
function fit(widths: readonly number[], room: number): number[] {
  const fitting = [...widths];
  for (let over = fitting.reduce((sum, one) => sum + one, 0) - room; over > 0; over--) {
    const widest = fitting.indexOf(Math.max(...fitting));
    if (fitting[widest]! <= NARROWEST) break;
    fitting[widest]!--;
  }
  return fitting;
}
