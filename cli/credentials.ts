import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { CliError } from './errors.ts';

/**
 * Reads `KEY=SOURCE` pairs: `KEY=-` from standard input (asked for without echo on a terminal), `KEY=env:NAME` from the
 * environment, `KEY=@FILE` from a file. A secret itself is refused: it would stand in the shell's history and the process list.
 * One `-` takes all of standard input; several take a line each, in order.
 */
export async function readCredentials(pairs: readonly string[]): Promise<Record<string, string>> {
  const wanted = pairs.map((pair) => {
    const at = pair.indexOf('=');
    const key = pair.slice(0, at).trim();
    if (at < 1 || key === '')
      throw new CliError('--credential: write it as KEY=-, KEY=env:NAME or KEY=@FILE, such as password=-.');
    return { key, source: pair.slice(at + 1) };
  });
  const bare = wanted.find(({ source }) => source !== '-' && !/^(env:|@)./.test(source));
  if (bare) {
    throw new CliError(
      `--credential ${bare.key}=…: a secret on the command line can be read by others. Give ${bare.key}=- and pass it on standard input, ${bare.key}=env:NAME, or ${bare.key}=@FILE.`,
    );
  }
  const asked = wanted.filter(({ source }) => source === '-').map(({ key }) => key);
  const typed = asked.length === 0 ? {} : await fromInput(asked);
  return Object.fromEntries(
    wanted.map(({ key, source }) => {
      if (source === '-') return [key, required(key, typed[key], 'standard input')];
      if (source.startsWith('@'))
        return [key, required(key, readFileSync(source.slice(1), 'utf8'), source.slice(1))];
      const name = source.slice('env:'.length);
      return [key, required(key, process.env[name], `the variable ${name}`)];
    }),
  );
}

function required(key: string, value: string | undefined, from: string): string {
  const text = value?.replace(/\r?\n$/, '') ?? '';
  if (text === '') throw new CliError(`--credential ${key}: ${from} holds nothing.`);
  return text;
}

async function fromInput(keys: readonly string[]): Promise<Record<string, string>> {
  if (process.stdin.isTTY) {
    const typed: Record<string, string> = {};
    for (const key of keys) typed[key] = await askHidden(`${key}: `);
    return typed;
  }
  const all = await allInput();
  if (keys.length === 1) return { [keys[0]!]: all };
  const lines = all.split(/\r?\n/);
  return Object.fromEntries(keys.map((key, index) => [key, lines[index] ?? '']));
}

async function allInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** A password: asked for without echo on a terminal, else standard input. @throws CliError when there is none */
export async function readPassword(question: string): Promise<string> {
  const typed = process.stdin.isTTY ? await askHidden(question) : await allInput();
  const password = typed.replace(/\r?\n$/, '');
  if (password === '')
    throw new CliError('No API key can do this: give your password on the terminal or on standard input.');
  return password;
}

/** Asks on the terminal; what is typed does not show. */
async function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  // Without an output readline echoes nothing.
  const input = createInterface({ input: process.stdin, terminal: true });
  try {
    return await input.question('');
  } finally {
    input.close();
    process.stderr.write('\n');
  }
}

/** Asks on the terminal and answers what was typed; null where nobody can be asked. */
export async function ask(question: string): Promise<string | null> {
  if (!process.stdin.isTTY) return null;
  const input = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await input.question(question)).trim();
  } finally {
    input.close();
  }
}
