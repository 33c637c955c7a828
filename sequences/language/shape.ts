import * as z from 'zod';
import type { Path, SourceDocument } from './document.ts';
import { DURATION, durationHint } from './duration.ts';
import { LEAD_EVENTS, OUTSIDE_EVENT } from '../plan.ts';
import { quote, suggest, type Problem } from './problems.ts';
import { NAME, STEP_ID } from './schema-parts.ts';
import { sequenceSchema, STEP_KINDS, type SequenceDefinition } from './schema.ts';

type Issue = z.core.$ZodIssue;

/** Checks fields and their types against the schema. `definition` is there when nothing is wrong with them. */
export function checkShape(document: SourceDocument): {
  readonly definition: SequenceDefinition | null;
  readonly problems: readonly Problem[];
} {
  const result = sequenceSchema.safeParse(document.value);
  if (result.success) return { definition: result.data, problems: [] };
  return {
    definition: null,
    problems: result.error.issues.flatMap((issue) => translate(document, issue, [])),
  };
}

/** The value at `path`, or undefined when there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    root,
  );
}

function translate(document: SourceDocument, issue: Issue, base: Path): Problem[] {
  const path = [...base, ...(issue.path as (string | number)[])];
  const value = valueAt(document.value, path);
  const { schema, title, example } = schemaAt(path);
  const named = path.findLast((part) => typeof part === 'string');
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        document.atKey([...path, key], `unknown field ${quote(key)}`, fieldHint(key, schema)),
      );
    case 'invalid_union': {
      const branch = closest(issue.errors, value);
      return branch
        ? branch.flatMap((inner) => translate(document, inner, path))
        : [document.at(path, expected(title, value), fieldOfLead(value) ?? example)];
    }
    case 'invalid_key':
      return [
        document.atKey(
          path,
          `${quote(String(named))} can't be a name here`,
          'lower-case letters, digits, - and _, beginning with a letter',
        ),
      ];
    case 'invalid_type':
      if (value === undefined && path.length > 0) return [missing(document, path, example)];
      return [
        document.at(
          path,
          expected(title ?? issue.expected, value),
          typeHint(issue.expected, value) ?? example,
        ),
      ];
    case 'invalid_format':
      return [formatProblem(document, path, String(value), issue, title, example)];
    case 'invalid_value': {
      if (value === undefined) return [missing(document, path, `one of: ${issue.values.join(', ')}`)];
      const names = issue.values.map(String);
      return [
        document.at(
          path,
          `${describe(value)} is not possible for ${quote(String(named))}`,
          suggest(String(value), names, 'possible'),
        ),
      ];
    }
    case 'too_small':
      return [document.at(path, `${subject(named)} needs at least ${issue.minimum}${counted(issue.origin)}`)];
    case 'too_big':
      return [document.at(path, `${subject(named)} takes at most ${issue.maximum}${counted(issue.origin)}`)];
    default:
      return [document.at(path, expected(title, value), example)];
  }
}

function missing(document: SourceDocument, path: Path, example: string | undefined): Problem {
  return document.atKey(path.slice(0, -1), `${quote(String(path.at(-1)))} is missing`, example);
}

function formatProblem(
  document: SourceDocument,
  path: Path,
  value: string,
  issue: z.core.$ZodIssueInvalidStringFormat,
  title: string | undefined,
  example: string | undefined,
): Problem {
  if (value.trim() === '') return document.at(path, `${subject(path.at(-1))} is empty`, example);
  if (issue.pattern === String(OUTSIDE_EVENT)) {
    const own = path.includes('wait_for') ? LEAD_EVENTS : [];
    return document.at(
      path,
      `${describe(value)} is not possible for ${quote(String(path.at(-1)))}`,
      suggest(value, own, "another system's event has dots, such as order.placed"),
    );
  }
  return document.at(path, expected(title, value), formatHint(issue.pattern, value) ?? example);
}

/** Dates of leads are custom columns; the other fields hold none. */
function fieldOfLead(value: unknown): string | undefined {
  const name =
    typeof value === 'string' ? /^lead\.(?:attributes\.|custom\.)?(\w+)$/.exec(value)?.[1] : undefined;
  return name === undefined ? undefined : `did you mean "lead.attributes.${name.toLowerCase()}"?`;
}

