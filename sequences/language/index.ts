/** The sequence language: definition files to plans, copies to messages, conditions to answers. */
export { DEFAULT_FOOTER } from './compile-copy.ts';
export { compileCondition } from './conditions/compile-condition.ts';
export {
  compileSegment,
  ConditionError,
  evaluateCondition,
  type ConditionFacts,
} from './conditions/evaluate.ts';
export { sequenceJsonSchema } from './json-schema.ts';
export { parseSequence, referencedSequences, type ParseOptions } from './parse-sequence.ts';
export { SequenceError } from './problems.ts';
export { CopyError, MissingVariable } from './templates/copy-errors.ts';
export { checkCopy, renderCopy, type RenderContext, type Rendered } from './templates/render-copy.ts';
