import pc from 'picocolors';
import { startProgress, type Progress } from './progress.ts';
import type { Cell } from './table.ts';
import { harmless } from './text.ts';

type Colors = ReturnType<typeof pc.createColors>;

/** What a command says. Results go to standard output, as text or as JSON; everything else to standard error. */
export interface Output {
  /** Standard output is for machines. */
  readonly json: boolean;
  readonly colors: Colors;
  /** One result: as JSON, or as what `print` writes. */
  result(value: unknown, print: () => void | Promise<void>): Promise<void>;
  line(text?: string): void;
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): Promise<void>;
  /** Something to know that is no result. */
  note(text: string): void;
  /** Something that went less well than asked. */
  warn(text: string): void;
  progress(label: string, quietMs?: number): Promise<Progress>;
  /** Shows that something without a measure goes on, by its seconds. */
  busy<T>(label: string, work: Promise<T>): Promise<T>;
}

/** The output of one command. Colours only on a terminal, and not where NO_COLOR is set. */
export function createOutput(options: { readonly json: boolean }): Output {
  const colors = pc.createColors(!options.json && isColourful(process.stdout));
  const loud = pc.createColors(isColourful(process.stderr));
  const line = (text = '') => void process.stdout.write(`${harmless(text)}\n`);
  return {
    json: options.json,
    colors,
    async result(value, print) {
      if (options.json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
      else await print();
    },
    line,
    async table(head, rows) {
      const { renderTable } = await import('./table.ts');
      const width = process.stdout.isTTY ? process.stdout.columns : null;
      line(renderTable(head.map(colors.dim), rows, width));
    },
    note: (text) => void process.stderr.write(`${harmless(text)}\n`),
    warn: (text) => void process.stderr.write(`${loud.yellow('warning:')} ${harmless(text)}\n`),
    progress: (label, quietMs) => startProgress(label, process.stderr, quietMs),
    async busy(label, work) {
      const progress = await startProgress(label);
      const started = performance.now();
      const ticking = setInterval(
        () => progress.update(Math.round((performance.now() - started) / 1000), null, 's'),
        1000,
      );
      try {
        return await work;
      } finally {
        clearInterval(ticking);
        progress.end();
      }
    },
  };
}

function isColourful(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** A reader that has had enough (`| head`) ends the command without a word. */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      throw error;
    });
  }
}
