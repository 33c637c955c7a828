import { harmless } from './text.ts';

/** Says what takes long while something is set up, on standard error; `progress` writes over its own last line on a terminal. */
export interface SetupReporter {
  say(sentence: string): void;
  progress(line: string): void;
}

const LINE_EVERY_MS = 15_000;

/** A reporter for standard error; a pipe gets a progress line now and then. */
export function setupReporter(stream: NodeJS.WriteStream = process.stderr): SetupReporter {
  let open = false;
  let last = -Infinity;
  return {
    say(sentence) {
      stream.write(`${open ? '\r\u001b[K' : ''}${harmless(sentence)}\n`);
      open = false;
    },
    progress(line) {
      if (stream.isTTY) {
        stream.write(`\r\u001b[K  ${harmless(line)}`);
        open = true;
      } else if (performance.now() - last > LINE_EVERY_MS) {
        last = performance.now();
        stream.write(`  ${harmless(line)}\n`);
      }
    },
  };
}
