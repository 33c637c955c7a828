import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { isLoopback } from './network.ts';

const wholeSeconds = (fallback: number) =>
  z.coerce
    .number({ error: 'is not a number' })
    .int('must be whole seconds')
    .min(1, 'must be at least 1')
    .default(fallback);

const flag = z
  .enum(['true', 'false', '1', '0'], { error: 'must be true or false' })
  .default('false')
  .transform((value) => value === 'true' || value === '1');

const base64Key = z
  .string()
  .transform((value) => Buffer.from(value, 'base64'))
  .refine((key) => key.length === 32, 'must be 32 bytes in base64');

const file = z.string().min(1, 'is empty');

const addresses = z.string().transform((value, context) => {
  const all = value.split(',').map((part) => part.trim());
  for (const one of all)
    if (!ipaddr.isValid(one) && !ipaddr.isValidCIDR(one))
      context.addIssue(`has "${one}", which is no IP address or network`);
  return all;
});

/** Also what does not leave this machine. */
const isEncrypted = ({ protocol, hostname }: URL): boolean => protocol !== 'http:' || isLoopback(hostname);

/** `id:base64,…`, the first one encrypts, all decrypt. */
const keyRing = z.string().transform((value, context) => {
  const keys = value.split(',').map((part) => {
    const [id = '', ...rest] = part.trim().split(':');
    return { id, key: Buffer.from(rest.join(':'), 'base64') };
  });
  for (const { id, key } of keys) {
    if (!/^[a-z0-9_-]{1,32}$/i.test(id))
      context.addIssue('needs an id of letters, digits, _ or - before each colon');
    else if (key.length !== 32) context.addIssue(`key "${id}" must be 32 bytes in base64`);
  }
  if (new Set(keys.map(({ id }) => id)).size !== keys.length) context.addIssue('names the same key id twice');
  return keys;
});

/**
 * Every environment variable that Cadenza reads, how it is checked and what it is when it isn't set.
 * `.env.example` documents exactly these (a test compares them).
 */
export const ENVIRONMENT = {
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
    .optional(),
  CADENZA_DATABASE_CONNECTIONS: z.coerce
    .number({ error: 'is not a number' })
    .int('must be whole')
    .min(2, 'must be at least 2')
    .default(10),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d{1,5}$/, 'must be host:port')
    .optional(),
  TEMPORAL_NAMESPACE: z.string().min(1, 'is empty').default('default'),
  TEMPORAL_TLS: flag,
  TEMPORAL_TLS_CERT: file.optional(),
  TEMPORAL_TLS_KEY: file.optional(),
  TEMPORAL_TLS_CA: file.optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().min(1, 'is empty').optional(),
  TEMPORAL_API_KEY: z.string().min(1, 'is empty').optional(),
  CADENZA_TASK_QUEUE: z.string().min(1, 'is empty').default('cadenza'),
  CADENZA_ENCRYPTION_KEYS: keyRing.optional(),
  CADENZA_HASH_KEY: base64Key.optional(),
  CADENZA_TOKEN_KEY: base64Key.optional(),
  CADENZA_HTTP_HOST: z.string().min(1, 'is empty').default('127.0.0.1'),
  CADENZA_HTTP_PORT: z.coerce
    .number({ error: 'is not a number' })
    .int('must be whole')
    .min(0, 'must be 0 to 65535')
    .max(65_535, 'must be 0 to 65535')
    .default(8080),
  CADENZA_TRUSTED_PROXIES: addresses.default([]),
  CADENZA_PUBLIC_URL: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).optional(),
  CADENZA_ADMIN_EMAIL: z.email('must be an email address').default('admin@cadenza.local'),
  CADENZA_URL: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).optional(),
  CADENZA_KEY: z.string().min(1, 'is empty').optional(),
  CADENZA_OIDC_ISSUER: z
    .url({ protocol: /^https?$/, error: 'must be an https address' })
    .refine((issuer) => !URL.canParse(issuer) || isEncrypted(new URL(issuer)), {
      error:
        'must be an https address: whoever reads plain http could sign in as anybody (http is only for a provider on this machine, at localhost, 127.0.0.1 or [::1])',
    })
    .optional(),
  CADENZA_OIDC_CLIENT_ID: z.string().min(1, 'is empty').optional(),
  CADENZA_OIDC_CLIENT_SECRET: z.string().min(1, 'is empty').optional(),
  CADENZA_OIDC_NAME: z.string().min(1, 'is empty').max(60, 'is too long').default('OpenID Connect'),
  CADENZA_ALLOW_PRIVATE_ENDPOINTS: flag,
  CADENZA_SEND_LEASE_SECONDS: wholeSeconds(120),
  CADENZA_SWEEP_SECONDS: wholeSeconds(15),
  CADENZA_RAW_MAIL_DAYS: z.coerce
    .number({ error: 'is not a number' })
    .int('must be whole')
    .min(0, 'must be 0 to 3650')
    .max(3650, 'must be 0 to 3650')
    .default(30),
  CADENZA_DATA_DIR: z.string().min(1, 'is empty').default('.cadenza'),
  CADENZA_WORKFLOW_BUNDLE: file.optional(),
  CADENZA_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
      error: 'must be trace, debug, info, warn, error or silent',
    })
    .default('info'),
} as const;

