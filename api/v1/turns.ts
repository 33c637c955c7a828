/** Work that takes seconds: few at a time for each user, and none for who has gone. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { principalOf } from './access/principal.ts';
import { HttpProblem } from './problem.ts';

const AT_A_TIME = 3;
const LONGEST_MS = 20_000;

/**
 * Runs `work`, which asks `goOn` now and then whether it is still wanted.
 * @throws HttpProblem 429 when the user has three of these under way; from `goOn` 422 when it takes longer than 20 seconds
 */
export type TakeTurn = <Result>(
  request: FastifyRequest,
  reply: FastifyReply,
  work: (goOn: () => void) => Promise<Result>,
) => Promise<Result>;

export function createTurns(): TakeTurn {
  const underWay = new Map<string, number>();
  return async (request, reply, work) => {
    const { id } = principalOf(request).user;
    const others = underWay.get(id) ?? 0;
    if (others >= AT_A_TIME)
      throw new HttpProblem(
        429,
        'too_many_at_once',
        `You have ${AT_A_TIME} of these under way: wait for one.`,
        2,
      );
    underWay.set(id, others + 1);
    const endsAt = performance.now() + LONGEST_MS;
    try {
      return await work(() => {
        if (reply.raw.destroyed) throw new HttpProblem(408, 'gone', 'Nobody waits for this any more.');
        if (performance.now() > endsAt)
          throw new HttpProblem(
            422,
            'too_slow',
            'This takes too long: make the sequence simpler, or try fewer leads.',
          );
      });
    } finally {
      const left = underWay.get(id)! - 1;
      if (left > 0) underWay.set(id, left);
      else underWay.delete(id);
    }
  };
}
