import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LocalStackError } from './errors.ts';
import { createExclusive } from './exclusive.ts';

const base64 = z.string().min(1);

/** What only this installation may know. Losing the keys makes stored credentials unreadable and suppressions forgotten. */
const schema = z.object({
  databasePassword: base64,
  encryptionKeys: base64,
  hashKey: base64,
  tokenKey: base64,
});

export type LocalSecrets = z.infer<typeof schema>;

/** The secrets of the local stack, made at the first start and kept in `secrets.json` (readable by its owner only). */
export async function localSecrets(folder: string): Promise<LocalSecrets> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'secrets.json');
  const fresh = newSecrets();
  // Of two that start at once, one makes it and both read the same.
  if (await createExclusive(file, JSON.stringify(fresh, null, 2))) return fresh;
  await chmod(file, 0o600);
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new LocalStackError(
      `${file} is damaged. Restore it, or delete the whole folder ${folder} to begin with empty data.`,
      { cause: error },
    );
  }
}

/** Secrets for a stack that is thrown away. */
export function newSecrets(): LocalSecrets {
  const key = () => randomBytes(32).toString('base64');
  return {
    databasePassword: randomBytes(18).toString('base64url'),
    encryptionKeys: `local:${key()}`,
    hashKey: key(),
    tokenKey: key(),
  };
}
