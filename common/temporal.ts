import { readFile } from 'node:fs/promises';
import { Client, type ClientOptions } from '@temporalio/client';
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import { ConfigError, type TemporalConfig } from './config.ts';

/** One connection for worker and client. */
export interface TemporalAccess {
  readonly connection: NativeConnection;
  readonly client: Client;
  close(): Promise<void>;
}

/** The server could not be reached or refused; the message says which and what to look at. */
export class TemporalUnreachable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TemporalUnreachable';
  }
}

/**
 * Connects and checks that the namespace exists. Gives up after `timeoutMs` (default 10 s).
 * Throws TemporalUnreachable, or ConfigError when a certificate file can't be read.
 */
export async function connectTemporal(
  config: TemporalConfig,
  options: { timeoutMs?: number; client?: Omit<ClientOptions, 'connection' | 'namespace'> } = {},
): Promise<TemporalAccess> {
  const connectionOptions = await toConnectionOptions(config);
  const timeoutMs = options.timeoutMs ?? 10_000;
  let connection: NativeConnection | undefined;
  try {
    const connecting = NativeConnection.connect(connectionOptions);
    connection = await inTime(
      connecting,
      timeoutMs,
      () => void connecting.then((late) => late.close()).catch(() => {}),
    );
    const open = connection;
    await inTime(open.workflowService.describeNamespace({ namespace: config.namespace }), timeoutMs);
    return {
      connection: open,
      client: new Client({ ...options.client, connection: open, namespace: config.namespace }),
      close: () => open.close(),
    };
  } catch (error) {
    await connection?.close().catch(() => {});
    throw new TemporalUnreachable(explain(config, error), { cause: error });
  }
}

async function toConnectionOptions(config: TemporalConfig): Promise<NativeConnectionOptions> {
  const { tls } = config;
  const [crt, key, ca] = await Promise.all([
    readPem('TEMPORAL_TLS_CERT', tls?.certFile),
    readPem('TEMPORAL_TLS_KEY', tls?.keyFile),
    readPem('TEMPORAL_TLS_CA', tls?.caFile),
  ]);
  return {
    address: config.address,
    ...(config.apiKey && { apiKey: config.apiKey }),
    ...(tls && {
      tls: {
        ...(tls.serverName && { serverNameOverride: tls.serverName }),
        ...(ca && { serverRootCACertificate: ca }),
        ...(crt && key && { clientCertPair: { crt, key } }),
      },
    }),
  };
}

async function readPem(variable: string, path: string | undefined): Promise<Buffer | undefined> {
  if (!path) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    throw new ConfigError([
      `${variable} names ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
    ]);
  }
}

function explain(config: TemporalConfig, error: unknown): string {
  const text = error instanceof Error ? `${error.name} ${error.message}` : String(error);
  const { address, namespace } = config;
  if (/not.?found/i.test(text) && /namespace/i.test(text)) {
    return `Temporal at ${address} has no namespace "${namespace}". Create it (temporal operator namespace create ${namespace}) or set TEMPORAL_NAMESPACE.`;
  }
  if (/unauthenticated|permission|unauthorized/i.test(text)) {
    return `Temporal at ${address} refused the credentials. Check TEMPORAL_API_KEY, or TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY.`;
  }
  if (/certificate|tls|handshake/i.test(text)) {
    return `No secure connection to Temporal at ${address}. Check TEMPORAL_TLS, TEMPORAL_TLS_CA and TEMPORAL_TLS_SERVER_NAME. (${short(text)})`;
  }
  return `Temporal at ${address} does not answer. Check TEMPORAL_ADDRESS and that the server runs; if it expects TLS, set TEMPORAL_TLS=true. (${short(text)})`;
}

const short = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 160);

async function inTime<T>(work: Promise<T>, timeoutMs: number, abandon = () => {}): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      abandon();
      reject(new Error(`no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
