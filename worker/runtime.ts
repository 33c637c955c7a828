import { makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Logger } from '../common/log.ts';

const QUIET = {
  logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
};

/** Sets up Temporal's runtime, once a process: its messages go to our log, and signals stay ours (its own handlers would stop the worker beside us). */
export function installRuntime(log: Logger): void {
  Runtime.install({ shutdownSignals: [], logger: runtimeLogger(log), telemetryOptions: QUIET });
}

/** Temporal's own messages at our levels, in our log. */
function runtimeLogger(log: Logger) {
  const write = (level: string, message: string, meta?: object) => {
    if (level === 'ERROR') log.error({ temporal: meta }, message);
    else if (level === 'WARN') log.warn({ temporal: meta }, message);
    else log.debug({ temporal: meta }, message);
  };
  return {
    log: write,
    trace: (message: string, meta?: object) => write('TRACE', message, meta),
    debug: (message: string, meta?: object) => write('DEBUG', message, meta),
    info: (message: string, meta?: object) => write('INFO', message, meta),
    warn: (message: string, meta?: object) => write('WARN', message, meta),
    error: (message: string, meta?: object) => write('ERROR', message, meta),
  };
}
