import * as z from 'zod';
import { sequenceSchema, STEP_KINDS } from './schema.ts';

/** The JSON Schema (draft 7) of definition files, for editors: completion, descriptions and first errors while typing. */
export function sequenceJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(sequenceSchema, {
    target: 'draft-7',
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      if (z.globalRegistry.get(zodSchema)?.id !== 'step') return;
      // One kind a step, and what goes with it: `step-rules.ts` says the same with better words.
      jsonSchema.oneOf = STEP_KINDS.map((kind) => ({ required: [kind] }));
      jsonSchema.dependencies = {
        then: { anyOf: [{ required: ['if'] }, { required: ['wait_for'] }] },
        else: { anyOf: [{ required: ['if'] }, { required: ['wait_for'] }] },
        outcomes: { anyOf: [{ required: ['call'] }, { required: ['task'] }] },
      };
    },
  }) as Record<string, unknown>;
}