function formatHint(pattern: string | undefined, value: string): string | undefined {
  if (pattern === String(DURATION)) return durationHint(value);
  if (pattern !== String(NAME) && pattern !== String(STEP_ID)) return undefined;
  const other = pattern === String(NAME) ? /[^a-z0-9]+/g : /[^a-z0-9_]+/g;
  const name = value
    .toLowerCase()
    .replace(other, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 63);
  return `lower-case letters, digits and -, beginning with a letter${name === '' ? '' : `: "${name}"`}`;
}

function expected(title: string | undefined, value: unknown): string {
  return `expected ${title ?? 'something else'}, found ${describe(value)}`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'fields';
  return typeof value === 'string'
    ? quote(value)
    : `${typeof value === 'number' ? 'the number ' : ''}${String(value)}`;
}

function subject(named: string | number | undefined): string {
  return named === undefined ? 'this' : quote(String(named));
}

function counted(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' of them' : '';
}

function typeHint(wanted: string, value: unknown): string | undefined {
  if (wanted === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return `put it in quotes: "${String(value)}"`;
  if (wanted === 'array' && value !== null) return 'a list has a line with "- " for each item';
  if (wanted === 'object' && typeof value === 'string' && (STEP_KINDS as readonly string[]).includes(value)) {
    return value === 'end' ? 'did you mean "end: true"?' : `did you mean "${value}: …"?`;
  }
  return undefined;
}

function fieldHint(key: string, schema: z.core.$ZodType | null): string | undefined {
  let known: readonly string[] = [];
  if (schema instanceof z.ZodObject) known = Object.keys(schema.shape);
  if (schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum)
    known = schema.keyType.options.map(String);
  return known.length > 0 ? suggest(key, known) : undefined;
}

/** The alternative of a union that was meant: its outer type fits the value; among those, the one with the least wrong. */
function closest(branches: readonly (readonly Issue[])[], value: unknown): readonly Issue[] | null {
  if (value === undefined || value === null) return null;
  const fitting = branches.filter(
    (issues) => !issues.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0),
  );
  if (fitting.length === 0) return null;
  if (fitting.length > 1 && fitting.every((issues) => issues[0]?.code === 'invalid_format')) return null;
  return fitting.reduce((best, issues) => (issues.length < best.length ? issues : best));
}

/** Follows `path` through the schema: what is expected there, in words. */
function schemaAt(path: Path): { schema: z.core.$ZodType | null; title?: string; example?: string } {
  let schemas: z.core.$ZodType[] = [sequenceSchema];
  for (const part of path) schemas = schemas.flatMap(alternatives).flatMap((schema) => child(schema, part));
  const flat = schemas.flatMap(alternatives);
  const schema = flat.find((candidate) => candidate instanceof z.ZodObject) ?? flat[0] ?? null;
  const metas = [...schemas, ...flat]
    .map((candidate) => z.globalRegistry.get(candidate))
    .filter((meta) => meta !== undefined);
  const titles = [...new Set(metas.map((meta) => meta.title).filter((title) => title !== undefined))];
  const examples = [
    ...new Set(metas.flatMap((meta) => (meta as { examples?: readonly unknown[] }).examples ?? [])),
  ];
  return {
    schema,
    ...(titles.length > 0 ? { title: titles.join(' or ') } : {}),
    ...(examples.length > 0
      ? { example: `for example ${examples.slice(0, 4).map(String).join(' or ')}` }
      : {}),
  };
}

function child(schema: z.core.$ZodType, part: string | number): z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) {
    const field = (schema.shape as Record<string, z.core.$ZodType>)[part];
    return field ? [field] : [];
  }
  if (schema instanceof z.ZodArray) return [schema.element];
  return schema instanceof z.ZodRecord ? [schema.valueType] : [];
}

/** The schema itself, or what an optional or a union stands for; metadata of wrappers stays with the wrapper. */
function alternatives(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return alternatives(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => alternatives(option));
  return [schema];
}
