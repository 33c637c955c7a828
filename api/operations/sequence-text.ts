/** Definitions that come as text, without a file: what they may refer to is what was published. */
import { basename } from 'node:path';
import type { Db, Queryable } from '../../db/db.ts';
import { loadNewest, type SequenceVersion } from '../../db/sequences.ts';
import { AttachmentError, type ReadAttachment } from '../../sequences/language/attachments.ts';
import { parseSequence, referencedSequences } from '../../sequences/language/index.ts';
import type { CompiledSequence, StepCopy } from '../../sequences/plan.ts';
import { listSequences } from '../../db/sequences.ts';

/**
 * Compiles a definition. No file of the server is read: attachments are those that the sequence `name` was published with.
 * @param others names of sequences that it may go on with though they are not published
 * @throws SequenceError
 */
export async function compileText(
  db: Queryable,
  source: string,
  name: string,
  others: readonly string[] = [],
): Promise<CompiledSequence> {
  const [known, newest] = await Promise.all([listSequences(db), loadNewest(db, name)]);
  const names = new Set([...known.map((sequence) => sequence.name), name, ...others]);
  return parseSequence(source, `${name}.yaml`, {
    sequenceExists: (wanted) => names.has(wanted),
    readAttachment: publishedAttachments(newest),
  });
}

/** A version as it was compiled. */
export const asCompiled = (version: SequenceVersion, source = ''): CompiledSequence => ({
  ...version,
  source,
});

/** The published sequences that a sequence goes on with, and those that they go on with. */
export async function continuations(db: Db, sequence: CompiledSequence): Promise<CompiledSequence[]> {
  const found = new Map([[sequence.name, sequence]]);
  const ahead = [...referencedSequences(sequence.plan)];
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (found.has(name)) continue;
    const version = await loadNewest(db, name);
    if (!version) continue;
    found.set(name, asCompiled(version));
    ahead.push(...referencedSequences(version.plan));
  }
  return [...found.values()].filter((other) => other !== sequence);
}

function publishedAttachments(version: SequenceVersion | null): ReadAttachment {
  const attachmentsOf = (copy: StepCopy): NonNullable<StepCopy['attachments']> => [
    ...(copy.attachments ?? []),
    ...Object.values(copy.byChannel ?? {}).flatMap(attachmentsOf),
  ];
  const all = Object.values(version?.copy.steps ?? {}).flatMap(attachmentsOf);
  return (path) => {
    const found = all.find(({ name }) => name === basename(path.replaceAll('\\', '/')));
    if (found) return Buffer.from(found.base64, 'base64');
    throw new AttachmentError(
      `${path} is none of the files that this sequence was published with`,
      'files go with a sequence only where the database is: cadenza publish FILE there, without CADENZA_URL',
    );
  };
}
