/** Cadenza over HTTP: what commands use instead of the database when CADENZA_URL is set. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { addressOf, methodOf, type Answer, type Arguments, type Operation } from '../api/v1/calling.ts';
import { readEnvironment } from '../common/read-environment.ts';
import { CliError } from './errors.ts';

const TIMEOUT_MS = 30_000;
const DOWNLOAD_MS = 30 * 60_000;
/** The largest page of the API's lists. */
const PAGE = 200;

/** Operations that answer page by page. */
type Listing = {
  [Name in Operation]: Answer<Name> extends {
    readonly items: readonly unknown[];
    readonly next: string | null;
  }
    ? Name
    : never;
}[Operation];
type Item<Name extends Listing> = Answer<Name>['items'][number];

interface CallOptions {
  /** Of a command: the second time with the same one does nothing; default: a new one. */
  readonly idempotencyKey?: string;
  /** The version that is changed, as `tagged` told it. */
  readonly ifMatch?: string;
  /** How long the answer may take; default: half a minute. */
  readonly timeoutMs?: number;
}

export interface Remote {
  /** Carries an operation of the API out. A body that is text is a CSV file. @throws CliError with the server's own sentence */
  call<Name extends Operation>(name: Name, ...rest: Arguments<Name, CallOptions>): Promise<Answer<Name>>;
  /** The same with the version (ETag) of what was read, and whether the command had been given before, with the same key. */
  tagged<Name extends Operation>(
    name: Name,
    ...rest: Arguments<Name, CallOptions>
  ): Promise<{ readonly answer: Answer<Name>; readonly version: string; readonly replayed: boolean }>;
  /** The first `most` items of a list, over as many pages as it takes. */
  list<Name extends Listing>(
    name: Name,
    ...rest: Arguments<Name, { readonly most?: number }>
  ): Promise<Item<Name>[]>;
  /** What an operation answers, byte by byte. @throws CliError also while it is read, when it breaks off */
  download<Name extends Operation>(name: Name, ...rest: Arguments<Name, never>): Promise<Readable>;
  /** The address of a page of the web app there. */
  page(path: string): string;
}

/** Where Cadenza runs when it is not used beside its database; null: it is. */
export function remoteAddress(): string | null {
  return readEnvironment().CADENZA_URL?.replace(/\/+$/, '') ?? null;
}

/** null: commands use the database of this machine. @throws CliError when there is an address and no key */
export function remote(): Remote | null {
  const url = remoteAddress();
  if (url === null) return null;
  const { CADENZA_KEY: secret } = readEnvironment();
  if (!secret)
    throw new CliError(
      `CADENZA_URL is set to ${url}: set CADENZA_KEY to an API key of yours there (Settings, API keys).`,
      2,
      'no_key',
    );
  return connect(url, { authorization: `Bearer ${secret}` });
}

/**
 * For what no API key may: signs in for one command by the password of `email` (that of the key's user unless given), which is asked
 * for. @throws CliError with the server's own sentence
 */
export async function inPerson<T>(work: (api: Remote) => Promise<T>, email?: string): Promise<T> {
  const url = remoteAddress()!;
  const who = email ?? (await remote()!.call('me.read')).email;
  const { readPassword } = await import('./credentials.ts');
  const password = await readPassword(`Password of ${who} at ${url}: `);
  // Nobody's page made us send this.
  const own = { 'sec-fetch-site': 'none' };
  const { headers } = await ask(url, own, 'session.signIn', { body: { email: who, password } }, {}).catch(
    (error: unknown) => {
      if (!(error instanceof CliError) || error.code !== 'wrong_password') throw error;
      throw new CliError(
        `${error.message} Who has no password sets one in Settings, at ${url}.`,
        1,
        error.code,
      );
    },
  );
  const cookie = headers
    .getSetCookie()
    .map((one) => one.split(';')[0]!)
    .join('; ');
  const api = connect(url, { ...own, cookie });
  try {
    return await work(api);
  } finally {
    // Who disabled themselves has none any more; any other runs out by itself.
    await api.call('session.signOut').catch(() => null);
  }
}

