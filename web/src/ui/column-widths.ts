import { useState } from 'react';

/** Widths (px) of a table's columns by key, as this person set them on this machine. */
export function useColumnWidths(
  table: string,
  columns: readonly { readonly key: string; readonly width: number }[],
): [widths: Readonly<Record<string, number>>, resize: (key: string, width: number) => void] {
  const place = `cadenza.columns.${table}`;
  const [own, setOwn] = useState<Readonly<Record<string, number>>>(() => {
    try {
      return JSON.parse(localStorage.getItem(place) ?? '{}') as Record<string, number>;
    } catch {
      return {};
    }
  });
  const widths = Object.fromEntries(columns.map(({ key, width }) => [key, own[key] ?? width]));
  return [
    widths,
    (key, width) => {
      const next = { ...own, [key]: width };
      setOwn(next);
      localStorage.setItem(place, JSON.stringify(next));
    },
  ];
}
