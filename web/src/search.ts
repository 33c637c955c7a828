/** The search parameters that a page knows, as text; others are dropped. */
export function textOf<Key extends string>(
  search: Readonly<Record<string, unknown>>,
  keys: readonly Key[],
): { readonly [K in Key]?: string } {
  const found: { [K in Key]?: string } = {};
  for (const key of keys) {
    const value = search[key];
    // Typed by hand, `true` and `5` are read as what they look like.
    if (['string', 'number', 'boolean'].includes(typeof value)) found[key] = String(value);
  }
  return found;
}
