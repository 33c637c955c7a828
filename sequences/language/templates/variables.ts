import type { LeadProfile, SenderProfile } from '../../lead.ts';
import { CONSENT_FIELDS, LEAD_FIELDS, SENDER_FIELDS, type KnownField } from '../known-names.ts';
import { nearest, quote, suggest } from '../problems.ts';

/**
 * What a template may name: `lead.<field>`, `lead.consent.<field>`, `lead.attributes.<custom column>`, `sender.<field>`,
 * `sender.attributes.<setting>` and, in emails, `unsubscribe_url`.
 */

/** What is wrong with a name, or null. `email`: whether `unsubscribe_url` is there. */
export function checkVariable(
  segments: readonly unknown[],
  email: boolean,
): { message: string; hint?: string } | null {
  const [root, ...rest] = segments;
  const roots = ['lead', 'sender', ...(email ? ['unsubscribe_url'] : [])];
  if (root === 'unsubscribe_url') {
    if (!email)
      return {
        message: 'unsubscribe_url is there in emails only',
        hint: 'write how to answer instead, such as "reply STOP"',
      };
    return rest.length > 0 ? { message: 'unsubscribe_url has no fields' } : null;
  }
  if (root === 'lead') return checkField('lead', rest, LEAD_FIELDS);
  if (root === 'sender') return checkField('sender', rest, SENDER_FIELDS);
  const name = String(root);
  if (typeof root === 'string' && Object.hasOwn(LEAD_FIELDS, name))
    return { message: `unknown variable ${quote(name)}`, hint: `did you mean "lead.${name}"?` };
  const field = nearest(name, roots) === null ? nearest(name, Object.keys(LEAD_FIELDS)) : null;
  return {
    message: `unknown variable ${quote(name)}`,
    hint: field ? `did you mean "lead.${field}"?` : suggest(name, roots),
  };
}

function checkField<Owner>(
  root: string,
  segments: readonly unknown[],
  fields: Readonly<Record<string, KnownField<Owner>>>,
): { message: string; hint?: string } | null {
  const [name, inner, ...deeper] = segments;
  if (name === undefined)
    return {
      message: `${root} is a group of fields`,
      hint: `name one, for example ${root}.${Object.keys(fields)[2] ?? ''}`,
    };
  if (typeof name !== 'string')
    return {
      message: `fields of ${root} have names that stand in the template`,
      hint: `for example ${root}.first_name`,
    };
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (!field) {
    const found = nearest(name, Object.keys(fields));
    const custom = `${root}.attributes.${name}`;
    return {
      message: `unknown variable ${quote(`${root}.${name}`)}`,
      hint: found
        ? `did you mean "${root}.${found}"?`
        : `a custom column is written ${custom}; known: ${Object.keys(fields).slice(0, 10).join(', ')}, …`,
    };
  }
  const path = `${root}.${name}`;
  switch (field.type) {
    case 'text':
      return inner === undefined || (inner === 'size' && deeper.length === 0)
        ? null
        : { message: `${path} is a text and has no fields` };
    case 'list':
      if (inner === undefined) return null;
      return (typeof inner === 'number' || ['first', 'last', 'size'].includes(String(inner))) &&
        deeper.length === 0
        ? null
        : { message: `${path} is a list`, hint: `${path}.first, .last, .size or [0]` };
    case 'group':
      if (inner === undefined)
        return { message: `${path} is a group of fields`, hint: `name one: ${CONSENT_FIELDS.join(', ')}` };
      if ((CONSENT_FIELDS as readonly string[]).includes(String(inner))) return null;
      return {
        message: `unknown variable ${quote(`${path}.${String(inner)}`)}`,
        hint: suggest(String(inner), CONSENT_FIELDS),
      };
    case 'custom':
      if (typeof inner !== 'string')
        return { message: `${path} is a group of fields`, hint: `name one, for example ${path}.product` };
      return deeper.length === 0 || (deeper.length === 1 && deeper[0] === 'size')
        ? null
        : { message: `${path}.${inner} has no fields` };
  }
}

/** Values by name. What is missing or blank is not there at all, so that strict rendering notices. */
export function scopeFor(
  lead: LeadProfile,
  sender: SenderProfile | null,
  unsubscribeUrl: string | null,
): object {
  return {
    lead: valuesOf(lead, LEAD_FIELDS),
    sender: sender ? valuesOf(sender, SENDER_FIELDS) : { attributes: {} },
    ...(unsubscribeUrl?.trim() && { unsubscribe_url: unsubscribeUrl }),
  };
}

/** A simulated month asks for those of the same lead hundreds of times; a profile that changed is another one. */
const known = new WeakMap<object, object>();

function valuesOf<Owner extends object>(
  owner: Owner,
  fields: Readonly<Record<string, KnownField<Owner>>>,
): object {
  let values = known.get(owner);
  if (values === undefined) {
    values = withoutBlanks(mapFields(fields, (field) => field.read(owner))) as object;
    known.set(owner, values);
  }
  return values;
}

function mapFields<Owner>(
  fields: Readonly<Record<string, KnownField<Owner>>>,
  read: (field: KnownField<Owner>) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, read(field)]));
}

function withoutBlanks(value: unknown): unknown {
  if (typeof value === 'string') {
    const clean = cleanText(value);
    return clean.trim() === '' ? undefined : clean;
  }
  if (Array.isArray(value)) return value.map(withoutBlanks).filter((item) => item !== undefined);
  if (typeof value === 'object' && value !== null) {
    const kept = Object.entries(value).map(([key, item]) => [key, withoutBlanks(item)] as const);
    return Object.fromEntries(kept.filter(([, item]) => item !== undefined));
  }
  return value ?? undefined;
}

/** One kind of line end; no control, direction-overriding or private characters, which only hide or forge text. */
function cleanText(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(/[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069\uE000\uE001]/gu, (char) =>
      char === '\n' || char === '\t' ? char : '',
    );
}
