import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit as walk,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';
import { decode, MAX_DEPTH } from './decode.ts';
import { quote, SequenceError, type Problem } from './problems.ts';

/** A place in a definition: field names and list positions from the top. */
export type Path = readonly (string | number)[];

/** A definition file that was read: plain values, and where each of them stands. */
export interface SourceDocument {
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  /** A problem at the value at `path`; at the nearest enclosing one when there is none. */
  at(path: Path, message: string, hint?: string): Problem;
  /** A problem at the name of the field at `path`. */
  atKey(path: Path, message: string, hint?: string): Problem;
  /** A problem inside the text at `path`, `offset` characters from its start; `snippet` is what stands there. */
  within(path: Path, offset: number, snippet: string, message: string, hint?: string): Problem;
}

/** More values than any definition has: an alias that expands to itself over and over stops here. */
const MAX_VALUES = 20_000;

/** Reads YAML. @throws SequenceError for everything that is wrong with it as a file and as YAML */
export function readDocument(source: string | Uint8Array, file: string): SourceDocument {
  const decoded = decode(source);
  const lines = new LineCounter();
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (!('text' in decoded)) {
    const { offset, message, hint } = decoded;
    const text = typeof source === 'string' ? source : Buffer.from(source).toString('utf8');
    throw new SequenceError([
      { file, ...positionOf(text.replace(/^\uFEFF/, ''), offset ?? 0), message, hint },
    ]);
  }
  const { text } = decoded;
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    schema: 'core',
    merge: false,
  });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw new SequenceError(
      faults.map((fault) => ({ file, ...place(fault.pos[0]), ...explain(fault.code, fault.message) })),
    );
  }
  const problems: Problem[] = [];
  const value = toValue(document, (node, message, hint) => {
    problems.push({ file, ...place(node?.range?.[0] ?? 0), message, ...(hint ? { hint } : {}) });
  });
  if (problems.length > 0) throw new SequenceError(problems);

  const make = (offset: number, message: string, hint?: string): Problem => ({
    file,
    ...place(offset),
    message,
    ...(hint ? { hint } : {}),
  });
  return {
    file,
    text,
    value,
    at: (path, message, hint) => make(find(document, path).value, message, hint),
    atKey: (path, message, hint) => make(find(document, path).key, message, hint),
    within(path, offset, snippet, message, hint) {
      const { node, value: start } = find(document, path);
      return make(isScalar(node) ? offsetInSource(text, node, offset, snippet) : start, message, hint);
    },
  };
}

function explain(code: string, message: string): { message: string; hint?: string } {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { message: 'a tab is used to indent', hint: 'use spaces' };
    case 'MULTIPLE_DOCS':
      return {
        message: 'the file has more than one YAML document',
        hint: 'one sequence a file: remove the line ---',
      };
    case 'BLOCK_AS_IMPLICIT_KEY':
      return {
        message: 'this value has a colon in it and is read as another field',
        hint: 'put the value in quotes',
      };
    case 'RESOURCE_EXHAUSTION':
      return { message: `nested deeper than ${MAX_DEPTH} levels`, hint: 'split the sequence in two' };
    case 'TAG_RESOLVE_FAILED':
      return {
        message: `YAML tags are not used here: ${message}`,
        hint: 'remove the tag (the word with the exclamation mark)',
      };
    default:
      return { message: `not valid YAML: ${message}` };
  }
}

/** What aliases stand for. */
const targets = new WeakMap<Alias, Node>();

/** In the order of the text, as an anchor may be set again; the library looks through the whole document for each alias. */
function findTargets(document: Document): void {
  const anchors = new Map<string, Node>();
  walk(document, {
    Value: (_key, node) => {
      if (node.anchor) anchors.set(node.anchor, node);
    },
    Alias: (_key, alias) => {
      const target = anchors.get(alias.source);
      if (target) targets.set(alias, target);
    },
  });
}

type Report = (node: Node | null, message: string, hint?: string) => void;

/** Plain values of the nodes. Duplicate fields, other keys than words, excess depth and excess size are reported. */
function toValue(document: Document, report: Report): unknown {
  let left = MAX_VALUES;
  findTargets(document);
  const visit = (node: unknown, depth: number, at: Node | null): unknown => {
    left -= 1;
    if (left < 0 || depth > MAX_DEPTH) {
      if (left !== Number.NEGATIVE_INFINITY) {
        const message =
          left < 0
            ? `more than ${MAX_VALUES} values, aliases counted out`
            : `nested deeper than ${MAX_DEPTH} levels`;
        report(at, message, 'split the sequence in two; write a text once for each step instead of by alias');
      }
      left = Number.NEGATIVE_INFINITY;
      return null;
    }
    if (isAlias(node)) {
      const target = targets.get(node);
      if (!target)
        report(node, `nothing is named ${quote(node.source)}`, 'an alias needs an anchor (&name) before it');
      return visit(target, depth + 1, node);
    }
    if (isSeq(node)) return node.items.map((item) => visit(item, depth + 1, (item as Node | null) ?? node));
    if (isMap(node)) {
      const entries = new Map<string, unknown>();
      for (const pair of node.items) {
        const key = isScalar(pair.key) ? String(pair.key.value) : null;
        const keyNode = (pair.key as Node | null) ?? node;
        if (key === null || key === '__proto__') report(keyNode, 'a field needs a plain word as its name');
        else if (key === '<<') report(keyNode, 'merge keys (<<) are not used here', 'repeat the fields');
        else if (entries.has(key)) report(keyNode, `${quote(key)} is given twice`, 'keep one of them');
        else entries.set(key, visit(pair.value, depth + 1, (pair.value as Node | null) ?? keyNode));
      }
      return Object.fromEntries(entries);
    }
    return isScalar(node) ? node.value : null;
  };
  return visit(document.contents, 0, document.contents as Node | null);
}

/** Offsets of the field's name and of its value. */
function find(document: Document, path: Path): { key: number; value: number; node: unknown } {
  let node: unknown = document.contents;
  let key = startOf(node) ?? 0;
  let value = key;
  for (const part of path) {
    if (isAlias(node)) node = targets.get(node);
    let next: unknown;
    if (isMap(node)) {
      const pair = pairsOf(node).get(String(part));
      if (!pair) break;
      key = startOf(pair.key) ?? key;
      next = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      next = node.items[part];
      key = startOf(next) ?? key;
    } else break;
    value = startOf(next) ?? key;
    node = next;
  }
  return { key, value, node: isAlias(node) ? targets.get(node) : node };
}

/** Fields by name; looking through a map for each problem in it would take the square of its size. */
function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  let pairs = indexed.get(map);
  if (!pairs) {
    pairs = new Map(
      map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair] as const] : [])),
    );
    indexed.set(map, pairs);
  }
  return pairs;
}

const indexed = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}

/** Escapes and folding move text about, so the snippet is looked for again in the source: the same occurrence of it. */
function offsetInSource(
  text: string,
  node: Node & { value: unknown },
  offset: number,
  snippet: string,
): number {
  const [start, end] = node.range ?? [0, 0];
  const wanted = snippet.split('\n', 1)[0] ?? '';
  if (wanted === '') return start;
  const before = String(node.value).slice(0, offset);
  const raw = text.slice(start, end);
  let from = raw.indexOf(wanted);
  for (let at = before.indexOf(wanted); at >= 0 && from >= 0; at = before.indexOf(wanted, at + 1))
    from = raw.indexOf(wanted, from + 1);
  return from >= 0 ? start + from : start;
}

function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
