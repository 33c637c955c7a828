/** Who may use Cadenza. */
import type { Db, Queryable, Tx } from '../db.ts';
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

/** @throws CommandRefused `already_done` when there is one with this email, `identity_taken` when a name is another user's */
export async function addUser(db: Db, user: NewUser): Promise<User> {
  return db.tx(async (tx) => {
    await oneAfterTheOther(tx);
    return insertUser(tx, user);
  });
}

async function insertUser(tx: Tx, user: NewUser): Promise<User> {
  const email = user.email.trim();
  const knownAs = lower(user.knownAs ?? []);
  if (await findUserByEmail(tx, email))
    throw new CommandRefused('already_done', `There is a user with the email ${user.email} already.`);
  await assertNobodys(tx, namesOf({ email, name: user.name, knownAs }), null);
  const { rows } = await tx.query<Row>(
    `insert into users (email, name, role, team, known_as) values (lower($1), $2, $3, $4, $5) returning ${COLUMNS}`,
    [email, user.name, user.role, user.team ?? null, knownAs],
  );
  return rows[0]!;
}

/** Until the end of the transaction nobody else adds or changes users: what a name means and who is the last admin stays true. */
const oneAfterTheOther = (tx: Tx) => tx.query('lock table users in share row exclusive mode');

/**
 * A name that means two users would show each the other's leads. What the user itself is called already may stay.
 * @throws CommandRefused `identity_taken`
 */
async function assertNobodys(tx: Tx, names: readonly string[], id: string | null): Promise<void> {
  const { rows } = await tx.query<{ called: string; name: string; email: string }>(
    `select called, o.name, o.email from unnest($1::text[]) with ordinality n(called, place)
       join users o on lower(called) = any(${NAMES('o')})
     where o.id is distinct from $2
       and not exists (select from users u where u.id = $2 and lower(called) = any(${NAMES('u')}))
     order by place, o.created_at limit 1`,
    [names, id],
  );
  if (!rows[0]) return;
  const { called, name, email } = rows[0];
  throw new CommandRefused(
    'identity_taken',
    `“${called}” means ${name} <${email}>: leads and tasks of that name are theirs, and two users would see each other’s. Name this user as the CRM writes its owner but not like anybody else, or by the email; leads that are to change hands are handed over.`,
  );
}

/**
 * Makes an admin with this email when there are no users yet. Answers the one user while it is alone and has no password: it can come
 * in by a link only. null: people can sign in by themselves.
 */
export async function firstAdmin(db: Db, email: string): Promise<User | null> {
  return db.tx(async (tx) => {
    await oneAfterTheOther(tx);
    const { rows } = await tx.query<Row>(`select ${COLUMNS} from users limit 2`);
    if (rows.length === 0) return insertUser(tx, { email, name: email.split('@')[0]!, role: 'admin' });
    return rows.length === 1 && !rows[0]!.hasPassword && rows[0]!.disabledAt === null ? rows[0]! : null;
  });
}

/** By what names, in any case, leads' owners and tasks' assignees mean this user. What is lower case says PostgreSQL. */
export const namesOf = ({ email, name, knownAs }: Pick<User, 'email' | 'name' | 'knownAs'>): string[] => [
  email,
  name,
  ...knownAs,
];

/** The same in SQL, of a user by its alias, in lower case. */
const NAMES = (user: string) => `array[${user}.email, lower(${user}.name)] || ${user}.known_as`;

const lower = (names: readonly string[]) => names.map((name) => name.trim().toLowerCase()).filter(Boolean);

export type UserChanges = Partial<
  Pick<User, 'name' | 'role' | 'team' | 'knownAs' | 'locale'> & { readonly disabled: boolean }
>;

/**
 * Changes the given fields. A disabled user's sessions end at once, and keys do not count while it is disabled.
 * @param version what the caller saw; null: whatever it is
 * @throws CommandRefused `not_found`, `changed_meanwhile`, `identity_taken`, `last_admin`
 */
export async function updateUser(
  db: Db,
  id: string,
  changes: UserChanges,
  version: number | null,
): Promise<User> {
  return db.tx(async (tx) => {
    await oneAfterTheOther(tx);
    const before = await readUser(tx, id);
    if (version !== null && before.version !== version)
      throw new CommandRefused('changed_meanwhile', 'Somebody changed this user meanwhile: look again.');
    const after = { ...before, ...changes };
    await assertNobodys(tx, [after.name, ...lower(after.knownAs)], id);
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

/**
 * The condition that `owner` (a column) means a user, and nobody of `team` (a parameter): what a team's manager gives to no lead.
 * null: somebody without a team, who gives leads to anybody.
 */
export const isAnotherTeams = (owner: string, team: string): string =>
  `(${team}::text is not null and exists (select from users u where lower(${owner}) = any(${NAMES('u')}))
    and not exists (select from users u where u.team = ${team} and lower(${owner}) = any(${NAMES('u')})))`;

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
    `select ${NAMES('u')} as names from users u
     where id = $1 or ($2::text is not null and team = $2) or id in (
       select a.user_id from absences a join users away on away.id = a.user_id
       where a.until_at > business_now() and a.from_at <= business_now()
         and (a.colleague_id = $1 or (a.colleague_id is null and away.team = $3))) limit 1000`,
    [user.id, user.role === 'manager' ? user.team : null, user.team],
  );
  return [...new Set(rows.flatMap(({ names }) => names))];
}
