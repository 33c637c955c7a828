import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { Agent as HttpAgent, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import axios, { type AxiosError } from 'axios';
import { wallNow } from '../../common/clock.ts';
import { isPublicAddress } from '../../common/network.ts';

/** What came of a POST. `code` is a word in snake_case. */
export type PostResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfterMs: number | null;
      readonly body: string;
      readonly ms: number;
    }
  /** No answer. `handedOver`: the request may have arrived; otherwise it certainly did not. */
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly detail: string;
      readonly handedOver: boolean;
      readonly ms: number;
    };

export interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The receiver recognises a repetition. Then the connection of an earlier post is used again, and if the receiver turns out to have
   * closed it, the post is repeated at once; otherwise each post has a connection of its own and is made once.
   */
  readonly repeatable?: boolean;
  /** Ends the attempt early; its result is then `failed` with code `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/** Posts JSON to addresses that users gave: never to private ones unless allowed, never through a redirect or a proxy. */
export interface OutboundHttp {
  post(request: Post): Promise<PostResult>;
  /** Wall ms after which `post` gives up. */
  readonly timeoutMs: number;
  close(): void;
}

/** A name or address that points into the own network. */
class PrivateAddressError extends Error {
  readonly code = 'private_address';
  constructor(host: string) {
    super(
      `${host} is not on the public internet; callbacks go there only when CADENZA_ALLOW_PRIVATE_ENDPOINTS is set`,
    );
  }
}

const BODY_KEPT = 300;
const BODY_READ = 64 * 1024;
const REQUEST_LIMIT = 1024 * 1024;

export interface OutboundOptions {
  /** Lets loopback, private and other internal addresses pass. */
  readonly allowPrivate: boolean;
  /** Wall ms for a whole exchange, from the look-up to the last byte read. */
  readonly timeoutMs?: number;
  /** Instead of the system's resolver. */
  readonly lookup?: LookupFunction;
}

/** Answers are read up to 64 KiB; of those, 300 characters are returned. */
export function createOutboundHttp(options: OutboundOptions): OutboundHttp {
  const timeoutMs = options.timeoutMs ?? 15_000;
  const guard = createGuard(options);
  const agents = (keepAlive: boolean) => {
    const settings = { keepAlive, maxSockets: 64, lookup: guard.lookup };
    return { http: new GuardedHttpAgent(settings, guard), https: new GuardedHttpsAgent(settings, guard) };
  };
  const [kept, single] = [agents(true), agents(false)];

  async function once(request: Post): Promise<PostResult & { readonly stale?: boolean }> {
    const startedAt = performance.now();
    const ms = () => performance.now() - startedAt;
    const ended = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await axios.request<Readable>({
        method: 'POST',
        url: request.url,
        data: Buffer.from(request.body),
        headers: {
          'user-agent': 'Cadenza',
          accept: '*/*',
          ...request.headers,
          'content-type': 'application/json',
        },
        httpAgent: (request.repeatable ? kept : single).http,
        httpsAgent: (request.repeatable ? kept : single).https,
        proxy: false,
        maxRedirects: 0,
        maxBodyLength: REQUEST_LIMIT,
        responseType: 'stream',
        decompress: false,
        validateStatus: () => true,
        signal: request.signal ? AbortSignal.any([ended, request.signal]) : ended,
      });
      const retryAfter = answer.headers['retry-after'] as string | undefined;
      const body = await start(answer.data);
      return {
        kind: 'answered',
        status: answer.status,
        retryAfterMs: parseRetryAfter(retryAfter),
        body,
        ms: ms(),
      };
    } catch (error) {
      const { code, request: sent, cause } = error as AxiosError & { request?: Sent };
      const reason =
        cause instanceof Error
          ? (cause as NodeJS.ErrnoException)
          : { code, message: (error as Error).message };
      const word = request.signal?.aborted
        ? 'aborted'
        : ended.aborted
          ? 'timeout'
          : wordOf(reason.code ?? code);
      return {
        kind: 'failed',
        code: word,
        detail: reason.message,
        handedOver: Boolean(sent?.socket && guard.ready.has(sent.socket)),
        ms: ms(),
        stale: request.repeatable === true && sent?.reusedSocket === true && word === 'econnreset',
      };
    }
  }

  return {
    timeoutMs,
    async post(request) {
      const first = await once(request);
      // The receiver closed a kept connection just when it was used again: that says nothing about the receiver.
      return first.kind === 'failed' && first.stale ? once(request) : first;
    },
    close() {
      for (const agent of [kept.http, kept.https, single.http, single.https]) agent.destroy();
    },
  };
}

