/** Random requests of an operation out of its JSON Schemas: mostly what fits, now and then something that does not. */
import fc from 'fast-check';

export type JsonSchema = { readonly [key: string]: unknown };

interface Described {
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: JsonSchema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: JsonSchema }>> };
}

export interface RandomRequest {
  readonly params: Readonly<Record<string, unknown>>;
  /** With its question mark, or empty. */
  readonly query: string;
  readonly body: unknown;
}

const junk = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    1e308,
    '',
    '\0',
    '\ud800',
    "' or 1=1 --",
    '<img src=x onerror=alert(1)>',
    [],
    {},
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Values that fit a schema, as far as this knows it; other values where it doesn't, which the server has to refuse. */
function valueOf(
  schema: JsonSchema,
  known: Readonly<Record<string, JsonSchema>>,
  ids: () => string[],
  depth = 0,
): fc.Arbitrary<unknown> {
  const again = (one: unknown) => valueOf(one as JsonSchema, known, ids, depth + 1);
  if (depth > 6) return fc.constant(null);
  if (typeof schema.$ref === 'string') return again(known[schema.$ref.split('/').at(-1)!] ?? {});
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  const several = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(several)) return fc.oneof(...several.map(again));
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string':
      return textOf(schema, ids);
    case 'integer':
      return fc.integer({
        min: Math.max(Number(schema.minimum ?? -1000), -1_000_000),
        max: Math.min(Number(schema.maximum ?? 1000), 1_000_000),
      });
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(again(schema.items ?? {}), {
        minLength: Number(schema.minItems ?? 0),
        maxLength: Math.min(Number(schema.maxItems ?? 3), 3),
      });
    case 'object': {
      const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
      const required = (schema.required ?? []) as string[];
      const fields = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, again(one)]));
      return fc.record(fields, { requiredKeys: required.filter((name) => name in fields) });
    }
    default:
      return junk;
  }
}

function textOf(schema: JsonSchema, ids: () => string[]): fc.Arbitrary<string> {
  switch (schema.format) {
    case 'uuid':
      return fc.oneof(
        fc.uuid(),
        fc.nat().map((n) => ids()[n % ids().length]!),
      );
    case 'date-time':
      return fc
        .date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
        .map((at) => at.toISOString());
    case 'date':
      return fc
        .date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
        .map((at) => at.toISOString().slice(0, 10));
    case 'email':
      return fc.emailAddress();
    case 'uri':
      return fc.webUrl();
    default:
      return fc.string({
        minLength: Math.min(Number(schema.minLength ?? 0), 50),
        maxLength: Math.min(Number(schema.maxLength ?? 50), 50),
      });
  }
}

/** Mostly what fits. */
const bent = (fits: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 5, arbitrary: fits }, { weight: 1, arbitrary: junk });

export function requestOf(
  operation: Described,
  known: Readonly<Record<string, JsonSchema>>,
  ids: () => string[],
): fc.Arbitrary<RandomRequest> {
  const { parameters = [], requestBody } = operation;
  const where = (place: string) => parameters.filter((parameter) => parameter.in === place);
  const params = fc.record(
    Object.fromEntries(where('path').map(({ name, schema }) => [name, bent(valueOf(schema, known, ids))])),
  );
  const query = fc
    .record(
      Object.fromEntries(where('query').map(({ name, schema }) => [name, bent(valueOf(schema, known, ids))])),
      {
        requiredKeys: where('query')
          .filter(({ required }) => required)
          .map(({ name }) => name),
      },
    )
    .map((fields) => {
      const pairs = Object.entries(fields).map(([name, value]) => {
        return [name, wellFormed(plain(value))] as [string, string];
      });
      return pairs.length > 0 ? `?${new URLSearchParams(pairs).toString()}` : '';
    });
  const bodySchema = Object.values(requestBody?.content ?? {})[0]?.schema;
  const body = bodySchema ? bent(valueOf(bodySchema, known, ids)) : fc.constant(undefined);
  return fc.record({ params, query, body }).map(({ params: given, ...rest }) => ({
    ...rest,
    params: Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, wellFormed(plain(value).slice(0, 90)) || ' ']),
    ),
  }));
}

/** Without lone surrogates, which no address can have. */
const wellFormed = (text: string) => Buffer.from(text).toString();

const plain = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
