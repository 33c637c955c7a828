import {
  ParseError,
  TypeError as CelTypeError,
  type ASTNode,
  type Environment,
  type ParseResult,
} from '@marcbachmann/cel-js';
import { LEAD_EVENTS } from '../../plan.ts';
import { CONSENT_FIELDS, LEAD_FIELDS } from '../known-names.ts';
import { nearest, quote, suggest } from '../problems.ts';
import {
  CONDITION_NAMES,
  conditionEnvironment,
  EVENT_NAMES,
  eventEnvironment,
  PRESENT,
  SEGMENT_NAMES,
  segmentEnvironment,
} from './environment.ts';

/** What is wrong with a condition: `offset` characters from its start, where `snippet` stands. */
export interface ConditionFault {
  readonly offset: number;
  readonly snippet: string;
  readonly message: string;
  readonly hint?: string;
}

/** Names a condition asks for that may be absent from the facts. */
export interface References {
  /** Custom columns: `lead.attributes.<name>`. */
  readonly attributes: ReadonlySet<string>;
  /** Fields inside `has(…)`, as written. */
  readonly present: ReadonlySet<string>;
  /** Steps inside `sent[…]` and `outcomes[…]`, each with where it stands. */
  readonly steps: readonly StepReference[];
}

interface StepReference {
  readonly map: 'sent' | 'outcomes';
  readonly step: string;
  readonly offset: number;
  /** The text that the outcome is compared with, if it is. */
  readonly comparedWith: { readonly value: string; readonly offset: number } | null;
}

export interface CompiledCondition {
  readonly run: ParseResult;
  readonly references: References;
}

/** What a condition is asked over: an enrollment (`if`), the lead alone (a segment), or an event and its lead (`where`). */
export type ConditionScope = 'enrollment' | 'segment' | 'event';

const ENVIRONMENTS: Readonly<Record<ConditionScope, Environment>> = {
  enrollment: conditionEnvironment,
  segment: segmentEnvironment,
  event: eventEnvironment,
};
const NAMES: Readonly<Record<ConditionScope, readonly string[]>> = {
  enrollment: CONDITION_NAMES,
  segment: SEGMENT_NAMES,
  event: EVENT_NAMES,
};

/** Checks and compiles a condition. The answer has either faults or what runs. */
export function compileCondition(
  expression: string,
  scope: ConditionScope = 'enrollment',
): { readonly compiled: CompiledCondition } | { readonly faults: readonly ConditionFault[] } {
  const environment = ENVIRONMENTS[scope];
  let parsed: ParseResult;
  try {
    parsed = environment.parse(expression);
  } catch (error) {
    return { faults: [celFault(expression, error, scope)] };
  }
  const scan = scanTree(expression, parsed.ast);
  if (scan.faults.length > 0) return { faults: scan.faults };
  const checked = parsed.check();
  if (!checked.valid) return { faults: [celFault(expression, checked.error, scope)] };
  if (checked.type !== 'bool') {
    const hint =
      checked.type === 'dyn'
        ? 'compare it, for example == true or == "gold"'
        : 'compare it, for example lead.country == "DE"';
    return {
      faults: [
        {
          offset: 0,
          snippet: expression,
          message: `a condition is true or false; this is ${typeWord(checked.type)}`,
          hint,
        },
      ],
    };
  }
  // `has` sees that a field exists, not that the lead has a value there; so it is asked of a table instead.
  const rewritten = scan.has.reduceRight(
    (text, { start, end, field }) =>
      `${text.slice(0, start)}${PRESENT}[${JSON.stringify(field)}]${text.slice(end)}`,
    expression,
  );
  return {
    compiled: {
      run: environment.parse(rewritten),
      references: {
        attributes: scan.attributes,
        present: new Set(scan.has.map(({ field }) => field)),
        steps: scan.steps,
      },
    },
  };
}

/** What goes through a list. */
const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

interface Scan {
  readonly faults: ConditionFault[];
  readonly attributes: Set<string>;
  readonly has: { readonly start: number; readonly end: number; readonly field: string }[];
  readonly steps: StepReference[];
}

function scanTree(expression: string, root: ASTNode): Scan {
  const scan: Scan = { faults: [], attributes: new Set(), has: [], steps: [] };
  const fault = (node: ASTNode, message: string, hint: string): void => {
    scan.faults.push({ offset: node.start, snippet: expression.slice(node.start, node.end), message, hint });
  };
  const visit = (node: ASTNode, parent: ASTNode | null, inLoop: boolean): void => {
    const { op } = node;
    if (op === 'id' && (node.args === 'sent' || node.args === 'outcomes')) {
      const reference = parent && stepReference(node.args, node, parent);
      if (!reference) fault(node, `${node.args} is asked for one step at a time`, `${node.args}["step-id"]`);
      else scan.steps.push({ ...reference, comparedWith: null });
    }
    if (op === 'id' && node.args === PRESENT)
      fault(node, `unknown name ${quote(PRESENT)}`, suggest(PRESENT, CONDITION_NAMES, 'there are'));
    if (op === 'rcall' && node.args[0] === 'matches')
      fault(node, 'matches is not available here', 'use contains, startsWith, endsWith or ==');
    if (op === 'call' && node.args[0] === 'has') {
      const field = selection(node.args[1][0]);
      const [root, name = '', inner] = field?.split('.') ?? [];
      const known =
        name === 'consent' && inner !== undefined ? [...CONSENT_FIELDS] : Object.keys(LEAD_FIELDS);
      const asked = name === 'consent' && inner !== undefined ? inner : name;
      if (field === undefined || field === null || root !== 'lead' || name === '')
        fault(node, 'has() asks whether the lead has a value', 'for example has(lead.country)');
      else if (!known.includes(asked)) fault(node, `unknown name ${quote(field)}`, suggest(asked, known));
      else scan.has.push({ start: node.start, end: node.end, field });
    }
    if (op === 'rcall' && node.args[0] === 'bind')
      fault(node, 'bind is not available here', 'write the value where it is used');
    // What goes through a list for each item of a list takes the product of their lengths.
    const loops = op === 'rcall' && LOOPS.has(node.args[0]);
    if (loops && inLoop)
      fault(node, `${node.args[0]} stands inside another list’s condition`, 'ask about one list at a time');
    const attribute = selection(node);
    if (attribute?.startsWith('lead.attributes.'))
      scan.attributes.add(attribute.slice('lead.attributes.'.length));
    if (loops) {
      visit(node.args[1], node, inLoop);
      for (const child of childrenOf(node.args[2])) visit(child, node, true);
    } else for (const child of childrenOf(node.args)) visit(child, node, inLoop);
    if (op === '==' || op === '!=' || op === 'in') attachComparison(scan, node.args);
  };
  visit(root, null, false);
  scan.has.sort((a, b) => a.start - b.start);
  return scan;
}

