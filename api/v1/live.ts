/** Server-sent events: one look at the database for everybody who follows the same thing. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../common/log.ts';
import type { Api } from './contract.ts';
import { HttpProblem } from './problem.ts';

export interface Live {
  /** Answers with a stream of snapshots: one at once, then each time that `look` answers something else. */
  follow(request: FastifyRequest, reply: FastifyReply, topic: string, look: () => Promise<unknown>): void;
}

/** At most one look a second; after one that took long, a longer rest. */
const REST_MS = 1000;
const REST_PER_LOOK = 10;
const HEARTBEAT_MS = 15_000;
/** Who follows is asked to come again after this long, and then has to be signed in still. */
const LONGEST_MS = 10 * 60_000;
/** Streams of one server; a browser has six connections to it. */
const MOST = 500;

interface Topic {
  readonly followers: Set<FastifyReply['raw']>;
  last: string | null;
  timer: NodeJS.Timeout | null;
}

export function createLive(app: Api, log: Logger): Live {
  const topics = new Map<string, Topic>();
  let streams = 0;
  const ends = new Set<() => void>();
  app.addHook('preClose', async () => {
    for (const end of ends) end();
  });

  async function round(name: string, topic: Topic, look: () => Promise<unknown>): Promise<void> {
    topic.timer = null;
    const began = performance.now();
    try {
      const now = JSON.stringify(await look());
      if (now !== topic.last) {
        topic.last = now;
        for (const follower of topic.followers) follower.write(`event: snapshot\ndata: ${now}\n\n`);
      }
    } catch (error) {
      log.warn({ err: error }, 'looking for live progress failed; it is tried again');
    }
    if (topic.followers.size === 0) return void topics.delete(name);
    const rest = Math.max(REST_MS, (performance.now() - began) * REST_PER_LOOK);
    topic.timer = setTimeout(() => void round(name, topic, look), rest).unref();
  }

  return {
    follow(request, reply, name, look) {
      if (streams >= MOST)
        throw new HttpProblem(503, 'too_many_streams', 'Too many people follow live: try again later.', 30);
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-request-id': request.id,
      });
      raw.write('retry: 2000\n\n');
      streams++;
      const known = topics.get(name);
      const topic: Topic = known ?? { followers: new Set(), last: null, timer: null };
      topic.followers.add(raw);
      if (known?.last) raw.write(`event: snapshot\ndata: ${known.last}\n\n`);
      if (!known) {
        topics.set(name, topic);
        void round(name, topic, look);
      }
      const beat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS).unref();
      const longest = setTimeout(() => raw.end(), LONGEST_MS).unref();
      const end = () => void raw.end();
      ends.add(end);
      raw.on('close', () => {
        clearInterval(beat);
        clearTimeout(longest);
        ends.delete(end);
        streams--;
        topic.followers.delete(raw);
        if (topic.followers.size > 0 || topic.timer === null) return;
        clearTimeout(topic.timer);
        topics.delete(name);
      });
    },
  };
}
