/** The one way in which the app talks to the server: an operation of the API by its name. */
import {
  addressOf,
  methodOf,
  type Answer,
  type Arguments,
  type Needs,
  type Operation,
} from '../../../api/v1/calling.ts';

export { addressOf, type Answer, type Needs, type Operation };

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

/**
 * Carries an operation out and answers what the server answered.
 * @throws ApiProblem
 */
export async function call<Name extends Operation>(
  name: Name,
  ...[needs, options]: Arguments<Name, CallOptions>
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
  const method = methodOf(name);
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
