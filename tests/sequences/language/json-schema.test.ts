import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { sequenceJsonSchema } from '../../../sequences/language/index.ts';
import { STEP_KINDS } from '../../../sequences/language/schema.ts';

const committed = new URL('../../../sequences/schema.json', import.meta.url);

test('the committed JSON Schema is current (run scripts/generate-sequence-schema.ts)', () => {
  expect(JSON.parse(readFileSync(committed, 'utf8'))).toEqual(sequenceJsonSchema());
});

interface Described {
  readonly description?: string;
  readonly allOf?: readonly Described[];
}

test('every step kind, and every other field of a step and of a sequence, is described for editors', () => {
  const schema = sequenceJsonSchema() as {
    properties: Record<string, Described>;
    definitions: {
      step: { properties: Record<string, Described>; oneOf: readonly { required: readonly string[] }[] };
    };
  };
  const { step } = schema.definitions;
  for (const [name, field] of [...Object.entries(schema.properties), ...Object.entries(step.properties)]) {
    expect([name, field.description ?? field.allOf?.[0]?.description]).toEqual([
      name,
      expect.stringMatching(/\w/),
    ]);
  }
  expect(step.oneOf.map(({ required }) => required[0])).toEqual([...STEP_KINDS]);
});
