/** The search parameters that a page knows, as text; others are dropped. */
export function textOf<Key extends string>(
  search: Readonly<Record<string, unknown>>,
  keys: readonly Key[],
): { readonly [K in Key]?: string } {
  const found: { [K in Key]?: string } = {};
  for (const key of keys) {
    const value = search[key];
    if (typeof value === 'string' || typeof value === 'number') found[key] = String(value);
  }
  return found;
}
