/** Passwords as argon2id (RFC 9106), with the costs that OWASP gives: 19 MiB, two rounds, one lane. */
import { hash, verify, type Options } from '@node-rs/argon2';

// The package's enum exists for types only; 2 is Argon2id, its default.
const OPTIONS: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export const MIN_PASSWORD = 12;
export const MAX_PASSWORD = 200;

export const hashPassword = (password: string): Promise<string> => hash(password, OPTIONS);

let nobody: Promise<string> | undefined;

/** Whether it is right. Takes as long for somebody who does not exist, so that the time says nothing. */
export async function isPassword(password: string, stored: string | null): Promise<boolean> {
  const against = stored ?? (await (nobody ??= hashPassword('nobody has this password')));
  const matches = await verify(against, password).catch(() => false);
  return matches && stored !== null;
}
