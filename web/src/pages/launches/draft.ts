/** A launch while it is put together. All of it is in the address, so a reload loses nothing and the back button takes back a step. */
import { newKey, type Needs } from '../../api/client.ts';

/**
 * `draft` names it in this tab's storage. `key` is the idempotency key: a new one with each change, the same one for the same launch.
 * `add`: the launch to which leads are added, instead of a new one.
 */
export const FIELDS = [
  'draft', 'key', 'step', 'add', 'sequence', 'version', 'by', 'import', 'leads', 'where', 'senders', 'at', 'review', 'reviewer', 'name',
] as const; // prettier-ignore
export type Search = { readonly [Field in (typeof FIELDS)[number]]?: string };

/** undefined takes a field away. */
export type Changes = { readonly [Field in keyof Search]?: string | undefined };

export const AUDIENCES = ['leads', 'import', 'where', 'everybody'] as const;
export const REVIEWS = ['as-written', 'first', 'every'] as const;

export interface Choice {
  readonly add: string | null;
  readonly sequence: string | null;
  readonly version: string | null;
  /** null: nothing is chosen. Nobody is in a launch because nothing was said. */
  readonly by: (typeof AUDIENCES)[number] | null;
  readonly leads: readonly string[];
  readonly importId: string | null;
  readonly where: string;
  /** null: those that the sequence says. */
  readonly senders: readonly string[] | null;
  /** Local time as the browser's field writes it; '': at once. */
  readonly at: string;
  readonly review: (typeof REVIEWS)[number];
  /** '': each lead's owner. */
  readonly reviewer: string;
  readonly name: string;
}

const oneOf = <Value extends string>(values: readonly Value[], value: string | undefined) =>
  values.find((one) => one === value) ?? null;
const listOf = (text: string) => text.split(',').filter(Boolean);

/** What is chosen so far. */
export function choiceOf(search: Search): Choice {
  const { draft = '' } = search;
  return {
    add: search.add ?? null,
    sequence: search.sequence ?? null,
    version: search.version ?? null,
    by: oneOf(AUDIENCES, search.by),
    leads: listOf(whole(draft, 'leads', search.leads)),
    importId: search.import ?? null,
    where: whole(draft, 'where', search.where),
    senders: search.senders === undefined ? null : listOf(whole(draft, 'senders', search.senders)),
    at: search.at ?? '',
    review: oneOf(REVIEWS, search.review) ?? 'as-written',
    reviewer: search.reviewer ?? '',
    name: search.name ?? '',
  };
}

/** The address after a change of the choice: with a new key, since it is another launch now. */
export function changed(search: Search, changes: Changes): Search {
  const { draft = '' } = search;
  const next: Record<string, string> = {};
  for (const [field, value] of Object.entries({ ...search, ...changes, key: newKey() }))
    if (value !== undefined) next[field] = shortened(draft, field, value);
  return next;
}

/** The address at which a new draft begins, from where somebody came with leads, a file or a sequence. */
export function begun(search: Search): Search {
  const by = search.by ?? (search.import ? 'import' : search.leads ? 'leads' : undefined);
  return changed({ ...search, draft: newKey() }, { by });
}

/** An address may be this long in all, and more fields than one may be long. */
const LONG = 1500;
const STORED = '~';
const placeOf = (draft: string, what: string) => `cadenza.launch.${draft}.${what}`;

function shortened(draft: string, field: string, value: string): string {
  if (value.length <= LONG) return value;
  sessionStorage.setItem(placeOf(draft, field), value);
  return STORED;
}

const whole = (draft: string, field: string, value = ''): string =>
  value === STORED ? (sessionStorage.getItem(placeOf(draft, field)) ?? '') : value;

/** Notes, before it is sent, that the draft was sent as it is: after a reload nobody is asked to send it anew. */
export const noteSent = ({ draft = '', key = '' }: Search): void =>
  sessionStorage.setItem(placeOf(draft, 'sent'), key);
export const forgetSent = ({ draft = '' }: Search): void => sessionStorage.removeItem(placeOf(draft, 'sent'));
export const wasSent = ({ draft = '', key }: Search): boolean =>
  key !== undefined && sessionStorage.getItem(placeOf(draft, 'sent')) === key;

/** What a launch keeps while its leads are chosen among all of them, in one field of that page's address. */
export const keptFor = ({ add, sequence, version }: Choice): string =>
  new URLSearchParams({
    step: 'audience',
    ...(add ? { add } : { ...(sequence && { sequence }), ...(version && { version }) }),
  }).toString();
export const keptOf = (text = ''): Search => Object.fromEntries(new URLSearchParams(text));

export type Audience = Needs<'launches.add'>['body']['audience'];

/** null: nobody is chosen yet. */
export function audienceOf({ by, leads, importId, where }: Choice): Audience | null {
  if (by === 'everybody') return { where: 'true' };
  if (by === 'leads') return leads.length > 0 ? { leadIds: [...leads] } : null;
  if (by === 'import') return importId ? { importId } : null;
  return by === 'where' && where.trim() ? { where: where.trim() } : null;
}

/** null: something is missing yet. */
export function requestOf(choice: Choice): Omit<Needs<'launches.create'>['body'], 'dryRun'> | null {
  const audience = audienceOf(choice);
  if (!audience || !choice.version || choice.senders?.length === 0) return null;
  return {
    versionId: choice.version,
    audience,
    senderIds: choice.senders && [...choice.senders],
    startsAt: choice.at ? new Date(choice.at).toISOString() : null,
    review: choice.review === 'as-written' ? null : choice.review,
    reviewer: (choice.review !== 'as-written' && choice.reviewer) || null,
    name: choice.name.trim() || null,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}
