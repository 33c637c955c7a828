/** Nested deeper, a value is none of ours, and what walks through it by calling itself does not come back. */
const MAX_DEPTH = 50;
/** NUL, and halves of characters: PostgreSQL stores neither. */
const NO_TEXT = /[\0\p{Cs}]/u;

/** What a parsed body has that cannot be stored, to go behind “The body”; null: nothing. */
export function unstorable(body: unknown): string | null {
  const left: [value: unknown, depth: number][] = [[body, 0]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [value, depth] = next;
    if (typeof value === 'string' && NO_TEXT.test(value))
      return 'has a NUL or half a character (a lone surrogate) in a text';
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
    for (const [name, inner] of Object.entries(value)) {
      if (NO_TEXT.test(name)) return 'has a NUL or half a character (a lone surrogate) in a name';
      left.push([inner, depth + 1]);
    }
  }
  return null;
}
