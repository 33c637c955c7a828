/**
 * One HTTP exchange with a provider, told apart the way promise 1 needs it: answered, never written, or written and unanswered.
 * No retries, no redirects, no kept-alive connections: a stale one breaks after the request was written and would leave the touch unconfirmed.
 */
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import axios, { type AxiosInstance } from 'axios';
import { wallNow } from '../common/clock.ts';

/** How long connecting (DNS, TCP, TLS) may take, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
/** How long one request may take, in milliseconds, when the sender's settings don't say. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** When a send is over at the latest, in milliseconds: nothing is written after that. A touch's lease must outlast it. */
export const SEND_DEADLINE_MS = 40_000;

const MAX_RESPONSE_BYTES = 5_000_000;
const unwritten = new WeakSet<object>();

/** Never set by Node itself: connecting took longer than `CONNECT_TIMEOUT_MS`. */
class ConnectTimeout extends Error {
  override name = 'ConnectTimeout';
  readonly code = 'ECONNECTTIMEOUT';
}

function watched(
  socket: Duplex | null | undefined,
  ready: 'connect' | 'secureConnect',
  timeoutMs: number,
): Duplex | null | undefined {
  if (!socket) return socket;
  const timer = setTimeout(
    () => socket.destroy(new ConnectTimeout(`no connection within ${timeoutMs} ms`)),
    timeoutMs,
  );
  const failed = (error: Error): void => {
    unwritten.add(error);
  };
  socket.once('error', failed);
  socket.once('close', () => clearTimeout(timer));
  socket.once(ready, () => {
    clearTimeout(timer);
    socket.off('error', failed);
  });
  return socket;
}

class PlainAgent extends http.Agent {
  override createConnection(
    ...args: Parameters<http.Agent['createConnection']>
  ): ReturnType<http.Agent['createConnection']> {
    return watched(super.createConnection(...args), 'connect', CONNECT_TIMEOUT_MS);
  }
}

class TlsAgent extends https.Agent {
  override createConnection(
    ...args: Parameters<https.Agent['createConnection']>
  ): ReturnType<https.Agent['createConnection']> {
    return watched(super.createConnection(...args), 'secureConnect', CONNECT_TIMEOUT_MS);
  }
}

/** Agents whose connection errors `wasWritten` can tell from later ones. */
export const agents = {
  httpAgent: new PlainAgent({ keepAlive: false }),
  httpsAgent: new TlsAgent({ keepAlive: false }),
};

/** False only when it is certain that not a byte of the request left: the connection was never there. */
function wasWritten(error: unknown): boolean {
  for (let each = error; typeof each === 'object' && each !== null; each = (each as Error).cause) {
    if (unwritten.has(each)) return false;
  }
  return true;
}

/** The end of a send. `passed` holds also in a process that stood still, whose timers have not run yet. */
export interface Deadline {
  readonly signal: AbortSignal;
  passed(): boolean;
}

export function sendDeadline(ms: number = SEND_DEADLINE_MS): Deadline {
  const end = performance.now() + ms;
  return { signal: AbortSignal.timeout(ms), passed: () => performance.now() >= end };
}

export type Exchange =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: unknown;
      readonly retryAfterMs: number | null;
    }
  | { readonly kind: 'broken'; readonly written: boolean; readonly code: string; readonly detail: string };

export interface HttpRequest {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object leaves as JSON, a FormData as multipart. */
  readonly body?: FormData | Readonly<Record<string, unknown>>;
}

export type HttpClient = (request: HttpRequest) => Promise<Exchange>;

/** A client for one base URL and the requests of one send. Every status is an answer; it never throws for what the other side does. */
export function createHttp(options: {
  baseUrl: string;
  headers: Record<string, string>;
  timeoutMs: number;
  deadline: Deadline;
}): HttpClient {
  const instance: AxiosInstance = axios.create({
    baseURL: options.baseUrl,
    headers: options.headers,
    timeout: options.timeoutMs,
    maxRedirects: 0,
    maxContentLength: MAX_RESPONSE_BYTES,
    proxy: false,
    validateStatus: () => true,
    ...agents,
  });
  return async (request) => {
    if (options.deadline.passed()) {
      return {
        kind: 'broken',
        written: false,
        code: 'deadline',
        detail: 'the time for this touch was over before the request',
      };
    }
    try {
      const response = await instance.request<unknown>({
        method: request.method,
        url: request.path,
        params: request.query,
        data: request.body,
        signal: options.deadline.signal,
        ...(request.headers ? { headers: request.headers } : {}),
      });
      return {
        kind: 'answered',
        status: response.status,
        body: response.data,
        retryAfterMs: retryAfter(response.headers['retry-after']),
      };
    } catch (error) {
      return broken(error);
    }
  };
}

/** An exchange that ended without an answer. */
export function broken(error: unknown): Exchange & { kind: 'broken' } {
  const { code, message } = error as { code?: string; message?: string };
  return {
    kind: 'broken',
    written: wasWritten(error),
    code: code ?? 'unknown',
    detail: message ?? String(error),
  };
}

/** Retry-After in milliseconds: seconds or an HTTP date, capped at a week; null when absent or senseless. */
export function retryAfter(value: unknown): number | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const text = String(value).trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - wallNow();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 7 * 86_400_000) : null;
}
