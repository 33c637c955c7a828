import type { Command } from 'commander';
import { action, addCommand } from '../command.ts';

export function addUp(program: Command): void {
  addCommand(program, 'up', {
    summary: 'run the worker and the HTTP server, with an embedded stack unless one is configured',
    description:
      'Without DATABASE_URL and TEMPORAL_ADDRESS it starts PostgreSQL, a Temporal dev server and a sandbox of providers, and keeps their data under .cadenza. It stays up until Ctrl+C.',
    examples: ['up', 'up --json'],
    local: true,
  }).action(
    action(async (out) => {
      const stopping = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
      const { up } = await import('../../worker/up.ts');
      const { setupReporter } = await import('../output/reporter.ts');
      await up({
        report: setupReporter(),
        signal: stopping.signal,
        onReady: (where) =>
          void out.result(where, () => {
            out.line(out.colors.bold('Cadenza is up.'));
            out.line(`  Open          ${where.http}`);
            if (where.noApp) out.line(`  No app        ${where.noApp}`);
            if (where.signIn) out.line(`  Sign in       ${where.signIn} (works once, for a day)`);
            out.line(
              `  Temporal      ${where.temporal}${where.temporalUi ? `, to look at: ${where.temporalUi}` : ''}`,
            );
            if (where.sandbox)
              out.line(`  Sandbox       ${where.sandbox} (what it received: ${where.sandbox}/received)`);
            if (where.folder) out.line(`  Data          ${where.folder}`);
            if (where.logFile) out.line(`  Log           ${where.logFile}`);
            if (where.mode === 'local')
              out.line('In another terminal: npx cadenza launch sequences/library/classic.yaml --leads …');
            out.line('Ctrl+C ends it.');
          }),
      });
    }),
  );
}
