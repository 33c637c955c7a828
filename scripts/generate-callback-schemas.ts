import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { CALLBACK_TYPES, callbackJsonSchema } from '../db/callback-schemas.ts';

const FOLDER = fileURLToPath(new URL('../docs/schemas/callbacks/', import.meta.url));

/** Writes docs/schemas/callbacks/<type>.json from the Zod schemas. */
export async function generate(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  for (const type of CALLBACK_TYPES) {
    const file = `${FOLDER}${type}.json`;
    const options = { ...(await resolveConfig(file)), filepath: file };
    await writeFile(file, await format(JSON.stringify(callbackJsonSchema(type)), options));
  }
}
