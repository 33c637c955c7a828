/** How commands are made: each with help, examples, `--json` and the same way of failing. */
import type { Command } from 'commander';
import { explain } from './errors.ts';
import { createOutput, type Output } from './output/output.ts';

export interface About {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What the command does beyond its summary; shown in its own help. */
  readonly description?: string;
  /** As they are typed, without `cadenza`; at least one. */
  readonly examples: readonly [string, ...string[]];
  /** `--json` means something of its own here. */
  readonly ownJson?: true;
  /** It is about files or this machine itself, and asks no server, whatever CADENZA_URL is. */
  readonly local?: true;
}

const LOCAL = new WeakSet<Command>();

/** Whether a command is about this machine; all others work over CADENZA_URL, too. */
export const isLocal = (command: Command): boolean => LOCAL.has(command);

/** Adds a command to a program or group: `usage` such as `why <lead>`. */
export function addCommand(parent: Command, usage: string, about: About): Command {
  const [name = '', ...rest] = usage.split(' ');
  const command = parent
    .command(name)
    .summary(about.summary)
    .description(
      about.description ? `${sentence(about.summary)}\n\n${about.description}` : sentence(about.summary),
    );
  if (rest.length > 0) command.arguments(rest.join(' '));
  if (about.local) LOCAL.add(command);
  if (!about.ownJson) command.option('--json', 'print the result as JSON on standard output');
  command.option('--debug', 'show where an unexpected error came from');
  const lines = about.examples.map((example) => `  $ cadenza ${example}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** Adds a group of commands, such as `tasks`. */
export function addGroup(parent: Command, name: string, about: Omit<About, 'ownJson' | 'local'>): Command {
  const lines = about.examples.map((example) => `  $ cadenza ${example}`);
  return parent
    .command(name)
    .summary(about.summary)
    .description(sentence(about.summary))
    .addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

interface Common {
  readonly json?: boolean | string;
  readonly debug?: boolean;
}

/**
 * Makes a commander action of `work`, which gets the arguments and the options that the command declares. It answers the exit
 * code, 0 when it answers nothing; an error becomes a sentence and its exit code.
 */
export function action<Args extends readonly unknown[], Options extends object>(
  work: (out: Output, args: Args, options: Options) => Promise<number | void>,
): (...params: unknown[]) => Promise<void> {
  return async (...params) => {
    const command = params.at(-1) as Command;
    const options = command.opts() as Options & Common;
    const args = params.slice(0, -2) as unknown as Args;
    const out = createOutput({ json: options.json === true });
    try {
      process.exitCode = (await work(out, args, options)) ?? 0;
    } catch (error) {
      process.exitCode = fail(error, out.json, options.debug === true);
    }
  };
}

/** Says what went wrong and answers the exit code. */
export function fail(error: unknown, json: boolean, debug: boolean): number {
  const { exitCode, code, message, details, unexpected } = explain(error);
  const out = createOutput({ json });
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, message, ...details } }, null, 2)}\n`);
  out.note(unexpected ? `Something went wrong: ${message}` : message);
  if (unexpected && !debug)
    out.note('This should not happen. Run it again with --debug to see where it came from.');
  if (debug && error instanceof Error) out.note(error.stack ?? '');
  return exitCode;
}

/** Collects an option that may be given several times. */
export function several(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
