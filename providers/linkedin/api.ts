/** The requests of Unipile's API that this adapter makes, with their answers checked. */
import * as z from 'zod';
import type { Exchange, HttpRequest } from '../http.ts';
import type { SendResult } from '../ports.ts';
import { classifyUnipile } from './classify.ts';
import type { UnipileAccount } from './settings.ts';

const profileSchema = z.object({
  provider_id: z.string().min(1),
  is_relationship: z.boolean().optional(),
  network_distance: z.string().optional(),
  invitation: z.object({ type: z.string(), status: z.string() }).optional(),
});
const nullableId = z
  .string()
  .nullish()
  .transform((id) => id ?? null);
const invitedSchema = z.object({ invitation_id: nullableId });
const startedSchema = z.object({ chat_id: nullableId, message_id: nullableId });
const messageSentSchema = z.object({ message_id: nullableId });
const cursor = z.string().nullish();
const messagesSchema = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      text: z.string().nullish(),
      timestamp: z.string().nullish(),
      is_sender: z.union([z.number(), z.boolean()]).nullish(),
    }),
  ),
  cursor,
});
const chatsSchema = z.object({ items: z.array(z.object({ id: z.string() })), cursor });
const invitationsSchema = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      invited_user_id: z.string().nullish(),
      invited_user_public_id: z.string().nullish(),
    }),
  ),
  cursor,
});
const arrivedSchema = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      chat_id: z.string().nullish(),
      sender_id: z.string().nullish(),
      text: z.string().nullish(),
      timestamp: z.string(),
      is_sender: z.union([z.number(), z.boolean()]).nullish(),
      is_event: z.union([z.number(), z.boolean()]).nullish(),
    }),
  ),
  cursor,
});
const relationsSchema = z.object({
  items: z.array(
    z.object({
      member_id: z.string(),
      public_identifier: z.string().nullish(),
      public_profile_url: z.string().nullish(),
      /** Milliseconds. */
      created_at: z.number(),
    }),
  ),
  cursor,
});
const accountSchema = z.object({
  name: z.string().nullish(),
  sources: z.array(z.object({ id: z.string().nullish(), status: z.string() })).default([]),
});

/** A person as LinkedIn shows them to this account. */
export interface Profile {
  readonly providerId: string;
  readonly connected: boolean;
  /** An invitation of ours waits for an answer. */
  readonly invited: boolean;
}

/** The value, or what its absence means for the touch. */
export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly result: SendResult };

async function call<S extends z.ZodType>(
  send: (request: HttpRequest) => Promise<Exchange>,
  request: HttpRequest,
  schema: S,
  options: { effect: boolean; providerLeadId: string | null },
): Promise<Outcome<z.output<S>>> {
  const exchange = await send(request);
  if (exchange.kind === 'answered' && exchange.status >= 200 && exchange.status < 300) {
    const parsed = schema.safeParse(exchange.body);
    if (parsed.success) return { ok: true, value: parsed.data };
  }
  return { ok: false, result: classifyUnipile(exchange, options.effect, options.providerLeadId) };
}

const READ = { effect: false, providerLeadId: null } as const;

/** The touch's id on the wire. Unipile ignores headers that it does not know. */
function tag(touchId: string): Record<string, string> {
  return { 'X-Cadenza-Touch': touchId };
}

/** Reads a profile; `visit` lets the person know, and so is a touch. */
export async function readProfile(
  account: UnipileAccount,
  identifier: string,
  visit: { touchId: string } | null,
): Promise<Outcome<Profile>> {
  const request: HttpRequest = {
    method: 'get',
    path: `/users/${encodeURIComponent(identifier)}`,
    query: { account_id: account.settings.accountId, ...(visit ? { notify: true } : {}) },
    ...(visit ? { headers: tag(visit.touchId) } : {}),
  };
  const read = await call(
    account.http,
    request,
    profileSchema,
    visit ? { effect: true, providerLeadId: null } : READ,
  );
  if (!read.ok) return read;
  const { provider_id, is_relationship, network_distance, invitation } = read.value;
  return {
    ok: true,
    value: {
      providerId: provider_id,
      connected: is_relationship === true || network_distance === 'FIRST_DEGREE',
      invited: invitation?.type === 'SENT' && invitation.status === 'PENDING',
    },
  };
}

export function sendInvite(account: UnipileAccount, providerLeadId: string, note: string, touchId: string) {
  const body = {
    account_id: account.settings.accountId,
    provider_id: providerLeadId,
    ...(note === '' ? {} : { message: note }),
  };
  return call(
    account.http,
    { method: 'post', path: '/users/invite', headers: tag(touchId), body },
    invitedSchema,
    { effect: true, providerLeadId },
  );
}

