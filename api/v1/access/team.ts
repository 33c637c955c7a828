import { isAnotherTeams, type User } from '../../../db/access/users.ts';
import type { Queryable } from '../../../db/db.ts';
import { HttpProblem } from '../problem.ts';

/** Whether what concerns `other` may be seen to by `user`: an admin and a manager without a team for everybody, a manager for the team. */
export const manages = (user: User, other: Pick<User, 'team'>): boolean =>
  user.role === 'admin' || (user.role === 'manager' && (user.team === null || user.team === other.team));

const anotherTeams = (name: string, { team }: User) =>
  new HttpProblem(
    403,
    'not_allowed',
    `${name} is not of your team, ${team}: within it you hand over what you like, beyond it an admin does.`,
  );

/** @throws HttpProblem 403 when it is of another team */
export function assertColleague(user: User, other: User): User {
  if (!manages(user, other)) throw anotherTeams(other.name, user);
  return other;
}

/** The team beyond whose users somebody gives no leads; null: they give to anybody. */
export const givesWithin = (user: User): string | null => (user.role === 'manager' ? user.team : null);

/**
 * Of leads that get an owner by name. Reps are kept to their own elsewhere.
 * @throws HttpProblem 403 when the name is a user's of another team, and `user` manages a team
 */
export async function assertGives(q: Queryable, user: User, owner: string | null | undefined): Promise<void> {
  const { rowCount } = await q.query(
    `select from (select $1::text as owner) o where ${isAnotherTeams('o.owner', '$2')}`,
    [owner ?? null, givesWithin(user)],
  );
  if (rowCount) throw anotherTeams(owner!, user);
}
