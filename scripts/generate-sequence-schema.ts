/** Writes sequences/schema.json, the JSON Schema of definition files, from the Zod schema. */
import { writeFileSync } from 'node:fs';
import { sequenceJsonSchema } from '../sequences/language/index.ts';

writeFileSync(
  new URL('../sequences/schema.json', import.meta.url),
  `${JSON.stringify(sequenceJsonSchema(), null, 2)}\n`,
);
