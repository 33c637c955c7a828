import { distance } from 'fastest-levenshtein';

/** One thing that is wrong with a definition, and where. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What is wrong. */
  readonly message: string;
  /** What would be right, when that is known. */
  readonly hint?: string;
}

/** Problems beyond this number are counted, not listed: by then the first ones explain the rest. */
const LISTED = 100;

/** A definition that cannot be used. `message` has one line a problem: `file:line:column: what is wrong (what would be right)`. */
export class SequenceError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
    const listed = sorted.slice(0, LISTED);
    const more = sorted.length - listed.length;
    super([...listed.map(formatProblem), ...(more > 0 ? [`… and ${more} more`] : [])].join('\n'));
    this.name = 'SequenceError';
    this.problems = listed;
  }
}

/** A problem on one line, as editors and terminals link it. */
function formatProblem(problem: Problem): string {
  const { file, line, column, message, hint } = problem;
  return `${file}:${line}:${column}: ${message}${hint ? ` (${hint})` : ''}`;
}

/** The name among `known` that `name` was most likely meant to be, or null when none is close. */
export function nearest(name: string, known: Iterable<string>): string | null {
  const wanted = name.toLowerCase();
  // A third of the letters may be wrong; two letters swapped count as two.
  const wrong = wanted.length < 4 ? 1 : Math.max(2, Math.floor(Math.min(wanted.length, 30) / 3));
  let best = wrong + 1;
  let found: string | null = null;
  for (const candidate of known) {
    const score = distance(wanted, candidate.toLowerCase());
    if (score < best) [best, found] = [score, candidate];
  }
  return found;
}

/** A hint that names the nearest of `known`, or else lists them all (the first dozen). */
export function suggest(name: string, known: Iterable<string>, what = 'known'): string {
  const names = [...known];
  const found = nearest(name, names);
  if (found !== null) return `did you mean ${quote(found)}?`;
  return `${what}: ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}`;
}

/** Quotes a piece of the file for a message, shortened and on one line. */
export function quote(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return `"${line.length > 60 ? `${line.slice(0, 59)}…` : line}"`;
}
