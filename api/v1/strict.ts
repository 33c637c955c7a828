/** What a request says beside what its schema names is a mistake, not to be overlooked: a mistyped `dryrun` would launch. */
import { z } from 'zod';
import { quote, suggest } from '../../sequences/language/problems.ts';

/** The parts of a definition that are schemas themselves. */
const PARTS = ['innerType', 'element', 'valueType', 'in', 'out', 'left', 'right'] as const;
interface Def extends z.core.$ZodTypeDef {
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly options?: readonly z.ZodType[];
  readonly catchall?: z.ZodType;
}

const made = new WeakMap<z.ZodType, z.ZodType>();

/** The schema, whose objects refuse fields that they do not name, at any depth; a loose object stays one. */
export function strictly(schema: z.ZodType): z.ZodType {
  const before = made.get(schema);
  if (before) return before;
  const strict = makeStrict(schema);
  made.set(schema, strict);
  return strict;
}

function makeStrict(schema: z.ZodType): z.ZodType {
  const def = schema.def as Def & Readonly<Record<(typeof PARTS)[number], z.ZodType | undefined>>;
  const changes: Record<string, unknown> = {};
  for (const part of PARTS) {
    const inner = def[part];
    if (inner && inner !== strictly(inner)) changes[part] = strictly(inner);
  }
  if (def.options) {
    const options = def.options.map(strictly);
    if (options.some((one, n) => one !== def.options![n])) changes.options = options;
  }
  if (def.type === 'object' && def.shape && (!def.catchall || def.catchall.def.type === 'never')) {
    const names = Object.keys(def.shape);
    changes.shape = Object.fromEntries(names.map((name) => [name, strictly(def.shape![name]!)]));
    changes.catchall = z.never();
    changes.error = (issue: z.core.$ZodRawIssue) =>
      issue.code === 'unrecognized_keys' ? unknownFields(issue.keys, names) : undefined;
  }
  return Object.keys(changes).length > 0 ? schema.clone({ ...schema.def, ...changes } as never) : schema;
}

function unknownFields(found: readonly string[], names: readonly string[]): string {
  const first = found[0] ?? '';
  return `there is no field ${quote(first)} here: ${suggest(first, names)}`;
}
