import type { Reporter } from './temporal-binary.ts';

/** How often a line of progress is repeated where it can't replace itself. */
const EVERY_MS = 15_000;

/** Reports to a terminal: progress replaces its own line; in a file or pipe it comes every 15 seconds. */
export function terminalReporter(stream: NodeJS.WriteStream = process.stderr): Reporter {
  let open = false;
  let last = Number.NEGATIVE_INFINITY;
  const endLine = () => {
    if (open) stream.write('\r\u001B[K');
    open = false;
  };
  return {
    say(sentence) {
      endLine();
      stream.write(`${sentence}\n`);
    },
    progress(line) {
      if (stream.isTTY) {
        stream.write(`\r\u001B[K  ${line}`);
        open = true;
      } else if (performance.now() - last >= EVERY_MS) {
        stream.write(`  ${line}\n`);
        last = performance.now();
      }
    },
  };
}
