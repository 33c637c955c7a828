/** What came in at a LinkedIn account while nobody was told, in the words of Unipile's webhooks. */
import type { AskMissed, SendResult } from '../ports.ts';
import { listArrived, listRelations } from './api.ts';
import { unipileAccount } from './settings.ts';

/** Long lists take longer than one send may. */
const DEADLINE_MS = 120_000;

/** Messages of other people (developer.unipile.com/docs/new-messages-webhook). */
export const missedMessages: AskMissed = async (sender, since) => {
  const account = unipileAccount(sender, DEADLINE_MS);
  const listed = await listArrived(account, since);
  if (!listed.ok) throw new Error(reasonOf(listed.result));
  const arrived = listed.value.items
    .filter((each) => !each.is_sender && !each.is_event)
    .map((each) => ({
      at: new Date(each.timestamp),
      payload: {
        event: 'message_received',
        account_id: account.settings.accountId,
        message_id: each.id,
        chat_id: each.chat_id ?? null,
        message: each.text ?? '',
        timestamp: each.timestamp,
        sender: { attendee_provider_id: each.sender_id ?? null },
      },
    }));
  return { arrived: inOrder(arrived), whole: listed.value.whole };
};

/** Invitations that were accepted, and other new connections (developer.unipile.com/docs/new-relation). */
export const missedRelations: AskMissed = async (sender, since) => {
  const account = unipileAccount(sender, DEADLINE_MS);
  const listed = await listRelations(account, since);
  if (!listed.ok) throw new Error(reasonOf(listed.result));
  const arrived = listed.value.items
    .filter((each) => each.created_at >= since.getTime())
    .map((each) => ({
      at: new Date(each.created_at),
      payload: {
        event: 'new_relation',
        account_id: account.settings.accountId,
        user_provider_id: each.member_id,
        user_public_identifier: each.public_identifier ?? null,
        user_profile_url: each.public_profile_url ?? null,
      },
    }));
  return { arrived: inOrder(arrived), whole: listed.value.whole };
};

/** Of one instant the list's own order says which came first: it has the latest before. */
function inOrder<T extends { readonly at: Date }>(arrived: readonly T[]): T[] {
  return arrived.toReversed().toSorted((one, other) => one.at.getTime() - other.at.getTime());
}

function reasonOf(result: SendResult): string {
  return 'detail' in result ? `Unipile: ${result.detail}` : `Unipile: ${result.kind}`;
}
