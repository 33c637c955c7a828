import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { apiDocument } from '../api/v1/index.ts';

const FILE = fileURLToPath(new URL('../docs/openapi.json', import.meta.url));

/** Writes docs/openapi.json from the routes. */
export async function generate(): Promise<void> {
  const options = { ...(await resolveConfig(FILE)), filepath: FILE };
  await writeFile(FILE, await format(JSON.stringify(await apiDocument()), options));
}
