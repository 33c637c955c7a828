import { readdir, readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { parseSequence, referencedSequences } from '../../sequences/language/index.ts';

const LIBRARY = new URL('../../sequences/library/', import.meta.url);

export interface ShippedSequence {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Names of those that it goes on with, shipped too. */
  readonly goesOnWith: readonly string[];
  /** YAML. */
  readonly source: string;
}

/** The sequences of `sequences/library`. */
export async function shippedSequences(): Promise<ShippedSequence[]> {
  const files = (await readdir(LIBRARY)).filter((file) => /^[^.]+\.yaml$/.test(file)).sort();
  return Promise.all(
    files.map(async (file) => {
      const source = await readFile(new URL(file, LIBRARY), 'utf8');
      const { name, title, plan } = parseSequence(source, file);
      const { description = '' } = parse(source) as { description?: string };
      return { name, title, description, goesOnWith: [...referencedSequences(plan)], source };
    }),
  );
}
