import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ENVIRONMENT, EXAMPLES, type EnvironmentName } from './environment.ts';
import { readEnvironment, withoutEmpty, type Environment } from './read-environment.ts';

/** One key of a ring; `id` stands in what it encrypted, so that keys can be rotated. */
export interface NamedKey {
  readonly id: string;
  readonly key: Buffer;
}

export interface TemporalConfig {
  readonly address: string;
  readonly namespace: string;
  /** null: plain text. Paths are read when connecting. */
  readonly tls: {
    readonly certFile?: string;
    readonly keyFile?: string;
    readonly caFile?: string;
    readonly serverName?: string;
  } | null;
  readonly apiKey: string | null;
}

/** Everything a process of Cadenza needs to know, checked. */
export interface Config {
  /** `production`: DATABASE_URL and TEMPORAL_ADDRESS are given and nothing embedded starts. `local`: they are those of the local stack. */
  readonly mode: 'local' | 'production';
  readonly databaseUrl: string;
  readonly databaseConnections: number;
  readonly temporal: TemporalConfig;
  readonly taskQueue: string;
  /** Newest first: that one encrypts, all decrypt. */
  readonly encryptionKeys: readonly NamedKey[];
  /** Hashes the identities of suppressions. Changing it forgets them. */
  readonly hashKey: Buffer;
  /** Signs unsubscribe links. */
  readonly tokenKey: Buffer;
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** IP addresses and networks of the proxies whose X-Forwarded-For is believed. */
    readonly trustedProxies: readonly string[];
  };
  /** Where lead and provider reach this server from outside, without a slash at the end. */
  readonly publicUrl: string;
  /** Whom the first start makes an admin. */
  readonly adminEmail: string;
  /** Signing in by an identity provider; null: by password and links only. */
  readonly oidc: {
    readonly issuer: string;
    readonly clientId: string;
    readonly clientSecret: string;
    /** How people call it. */
    readonly name: string;
  } | null;
  readonly allowPrivateEndpoints: boolean;
  /** Wall seconds that a process has to answer for a send before the touch counts as unconfirmed. */
  readonly sendLeaseSeconds: number;
  /** How long (days, wall) raw messages that concern a lead are kept; 0: not at all. */
  readonly rawMailDays: number;
  /** Wall seconds between two sweeps. */
  readonly sweepSeconds: number;
  /** Absolute. What the local stack keeps. */
  readonly dataDir: string;
  /** A workflow bundle made in advance; null: made at start. */
  readonly workflowBundle: string | null;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** A mistake in the configuration, one line a variable, for people. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The configuration needs attention:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Where a running local stack says how it can be reached (mode 0600: it holds the keys). */
export const stackFile = (dataDir: string): string => join(dataDir, 'stack.json');

/** Whether this environment asks for outside systems: then nothing embedded may start. */
export function isProduction(env: Environment): boolean {
  return Boolean(env.DATABASE_URL ?? env.TEMPORAL_ADDRESS);
}

/**
 * The configuration from `env` (default: the environment and `.env`). Without DATABASE_URL and TEMPORAL_ADDRESS it is that of the
 * local stack that runs in this folder. Throws ConfigError naming each variable that is missing or wrong.
 */
export function loadConfig(env: Environment = readEnvironment()): Config {
  if (isProduction(env)) return parseConfig(env, 'production');
  const dataDir = resolve(env.CADENZA_DATA_DIR ?? '.cadenza');
  const file = stackFile(dataDir);
  if (!existsSync(file)) {
    throw new ConfigError([
      `No local stack runs here (${file} is missing). Start it with "npm start", or set DATABASE_URL and TEMPORAL_ADDRESS.`,
    ]);
  }
  const stack = z
    .object({ env: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(file, 'utf8')));
  return parseConfig({ ...env, ...stack.env }, 'local');
}

