import type { Db } from '../../db/db.ts';
import { publishCopy } from '../../db/publish-copy.ts';
import { CommandRefused } from '../../db/refused.ts';
import { launchSenders } from '../../db/senders.ts';
import { listSequences, publish, type Published } from '../../db/sequences.ts';
import type { CompiledSequence } from '../../sequences/plan.ts';
import { copyCheck } from './copy-check.ts';
import { publicationOrder, readSequenceFiles } from './read-sequence-files.ts';

export interface PublishedSequence extends Published {
  readonly sequence: string;
}

/**
 * Publishes what a definition file says, explicitly: a structure that is new becomes a version, and new texts of a known one are
 * what running leads get from their next touch on (promise 10). Files beside it that it goes on with are published before it.
 * @throws SequenceError; CopyWouldHold, and then what came before in the answer's order is published
 */
export async function publishCopyFile(db: Db, file: string): Promise<readonly PublishedSequence[]> {
  const known = new Set((await listSequences(db)).map(({ name }) => name));
  const published: PublishedSequence[] = [];
  for (const compiled of publicationOrder(readSequenceFiles(file, known))) {
    published.push({ sequence: compiled.name, ...(await publishCompiled(db, compiled)) });
  }
  return published;
}

/**
 * Publishes a compiled definition: a new structure as a version, new texts of a known one as its copy.
 * @throws CopyWouldHold
 */
export async function publishCompiled(db: Db, compiled: CompiledSequence): Promise<Published> {
  const senders = await launchSenders(db, { settings: compiled.settings, senderIds: null });
  try {
    return await publishCopy(db, compiled, copyCheck(senders));
  } catch (error) {
    if (error instanceof CommandRefused && error.code === 'not_found') return publish(db, compiled);
    throw error;
  }
}
