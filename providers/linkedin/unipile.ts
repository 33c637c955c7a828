/** LinkedIn through Unipile's HTTP API (v1; following needs v2). */
import { wallNow } from '../../common/clock.ts';
import type { CheckLine, FindResult, Outgoing, Provider, SenderAccount, SendResult } from '../ports.ts';
import { BadSettings, withSettings } from '../settings.ts';
import * as api from './api.ts';
import { missedMessages, missedRelations } from './missed.ts';
import { slugOf, type UnipileAccount, unipileAccount } from './settings.ts';

const CLOCK_SKEW_MS = 5_000;
const CANNOT_SAY: FindResult = { kind: 'cannot_say' };

export interface UnipileOptions {
  /** When a send is over at the latest, in milliseconds; default: `SEND_DEADLINE_MS`. */
  readonly deadlineMs?: number;
}

/** `linkedin/unipile`. */
export function createUnipileProvider(options: UnipileOptions = {}): Provider {
  return {
    id: 'linkedin/unipile',
    mode: 'wire',
    send: (sender, touch) => withSettings(() => send(unipileAccount(sender, options.deadlineMs), touch)),
    async find(sender, touch) {
      try {
        return await find(unipileAccount(sender), touch);
      } catch (error) {
        if (error instanceof BadSettings) return CANNOT_SAY;
        throw error;
      }
    },
    missed: { messages: missedMessages, relations: missedRelations },
    check,
    assertSettings: (sender) => unipileAccount(sender),
    async close() {},
  };
}

async function send(account: UnipileAccount, touch: Outgoing): Promise<SendResult> {
  const slug = slugOf(touch.to);
  if (slug === null)
    return {
      kind: 'failed',
      code: 'invalid_profile_url',
      detail: `${touch.to} is not the link of a LinkedIn profile (https://www.linkedin.com/in/…)`,
      addressBad: true,
    };
  switch (touch.action) {
    case 'visit': {
      const visited = await api.readProfile(account, slug, { touchId: touch.touchId });
      return visited.ok
        ? { kind: 'sent', providerId: null, providerLeadId: visited.value.providerId }
        : visited.result;
    }
    case 'follow':
      return followPerson(account, slug, touch);
    case 'invite':
      return invite(account, slug, touch);
    case 'message':
      return message(account, slug, touch);
    default:
      return { kind: 'failed', code: 'not_supported', detail: `LinkedIn has no action ${touch.action}` };
  }
}

async function followPerson(account: UnipileAccount, slug: string, touch: Outgoing): Promise<SendResult> {
  if (!account.v2)
    return {
      kind: 'failed',
      code: 'not_supported',
      detail: 'Unipile follows people in version 2 of its API only: set settings.v2 of this sender',
    };
  const id = await providerIdOf(account, slug, touch);
  if (!id.ok) return id.result;
  const followed = await api.follow(account.v2, id.value, touch.touchId);
  return followed.ok ? { kind: 'sent', providerId: null, providerLeadId: id.value } : followed.result;
}

async function invite(account: UnipileAccount, slug: string, touch: Outgoing): Promise<SendResult> {
  // Read although the id may be known: only the profile tells whether they are connected or invited by now.
  const profile = await api.readProfile(account, slug, null);
  if (!profile.ok) return profile.result;
  const { providerId, connected, invited } = profile.value;
  if (connected)
    return {
      kind: 'skipped',
      code: 'already_connected',
      detail: 'they are connected already',
      providerLeadId: providerId,
    };
  if (invited)
    return {
      kind: 'skipped',
      code: 'already_invited',
      detail: 'an invitation waits for their answer already',
      providerLeadId: providerId,
    };
  const sent = await api.sendInvite(account, providerId, touch.text, touch.touchId);
  return sent.ok
    ? { kind: 'sent', providerId: sent.value.invitation_id, providerLeadId: providerId }
    : sent.result;
}

