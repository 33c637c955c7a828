import type { LeadProfile } from '../../lead.ts';
import { LEAD_EVENTS, type Instant, type LeadEvent, type StepId } from '../../plan.ts';
import { CONSENT_FIELDS, LEAD_FIELDS } from '../known-names.ts';
import { quote } from '../problems.ts';
import {
  compileCondition,
  type CompiledCondition,
  type ConditionFault,
  type ConditionScope,
  type References,
} from './compile-condition.ts';
import { PRESENT } from './environment.ts';

/**
 * What a condition knows. A text that the lead lacks is "" (so `lead.country == "DE"` is false), a custom column that it
 * lacks is null, and `has(lead.country)` tells whether there is a value.
 */
export interface ConditionFacts {
  readonly lead: LeadProfile;
  /** Events so far; an instant or true: it happened. */
  readonly happened: Readonly<Partial<Record<LeadEvent, Instant | boolean>>>;
  /** Outcomes of calls and tasks so far, by step; "" for the others. */
  readonly outcomes: Readonly<Record<StepId, string>>;
  /** Steps whose touch was sent. */
  readonly sent: Readonly<Record<StepId, boolean>>;
  /** Other systems' events so far. */
  readonly events?: readonly string[];
}

/** A condition that is wrong, or that cannot be answered for this lead. Carries names, never a lead's values. */
export class ConditionError extends Error {
  /** `invalid`: wrong for every lead; `unanswerable`: for this one, e.g. a custom column without a number in it. */
  readonly code: 'condition_invalid' | 'condition_unanswerable';
  readonly hint: string | null;

  constructor(code: ConditionError['code'], message: string, hint: string | null = null) {
    super(hint === null ? message : `${message} (${hint})`);
    this.name = 'ConditionError';
    this.code = code;
    this.hint = hint;
  }
}

/** Checks a condition, of an `if` step unless said otherwise. Empty when nothing is wrong. */
export function checkCondition(
  expression: string,
  scope: ConditionScope = 'enrollment',
): {
  faults: readonly ConditionFault[];
  steps: References['steps'];
} {
  const result = compileCondition(expression, scope);
  return 'faults' in result
    ? { faults: result.faults, steps: [] }
    : { faults: [], steps: result.compiled.references.steps };
}

/** Whether a condition holds. @throws ConditionError when it is invalid or cannot be answered for this lead */
export function evaluateCondition(expression: string, facts: ConditionFacts): boolean {
  const { run, references } = compiled(expression, 'enrollment');
  const steps = (map: 'sent' | 'outcomes'): string[] =>
    references.steps.filter((step) => step.map === map).map(({ step }) => step);
  return answer(run, {
    ...leadContext(facts.lead, references),
    happened: Object.fromEntries(
      LEAD_EVENTS.map((event) => [event, (facts.happened[event] ?? false) !== false]),
    ),
    outcomes: new Map(steps('outcomes').map((step) => [step, own(facts.outcomes, step) ?? ''])),
    sent: new Map(steps('sent').map((step) => [step, own(facts.sent, step) ?? false])),
    events: [...(facts.events ?? [])],
  });
}

/**
 * Whether the `where` of an event holds for its data and its lead. Data that it cannot be answered with (a field that is missing,
 * text where a number is compared) are none that it means.
 */
export function eventMatches(
  where: string,
  { lead, data }: { readonly lead: LeadProfile; readonly data: Readonly<Record<string, unknown>> },
): boolean {
  try {
    const { run, references } = compiled(where, 'event');
    return answer(run, { ...leadContext(lead, references), data: mapsOf(data) });
  } catch (error) {
    if (error instanceof ConditionError) return false;
    throw error;
  }
}

/** Objects as maps, since data may have fields of any name, and the library asks plain objects for theirs. Numbers are doubles. */
function mapsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapsOf);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, inner]) => [key, mapsOf(inner)]));
}

/**
 * A segment of leads, e.g. `lead.country == "DE" && lead.attributes.tier == "gold"`. A lead for which it cannot be
 * answered (text where a number is compared) is not in it.
 * @throws ConditionError when the expression is invalid
 */
export function compileSegment(expression: string): (lead: LeadProfile) => boolean {
  const { run, references } = compiled(expression, 'segment');
  return (lead) => {
    try {
      return answer(run, leadContext(lead, references));
    } catch (error) {
      if (error instanceof ConditionError) return false;
      throw error;
    }
  };
}

const cache = new Map<string, CompiledCondition>();
const CACHED = 500;

function compiled(expression: string, scope: ConditionScope): CompiledCondition {
  const key = `${scope}:${expression}`;
  const known = cache.get(key);
  if (known) return known;
  const result = compileCondition(expression, scope);
  if ('faults' in result) {
    const [fault] = result.faults;
    throw new ConditionError(
      'condition_invalid',
      // Conditions hold quotes of their own.
      `The condition ${quote(expression).slice(1, -1)} is not valid: ${fault?.message ?? 'invalid'}, at ${quote(fault?.snippet ?? '').slice(1, -1)}`,
      fault?.hint ?? null,
    );
  }
  if (cache.size >= CACHED) cache.delete(cache.keys().next().value as string);
  cache.set(key, result.compiled);
  return result.compiled;
}

function answer(run: CompiledCondition['run'], context: Record<string, unknown>): boolean {
  let value: unknown;
  try {
    value = run(context);
  } catch (error) {
    // The library's sentence can quote the lead; its code cannot.
    const code = (error as { code?: unknown }).code;
    throw new ConditionError(
      'condition_unanswerable',
      `the condition cannot be answered for this lead: ${typeof code === 'string' ? code : 'error'}`,
    );
  }
  if (typeof value !== 'boolean')
    throw new ConditionError(
      'condition_unanswerable',
      'the condition is neither true nor false for this lead',
    );
  return value;
}

function leadContext(lead: LeadProfile, references: References): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(LEAD_FIELDS)) {
    const value = field.read(lead);
    if (field.type === 'text') fields[name] = value ?? '';
    if (field.type === 'list') fields[name] = value;
    if (field.type === 'group')
      fields[name] = Object.fromEntries(CONSENT_FIELDS.map((key) => [key, lead.consent[key] ?? '']));
    if (field.type === 'custom') {
      const missing = [...references.attributes].map(
        (key) => [key, own(lead.attributes, key) ?? null] as const,
      );
      // A map, since a column may have any name, and the library asks plain objects for theirs.
      fields[name] = new Map([...Object.entries(lead.attributes), ...missing]);
    }
  }
  const present = new Map([...references.present].map((path) => [path, hasValue(fields, path)]));
  return { lead: fields, [PRESENT]: present };
}

function hasValue(fields: Readonly<Record<string, unknown>>, path: string): boolean {
  const value = path.split('.').slice(1).reduce<unknown>(step, fields);
  if (typeof value === 'string') return value.trim() !== '';
  if (Array.isArray(value)) return value.length > 0;
  return value !== null && value !== undefined;
}

function step(at: unknown, name: string): unknown {
  if (at instanceof Map) return at.get(name) as unknown;
  return typeof at === 'object' && at !== null ? own(at as Record<string, unknown>, name) : undefined;
}

function own<Value>(values: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}
