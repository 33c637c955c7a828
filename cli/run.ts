import { CommanderError, type Command } from 'commander';
import { fail } from './command.ts';
import { createProgram } from './program.ts';

/** Carries out what was typed behind `cadenza`, and answers the exit code. Never throws. */
export async function run(args: readonly string[]): Promise<number> {
  const json = args.includes('--json');
  const program = createProgram();
  for (const command of every(program)) {
    command
      .exitOverride()
      .showHelpAfterError('Add --help to see how it is used.')
      .configureOutput({
        writeErr: (text) => void process.stderr.write(text.replace(/^error: /, '')),
      });
  }
  process.exitCode = 0;
  try {
    await program.parseAsync(args, { from: 'user' });
    return process.exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(error, json, args.includes('--debug'));
    if (error.exitCode === 0) return 0;
    if (json) {
      const message = error.message.replace(/^error: /, '');
      process.stdout.write(`${JSON.stringify({ error: { code: 'bad_usage', message } }, null, 2)}\n`);
    }
    return 2;
  }
}

function every(command: Command): Command[] {
  return [command, ...command.commands.flatMap(every)];
}
