import { relative } from 'node:path';
import pc from 'picocolors';
import { ConfigError } from '../common/config.ts';
import { terminalReporter } from './local/terminal-reporter.ts';
import { up, type UpAddresses } from './up.ts';

/** A terminal's Ctrl-C reaches npm and us, and npm passes it on: the same one, twice. */
const SAME_SIGNAL_MS = 1000;

/**
 * `cadenza up` for people: runs until SIGINT or SIGTERM, says where everything is, ends in good order; a second signal ends at
 * once (touches on their way become unconfirmed). Answers the exit code.
 */
export async function runUp(options: { readonly json?: boolean } = {}): Promise<number> {
  const report = terminalReporter();
  const stopping = new AbortController();
  let asked: number | undefined;
  const onSignal = () => {
    const now = performance.now();
    if (asked === undefined) {
      asked = now;
      report.say('Ending: waiting for what is being sent …');
      stopping.abort();
    } else if (now - asked > SAME_SIGNAL_MS) process.exit(1);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const ticking = setInterval(() => report.progress('starting …'), 1000);
  try {
    await up({
      report,
      signal: stopping.signal,
      onReady(where) {
        clearInterval(ticking);
        report.say(pc.green('Ready.'));
        process.stdout.write(options.json ? `${JSON.stringify(where)}\n` : describe(where));
      },
    });
    report.say('Ended.');
    return 0;
  } catch (error) {
    clearInterval(ticking);
    report.say(pc.red(error instanceof Error ? error.message : String(error)));
    return error instanceof ConfigError ? 2 : 1;
  } finally {
    clearInterval(ticking);
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function describe(where: UpAddresses): string {
  const lines: [string, string][] = [
    ['HTTP (unsubscribe, health)', where.http],
    ['Temporal', where.temporalUi ? `${where.temporal}, in the browser ${where.temporalUi}` : where.temporal],
  ];
  if (where.sandbox) lines.push(['Sandbox (nothing leaves this machine)', where.sandbox]);
  if (where.folder) lines.push(['Data', relative(process.cwd(), where.folder) || where.folder]);
  if (where.logFile) lines.push(['Log', relative(process.cwd(), where.logFile)]);
  const width = Math.max(...lines.map(([name]) => name.length));
  const table = lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('');
  return `${table}Ctrl-C ends it. In another terminal: npx cadenza --help\n`;
}
