import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSequence, referencedSequences } from '../../sequences/language/index.ts';
import type { CompiledSequence } from '../../sequences/plan.ts';

/** A definition file with everything that it goes on with: the file's own sequence first, then the files beside it by `reactivate`. */
export interface SequenceFiles {
  readonly main: CompiledSequence;
  /** By name, `main` included. */
  readonly all: ReadonlyMap<string, CompiledSequence>;
}

/**
 * Reads a definition and, for each sequence that it reactivates with, `NAME.yaml` beside it.
 * @param published names that exist elsewhere, so that no file is needed for them
 * @throws SequenceError with all mistakes of the first file that has any; the file system's error when `file` cannot be read
 */
export function readSequenceFiles(file: string, published: ReadonlySet<string> = new Set()): SequenceFiles {
  const all = new Map<string, CompiledSequence>();
  const beside = (name: string) => join(dirname(file), `${name}.yaml`);
  const read = (path: string): CompiledSequence => {
    const compiled = parseSequence(readFileSync(path), path, {
      sequenceExists: (name) => published.has(name) || existsSync(beside(name)),
    });
    all.set(compiled.name, compiled);
    for (const name of referencedSequences(compiled.plan)) {
      if (!all.has(name) && existsSync(beside(name))) read(beside(name));
    }
    return compiled;
  };
  return { main: read(file), all };
}

/** In the order in which they are published: what one goes on with before it. */
export function publicationOrder({ main, all }: SequenceFiles): readonly CompiledSequence[] {
  return [...[...all.values()].filter((compiled) => compiled !== main).reverse(), main];
}