/** @param who the headers that say who asks */
function connect(url: string, who: Readonly<Record<string, string>>): Remote {
  const tagged: Remote['tagged'] = async (name, ...[needs, options = {}]) => {
    const { answer, headers } = await ask(url, who, name, needs, options);
    return {
      answer,
      version: headers.get('etag') ?? '',
      replayed: headers.get('idempotency-replayed') === 'true',
    };
  };
  const call: Remote['call'] = async (name, ...rest) => (await tagged(name, ...rest)).answer;

  return {
    tagged,
    call,
    async list(name, ...[needs, { most = Infinity } = {}]) {
      const { query, ...rest } = (needs ?? {}) as { query?: object };
      const items: unknown[] = [];
      let cursor: string | null = null;
      do {
        const page: { items: readonly unknown[]; next: string | null } = await call(name, {
          ...rest,
          query: { ...query, limit: Math.min(PAGE, most - items.length), ...(cursor !== null && { cursor }) },
        } as never);
        items.push(...page.items);
        cursor = page.next;
      } while (cursor !== null && items.length < most);
      return items as Item<typeof name>[];
    },
    async download(name, ...[needs]) {
      const { body } = await send(url, who, name, needs, { timeoutMs: DOWNLOAD_MS });
      return Readable.from(unbroken(body ?? [], url));
    },
    page: (path) => `${url}${path}`,
  };
}

async function ask<Name extends Operation>(
  url: string,
  who: Readonly<Record<string, string>>,
  name: Name,
  needs: unknown,
  options: CallOptions,
): Promise<{ readonly answer: Answer<Name>; readonly headers: Headers }> {
  const response = await send(url, who, name, needs, options);
  const text = await response.text().catch(() => {
    throw brokenOff(url);
  });
  const answer: unknown = text === '' ? null : isJson(response) ? JSON.parse(text) : text;
  return { answer: answer as Answer<Name>, headers: response.headers };
}

/** @throws CliError when the answer is a refusal, or none comes */
async function send(
  url: string,
  who: Readonly<Record<string, string>>,
  name: Operation,
  needs: unknown,
  options: CallOptions,
): Promise<Response> {
  const { body, ...where } = (needs ?? {}) as { path?: object; query?: object; body?: unknown };
  const method = methodOf(name);
  const isText = typeof body === 'string';
  const response = await fetch(`${url}${addressOf(name, where)}`, {
    method,
    signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
    headers: {
      ...who,
      ...(method === 'POST' && { 'idempotency-key': options.idempotencyKey ?? randomUUID() }),
      ...(options.ifMatch !== undefined && { 'if-match': options.ifMatch }),
      ...(body !== undefined && {
        'content-type': isText ? 'text/csv; charset=utf-8' : 'application/json',
      }),
    },
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
  }).catch((error: Error & { cause?: { code?: string } }) => {
    throw new CliError(
      `${url} does not answer (${error.cause?.code ?? error.message}). Is CADENZA_URL right?`,
      1,
      'unreachable',
    );
  });
  if (response.ok) return response;
  const problem = isJson(response) ? ((await response.json()) as Problem) : {};
  throw problemOf(response.status, problem, url);
}

const isJson = ({ headers }: Response): boolean => /json/.test(headers.get('content-type') ?? '');

async function* unbroken(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  address: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* parts;
  } catch {
    throw brokenOff(address);
  }
}

const brokenOff = (address: string) =>
  new CliError(`${address} broke off in the middle of its answer. Try again.`, 1, 'unreachable');

interface Problem {
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

function problemOf(status: number, { code, detail, errors = [] }: Problem, address: string): CliError {
  const wrongQuestion = [400, 404, 422].includes(status);
  const said = detail ?? `${address} answered ${status}.`;
  const fields = errors.filter(({ message }) => !said.includes(message));
  return new CliError(
    [said, ...fields.map(({ path, message }) => (path ? `${path}: ${message}` : message))].join('\n'),
    wrongQuestion ? 2 : 1,
    code ?? 'refused',
  );
}