function stepReference(
  map: 'sent' | 'outcomes',
  node: ASTNode,
  parent: ASTNode,
): Omit<StepReference, 'comparedWith'> | null {
  if (parent.op === '.' && parent.args[0] === node)
    return { map, step: parent.args[1], offset: parent.start };
  if (parent.op !== '[]' || parent.args[0] !== node) return null;
  const key = parent.args[1];
  return key.op === 'value' && typeof key.args === 'string'
    ? { map, step: key.args, offset: key.start }
    : null;
}

function attachComparison(scan: Scan, [left, right]: readonly [ASTNode, ASTNode]): void {
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const index = scan.steps.findIndex(({ offset }) => offset >= one.start && offset < one.end);
    const step = scan.steps[index];
    const literals = other.op === 'list' ? other.args : [other];
    for (const literal of literals) {
      if (
        !step ||
        (one.op !== '[]' && one.op !== '.') ||
        literal.op !== 'value' ||
        typeof literal.args !== 'string'
      )
        continue;
      scan.steps.push({ ...step, comparedWith: { value: literal.args, offset: literal.start } });
    }
  }
}

/** `lead.a.b` or `lead["a"].b` as `lead.a.b`; null for anything else. */
function selection(node: ASTNode | undefined): string | null {
  if (node?.op === 'id') return node.args;
  if (node?.op === '.') {
    const base = selection(node.args[0]);
    return base === null ? null : `${base}.${node.args[1]}`;
  }
  if (node?.op === '[]' && node.args[1].op === 'value' && typeof node.args[1].args === 'string') {
    const base = selection(node.args[0]);
    return base === null ? null : `${base}.${node.args[1].args}`;
  }
  return null;
}

function childrenOf(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  if (typeof args !== 'object' || args === null) return [];
  if ('op' in args && 'args' in args) return [args as ASTNode];
  // A macro such as exists(…) keeps its parts by name.
  return Object.values(args).flatMap((part) => (typeof part === 'object' ? childrenOf(part) : []));
}

function celFault(expression: string, error: unknown, scope: ConditionScope): ConditionFault {
  if (!(error instanceof ParseError) && !(error instanceof CelTypeError)) throw error;
  const range = error.range ?? { start: 0, end: expression.length };
  const snippet = expression.slice(range.start, range.end);
  const place = { offset: range.start, snippet };
  const top = NAMES[scope];
  switch (error.code) {
    case 'unknown_variable': {
      const name = /: (.+)$/.exec(error.summary)?.[1] ?? snippet;
      const field = Object.hasOwn(LEAD_FIELDS, name)
        ? `did you mean "lead.${name}"?`
        : suggest(name, top, 'there are');
      return { ...place, message: `unknown name ${quote(name)}`, hint: field };
    }
    case 'no_such_key': {
      const name = /: (.+)$/.exec(error.summary)?.[1] ?? snippet;
      const base = /([\w.]+)\.\s*$/.exec(expression.slice(0, range.start))?.[1] ?? 'lead';
      const known: Readonly<Record<string, readonly string[]>> = {
        happened: LEAD_EVENTS,
        'lead.consent': CONSENT_FIELDS,
        lead: Object.keys(LEAD_FIELDS),
      };
      const found = nearest(name, known[base] ?? []);
      const custom =
        base === 'lead'
          ? `a custom column is written lead.attributes.${name}`
          : `known: ${known[base]?.join(', ')}`;
      return {
        ...place,
        message: `unknown name ${quote(`${base}.${name}`)}`,
        hint: found ? `did you mean "${base}.${found}"?` : custom,
      };
    }
    case 'no_such_overload':
      return {
        ...place,
        message: `these don't go together: ${error.summary.replace(/^no such overload: /, '')}`,
        hint: 'texts stand in quotes; compare texts with texts and numbers with numbers',
      };
    case 'no_matching_overload':
      return {
        ...place,
        message: `there is no such function: ${error.summary.replace(/^found no matching overload for /, '')}`,
        hint: 'there are has, size, contains, startsWith, endsWith, lowerAscii, upperAscii, exists, all, int, string, …',
      };
    default: {
      const single = /^\s*=(?!=)/.test(expression.slice(range.start));
      return {
        ...place,
        message: `not a valid condition: ${error.summary}`,
        hint: single ? 'equality is written ==' : 'for example lead.country == "DE" && happened.replied',
      };
    }
  }
}

function typeWord(type: string | undefined): string {
  if (type === 'string') return 'a text';
  if (type === 'int' || type === 'double' || type === 'uint') return 'a number';
  return type === 'dyn' ? 'a value of unknown type' : `a ${type ?? 'value'}`;
}
