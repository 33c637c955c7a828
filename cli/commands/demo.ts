import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { action, addCommand } from '../command.ts';
import { wholeNumber } from '../options.ts';
import { setupReporter } from '../output/reporter.ts';

interface Options {
  readonly sequence?: string;
  readonly leads?: string;
  readonly json?: string;
  readonly msPerDay: number;
  readonly start?: string;
}

const shipped = (name: string) => fileURLToPath(new URL(`../../sequences/library/${name}`, import.meta.url));

export function addDemo(program: Command): void {
  addCommand(program, 'demo', {
    summary: 'launch a sequence in time-lapse on a stack of its own, and show every touch',
    description:
      'Starts an embedded PostgreSQL, a real Temporal dev server and a sandbox of providers, runs the sequence to its end, and leaves nothing behind. Nobody real is written to.',
    examples: ['demo', 'demo --sequence my.yaml --leads my.csv --json result.json', 'demo --ms-per-day 1000'],
    local: true,
    ownJson: true,
  })
    .option('--sequence <file>', 'the definition (default: sequences/library/classic.yaml)')
    .option('--leads <csv>', 'the list (default: sequences/library/leads.csv)')
    .option(
      '--json <file>',
      'also write leads, touches, received messages and callbacks there as JSON; - for standard output',
    )
    .option('--ms-per-day <ms>', 'how long a day takes', wholeNumber('--ms-per-day', 20), 1800)
    .option('--start <when>', 'the launch, in UTC (default: Monday 2026-03-02 06:00)')
    .action(
      action<[], Options>(async (out, _args, options) => {
        const [{ readSequenceFiles }, { readLeadsFile }, { parseWhen }, { wallNow }] = await Promise.all([
          import('../../api/operations/read-sequence-files.ts'),
          import('../../api/operations/simulate-file.ts'),
          import('../../api/operations/when.ts'),
          import('../../common/clock.ts'),
        ]);
        const { sequence = shipped('classic.yaml'), leads = shipped('leads.csv') } = options;
        // Mistakes in the files show before anything is started.
        readSequenceFiles(sequence);
        await readLeadsFile(leads);
        const startAt = new Date(
          options.start === undefined ? START : parseWhen(options.start, { zone: 'UTC', now: wallNow() }),
        );
        const { runDemo } = await import('../../worker/demo/run.ts');
        const stopping = new AbortController();
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
        const progress = await out.progress('Time-lapse, leads through', 0);
        const outcome = await runDemo({
          sequence,
          leads,
          msPerDay: options.msPerDay,
          startAt,
          report: setupReporter(),
          signal: stopping.signal,
          onProgress: ({ day, touches, over, leads: all }) =>
            progress.update(over, all, `day ${day}, ${touches} touches`),
        }).finally(() => progress.end());
        const { problemsOf, sayDemo } = await import('../output/demo.ts');
        const problems = problemsOf(outcome.result);
        const json = `${JSON.stringify(outcome.result, null, 2)}\n`;
        if (options.json === '-') process.stdout.write(json);
        else {
          if (options.json !== undefined) await writeFile(options.json, json);
          await sayDemo(out, outcome, startAt);
        }
        for (const problem of problems) out.note(problem);
        return problems.length > 0 ? 1 : 0;
      }),
    );
}

/** Always the same month, so that runs can be compared: a Monday before the clocks change in America and Europe, with holidays in Türkiye and Japan. */
const START = '2026-03-02T06:00:00Z';