async function message(account: UnipileAccount, slug: string, touch: Outgoing): Promise<SendResult> {
  const known = touch.providerLeadId ?? null;
  if (touch.providerChatId) {
    const sent = await api.sendMessage(account, touch.providerChatId, touch.text, touch.touchId, known);
    return sent.ok
      ? {
          kind: 'sent',
          providerId: sent.value.message_id,
          threadId: touch.providerChatId,
          providerLeadId: known,
        }
      : sent.result;
  }
  let id = known;
  if (id === null) {
    const profile = await api.readProfile(account, slug, null);
    if (!profile.ok) return profile.result;
    if (!profile.value.connected) return { kind: 'not_connected', providerLeadId: profile.value.providerId };
    id = profile.value.providerId;
  }
  const started = await api.startChat(account, id, touch.text, touch.touchId);
  return started.ok
    ? {
        kind: 'sent',
        providerId: started.value.message_id,
        threadId: started.value.chat_id,
        providerLeadId: id,
      }
    : started.result;
}

async function providerIdOf(
  account: UnipileAccount,
  slug: string,
  touch: Outgoing,
): Promise<api.Outcome<string>> {
  if (touch.providerLeadId) return { ok: true, value: touch.providerLeadId };
  const profile = await api.readProfile(account, slug, null);
  return profile.ok ? { ok: true, value: profile.value.providerId } : profile;
}

async function find(account: UnipileAccount, touch: Outgoing): Promise<FindResult> {
  const slug = slugOf(touch.to);
  if (slug === null || !touch.since || (touch.action !== 'invite' && touch.action !== 'message'))
    return CANNOT_SAY;
  const settled = wallNow() - touch.since.getTime() >= account.settings.settleMs;
  const absent: FindResult = settled ? { kind: 'not_found' } : CANNOT_SAY;
  return touch.action === 'invite'
    ? findInvite(account, slug, absent)
    : findMessage(account, slug, touch, touch.since, absent);
}

// `send` invites nobody who is connected or invited: whoever is so now has got this invitation.
async function findInvite(account: UnipileAccount, slug: string, absent: FindResult): Promise<FindResult> {
  const profile = await api.readProfile(account, slug, null);
  if (!profile.ok) return CANNOT_SAY;
  const { providerId, connected, invited } = profile.value;
  if (connected) return { kind: 'found', providerId: null };
  const invitations = await api.listInvitations(account);
  const ours = invitations?.find(
    (each) => each.invited_user_id === providerId || each.invited_user_public_id === slug,
  );
  if (ours || invited) return { kind: 'found', providerId: ours?.id ?? null };
  return invitations === null ? CANNOT_SAY : absent;
}

async function findMessage(
  account: UnipileAccount,
  slug: string,
  touch: Outgoing,
  since: Date,
  absent: FindResult,
): Promise<FindResult> {
  const id = await providerIdOf(account, slug, touch);
  if (!id.ok) return CANNOT_SAY;
  const chats = touch.providerChatId
    ? [{ id: touch.providerChatId }]
    : await api.listChats(account, id.value);
  if (chats === null) return CANNOT_SAY;
  for (const chat of chats) {
    const messages = await api.listMessages(account, chat.id, new Date(since.getTime() - CLOCK_SKEW_MS));
    if (messages === null) return CANNOT_SAY;
    const ours = messages.find((each) => Boolean(each.is_sender) && sameText(each.text ?? '', touch.text));
    if (ours) return { kind: 'found', providerId: ours.id };
  }
  return absent;
}

function sameText(one: string, other: string): boolean {
  const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();
  return plain(one) === plain(other);
}

async function check(sender: SenderAccount): Promise<readonly CheckLine[]> {
  try {
    const read = await api.readAccount(unipileAccount(sender));
    if (!read.ok)
      return [
        {
          name: 'Unipile account',
          ok: false,
          detail: 'detail' in read.result ? read.result.detail : read.result.kind,
        },
      ];
    const stale = read.value.sources.filter((source) => source.status !== 'OK');
    const detail =
      stale.length === 0
        ? `${read.value.name ?? 'the account'} is connected`
        : `not connected (${stale.map((source) => source.status).join(', ')}): connect it again in Unipile`;
    return [{ name: 'Unipile account', ok: stale.length === 0, detail }];
  } catch (error) {
    if (error instanceof BadSettings) return [{ name: 'Settings', ok: false, detail: error.message }];
    throw error;
  }
}
