/** The sequence language: definition files to plans, copies to messages, conditions to answers. */
export { AttachmentError, readBeside, type ReadAttachment } from './attachments.ts';
export { DEFAULT_FOOTER } from './compile-copy.ts';
export {
  compileSegment,
  ConditionError,
  evaluateCondition,
  type ConditionFacts,
} from './conditions/evaluate.ts';
export { contentHash } from './hash.ts';
export { sequenceJsonSchema } from './json-schema.ts';
export { CONSENT_FIELDS, LEAD_FIELDS, SENDER_FIELDS } from './known-names.ts';
export { parseSequence, referencedSequences, type ParseOptions } from './parse-sequence.ts';
export { formatProblem, nearest, SequenceError, type Problem } from './problems.ts';
export { CopyError, MissingVariable } from './templates/copy-errors.ts';
export { renderCopy, type RenderContext, type Rendered } from './templates/render-copy.ts';
