/** Cadenza over HTTP: what commands use instead of the database when CADENZA_URL is set. */
import { randomUUID } from 'node:crypto';
import { readEnvironment } from '../common/config.ts';
import type { LeadSummary } from '../db/history.ts';
import { CliError } from './errors.ts';

const TIMEOUT_MS = 30_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface Remote {
  /** @param path below `/v1` @throws CliError with the server's own sentence */
  get<Found>(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<Found>;
  /** @param key the second time with the same one does nothing; default: a new one */
  post<Found>(path: string, body: unknown, key?: string): Promise<Found>;
  upload<Found>(path: string, csv: string): Promise<Found>;
  download(path: string): Promise<string>;
  /** The address of a page of the web app there. */
  page(path: string): string;
}

/** null: commands use the database of this machine. @throws CliError when there is an address and no key */
export function remote(): Remote | null {
  const { CADENZA_URL: url, CADENZA_KEY: secret } = readEnvironment();
  if (!url) return null;
  if (!secret)
    throw new CliError(
      `CADENZA_URL is set to ${url}: set CADENZA_KEY to an API key of yours there (Settings, API keys).`,
      2,
      'no_key',
    );
  const base = `${url.replace(/\/+$/, '')}/v1`;
  const send = async <Found>(
    method: string,
    address: string,
    body?: unknown,
    { key, csv = false }: { readonly key?: string | undefined; readonly csv?: boolean } = {},
  ): Promise<Found> => {
    const response = await fetch(`${base}${address}`, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        authorization: `Bearer ${secret}`,
        ...(method === 'POST' && { 'idempotency-key': key ?? randomUUID() }),
        ...(body !== undefined && { 'content-type': csv ? 'text/csv; charset=utf-8' : 'application/json' }),
      },
      ...(body !== undefined && { body: csv ? (body as string) : JSON.stringify(body) }),
    }).catch((error: Error & { cause?: { code?: string } }) => {
      throw new CliError(
        `${url} does not answer (${error.cause?.code ?? error.message}). Is CADENZA_URL right?`,
        1,
        'unreachable',
      );
    });
    const text = await response.text();
    const answer = (
      /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : { text }
    ) as Found & {
      code?: string;
      detail?: string;
      errors?: readonly { readonly path: string; readonly message: string }[];
    };
    if (response.ok) return answer;
    const wrongQuestion = [400, 404, 422].includes(response.status);
    const said = answer.detail ?? `${url} answered ${response.status}.`;
    const fields = (answer.errors ?? []).filter(({ message }) => !said.includes(message));
    throw new CliError(
      [said, ...fields.map(({ path, message }) => `${path || '/'}: ${message}`)].join('\n'),
      wrongQuestion ? 2 : 1,
      answer.code ?? 'refused',
    );
  };
  return {
    get(path, query = {}) {
      const search = new URLSearchParams();
      for (const [name, value] of Object.entries(query))
        if (value !== undefined) search.set(name, String(value));
      return send('GET', search.size > 0 ? `${path}?${search.toString()}` : path);
    },
    post: (path, body, key) => send('POST', path, body, { key }),
    upload: (path, csv) => send('POST', path, csv, { csv: true }),
    page: (path) => `${url.replace(/\/+$/, '')}${path}`,
    download: async (path) => (await send<{ text: string }>('GET', path)).text,
  };
}

/** A short list; null: it is on the database. Times are text in it. */
export async function remoteItems<Item>(path: string): Promise<readonly Item[] | null> {
  const api = remote();
  return api && (await api.get<{ items: readonly Item[] }>(path)).items;
}

/** A lead by id, email or name. @throws CliError when there is none, or more than one */
export async function remoteLead(api: Remote, text: string): Promise<string> {
  if (UUID.test(text)) return text;
  const { items } = await api.get<{ items: { id: string; name: string | null; email: string | null }[] }>(
    '/leads',
    { q: text, limit: 20 },
  );
  const exact = items.filter((lead) =>
    [lead.email, lead.name].some((known) => known?.toLowerCase() === text.toLowerCase()),
  );
  const found = exact.length > 0 ? exact : items;
  if (found.length === 1) return found[0]!.id;
  throw found.length === 0
    ? new CliError(`There is no lead “${text}”.`, 2, 'not_found')
    : new CliError(
        `“${text}” may be ${found.map(({ email, id }) => email ?? id).join(', ')}: say which by the email.`,
        2,
        'ambiguous',
      );
}

/** The same with what it is called. */
export async function remoteLeadSummary(api: Remote, text: string): Promise<LeadSummary> {
  const { lead } = await api.get<{ lead: LeadSummary }>(`/leads/${await remoteLead(api, text)}/why`);
  return lead;
}

interface Named {
  readonly id: string;
  readonly name: string;
  readonly address?: string;
}

/** What `pause`, `resume` and `stop` are about. @throws CliError when it is not there, is ambiguous, or can be named on the database only */
export async function remoteTarget(
  api: Remote,
  scope: 'lead' | 'launch' | 'sender' | 'company' | 'all',
  text = '',
): Promise<{ readonly scope: typeof scope; readonly id: string | null }> {
  if (scope === 'all') return { scope, id: null };
  if (UUID.test(text)) return { scope, id: text };
  if (scope === 'lead') return { scope, id: await remoteLead(api, text) };
  if (scope === 'company')
    throw new CliError('Over CADENZA_URL a company is named by its id.', 2, 'not_remote');
  const { items } = await api.get<{ items: readonly Named[] }>(
    scope === 'launch' ? '/launches' : '/senders',
    scope === 'launch' ? { limit: 200 } : {},
  );
  const wanted = text.toLowerCase();
  const named = items.filter((one) =>
    [one.name, one.address].some((known) => known?.toLowerCase() === wanted),
  );
  const found =
    named.length > 0 || wanted.length < 4 ? named : items.filter(({ id }) => id.startsWith(wanted));
  if (found.length === 1) return { scope, id: found[0]!.id };
  throw found.length === 0
    ? new CliError(`There is no ${scope} “${text}” among the newest 200.`, 2, 'not_found')
    : new CliError(
        `“${text}” may be ${found.map(({ id }) => id).join(', ')}: say which by the id.`,
        2,
        'ambiguous',
      );
}

/** Ids of senders by name, address or id, among those that one may launch a version by. @throws CliError for one that is not there */
export async function remoteSenders(
  api: Remote,
  versionId: string,
  texts: readonly string[],
): Promise<readonly string[]> {
  const { items } = await api.get<{ items: readonly Named[] }>('/launch-senders', { versionId });
  return texts.map((text) => {
    const wanted = text.toLowerCase();
    const found = items.filter(({ id, name, address }) =>
      [id, name, address].some((known) => known?.toLowerCase() === wanted),
    );
    if (found.length === 1) return found[0]!.id;
    throw new CliError(
      `There is no one sender “${text}” that you may launch this by. There are: ${items.map(({ address }) => address).join(', ') || 'none'}.`,
      2,
      'not_found',
    );
  });
}
