import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface HttpCall {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An answer, or what a broken server does once it has the whole request. */
export type HttpAct =
  { status: number; body?: unknown; headers?: Record<string, string> } | 'reset' | 'close' | 'silence';

export interface ScriptedHttp {
  url: string;
  calls: HttpCall[];
  close(): Promise<void>;
}

/** An HTTP server that answers what `script` says. */
export async function scriptedHttp(script: (call: HttpCall) => HttpAct): Promise<ScriptedHttp> {
  const calls: HttpCall[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://x');
      const call = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body,
      };
      calls.push(call);
      const act = script(call);
      if (act === 'silence') return;
      if (act === 'close') return request.socket.end();
      if (act === 'reset') return request.socket.resetAndDestroy();
      const json = typeof act.body === 'string' ? act.body : JSON.stringify(act.body ?? {});
      response.writeHead(act.status, { 'content-type': 'application/json', ...act.headers }).end(json);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** A port on which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
