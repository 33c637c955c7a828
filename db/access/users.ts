/** Who may use Cadenza. */
import type { Db, Queryable } from '../db.ts';
import { CommandRefused } from '../refused.ts';

export const ROLES = ['rep', 'manager', 'admin'] as const;
/** `rep`: own leads, tasks and inbox; `manager`: the team's; `admin`: everything. */
export type Role = (typeof ROLES)[number];

export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly team: string | null;
  readonly knownAs: readonly string[];
  readonly locale: 'en' | 'tr' | null;
  readonly hasPassword: boolean;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
  readonly lastSignInAt: Date | null;
  readonly version: number;
}

const COLUMNS = `id, email, name, role, team, known_as as "knownAs", locale, password_hash is not null as "hasPassword",
  disabled_at as "disabledAt", created_at as "createdAt", last_sign_in_at as "lastSignInAt", version`;
type Row = User & Record<string, unknown>;

export interface NewUser {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly team?: string | null;
  readonly knownAs?: readonly string[];
}

/** @throws CommandRefused `already_done` when there is one with this email */
export async function addUser(q: Queryable, user: NewUser): Promise<User> {
  const { rows } = await q.query<Row>(
    `insert into users (email, name, role, team, known_as) values (lower($1), $2, $3, $4, $5) on conflict (email) do nothing
     returning ${COLUMNS}`,
    [user.email.trim(), user.name, user.role, user.team ?? null, lower(user.knownAs ?? [])],
  );
  if (!rows[0])
    throw new CommandRefused('already_done', `There is a user with the email ${user.email} already.`);
  return rows[0];
}

/**
 * Makes an admin with this email when there are no users yet. Answers the one user while it is alone and has no password: it can come
 * in by a link only. null: people can sign in by themselves.
 */
export async function firstAdmin(db: Db, email: string): Promise<User | null> {
  return db.tx(async (tx) => {
    await tx.query('lock table users in share row exclusive mode');
    const { rows } = await tx.query<Row>(`select ${COLUMNS} from users limit 2`);
    if (rows.length === 0) return addUser(tx, { email, name: email.split('@')[0]!, role: 'admin' });
    return rows.length === 1 && !rows[0]!.hasPassword && rows[0]!.disabledAt === null ? rows[0]! : null;
  });
}

/** By what names, in any case, leads' owners and tasks' assignees mean this user. What is lower case says PostgreSQL. */
export const namesOf = ({ email, name, knownAs }: Pick<User, 'email' | 'name' | 'knownAs'>): string[] => [
  email,
  name,
  ...knownAs,
];

const lower = (names: readonly string[]) => names.map((name) => name.trim().toLowerCase()).filter(Boolean);

export type UserChanges = Partial<
  Pick<User, 'name' | 'role' | 'team' | 'knownAs' | 'locale'> & { readonly disabled: boolean }
>;

/**
 * Changes the given fields. A disabled user's sessions end at once, and keys do not count while it is disabled.
 * @param version what the caller saw; null: whatever it is
 * @throws CommandRefused `not_found`, `changed_meanwhile`, `last_admin`
 */
export async function updateUser(
  db: Db,
  id: string,
  changes: UserChanges,
  version: number | null,
): Promise<User> {
  return db.tx(async (tx) => {
    // One after the other, so that two admins cannot disable each other.
    await tx.query('lock table users in share row exclusive mode');
    const before = await readUser(tx, id);
    if (version !== null && before.version !== version)
      throw new CommandRefused('changed_meanwhile', 'Somebody changed this user meanwhile: look again.');
    const after = { ...before, ...changes };
    const { rows } = await tx.query<Row>(
      `update users set name = $2, role = $3, team = $4, known_as = $5, locale = $6, version = version + 1,
         disabled_at = case when $7::boolean then coalesce(disabled_at, clock_timestamp()) when not $7 then null else disabled_at end
       where id = $1 returning ${COLUMNS}`,
      [id, after.name, after.role, after.team, lower(after.knownAs), after.locale, changes.disabled ?? null],
    );
    const { rowCount } = await tx.query(
      `select from users where role = 'admin' and disabled_at is null limit 1`,
    );
    if (!rowCount)
      throw new CommandRefused('last_admin', 'This is the last admin: make somebody else one first.');
    if (changes.disabled) await tx.query('delete from sessions where user_id = $1', [id]);
    return rows[0]!;
  });
}

/** @throws CommandRefused `not_found` */
export async function readUser(q: Queryable, id: string): Promise<User> {
  const { rows } = await q.query<Row>(`select ${COLUMNS} from users where id = $1`, [id]);
  if (!rows[0]) throw new CommandRefused('not_found', `There is no user with the id ${id}.`);
  return rows[0];
}

export async function findUserByEmail(q: Queryable, email: string): Promise<User | null> {
  const { rows } = await q.query<Row>(`select ${COLUMNS} from users where email = lower($1)`, [email.trim()]);
  return rows[0] ?? null;
}

/** Everybody, by name; at most 1,000. */
export async function listUsers(q: Queryable): Promise<User[]> {
  const { rows } = await q.query<Row>(`select ${COLUMNS} from users order by lower(name), id limit 1000`);
  return rows;
}

/** Those who may sign in, of one team (null: of all), by name; at most 1,000. */
export async function listColleagues(q: Queryable, team: string | null): Promise<User[]> {
  const { rows } = await q.query<Row>(
    `select ${COLUMNS} from users where disabled_at is null and ($1::text is null or team = $1) order by lower(name), id limit 1000`,
    [team],
  );
  return rows;
}

/**
 * By what names (lower case) leads' owners and tasks' assignees mean what this user may see; null: everything. A rep sees what is
 * its own; a manager with a team what is anybody's of the team, or nobody's. While somebody is on leave, also the colleague who takes
 * their place sees what is theirs; when nobody does and their leads wait, all of their team do.
 */
export async function ownersSeenBy(q: Queryable, user: User): Promise<readonly string[] | null> {
  if (user.role === 'admin' || (user.role === 'manager' && user.team === null)) return null;
  const { rows } = await q.query<{ names: string[] }>(
    `select array[email, lower(name)] || known_as as names from users
     where id = $1 or ($2::text is not null and team = $2) or id in (
       select a.user_id from absences a join users away on away.id = a.user_id
       where a.until_at > business_now() and a.from_at <= business_now()
         and (a.colleague_id = $1 or (a.colleague_id is null and away.team = $3))) limit 1000`,
    [user.id, user.role === 'manager' ? user.team : null, user.team],
  );
  return [...new Set(rows.flatMap(({ names }) => names))];
}
