import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ReceivedPost {
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: {
    readonly type: string;
    readonly data: {
      readonly seq: number;
      readonly lead: { readonly id: string; readonly external_id: string | null };
    };
  };
  readonly status: number;
}

/** How a test's CRM answers one post: a status, with headers if need be; or by itself. */
export type Answer =
  | number
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | ((res: ServerResponse) => void);

/** A CRM on loopback that keeps every post it got, in order of arrival, also those that it refused. */
export async function startReceiver(
  answer: (post: Omit<ReceivedPost, 'status'>) => Answer | Promise<Answer> = () => 204,
  port = 0,
) {
  const posts: ReceivedPost[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      void respond(req.headers, Buffer.concat(chunks).toString(), res);
    });
  });
  async function respond(headers: IncomingHttpHeaders, text: string, res: ServerResponse): Promise<void> {
    const body = JSON.parse(text) as ReceivedPost['body'];
    const post = { id: String(headers['webhook-id']), headers, text, body };
    const given = await answer(post);
    const full = typeof given === 'number' ? { status: given } : given;
    posts.push({ ...post, status: typeof full === 'function' ? 0 : full.status });
    if (typeof full === 'function') full(res);
    else res.writeHead(full.status, full.headers).end(full.body ?? '');
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}/hook`,
    port: bound,
    posts,
    /** The numbers taken (2xx) for each lead, in order of arrival, without repetitions of the same id. */
    taken(): Map<string, number[]> {
      const seen = new Set<string>();
      const byLead = new Map<string, number[]>();
      for (const post of posts) {
        if (post.status < 200 || post.status > 299 || seen.has(post.id)) continue;
        seen.add(post.id);
        byLead.set(post.body.data.lead.id, [
          ...(byLead.get(post.body.data.lead.id) ?? []),
          post.body.data.seq,
        ]);
      }
      return byLead;
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Waits until `check` is true, looking every 20 ms; fails after `ms`. */
export async function until(check: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const endsAt = performance.now() + ms;
  while (!(await check())) {
    if (performance.now() > endsAt) throw new Error(`still not so after ${ms} ms: ${check.toString()}`);
    await sleep(20);
  }
}
