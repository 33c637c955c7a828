/** What people type, found over HTTP within what the user sees: a name, an address, the beginning of an id. */
import type { Answer } from '../api/v1/calling.ts';
import { CliError } from './errors.ts';
import type { Remote } from './remote.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** So many of a list are looked at to find one by name. */
const MOST = 2_000;
/** So many are named when none fits. */
const SOME = 10;

/** A lead by id, email, external id, LinkedIn URL or name. @throws CliError when there is none, or more than one */
export async function remoteLead(api: Remote, text: string): Promise<string> {
  return UUID.test(text) ? text : (await remoteLeadSummary(api, text)).id;
}

/** The same with what it is called. */
export async function remoteLeadSummary(api: Remote, text: string): Promise<Answer<'leads.find'>> {
  return api.call('leads.find', { query: { lead: text } });
}

const FIND = {
  touch: 'touches.find',
  task: 'tasks.find',
  message: 'inbox.findMessage',
  reply: 'inbox.findReply',
} as const;

/** By how its id begins. @throws CliError when there is none, or more than one */
export async function remoteId(api: Remote, what: keyof typeof FIND, text: string): Promise<string> {
  return (await api.call(FIND[what], { query: { id: text } })).id;
}

/** A lead, with what times that people type about it go by: its zone and the server's business time. */
export async function remoteLeadTime(
  api: Remote,
  text: string,
): Promise<{
  readonly lead: Answer<'leads.timeline'>['lead'];
  readonly zone: string;
  readonly now: number;
}> {
  const path = { id: await remoteLead(api, text) };
  const [{ lead, timeZone }, { now }] = await Promise.all([
    api.call('leads.timeline', { path, query: { limit: 1 } }),
    api.call('meta.time'),
  ]);
  return { lead, zone: timeZone, now: Date.parse(now) };
}

interface Named {
  readonly id: string;
  readonly name?: string;
  readonly title?: string;
  readonly address?: string;
  readonly url?: string;
}

/** One of a list by name, address, id, or how its id begins. @throws CliError when there is none, or more than one */
export function oneOfThem<Thing extends Named>(things: readonly Thing[], kind: string, text: string): Thing {
  const wanted = text.trim().toLowerCase();
  const named = things.filter((one) =>
    [one.id, one.name, one.title, one.address, one.url].some((known) => known?.toLowerCase() === wanted),
  );
  const found =
    named.length > 0 || wanted.length < 4 ? named : things.filter(({ id }) => id.startsWith(wanted));
  if (found.length === 1) return found[0]!;
  const some = things.slice(0, SOME).map(({ id, name, address, url }) => address ?? name ?? url ?? id);
  throw found.length === 0
    ? new CliError(
        `There is no ${kind} “${text}” that you may see or use. There are: ${some.join(', ') || 'none'}${things.length > SOME ? ', …' : ''}.`,
        2,
        'not_found',
      )
    : new CliError(
        `“${text}” may be ${found.map(({ id }) => id).join(', ')}: say which by the id.`,
        2,
        'ambiguous',
      );
}

async function remoteCompany(api: Remote, text: string): Promise<string> {
  const { items } = await api.call('companies.find', { query: { called: text } });
  if (items.length === 1) return items[0]!.id;
  throw items.length === 0
    ? new CliError(
        `No company that you may see is known by “${text}”. Give its domain, such as acme.com, its name or its id.`,
        2,
        'not_found',
      )
    : new CliError(
        `More than one company is called “${text}”. Say which by domain or id:\n  ${items.map(({ name, domain, id }) => [name, domain, id].filter(Boolean).join(' ')).join('\n  ')}`,
        2,
        'ambiguous',
      );
}

/** What `pause`, `resume` and `stop` are about. @throws CliError when it is not there, or is ambiguous */
export async function remoteTarget(
  api: Remote,
  scope: 'lead' | 'launch' | 'sequence' | 'sender' | 'company' | 'all',
  text = '',
): Promise<{ readonly scope: typeof scope; readonly id: string | null }> {
  if (scope === 'all') return { scope, id: null };
  if (UUID.test(text)) return { scope, id: text };
  if (scope === 'lead') return { scope, id: await remoteLead(api, text) };
  if (scope === 'company') return { scope, id: await remoteCompany(api, text) };
  if (scope === 'launch') return { scope, id: (await remoteLaunch(api, text)).id };
  if (scope === 'sequence') {
    const known = await api.list('sequences.list', {}, { most: MOST });
    // A title may be what another sequence is named: the name is meant.
    const named = known.filter(({ name }) => name.toLowerCase() === text.trim().toLowerCase());
    return { scope, id: oneOfThem(named.length > 0 ? named : known, scope, text).id };
  }
  return { scope, id: oneOfThem((await api.call('senders.list')).items, scope, text).id };
}

/** The newest launches that one sees. */
export const remoteLaunches = (api: Remote) => api.list('launches.list', {}, { most: MOST });

/** A launch by name, id, or how its id begins. @throws CliError when there is none, or more than one */
export async function remoteLaunch(
  api: Remote,
  text: string,
): Promise<{ readonly id: string; readonly name: string }> {
  if (UUID.test(text)) return api.call('launches.read', { path: { id: text } });
  return oneOfThem(await remoteLaunches(api), 'launch', text);
}

/** Ids of senders by name, address, id or how it begins, among those that one may launch a version by. @throws CliError for one that is not there */
export async function remoteSenders(
  api: Remote,
  versionId: string,
  texts: readonly string[],
): Promise<readonly string[]> {
  const { items } = await api.call('launches.senders', { query: { versionId } });
  return texts.map((text) => oneOfThem(items, 'sender', text).id);
}