/** Checks an environment that has everything. `local` is what the local stack itself makes of its parts. */
export function parseConfig(env: Environment, mode: Config['mode']): Config {
  const result = z.object(ENVIRONMENT).safeParse(withoutEmpty(env));
  const problems: string[] = [];
  if (!result.success) {
    for (const issue of result.error.issues) {
      const name = String(issue.path[0]) as EnvironmentName;
      problems.push(`${name} ${issue.message}, for example ${name}=${EXAMPLES[name]}`);
    }
  }
  for (const name of REQUIRED) {
    if (!withoutEmpty(env)[name])
      problems.push(`${name} is missing${WHY[name]}, for example ${name}=${EXAMPLES[name]}`);
  }
  if (Boolean(env.TEMPORAL_TLS_CERT) !== Boolean(env.TEMPORAL_TLS_KEY)) {
    problems.push('TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY go together: set both or neither');
  }
  problems.push(...halfOfOidc(withoutEmpty(env)));
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  const e = result.data;
  const tls =
    e.TEMPORAL_TLS ||
    e.TEMPORAL_TLS_CERT ||
    e.TEMPORAL_TLS_CA ||
    e.TEMPORAL_TLS_SERVER_NAME ||
    e.TEMPORAL_API_KEY;
  return {
    mode,
    databaseUrl: e.DATABASE_URL!,
    databaseConnections: e.CADENZA_DATABASE_CONNECTIONS,
    temporal: {
      address: e.TEMPORAL_ADDRESS!,
      namespace: e.TEMPORAL_NAMESPACE,
      apiKey: e.TEMPORAL_API_KEY ?? null,
      tls: tls
        ? {
            ...(e.TEMPORAL_TLS_CERT && { certFile: e.TEMPORAL_TLS_CERT }),
            ...(e.TEMPORAL_TLS_KEY && { keyFile: e.TEMPORAL_TLS_KEY }),
            ...(e.TEMPORAL_TLS_CA && { caFile: e.TEMPORAL_TLS_CA }),
            ...(e.TEMPORAL_TLS_SERVER_NAME && { serverName: e.TEMPORAL_TLS_SERVER_NAME }),
          }
        : null,
    },
    taskQueue: e.CADENZA_TASK_QUEUE,
    encryptionKeys: e.CADENZA_ENCRYPTION_KEYS!,
    hashKey: e.CADENZA_HASH_KEY!,
    tokenKey: e.CADENZA_TOKEN_KEY!,
    http: {
      host: e.CADENZA_HTTP_HOST,
      port: e.CADENZA_HTTP_PORT,
      trustedProxies: e.CADENZA_TRUSTED_PROXIES,
    },
    adminEmail: e.CADENZA_ADMIN_EMAIL,
    publicUrl: (e.CADENZA_PUBLIC_URL ?? `http://127.0.0.1:${e.CADENZA_HTTP_PORT}`).replace(/\/+$/, ''),
    oidc:
      e.CADENZA_OIDC_ISSUER && e.CADENZA_OIDC_CLIENT_ID && e.CADENZA_OIDC_CLIENT_SECRET
        ? {
            issuer: e.CADENZA_OIDC_ISSUER,
            clientId: e.CADENZA_OIDC_CLIENT_ID,
            clientSecret: e.CADENZA_OIDC_CLIENT_SECRET,
            name: e.CADENZA_OIDC_NAME,
          }
        : null,
    allowPrivateEndpoints: e.CADENZA_ALLOW_PRIVATE_ENDPOINTS,
    sendLeaseSeconds: e.CADENZA_SEND_LEASE_SECONDS,
    rawMailDays: e.CADENZA_RAW_MAIL_DAYS,
    sweepSeconds: e.CADENZA_SWEEP_SECONDS,
    dataDir: resolve(e.CADENZA_DATA_DIR),
    workflowBundle: e.CADENZA_WORKFLOW_BUNDLE ?? null,
    logLevel: e.CADENZA_LOG_LEVEL,
  };
}

const REQUIRED = [
  'DATABASE_URL',
  'TEMPORAL_ADDRESS',
  'CADENZA_ENCRYPTION_KEYS',
  'CADENZA_HASH_KEY',
  'CADENZA_TOKEN_KEY',
  'CADENZA_PUBLIC_URL',
] as const;

/** Whoever sets one of these wants people to sign in that way: what is missing is said, instead of leaving it off. */
function halfOfOidc(env: Record<string, string>): string[] {
  const needed = ['CADENZA_OIDC_ISSUER', 'CADENZA_OIDC_CLIENT_ID', 'CADENZA_OIDC_CLIENT_SECRET'] as const;
  const set = [...needed, 'CADENZA_OIDC_NAME'].find((name) => env[name]);
  if (!set) return [];
  return needed
    .filter((name) => !env[name])
    .map(
      (name) =>
        `${name} is missing (${set} is set, so people sign in by OpenID Connect), for example ${name}=${EXAMPLES[name]}`,
    );
}

const WHY: Readonly<Record<(typeof REQUIRED)[number], string>> = {
  DATABASE_URL: ' (TEMPORAL_ADDRESS is set, so nothing embedded starts)',
  TEMPORAL_ADDRESS: ' (DATABASE_URL is set, so nothing embedded starts)',
  CADENZA_ENCRYPTION_KEYS: " (senders' credentials are encrypted with it)",
  CADENZA_HASH_KEY: ' (suppressions outlive an erased lead as hashes made with it)',
  CADENZA_TOKEN_KEY: ' (unsubscribe links are signed with it)',
  CADENZA_PUBLIC_URL: " (every mail's unsubscribe header points there)",
};
