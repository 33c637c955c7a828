import { randomUUID } from 'node:crypto';
import { link, rm, writeFile } from 'node:fs/promises';

/** Makes a file (mode 0600) with this content unless it is there. Nobody ever sees it half written. True when it was made. */
export async function createExclusive(file: string, content: string): Promise<boolean> {
  const partial = `${file}.${randomUUID()}`;
  await writeFile(partial, content, { mode: 0o600 });
  try {
    await link(partial, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(partial, { force: true });
  }
}
