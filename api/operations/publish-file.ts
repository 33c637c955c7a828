import type { Db } from '../../db/db.ts';
import { listSequences, publish, type Published } from '../../db/sequences.ts';
import type { CompiledSequence } from '../../sequences/plan.ts';
import { readSequenceFiles } from './read-sequence-files.ts';

/**
 * Publishes a definition file and the ones that it goes on with. Nothing invalid gets here.
 * @throws SequenceError, CopyNotPublished
 */
export async function publishFile(
  db: Db,
  file: string,
): Promise<Published & { readonly sequence: CompiledSequence }> {
  const known = new Set((await listSequences(db)).map(({ name }) => name));
  const { main, all } = readSequenceFiles(file, known);
  // What is gone on with must be there before somebody can get to it.
  for (const compiled of [...all.values()].reverse()) if (compiled !== main) await publish(db, compiled);
  return { ...(await publish(db, main)), sequence: main };
}
