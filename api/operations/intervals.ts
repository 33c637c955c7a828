/** How sure one may be of a rate: intervals for counts that are small. */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** 95 %. */
const Z = 1.959963984540054;

/** Wilson's score interval of a rate (95 %); null when nobody was asked. */
export function wilson(hits: number, of: number): Interval | null {
  if (of === 0) return null;
  const p = hits / of;
  const middle = (p + Z ** 2 / (2 * of)) / (1 + Z ** 2 / of);
  const half = (Z / (1 + Z ** 2 / of)) * Math.sqrt((p * (1 - p)) / of + Z ** 2 / (4 * of ** 2));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/**
 * Newcombe's interval of the difference of two independent rates, the second minus the first (95 %; Statistics in Medicine 17,
 * 1998, method 10); null when nobody was asked on one side.
 */
export function newcombe(
  first: [hits: number, of: number],
  second: [hits: number, of: number],
): Interval | null {
  const [a, b] = [wilson(...second), wilson(...first)];
  if (!a || !b) return null;
  const [p, q] = [second[0] / second[1], first[0] / first[1]];
  return {
    low: p - q - Math.sqrt((p - a.low) ** 2 + (b.high - q) ** 2),
    high: p - q + Math.sqrt((a.high - p) ** 2 + (q - b.low) ** 2),
  };
}