/** What a good value looks like; errors end with it. */
export const EXAMPLES: Readonly<Record<EnvironmentName, string>> = {
  DATABASE_URL: 'postgres://cadenza:secret@db.example.com:5432/cadenza',
  CADENZA_DATABASE_CONNECTIONS: '10',
  TEMPORAL_ADDRESS: 'temporal.example.com:7233',
  TEMPORAL_NAMESPACE: 'default',
  TEMPORAL_TLS: 'true',
  TEMPORAL_TLS_CERT: '/etc/cadenza/temporal.pem',
  TEMPORAL_TLS_KEY: '/etc/cadenza/temporal.key',
  TEMPORAL_TLS_CA: '/etc/cadenza/temporal-ca.pem',
  TEMPORAL_TLS_SERVER_NAME: 'temporal.example.com',
  TEMPORAL_API_KEY: 'the key that Temporal Cloud shows once',
  CADENZA_TASK_QUEUE: 'cadenza',
  CADENZA_ENCRYPTION_KEYS: '2026a:<output of: openssl rand -base64 32>',
  CADENZA_HASH_KEY: '<output of: openssl rand -base64 32>',
  CADENZA_TOKEN_KEY: '<output of: openssl rand -base64 32>',
  CADENZA_HTTP_HOST: '0.0.0.0',
  CADENZA_HTTP_PORT: '8080',
  CADENZA_TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8',
  CADENZA_PUBLIC_URL: 'https://cadenza.example.com',
  CADENZA_ADMIN_EMAIL: 'you@example.com',
  CADENZA_URL: 'https://cadenza.example.com',
  CADENZA_KEY: 'cdz_…',
  CADENZA_OIDC_ISSUER: 'https://login.example.com',
  CADENZA_OIDC_CLIENT_ID: 'cadenza',
  CADENZA_OIDC_CLIENT_SECRET: '<from your identity provider>',
  CADENZA_OIDC_NAME: 'Acme',
  CADENZA_ALLOW_PRIVATE_ENDPOINTS: 'false',
  CADENZA_SEND_LEASE_SECONDS: '120',
  CADENZA_SWEEP_SECONDS: '15',
  CADENZA_RAW_MAIL_DAYS: '30',
  CADENZA_DATA_DIR: '.cadenza',
  CADENZA_WORKFLOW_BUNDLE: '/opt/cadenza/workflow-bundle.js',
  CADENZA_LOG_LEVEL: 'info',
};

export type EnvironmentName = keyof typeof ENVIRONMENT;
