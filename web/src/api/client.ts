/** The one way in which the app talks to the server: an operation of the API by its name. */
import { OPERATIONS, type Operations } from './operations.ts';

export type Operation = keyof Operations;
export type Answer<Name extends Operation> = Operations[Name]['answer'];

type Part<Name extends Operation, Key extends string> = Key extends keyof Operations[Name]
  ? { [K in Key]: Operations[Name][Key] }
  : unknown;
/** What an operation needs: `path`, `query` and `body`, those that it has. */
export type Needs<Name extends Operation> = ({} extends Operations[Name]['path']
  ? unknown
  : Part<Name, 'path'>) &
  ({} extends Operations[Name]['query'] ? Partial<Part<Name, 'query'>> : Part<Name, 'query'>) &
  Part<Name, 'body'>;

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** The version that is changed, as `call.tagged` answered it; another one there is a `changed_meanwhile`. */
  readonly ifMatch?: string;
  /** Of a repetition of the same command; a new one for each call unless given. */
  readonly idempotencyKey?: string;
  /** Default: JSON. A text body is sent as it is. */
  readonly contentType?: string;
}

/** A problem that the server told (RFC 9457), or `unreachable` when there was no answer. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  /** For programs: `not_found`, `changed_meanwhile`, … */
  readonly code: string;
  /** What is wrong with which field; `path` is a JSON Pointer. */
  readonly errors: readonly { readonly path: string; readonly message: string }[];

  constructor(status: number, code: string, detail: string, errors: ApiProblem['errors'] = []) {
    super(detail);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

/** Where an operation is, for links and downloads. */
export function addressOf<Name extends Operation>(
  name: Name,
  { path = {}, query = {} }: { path?: object; query?: object } = {},
): string {
  const template = OPERATIONS[name].split(' ')[1]!;
  const parts = path as Record<string, string>;
  const filled = template.replace(/\{(\w+)\}/g, (_all, key: string) => encodeURIComponent(parts[key]!));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(key, String(one));
  }
  return search.size > 0 ? `${filled}?${search}` : filled;
}

/**
 * Carries an operation out and answers what the server answered.
 * @throws ApiProblem
 */
export async function call<Name extends Operation>(
  name: Name,
  ...[needs, options]: {} extends Needs<Name>
    ? [needs?: Needs<Name>, options?: CallOptions]
    : [needs: Needs<Name>, options?: CallOptions]
): Promise<Answer<Name>> {
  return (await tagged(name, needs as Needs<Name>, options)).answer;
}

/** The same with the version (ETag) of what was read, to be given as `ifMatch`. */
export async function tagged<Name extends Operation>(
  name: Name,
  needs?: Needs<Name>,
  options: CallOptions = {},
): Promise<{ answer: Answer<Name>; version: string | null }> {
  const { path, query, body } = (needs ?? {}) as { path?: object; query?: object; body?: unknown };
  const method = OPERATIONS[name].split(' ')[0]!;
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = options.contentType ?? 'application/json';
  if (options.ifMatch) headers['if-match'] = options.ifMatch;
  if (method === 'POST') headers['idempotency-key'] = options.idempotencyKey ?? newKey();
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  let response: Response;
  try {
    response = await fetch(addressOf(name, { ...(path && { path }), ...(query && { query }) }), {
      method,
      headers,
      credentials: 'same-origin',
      // A command goes out also while the page is being left; browsers take 64 KiB of that.
      keepalive: method !== 'GET' && text.length < 60_000,
      ...(options.signal && { signal: options.signal }),
      ...(body !== undefined && { body: text }),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiProblem(0, 'unreachable', '');
  }
  const said = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const answer: unknown = said === '' ? null : isJson ? JSON.parse(said) : said;
  if (!response.ok) throw problemOf(response.status, answer);
  return { answer: answer as Answer<Name>, version: response.headers.get('etag') };
}

/** What was read; null where there is none. */
export const orNull = <Found>(read: Promise<Found>): Promise<Found | null> =>
  read.catch((error: unknown) => {
    if (error instanceof ApiProblem && error.status === 404) return null;
    throw error;
  });

/** A new idempotency key. Not `randomUUID`, which browsers have on secure pages only, and a server in one's own network may have no TLS. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );

function problemOf(status: number, answer: unknown): ApiProblem {
  // A proxy before the server answers in its own way.
  const problem = (typeof answer === 'object' && answer !== null ? answer : {}) as {
    code?: string;
    detail?: string;
    errors?: ApiProblem['errors'];
  };
  return new ApiProblem(status, problem.code ?? 'unreachable', problem.detail ?? '', problem.errors);
}
