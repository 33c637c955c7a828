import { resolve } from 'node:path';
import pino from 'pino';
import { isProduction, parseConfig, type Config } from '../common/config.ts';
import { readEnvironment, type Environment } from '../common/read-environment.ts';
import { NOT_BUILT } from '../api/web.ts';
import { createLogger } from '../common/log.ts';
import { newSignInLink } from '../db/access/sessions.ts';
import { firstAdmin } from '../db/access/users.ts';
import { migrate } from '../db/migrate.ts';
import { createHttp } from './http.ts';
import { LocalStackError } from './local/errors.ts';
import { startKeptSandbox } from './local/sandbox.ts';
import { startLocalStack, type LocalStack } from './local/stack.ts';
import type { Reporter } from './local/temporal-binary.ts';
import { installRuntime } from './runtime.ts';
import { openServices } from './services.ts';
import { startWorker } from './worker.ts';

export interface UpOptions {
  readonly report: Reporter;
  /** Its abort ends everything in good order. */
  readonly signal: AbortSignal;
  /** Default: the environment and `.env`. */
  readonly env?: Environment;
  /** Told once when work is taken. */
  readonly onReady?: (where: UpAddresses) => void;
}

/** Where what runs can be looked at. */
export interface UpAddresses {
  readonly mode: Config['mode'];
  readonly http: string;
  /** null: served there. Else why it is not, and what to do. */
  readonly noApp: string | null;
  /** Where the first admin signs in, once; null when people can sign in by themselves. */
  readonly signIn: string | null;
  readonly temporal: string;
  readonly temporalUi: string | null;
  readonly sandbox: string | null;
  readonly folder: string | null;
  readonly logFile: string | null;
}

/**
 * Runs a worker and the HTTP server until `signal`: on the embedded stack under `.cadenza`, or, in production mode, on the
 * servers that the environment names, with their schema brought up to date. Throws when a part of it breaks.
 */
export async function up(options: UpOptions): Promise<void> {
  const env = options.env ?? readEnvironment();
  const closing: (() => Promise<unknown>)[] = [];
  let httpPort: number | undefined;
  try {
    const folder = resolve(env.CADENZA_DATA_DIR ?? '.cadenza');
    const stack = isProduction(env)
      ? null
      : await startLocalStack({ folder, report: options.report, ui: true, env });
    if (stack) closing.push(() => stack.stop());
    const config = stack?.config ?? parseConfig(env, 'production');
    httpPort = config.http.port;
    const logFile = stack ? resolve(stack.folder, 'cadenza.log') : null;
    const log = createLogger({
      level: config.logLevel,
      ...(logFile && { destination: pino.destination({ dest: logFile, sync: false }) }),
    });
    installRuntime(log);
    if (!stack) await migrate(config.databaseUrl);
    const services = await openServices(config, { name: 'cadenza-worker', log });
    closing.push(() => services.close());
    const sandbox = stack && (await startKeptSandbox(services, stack.folder, stack.ports));
    if (sandbox) closing.push(() => sandbox.close());
    const http = await createHttp(services);
    closing.push(() => http.close());
    const worker = await startWorker(services);
    closing.push(() => worker.stop());
    await stack?.announce();
    const admin = await firstAdmin(services.db, config.adminEmail);
    options.onReady?.({
      mode: config.mode,
      http: http.url,
      noApp: http.app ? null : NOT_BUILT,
      signIn: admin && `${config.publicUrl}/sign-in/${await newSignInLink(services.db, admin.id)}`,
      temporal: config.temporal.address,
      temporalUi: stack?.temporalUi ?? null,
      sandbox: sandbox?.http ?? null,
      folder: stack?.folder ?? null,
      logFile,
    });
    await Promise.race([worker.done, aborted(options.signal), stack ? broken(stack) : never]);
    if (options.signal.aborted) options.report.say('Ending; what is being sent is waited for …');
  } catch (error) {
    throw portTaken(error, httpPort) ?? error;
  } finally {
    while (closing.length > 0) await closing.pop()!().catch(() => {});
  }
}

const never = new Promise<never>(() => {});

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}

async function broken(stack: LocalStack): Promise<never> {
  const what = await stack.ended;
  throw new LocalStackError(`${what} has ended by itself; its log is in ${stack.folder}.`);
}

function portTaken(error: unknown, httpPort: number | undefined): Error | null {
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code !== 'EADDRINUSE') return null;
  const other = port === httpPort ? 'or set CADENZA_HTTP_PORT to a free one' : "it is the sandbox's";
  return new LocalStackError(`Port ${port} is taken by another program. End that program, ${other}.`, {
    cause: error,
  });
}
