import type { FastifyRequest } from 'fastify';
import { sees, type Sight } from '../../../db/access/sight.ts';
import type { Db } from '../../../db/db.ts';
import { notFound } from '../problem.ts';
import { principalOf, type Principal } from './principal.ts';

/** What a principal sees; what nobody owns is the managers'. */
export const sightOf = ({ owners, user }: Principal): Sight => ({ owners, unowned: user.role !== 'rep' });

/** @throws HttpProblem 404 when there is no such thing, or it is another's */
export async function assertSees(
  db: Db,
  request: FastifyRequest,
  what: Parameters<typeof sees>[1],
  id: string,
): Promise<void> {
  if (!(await sees(db, what, id, sightOf(principalOf(request))))) throw notFound(what);
}
