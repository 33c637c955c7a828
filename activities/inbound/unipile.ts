/** What Unipile tells of a LinkedIn account: messages, accepted invitations, and how the account is. */
import * as z from 'zod';
import type { Tx } from '../../db/db.ts';
import { recordLeadEventIn } from '../../db/events.ts';
import type { InboundRow } from '../../db/inbound.ts';
import { noteProviderIds } from '../../db/lead-senders.ts';
import { matchLinkedin } from '../../db/matching.ts';
import { breakSender } from '../../db/touch-needs.ts';
import { linkedinProfile } from '../../sequences/leads/fields.ts';
import type { InboundDeps, Understood } from './index.ts';
import { recordAnswer } from './message.ts';

const text = z.string().nullish();

/** developer.unipile.com/docs/new-messages-webhook */
const messageSchema = z.looseObject({
  event: text,
  message_id: z.string(),
  chat_id: text,
  message: text,
  account_info: z.looseObject({ user_id: text }).nullish(),
  sender: z.looseObject({ attendee_provider_id: text, attendee_profile_url: text }).nullish(),
  is_sender: z.union([z.boolean(), z.number()]).nullish(),
});

/** developer.unipile.com/docs/new-relation */
const relationSchema = z.looseObject({
  user_provider_id: text,
  user_public_identifier: text,
  user_profile_url: text,
});

/** developer.unipile.com/docs/account-lifecycle */
const accountSchema = z.looseObject({ AccountStatus: z.looseObject({ message: z.string() }) });

const WELL: ReadonlySet<string> = new Set(['OK', 'CREATION_SUCCESS', 'RECONNECTED', 'SYNC_SUCCESS']);
const BROKEN: ReadonlySet<string> = new Set(['CREDENTIALS', 'ERROR', 'STOPPED', 'PERMISSIONS', 'DELETED']);
/** How a reason begins that an account's status laid down, and takes back. */
const ACCOUNT = 'linkedin_account';

export async function understandUnipile(tx: Tx, arrived: InboundRow, deps: InboundDeps): Promise<Understood> {
  switch (arrived.kind) {
    case 'message':
      return message(tx, arrived, deps);
    case 'relation':
      return relation(tx, arrived, deps);
    case 'account':
      return account(tx, arrived, deps);
    default:
      return { result: 'not_for_us' };
  }
}

async function message(tx: Tx, arrived: InboundRow, deps: InboundDeps): Promise<Understood> {
  const said = messageSchema.parse(arrived.payload);
  // Reactions, read receipts, edits and deletions are no messages.
  if (said.event && said.event !== 'message_received') return { result: 'not_for_us' };
  const author = said.sender?.attendee_provider_id ?? null;
  // What the account itself wrote, here or on linkedin.com, comes back as a new message too.
  if (said.is_sender || (author !== null && author === said.account_info?.user_id)) return { result: 'own' };
  const profileUrl = said.sender?.attendee_profile_url
    ? linkedinProfile(said.sender.attendee_profile_url)
    : null;
  const matched = await matchLinkedin(tx, {
    senderId: arrived.senderId!,
    chatId: said.chat_id ?? null,
    providerLeadId: author,
    profileUrl,
  });
  const understood = await recordAnswer(tx, deps, arrived, {
    leadId: matched?.leadId ?? null,
    touchId: matched?.touchId ?? null,
    matchedBy: matched?.matchedBy ?? null,
    channel: 'linkedin',
    address: profileUrl ?? author,
    body: said.message ?? '',
    providerId: said.message_id,
    threadId: said.chat_id ?? null,
  });
  if (matched) {
    await noteProviderIds(tx, {
      leadId: matched.leadId,
      senderId: arrived.senderId!,
      providerLeadId: author,
      providerChatId: said.chat_id ?? null,
      connected: false,
    });
  }
  return understood;
}

async function relation(tx: Tx, arrived: InboundRow, deps: InboundDeps): Promise<Understood> {
  const said = relationSchema.parse(arrived.payload);
  const url =
    said.user_profile_url ??
    (said.user_public_identifier ? `https://www.linkedin.com/in/${said.user_public_identifier}` : null);
  const matched = await matchLinkedin(tx, {
    senderId: arrived.senderId!,
    chatId: null,
    providerLeadId: said.user_provider_id ?? null,
    profileUrl: url === null ? null : linkedinProfile(url),
  });
  if (!matched) return { result: 'unknown_author' };
  const effect = await recordLeadEventIn(tx, deps.hashIdentity, {
    leadId: matched.leadId,
    type: 'accepted',
    channel: 'linkedin',
    at: arrived.receivedAt.getTime(),
    dedupeKey: arrived.dedupeKey,
  });
  return { result: 'accepted', leadId: matched.leadId, wake: effect.wake };
}

async function account(tx: Tx, arrived: InboundRow, deps: InboundDeps): Promise<Understood> {
  const { message: status } = accountSchema.parse(arrived.payload).AccountStatus;
  const id = arrived.senderId!;
  await tx.query('select 1 from senders where id = $1 for no key update', [id]);
  if (BROKEN.has(status)) {
    if (await breakSender(tx, id, `${ACCOUNT}: Unipile says ${status}; connect the account again`))
      deps.log.error(
        { senderId: id, status },
        'a LinkedIn account cannot send any more until it is connected again',
      );
    return { result: 'account_broken' };
  }
  if (!WELL.has(status)) return { result: 'not_for_us' };
  await tx.query(
    `update senders set broken_at = null, broken_reason = null where id = $1 and starts_with(broken_reason, $2)`,
    [id, ACCOUNT],
  );
  return { result: 'account_well' };
}
