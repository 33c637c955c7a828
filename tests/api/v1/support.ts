/** The API on a test database, and clients of it: a browser with a session, a program with a key, nobody. */
import { randomUUID } from 'node:crypto';
import { createServer } from '../../../api/server.ts';
import { SCOPES } from '../../../api/v1/access/principal.ts';
import type { ApiDeps, Wake } from '../../../api/v1/deps.ts';
import type { Clock } from '../../../common/clock.ts';
import { createSecrets, createUnsubscribeTokens } from '../../../common/crypto.ts';
import { createLogger } from '../../../common/log.ts';
import { addApiKey } from '../../../db/access/api-keys.ts';
import { beginSession } from '../../../db/access/sessions.ts';
import { addUser, type NewUser, type User } from '../../../db/access/users.ts';
import type { Db } from '../../../db/db.ts';
import { createProviders } from '../../../providers/registry.ts';
import { createTestDatabase } from '../../support/database.ts';
import { identityHash } from '../../support/enrollment-host.ts';
import { databaseClock } from '../../support/factories.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into it as they please.
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any
}

export interface Client {
  readonly user: User;
  /** `body`: an object is sent as JSON, a string as it is with the given content type. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Only the status, also of what never ends. */
  status(method: string, path: string, body?: unknown): Promise<number>;
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export interface TestApi {
  readonly db: Db;
  readonly databaseUrl: string;
  readonly url: string;
  readonly app: ReturnType<typeof createServer>;
  /** The server's; to be refreshed when a test sets the time. */
  readonly clock: Clock;
  /** What routes asked to be woken. */
  readonly woken: Wake[];
  /** The server's log, as lines. */
  readonly lines: string[];
  /** A signed-in browser of a new user. */
  signedIn(user?: Partial<NewUser>): Promise<Client>;
  /** A program with a key of a new user, for every scope unless given. */
  withKey(user?: Partial<NewUser>, scopes?: readonly string[]): Promise<Client>;
  anonymous(headers?: Record<string, string>): Omit<Client, 'user'>;
  close(): Promise<void>;
}

/** @param web the folder of the built web app, to be served too; @param port a free one unless given */
export async function startApi(
  changes: Partial<ApiDeps> = {},
  {
    web = null,
    port = 0,
    trustedProxies = [],
  }: {
    readonly web?: string | null;
    readonly port?: number;
    readonly trustedProxies?: readonly string[];
  } = {},
): Promise<TestApi> {
  const { db, url: databaseUrl, drop } = await createTestDatabase();
  const woken: Wake[] = [];
  const lines: string[] = [];
  const log = createLogger({ destination: { write: (line) => void lines.push(line) } });
  const providers = createProviders();
  const clock = await databaseClock(db);
  const app = createServer({
    tokens: createUnsubscribeTokens([Buffer.alloc(32, 3)]),
    log,
    trustedProxies,
    unsubscribe: async () => {},
    preferences: async () => ({ open: [], stoppedByText: false }),
    choose: async () => ({ open: [], stoppedByText: false }),
    checks: {},
    web,
    api: {
      db,
      clock,
      secrets: createSecrets([{ id: 'test', key: Buffer.alloc(32, 1) }]),
      hashIdentity: identityHash,
      log,
      config: { publicUrl: 'http://127.0.0.1:9', allowPrivateEndpoints: true, rawMailDays: 30, oidc: null },
      providers,
      wake: (who) => void woken.push(who),
      ...changes,
    },
  });
  const url = await app.listen({ port, host: '127.0.0.1' });

  async function send(method: string, path: string, body: unknown, headers: Record<string, string>) {
    return fetch(`${url}/v1${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(body !== undefined && typeof body !== 'string' && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }
  async function call(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<Answer> {
    const answer = await send(method, path, body, headers);
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === '' ? null : isJson ? JSON.parse(text) : text,
    };
  }
  const client = (own: Record<string, string>) => ({
    call: (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      call(method, path, body, { ...own, ...headers }),
    async status(method: string, path: string, body?: unknown) {
      const answer = await send(method, path, body, own);
      await answer.body?.cancel();
      return answer.status;
    },
    get: (path: string) => call('GET', path, undefined, own),
    post: (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      call('POST', path, body, { ...own, ...headers }),
  });
  let users = 0;
  const newUser = (user: Partial<NewUser>) =>
    addUser(db, {
      email: `user-${randomUUID()}@acme.test`,
      name: users++ === 0 ? 'Rosa Lind' : `Rosa Lind ${users}`,
      role: 'admin',
      ...user,
    });

  return {
    db,
    databaseUrl,
    url,
    app,
    clock,
    woken,
    lines,
    async signedIn(given = {}) {
      const user = await newUser(given);
      const token = await beginSession(db, user.id);
      return { user, ...client({ cookie: `cadenza=${token}`, 'sec-fetch-site': 'same-origin' }) };
    },
    async withKey(given = {}, scopes = SCOPES) {
      const user = await newUser(given);
      const { secret } = await addApiKey(db, { userId: user.id, name: 'test', scopes, expiresAt: null });
      return { user, ...client({ authorization: `Bearer ${secret}` }) };
    },
    anonymous: (headers = {}) => client(headers),
    async close() {
      await app.close();
      await providers.close();
      await drop();
    },
  };
}
