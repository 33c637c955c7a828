import { CommanderError } from 'commander';
import { fail } from './command.ts';
import { endWithReader } from './output/output.ts';
import { createProgram } from './program.ts';

/** Left-over connections may keep the process for this long after its work is done. */
const LINGER_MS = 2000;

endWithReader();
const args = process.argv.slice(2);
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
try {
  await program.parseAsync(args, { from: 'user' });
} catch (error) {
  if (!(error instanceof CommanderError)) process.exitCode = fail(error, json, args.includes('--debug'));
  else {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    if (error.exitCode !== 0 && json) {
      const message = error.message.replace(/^error: /, '');
      process.stdout.write(`${JSON.stringify({ error: { code: 'bad_usage', message } }, null, 2)}\n`);
    }
  }
}
setTimeout(() => process.exit(), LINGER_MS).unref();

function every(command: typeof program): (typeof program)[] {
  return [command, ...command.commands.flatMap(every)];
}