/** What axios says of the request that failed. */
interface Sent {
  readonly socket?: Duplex | null;
  readonly reusedSocket?: boolean;
}

/** The first characters of an answer. Reads on, so that the connection can be used again; an endless or broken body is cut off. */
async function start(stream: Readable): Promise<string> {
  let [text, read] = ['', 0];
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (text.length < BODY_KEPT) text += chunk.toString('utf8');
      read += chunk.length;
      if (read > BODY_READ) break;
    }
  } catch {
    // The status said everything.
  }
  return text.slice(0, BODY_KEPT);
}

/** Seconds or an HTTP date, as milliseconds from now; null when there is none that can be read. */
function parseRetryAfter(value: string | undefined): number | null {
  if (value === undefined) return null;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - wallNow());
}

function wordOf(code: string | undefined): string {
  return (code ?? 'network_error').toLowerCase().replace(/[^a-z0-9]+/g, '_');
}

interface Guard {
  /** Looks a name up and refuses it when any of its addresses is internal. The connection is then made to the very addresses that were checked. */
  readonly lookup: LookupFunction;
  /** Why a connection to this host must not be made. Names are left to `lookup`, which is never asked about a literal address. */
  refuse(host: string | null | undefined): Error | null;
  /** Sockets over which a request may have gone. */
  readonly ready: WeakSet<Duplex>;
}

function createGuard({ allowPrivate, lookup = systemLookup as LookupFunction }: OutboundOptions): Guard {
  return {
    lookup: (hostname, options, callback) =>
      lookup(hostname, options, (error, address, family) => {
        const found: readonly LookupAddress[] =
          typeof address === 'string' ? [{ address, family: family ?? 4 }] : (address ?? []);
        const refused = !error && !allowPrivate && found.some((one) => !isPublicAddress(one.address));
        callback(refused ? new PrivateAddressError(hostname) : error, address, family);
      }),
    refuse(host) {
      const literal = host?.replace(/^\[|\]$/g, '') ?? 'localhost';
      return !allowPrivate && (!host || (isIP(literal) !== 0 && !isPublicAddress(literal)))
        ? new PrivateAddressError(literal)
        : null;
    },
    ready: new WeakSet(),
  };
}

type Connected = (error: Error | null, stream: Duplex) => void;

class GuardedHttpAgent extends HttpAgent {
  readonly #guard: Guard;
  constructor(options: ConstructorParameters<typeof HttpAgent>[0], guard: Guard) {
    super(options);
    this.#guard = guard;
  }
  override createConnection(options: ClientRequestArgs, connected?: Connected): Duplex | null | undefined {
    return guarded(this.#guard, options.host, connected, 'connect', () =>
      super.createConnection(options, connected),
    );
  }
}

class GuardedHttpsAgent extends HttpsAgent {
  readonly #guard: Guard;
  constructor(options: ConstructorParameters<typeof HttpsAgent>[0], guard: Guard) {
    super(options);
    this.#guard = guard;
  }
  override createConnection(options: RequestOptions, connected?: Connected): Duplex | null | undefined {
    return guarded(this.#guard, options.host, connected, 'secureConnect', () =>
      super.createConnection(options, connected),
    );
  }
}

function guarded(
  guard: Guard,
  host: string | null | undefined,
  connected: Connected | undefined,
  readyEvent: string,
  connect: () => Duplex | null | undefined,
) {
  const refused = guard.refuse(host);
  if (refused) {
    // Node reads the stream only when there is no error, whatever the type says.
    connected?.(refused, undefined as unknown as Duplex);
    return undefined;
  }
  const socket = connect();
  socket?.once(readyEvent, () => guard.ready.add(socket));
  return socket;
}
