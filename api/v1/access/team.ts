import type { User } from '../../../db/access/users.ts';
import { notFound } from '../problem.ts';

/** Whether what concerns `other` may be seen to by `user`: an admin and a manager without a team for everybody, a manager for the team. */
export const manages = (user: User, other: Pick<User, 'team'>): boolean =>
  user.role === 'admin' || (user.role === 'manager' && (user.team === null || user.team === other.team));

/** @throws HttpProblem 404 when it is of another team */
export function assertColleague(user: User, other: User): User {
  if (!manages(user, other)) throw notFound('user');
  return other;
}
