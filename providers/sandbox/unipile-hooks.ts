/** What Unipile's webhooks say. */
import { type Accepted, type ChatMessage, idOfSlug } from './linkedin-world.ts';

/** What Unipile posts of a message, by whomever (developer.unipile.com/docs/new-messages-webhook). */
export function messageHook(message: ChatMessage): Record<string, unknown> {
  const { accountId, slug, own } = message;
  const author = own ? accountId : slug;
  const reader = own ? slug : accountId;
  return {
    account_id: accountId,
    account_type: 'LINKEDIN',
    account_info: { type: 'LINKEDIN', feature: 'classic', user_id: idOfSlug(accountId) },
    event: 'message_received',
    webhook_name: 'Sandbox',
    chat_id: message.chatId,
    timestamp: message.at,
    message_id: message.id,
    message: message.text,
    sender: attendee(author),
    attendees: [attendee(reader)],
    attachments: [],
  };
}

function attendee(slug: string): Record<string, unknown> {
  const id = idOfSlug(slug);
  return {
    attendee_id: `attendee_${slug}`,
    attendee_name: slug,
    attendee_provider_id: id,
    attendee_profile_url: `https://www.linkedin.com/in/${id}/`,
  };
}

/** What Unipile posts when an invitation was accepted (developer.unipile.com/docs/new-relation). */
export function relationHook({ accountId, slug }: Accepted): Record<string, unknown> {
  return {
    event: 'new_relation',
    account_id: accountId,
    account_type: 'LINKEDIN',
    webhook_name: 'Sandbox',
    user_full_name: slug,
    user_provider_id: idOfSlug(slug),
    user_public_identifier: slug,
    user_profile_url: `https://www.linkedin.com/in/${slug}/`,
    user_picture_url: null,
  };
}
