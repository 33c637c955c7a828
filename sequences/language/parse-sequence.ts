import type { CompiledSequence, Plan, StepId } from '../plan.ts';
import { readBeside, type ReadAttachment } from './attachments.ts';
import { compileCopy } from './compile-copy.ts';
import { compileNodes } from './compile-nodes.ts';
import { checkConditions, checkEventConditions } from './condition-rules.ts';
import { readDocument, type Path } from './document.ts';
import { checkFlow } from './flow-rules.ts';
import { contentHash } from './hash.ts';
import { SequenceError } from './problems.ts';
import { checkSettings, compileSettings, compileStopRules } from './settings.ts';
import { checkShape } from './shape.ts';
import { checkSteps } from './step-rules.ts';
import { checkTexts } from './texts.ts';
import { writtenSteps } from './walk.ts';

export interface ParseOptions {
  /** Reads attachments; by default files beside the definition, and none elsewhere. */
  readonly readAttachment?: ReadAttachment;
  /** Whether a sequence of this name exists, for `reactivate`; without it names are not checked. */
  readonly sequenceExists?: (name: string) => boolean;
}

/**
 * Checks a definition and compiles it. `file` is what messages call it and where attachments are looked for.
 * Equal definitions give equal hashes; a changed text changes `copyHash` alone.
 * @throws SequenceError with everything that is wrong
 */
export function parseSequence(
  source: string | Uint8Array,
  file: string,
  options: ParseOptions = {},
): CompiledSequence {
  const document = readDocument(source, file);
  const written = writtenSteps(document.value);
  const { definition, problems } = checkShape(document);
  const all = [
    ...problems,
    ...checkSteps(document, written),
    ...checkFlow(document, written, options.sequenceExists),
    ...checkSettings(document),
    ...checkTexts(document, written),
    ...checkConditions(document, written),
    ...checkEventConditions(document, written),
  ];
  if (definition === null || all.length > 0) throw new SequenceError(withoutRepeats(all));

  const ids = new Map(written.map((step) => [step.path.join('\0'), step.id]));
  const steps = compileNodes(definition.steps, (path: Path): StepId => ids.get(path.join('\0')) ?? '');
  const { copy, problems: unread } = compileCopy(
    definition,
    steps,
    options.readAttachment ?? readBeside(file),
    document,
  );
  if (unread.length > 0) throw new SequenceError(unread);
  const plan: Plan = {
    format: 1,
    start: steps[0]?.id ?? null,
    nodes: Object.fromEntries(steps.map(({ id, node }) => [id, node])),
    ...compileStopRules(definition),
  };
  const settings = compileSettings(definition);
  return {
    name: definition.name,
    title: definition.title?.trim() ?? definition.name,
    plan,
    settings,
    copy,
    structureHash: contentHash({ plan, settings }),
    copyHash: contentHash(copy),
    source: document.text,
  };
}

/** Names of the sequences that a plan goes on with (`reactivate`), each once. */
export function referencedSequences(plan: Plan): readonly string[] {
  return [
    ...new Set(Object.values(plan.nodes).flatMap((node) => (node.kind === 'reactivate' ? [node.with] : []))),
  ];
}

/** One place can break two rules in the same words. */
function withoutRepeats<P extends { line: number; column: number; message: string }>(
  problems: readonly P[],
): P[] {
  return [
    ...new Map(
      problems.map((problem) => [`${problem.line}:${problem.column}:${problem.message}`, problem]),
    ).values(),
  ];
}
