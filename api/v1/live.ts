/** Server-sent events: one look at the database for everybody who follows the same thing. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../common/log.ts';
import type { Api } from './contract.ts';
import { HttpProblem } from './problem.ts';

export interface Followed {
  /** The same for all who see the same. */
  readonly topic: string;
  readonly look: () => Promise<unknown>;
  readonly userId: string;
  /** Whether whoever follows may still, and sees the same; asked now and then. */
  readonly still: () => Promise<boolean>;
}

export interface Live {
  /**
   * Answers with a stream of snapshots: one at once, then each time that `look` answers something else.
   * @throws HttpProblem 429, 503 when too many are open
   */
  follow(request: FastifyRequest, reply: FastifyReply, what: Followed): void;
}

/** At most one look a second; after one that took long, a longer rest. */
const REST_MS = 1000;
const REST_PER_LOOK = 10;
/** Who follows is asked to come again after this long, and then has to be signed in still. */
const LONGEST_MS = 10 * 60_000;
/** Streams of one server, and of one user; a browser has six connections to it. */
const MOST = 500;
const MOST_OF_USER = 20;

interface Topic {
  readonly followers: Set<FastifyReply['raw']>;
  last: string | null;
  timer: NodeJS.Timeout | null;
}

/** @param options.beatMs wall ms between two looks at whether somebody may still follow */
export function createLive(
  app: Pick<Api, 'addHook'>,
  log: Logger,
  { beatMs = 15_000 }: { readonly beatMs?: number } = {},
): Live {
  const topics = new Map<string, Topic>();
  /** Whose streams are open, once for each. */
  const open = new Map<FastifyReply['raw'], string>();
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
    follow(request, reply, { topic: name, look, userId, still }) {
      if ([...open.values()].filter((one) => one === userId).length >= MOST_OF_USER)
        throw new HttpProblem(429, 'too_many_streams', 'You follow too much at a time: close some.', 60);
      if (open.size >= MOST)
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
      open.set(raw, userId);
      const known = topics.get(name);
      const topic: Topic = known ?? { followers: new Set(), last: null, timer: null };
      topic.followers.add(raw);
      if (known?.last) raw.write(`event: snapshot\ndata: ${known.last}\n\n`);
      if (!known) {
        topics.set(name, topic);
        void round(name, topic, look);
      }
      const beat = setInterval(() => {
        still()
          // Whether they may is not known while the database is away; it is asked again.
          .catch(() => true)
          .then((may) => (may ? raw.write(': still here\n\n') : raw.end()))
          .catch(() => {});
      }, beatMs).unref();
      const longest = setTimeout(() => raw.end(), LONGEST_MS).unref();
      const end = () => void raw.end();
      ends.add(end);
      raw.on('close', () => {
        clearInterval(beat);
        clearTimeout(longest);
        ends.delete(end);
        open.delete(raw);
        topic.followers.delete(raw);
        if (topic.followers.size > 0 || topic.timer === null) return;
        clearTimeout(topic.timer);
        topics.delete(name);
      });
    },
  };
}
