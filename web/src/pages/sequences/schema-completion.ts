/** What may be written at a place of a sequence's YAML, by its JSON Schema. */
import type {
  Completion,
  CompletionContext,
  CompletionResult,
  CompletionSource,
} from '@codemirror/autocomplete';

type Schema = Readonly<Record<string, unknown>>;

/** The keys above a line, by indentation, outermost first; `[]` for an item of a list. */
export function pathAt(lines: readonly string[], row: number): string[] {
  const path: string[] = [];
  let indent = indentOf(lines[row] ?? '');
  if (/^\s*-\s/.test(lines[row] ?? '')) path.unshift('[]');
  for (let at = row - 1; at >= 0 && indent > 0; at--) {
    const line = lines[at]!;
    if (!line.trim() || line.trim().startsWith('#')) continue;
    const own = indentOf(line);
    const item = /^(\s*)-\s+(.*)$/.exec(line);
    const key = /^\s*(?:-\s+)?([\w.-]+):\s*(?:[|>].*)?$/.exec(line)?.[1];
    // A key of a list's item stands two columns right of its dash.
    if (item && own + 2 === indent && path[0] !== '[]') path.unshift('[]');
    if (own < indent || (item && own + 2 < indent)) {
      if (key) path.unshift(key);
      indent = own;
      if (item) path.unshift('[]');
    }
  }
  return path;
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** The schemas that hold at a path below another one: alternatives are all followed. */
function follow(root: Schema, from: Schema, path: readonly string[]): Schema[] {
  const [key, ...rest] = path;
  return alternatives(root, from).flatMap((schema) => {
    if (key === undefined) return [schema];
    const next =
      key === '[]'
        ? schema.items
        : ((schema.properties as Record<string, unknown> | undefined)?.[key] ?? schema.additionalProperties);
    return typeof next === 'object' && next !== null ? follow(root, next as Schema, rest) : [];
  });
}

function alternatives(root: Schema, schema: Schema, depth = 0): Schema[] {
  if (depth > 8) return [];
  const inner = [
    ...((schema.anyOf ?? schema.oneOf ?? []) as Schema[]),
    ...((schema.allOf ?? []) as Schema[]),
    ...(typeof schema.$ref === 'string' ? [resolve(root, schema.$ref)] : []),
  ].filter((one): one is Schema => one !== null);
  return [schema, ...inner.flatMap((one) => alternatives(root, one, depth + 1))];
}

function resolve(root: Schema, reference: string): Schema | null {
  let found: unknown = root;
  for (const part of reference.replace(/^#\/?/, '').split('/').filter(Boolean))
    found = (found as Record<string, unknown> | undefined)?.[decodeURIComponent(part)];
  return (found as Schema | undefined) ?? null;
}

function valuesOf(root: Schema, schema: Schema): Completion[] {
  return alternatives(root, schema).flatMap((one) => [
    ...((one.enum ?? []) as unknown[]).map((value) => ({ label: String(value), type: 'constant' })),
    ...('const' in one ? [{ label: String(one.const), type: 'constant' }] : []),
    ...(one.type === 'boolean' ? [{ label: 'true' }, { label: 'false' }] : []),
    ...((one.examples ?? []) as unknown[])
      .filter((value) => typeof value !== 'object')
      .map((value) => ({ label: String(value), detail: 'example' })),
  ]);
}

/** Completes keys, and values behind `key:`. */
export function schemaCompletion(root: Schema): CompletionSource {
  return (context: CompletionContext): CompletionResult | null => {
    const { number, from, text } = context.state.doc.lineAt(context.pos);
    const before = text.slice(0, context.pos - from);
    const lines = context.state.doc.toString().split('\n');
    const path = pathAt(lines, number - 1);
    const value = /^\s*(?:-\s+)?([\w.-]+):\s+([\w./-]*)$/.exec(before);
    if (value) {
      const options = follow(root, root, [...path, value[1]!]).flatMap((schema) => valuesOf(root, schema));
      return options.length > 0 ? { from: context.pos - value[2]!.length, options: unique(options) } : null;
    }
    const key = /^\s*(?:-\s+)?([\w.-]*)$/.exec(before);
    if (!key || (!context.explicit && key[1] === '')) return null;
    const options = follow(root, root, path).flatMap((schema) =>
      Object.entries((schema.properties ?? {}) as Record<string, Schema>).map(([name, one]) => ({
        label: name,
        apply: `${name}: `,
        type: 'property',
        ...(typeof one.description === 'string' && { info: one.description }),
      })),
    );
    return options.length > 0 ? { from: context.pos - key[1]!.length, options: unique(options) } : null;
  };
}

const unique = (options: readonly Completion[]): Completion[] => [
  ...new Map(options.map((option) => [option.label, option])).values(),
];
