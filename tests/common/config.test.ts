import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, stackFile } from '../../common/config.ts';
import { readEnvironment, type Environment } from '../../common/read-environment.ts';
import { ENVIRONMENT, EXAMPLES } from '../../common/environment.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
const production: Environment = {
  DATABASE_URL: 'postgres://u:p@db:5432/cadenza',
  TEMPORAL_ADDRESS: 'temporal:7233',
  CADENZA_ENCRYPTION_KEYS: `b:${KEY},a:${KEY}`,
  CADENZA_HASH_KEY: KEY,
  CADENZA_TOKEN_KEY: KEY,
  CADENZA_PUBLIC_URL: 'https://cadenza.example.com/',
};
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cadenza-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function problemsOf(env: Environment): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  return [];
}

test('a complete environment is production, with defaults for the rest', () => {
  const config = loadConfig(production);
  expect(config).toMatchObject({
    mode: 'production',
    databaseUrl: production.DATABASE_URL,
    temporal: { address: 'temporal:7233', namespace: 'default', tls: null, apiKey: null },
    publicUrl: 'https://cadenza.example.com',
    http: { host: '127.0.0.1', port: 8080 },
    adminEmail: 'admin@cadenza.local',
    oidc: null,
    allowPrivateEndpoints: false,
    taskQueue: 'cadenza',
  });
  expect(config.encryptionKeys.map(({ id }) => id)).toEqual(['b', 'a']);
  expect(config.hashKey).toHaveLength(32);
});

test('with one outside system set, everything else that is needed is named as missing', () => {
  const problems = problemsOf({ DATABASE_URL: production.DATABASE_URL });
  for (const name of Object.keys(production).filter((name) => name !== 'DATABASE_URL')) {
    expect(problems.filter((problem) => problem.startsWith(`${name} is missing`))).toHaveLength(1);
  }
  expect(problemsOf({ TEMPORAL_ADDRESS: 'temporal:7233' })[0]).toContain(
    'DATABASE_URL is missing (TEMPORAL_ADDRESS is set',
  );
});

test.each([
  ['DATABASE_URL', 'mysql://x', 'must start with postgres://'],
  ['TEMPORAL_ADDRESS', 'https://temporal', 'must be host:port'],
  ['TEMPORAL_TLS', 'yes', 'must be true or false'],
  ['CADENZA_ENCRYPTION_KEYS', KEY, 'needs an id'],
  ['CADENZA_ENCRYPTION_KEYS', `a:${KEY},a:${KEY}`, 'names the same key id twice'],
  ['CADENZA_HASH_KEY', 'c2hvcnQ=', 'must be 32 bytes in base64'],
  ['CADENZA_HTTP_PORT', '99999', 'must be 0 to 65535'],
  ['CADENZA_HTTP_PORT', 'eighty', 'is not a number'],
  ['CADENZA_TRUSTED_PROXIES', '10.0.0.0/8, proxy', 'has "proxy", which is no IP address'],
  ['CADENZA_PUBLIC_URL', 'cadenza.example.com', 'must be an http or https address'],
  ['CADENZA_LOG_LEVEL', 'loud', 'must be trace'],
  ['CADENZA_SEND_LEASE_SECONDS', '0.5', 'must be whole seconds'],
] as const)('%s=%s is refused by name, with an example', (name, value, why) => {
  const problems = problemsOf({ ...production, [name]: value });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(`${name} ${why}`);
  expect(problems[0]).toContain(`${name}=${EXAMPLES[name]}`);
});

test('no error repeats a value: it may be a secret', () => {
  expect(problemsOf({ ...production, CADENZA_HASH_KEY: 'hunter2' }).join()).not.toContain('hunter2');
});

test('an API key or a certificate turns TLS on; half a certificate is refused', () => {
  expect(loadConfig({ ...production, TEMPORAL_API_KEY: 'k' }).temporal.tls).toEqual({});
  const pair = { TEMPORAL_TLS_CERT: '/c.pem', TEMPORAL_TLS_KEY: '/k.pem' };
  expect(loadConfig({ ...production, ...pair }).temporal.tls).toEqual({
    certFile: '/c.pem',
    keyFile: '/k.pem',
  });
  expect(problemsOf({ ...production, TEMPORAL_TLS_CERT: '/c.pem' })[0]).toContain('set both or neither');
});

test('half of OpenID Connect is refused by what is missing; its issuer is https beyond this machine', () => {
  const oidc = {
    CADENZA_OIDC_ISSUER: 'https://login.example.com',
    CADENZA_OIDC_CLIENT_ID: 'cadenza',
    CADENZA_OIDC_CLIENT_SECRET: 'hunter2',
  };
  expect(loadConfig({ ...production, ...oidc }).oidc).toMatchObject({ clientId: 'cadenza' });
  for (const name of Object.keys(oidc)) {
    const problems = problemsOf({ ...production, ...oidc, [name]: '' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} is missing \\(CADENZA_OIDC_`));
  }
  expect(problemsOf({ ...production, CADENZA_OIDC_NAME: 'Acme' })).toHaveLength(3);
  for (const host of ['localhost', '127.0.0.1', '[::1]'])
    expect(problemsOf({ ...production, ...oidc, CADENZA_OIDC_ISSUER: `http://${host}:9000` })).toEqual([]);
  for (const issuer of ['http://login.example.com', 'http://localhost.example.com', 'http://10.0.0.7']) {
    const [problem] = problemsOf({ ...production, ...oidc, CADENZA_OIDC_ISSUER: issuer });
    expect(problem).toContain('CADENZA_OIDC_ISSUER must be an https address: whoever reads plain http');
  }
});

test('.env is read, the environment wins, and empty variables count as not set', () => {
  writeFileSync(
    join(folder, '.env'),
    'CADENZA_TASK_QUEUE=from-file\nCADENZA_HTTP_PORT=9000\nDATABASE_URL=\n',
  );
  expect(readEnvironment(folder, { CADENZA_HTTP_PORT: '9001', TEMPORAL_ADDRESS: '' })).toEqual({
    CADENZA_TASK_QUEUE: 'from-file',
    CADENZA_HTTP_PORT: '9001',
  });
});

test('without outside systems the running local stack is found, and a missing one is said', () => {
  const dataDir = join(folder, 'data');
  expect(problemsOf({ CADENZA_DATA_DIR: dataDir })[0]).toContain('npm start');
  mkdirSync(dataDir);
  writeFileSync(stackFile(dataDir), JSON.stringify({ env: { ...production, CADENZA_DATA_DIR: dataDir } }));
  expect(loadConfig({ CADENZA_DATA_DIR: dataDir, CADENZA_LOG_LEVEL: 'debug' })).toMatchObject({
    mode: 'local',
    databaseUrl: production.DATABASE_URL,
    dataDir,
    logLevel: 'debug',
  });
});

test('.env.example lists exactly the variables that are read, each with a line about it', () => {
  const lines = readFileSync('.env.example', 'utf8').split('\n');
  const variable = /^# ([A-Z][A-Z0-9_]+)=/;
  const listed = lines.flatMap((line) => variable.exec(line)?.[1] ?? []);
  expect([...listed].sort()).toEqual(Object.keys(ENVIRONMENT).sort());
  expect(Object.keys(EXAMPLES).sort()).toEqual(Object.keys(ENVIRONMENT).sort());
});
