import type { Command } from 'commander';
import type { Role } from '../../db/access/users.ts';
import { action, addCommand, addGroup, several } from '../command.ts';
import { CliError } from '../errors.ts';
import { oneOf } from '../options.ts';
import { inPerson, remote, remoteAddress } from '../remote.ts';
import { disableRemotely, leaveRemotely } from './users-remotely.ts';

const ROLES = ['rep', 'manager', 'admin'] as const satisfies readonly Role[];

interface AddOptions {
  readonly name?: string;
  readonly role: Role;
  readonly team?: string;
  readonly knownAs?: readonly string[];
}

export interface LeaveOptions {
  readonly from?: string;
  readonly to?: string;
  readonly zone?: string;
  readonly colleague?: string;
  readonly end?: boolean;
}

const isDate = (text: string | undefined): text is string =>
  text !== undefined &&
  /^\d{4}-\d\d-\d\d$/.test(text) &&
  new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text) === true;

export function addUsers(program: Command): void {
  const users = addGroup(program, 'users', {
    summary: 'who may use the HTTP API',
    examples: ['users add rosa@example.com --role rep', 'users key rosa@example.com --scope leads:read'],
  });

  addCommand(users, 'add <email>', {
    summary: 'add a user',
    description:
      'A rep sees the leads that are owned by the email, the name or a --known-as; a manager those of the team, without a team everything; an admin everything. Over CADENZA_URL it asks for your password, as no API key adds users.',
    examples: [
      'users add rosa@example.com --name "Rosa Lind" --role rep --known-as rosa',
      'users add boss@example.com --role admin',
    ],
  })
    .option('--name <name>', 'how the user is called (default: the email)')
    .option('--role <role>', ROLES.join(', '), oneOf('--role', ROLES), 'rep')
    .option('--team <team>', 'whose manager sees what is the user’s')
    .option('--known-as <name>', 'an owner of leads who is this user (repeatable)', several)
    .action(
      action<[string], AddOptions>(async (out, [email], options) => {
        if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw new CliError(`${email} is no email address.`);
        const [[{ addUser }, { withSession }], { newSignInLink }] = await Promise.all([
          load(),
          import('../../db/access/sessions.ts'),
        ]);
        const added = {
          email,
          name: options.name ?? email,
          role: options.role,
          team: options.team ?? null,
          knownAs: [...(options.knownAs ?? [])],
        };
        const { user, link } = remote()
          ? await inPerson((api) => api.call('users.add', { body: added }))
          : await withSession(out, async ({ db, config }) => {
              const user = await addUser(db, added);
              return { user, link: `${config.publicUrl}/sign-in/${await newSignInLink(db, user.id)}` };
            });
        await out.result({ user, link }, () => {
          out.line(`Added: ${user.name} <${user.email}>, ${user.role}.`);
          out.line(`Sign-in link, good for a day and one use: ${link}`);
          out.line(out.colors.dim(`A key for the API: cadenza users key ${user.email} --scope leads:read`));
        });
      }),
    );

  addCommand(users, 'list', {
    summary: 'list the users',
    examples: ['users list', 'users list --json'],
  }).action(
    action<[], object>(async (out) => {
      const [{ listUsers }, { withSession }] = await load();
      const api = remote();
      const found = api
        ? (await api.call('users.list')).items
        : await withSession(out, ({ db }) => listUsers(db));
      await out.result({ users: found }, async () => {
        if (found.length === 0)
          return out.line('No users yet. "cadenza users add you@example.com --role admin" adds one.');
        await out.table(
          ['EMAIL', 'NAME', 'ROLE', 'TEAM', 'KNOWN AS', 'STATE'],
          found.map((user) => [
            user.email,
            user.name,
            user.role,
            user.team ?? '',
            user.knownAs.join(', '),
            user.disabledAt ? 'disabled' : 'active',
          ]),
        );
      });
    }),
  );

  addCommand(users, 'key <email>', {
    summary: 'make an API key of a user; it is shown this once',
    description:
      'It can do what the user can, within its scopes; docs/api.md names them. Without --scope it has all. Over CADENZA_URL you make keys of your own only: it asks for the password of that user, and needs no CADENZA_KEY.',
    examples: ['users key rosa@example.com --name crm --scope leads:read --scope inbox:read'],
  })
    .option('--name <name>', 'what it is for', 'terminal')
    .option('--scope <scope>', 'what it is good for (repeatable)', several)
    .action(
      action<[string], { readonly name: string; readonly scope?: readonly string[] }>(
        async (out, [email], { name, scope }) => {
          const [{ findUserByEmail }, { withSession }] = await load();
          const [{ addApiKey }, { SCOPES }] = await Promise.all([
            import('../../db/access/api-keys.ts'),
            import('../../api/v1/access/principal.ts'),
          ]);
          const scopes = (scope ?? SCOPES).map(oneOf('--scope', SCOPES));
          const made = remoteAddress()
            ? await inPerson((api) => api.call('apiKeys.add', { body: { name, scopes } }), email)
            : await withSession(out, async ({ db }) => {
                const user = await findUserByEmail(db, email);
                if (!user)
                  throw new CliError(
                    `There is no user with the email ${email}; see "users list".`,
                    2,
                    'not_found',
                  );
                return addApiKey(db, { userId: user.id, name, scopes, expiresAt: null });
              });
          await out.result(made, () => out.line(`API key, shown this once: ${made.secret}`));
        },
      ),
    );

  addCommand(users, 'leave <email>', {
    summary: 'say when a user is on leave: their leads wait, or a colleague takes their place',
    description:
      'With --colleague, that one sees their tasks, conversations and new answers for that time, and touches go on. Without, nothing is sent to their leads or from their senders until the day after; answers stop everything as always, and their team sees them.',
    examples: [
      'users leave ayse@example.com --from 2026-11-23 --to 2026-12-03',
      'users leave ayse@example.com --from 2026-11-23 --to 2026-12-03 --colleague rosa@example.com',
      'users leave ayse@example.com --end',
    ],
  })
    .option('--from <date>', 'the first day')
    .option('--to <date>', 'the last day')
    .option('--zone <zone>', 'the time zone of these days (default: that of the user’s sender, else UTC)')
    .option('--colleague <email>', 'who takes their place')
    .option('--end', 'back already: ends the leave that is now')
    .action(
      action<[string], LeaveOptions>(async (out, [email], options) => {
        const { from, to, end } = options;
        if (!end && (!isDate(from) || !isDate(to)))
          throw new CliError('Give --from and --to as dates, such as 2026-12-03; or --end.');
        const [[{ findUserByEmail }, { withSession }], absences, { wakeAfterPause }] = await Promise.all([
          load(),
          import('../../db/absences.ts'),
          import('../../api/operations/control.ts'),
        ]);
        const api = remote();
        const absence = api
          ? await leaveRemotely(api, email, options)
          : await withSession(out, async ({ db, wake }) => {
              const find = async (who: string) => {
                const user = await findUserByEmail(db, who);
                if (!user)
                  throw new CliError(
                    `There is no user with the email ${who}; see "users list".`,
                    2,
                    'not_found',
                  );
                return user.id;
              };
              const userId = await find(email);
              if (!end)
                return absences.addAbsence(db, userId, {
                  from: from!,
                  to: to!,
                  timeZone: options.zone ?? null,
                  colleagueId: options.colleague === undefined ? null : await find(options.colleague),
                });
              const now = (
                await absences.listAbsences(db, { userId, team: null, all: false, over: false })
              ).find((one) => one.userId === userId && one.state === 'now');
              if (!now) throw new CliError(`${email} is not on leave now.`, 1, 'not_found');
              await absences.endAbsence(db, now.id);
              const woken = await wakeAfterPause(db, null);
              await wake({ enrollments: woken.wake, launches: woken.launches });
              return absences.readAbsence(db, now.id);
            });
        await out.result({ absence }, () =>
          out.line(
            end
              ? `${absence.name} is back; what waited goes on.`
              : `${absence.name} is on leave from ${absence.from} to ${absence.to} (${absence.timeZone}): ${absence.colleague === null ? 'their leads wait' : `${absence.colleague} takes their place`}.`,
          ),
        );
      }),
    );

  addCommand(users, 'disable <email>', {
    summary: 'let a user in no more: sessions end and keys stop at once',
    description: 'Over CADENZA_URL it asks for your password, as no API key changes users.',
    examples: ['users disable rosa@example.com', 'users disable rosa@example.com --undo'],
  })
    .option('--undo', 'let the user in again')
    .action(
      action<[string], { readonly undo?: boolean }>(async (out, [email], { undo }) => {
        const [{ findUserByEmail, updateUser }, { withSession }] = await load();
        const user = remote()
          ? await inPerson((api) => disableRemotely(api, email, undo !== true))
          : await withSession(out, async ({ db }) => {
              const found = await findUserByEmail(db, email);
              if (!found)
                throw new CliError(
                  `There is no user with the email ${email}; see "users list".`,
                  2,
                  'not_found',
                );
              return updateUser(db, found.id, { disabled: undo !== true }, null);
            });
        await out.result({ user }, () =>
          out.line(`${user.name} <${user.email}> ${undo ? 'may use Cadenza again' : 'is let in no more'}.`),
        );
      }),
    );
}

const load = () => Promise.all([import('../../db/access/users.ts'), import('../session.ts')]);