export function startChat(account: UnipileAccount, providerLeadId: string, text: string, touchId: string) {
  const body = new FormData();
  body.append('account_id', account.settings.accountId);
  body.append('attendees_ids', providerLeadId);
  body.append('text', text);
  return call(account.http, { method: 'post', path: '/chats', headers: tag(touchId), body }, startedSchema, {
    effect: true,
    providerLeadId,
  });
}

export function sendMessage(
  account: UnipileAccount,
  chatId: string,
  text: string,
  touchId: string,
  providerLeadId: string | null,
) {
  const body = new FormData();
  body.append('account_id', account.settings.accountId);
  body.append('text', text);
  const path = `/chats/${encodeURIComponent(chatId)}/messages`;
  return call(account.http, { method: 'post', path, headers: tag(touchId), body }, messageSentSchema, {
    effect: true,
    providerLeadId,
  });
}

export function follow(v2: NonNullable<UnipileAccount['v2']>, providerLeadId: string, touchId: string) {
  const path = `/${encodeURIComponent(v2.accountId)}/users/me/follow/${encodeURIComponent(providerLeadId)}`;
  return call(v2.http, { method: 'post', path, headers: tag(touchId), body: {} }, z.unknown(), {
    effect: true,
    providerLeadId,
  });
}

export function readAccount(account: UnipileAccount) {
  return call(
    account.http,
    { method: 'get', path: `/accounts/${encodeURIComponent(account.settings.accountId)}` },
    accountSchema,
    READ,
  );
}

const PAGES = 10;

type Listing<T> = z.ZodType<{ items: T[]; cursor?: string | null | undefined }>;

/** Everything that a list holds; null when a page fails or the list is longer than this reads. */
async function listAll<T>(
  account: UnipileAccount,
  path: string,
  query: Record<string, string | number>,
  schema: Listing<T>,
): Promise<T[] | null> {
  const listed = await listPages(account, path, query, schema, { pages: PAGES });
  return listed.ok && listed.value.whole ? listed.value.items : null;
}

/** What a list holds, page by page, until `enough` says of a page that nothing after it is wanted. `whole`: so far it was read. */
async function listPages<T>(
  account: UnipileAccount,
  path: string,
  query: Record<string, string | number>,
  schema: Listing<T>,
  { pages, enough = () => false }: { pages: number; enough?: (page: readonly T[]) => boolean },
): Promise<Outcome<{ readonly items: T[]; readonly whole: boolean }>> {
  const all: T[] = [];
  let next: string | null | undefined;
  for (let page = 0; page < pages; page++) {
    const listed = await call(
      account.http,
      { method: 'get', path, query: { ...query, limit: 100, ...(next ? { cursor: next } : {}) } },
      schema,
      READ,
    );
    if (!listed.ok) return listed;
    all.push(...listed.value.items);
    next = listed.value.cursor;
    if (!next || enough(listed.value.items)) return { ok: true, value: { items: all, whole: true } };
  }
  return { ok: true, value: { items: all, whole: false } };
}

/** Messages of the whole account since an instant, at most 5,000. */
export function listArrived(account: UnipileAccount, since: Date) {
  const query = { account_id: account.settings.accountId, after: since.toISOString() };
  return listPages(account, '/messages', query, arrivedSchema, { pages: 50 });
}

/** Who became a connection since an instant, at most 1,000, and some before: the list has no such filter, and the latest come first. */
export function listRelations(account: UnipileAccount, since: Date) {
  const query = { account_id: account.settings.accountId };
  return listPages(account, '/users/relations', query, relationsSchema, {
    pages: PAGES,
    enough: (page) => page.some((each) => each.created_at < since.getTime()),
  });
}

export function listMessages(account: UnipileAccount, chatId: string, after: Date) {
  return listAll(
    account,
    `/chats/${encodeURIComponent(chatId)}/messages`,
    { after: after.toISOString() },
    messagesSchema,
  );
}

/** The one-to-one chats with a person. */
export function listChats(account: UnipileAccount, providerLeadId: string) {
  return listAll(
    account,
    `/chat_attendees/${encodeURIComponent(providerLeadId)}/chats`,
    { account_id: account.settings.accountId },
    chatsSchema,
  );
}

/** Invitations that wait for an answer. */
export function listInvitations(account: UnipileAccount) {
  return listAll(
    account,
    '/users/invite/sent',
    { account_id: account.settings.accountId },
    invitationsSchema,
  );
}
