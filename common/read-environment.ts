/** The environment as text. What it means is checked by config.ts, which costs more to load. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** The environment's variables as plain text. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's environment over what `.env` in `directory` says. Empty variables count as not set. */
export function readEnvironment(directory = process.cwd(), env: Environment = process.env): Environment {
  const path = join(directory, '.env');
  const fromFile = existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
  return withoutEmpty({ ...withoutEmpty(fromFile), ...withoutEmpty(env) });
}

/** Without what is empty: it counts as not set. */
export function withoutEmpty(env: Environment): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1]?.trim()));
  return Object.fromEntries(entries);
}
