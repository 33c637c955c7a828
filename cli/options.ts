/** Readers of option values; each throws CliError saying what would be right. */
import { CliError } from './errors.ts';

/** A whole number of at least `least`. */
export function wholeNumber(name: string, least = 0): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || !Number.isSafeInteger(value)) {
      throw new CliError(`${name} ${text}: give a whole number of at least ${least}.`);
    }
    return value;
  };
}

/** One of the words. */
export function oneOf<Word extends string>(name: string, known: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = known.find((word) => word === text.toLowerCase());
    if (found === undefined) throw new CliError(`${name} ${text}: it is one of ${known.join(', ')}.`);
    return found;
  };
}

/** JSON, an object. */
export function jsonObject(name: string): (text: string) => Record<string, unknown> {
  return (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new CliError(`${name}: this is no JSON. Write it like '{"host": "smtp.example.com"}'.`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new CliError(`${name}: give a JSON object, like '{"host": "smtp.example.com"}'.`);
    }
    return value as Record<string, unknown>;
  };
}

/** `Column=field` pairs as a mapping; `Column=-` leaves the column out. */
export function columnMapping(pairs: readonly string[] = []): Record<string, string | null> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.lastIndexOf('=');
      if (at < 1)
        throw new CliError(
          `--map ${pair}: write it as Column=field, for example --map 'Work mail=email', or Column=- to leave it out.`,
        );
      const field = pair.slice(at + 1).trim();
      return [pair.slice(0, at), field === '' || field === '-' ? null : field];
    }),
  );
}
