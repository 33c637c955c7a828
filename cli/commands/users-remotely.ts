/** Users over HTTP, by email. */
import type { Answer } from '../../api/v1/calling.ts';
import { CliError } from '../errors.ts';
import type { Remote } from '../remote.ts';
import type { LeaveOptions } from './users.ts';

function byEmail<One extends { readonly email: string }>(users: readonly One[], email: string): One {
  const wanted = email.trim().toLowerCase();
  const found = users.find((user) => user.email === wanted);
  if (!found)
    throw new CliError(`There is no user with the email ${email} that you may see.`, 2, 'not_found');
  return found;
}

/** Lets a user in no more, or again. */
export async function disableRemotely(
  api: Remote,
  email: string,
  disabled: boolean,
): Promise<Answer<'users.read'>> {
  const { id, version } = byEmail((await api.call('users.list')).items, email);
  return api.call('users.change', { path: { id }, body: { disabled } }, { ifMatch: `"${version}"` });
}

/** The leave that was added or, with `end`, ended. */
export async function leaveRemotely(
  api: Remote,
  email: string,
  { from, to, zone, colleague, end }: LeaveOptions,
): Promise<Answer<'absences.read'>> {
  const me = await api.call('me.read');
  const seen = me.role === 'rep' ? 'users.colleagues' : 'users.list';
  const idOf = async (who: string) => byEmail([me, ...(await api.call(seen)).items], who).id;
  const userId = await idOf(email);
  if (!end)
    return api.call('absences.add', {
      body: {
        userId,
        from: from!,
        to: to!,
        timeZone: zone ?? null,
        colleagueId: colleague === undefined ? null : await idOf(colleague),
      },
    });
  const now = (await api.call('absences.list')).items.find(
    (one) => one.userId === userId && one.state === 'now',
  );
  if (!now) throw new CliError(`${email} is not on leave now.`, 1, 'not_found');
  const path = { id: now.id };
  await api.call('absences.remove', { path });
  return api.call('absences.read', { path });
}
