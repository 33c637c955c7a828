/** What Twilio and Unipile bring, under the names by which it is the same thing whichever way it comes: told or asked for. */
import type { NewInbound } from '../../db/inbound.ts';

/** A message, by the parameters of Twilio's webhook; null when it is none. */
export function twilioMessage(parameters: Readonly<Record<string, string>>): NewInbound | null {
  const { MessageSid, From } = parameters;
  if (!MessageSid || !From) return null;
  return { source: 'twilio', kind: 'message', dedupeKey: `twilio:${MessageSid}`, payload: parameters };
}

/** A message, relation or account's status, by the body of Unipile's webhook. */
export function unipileArrival(body: Readonly<Record<string, unknown>>): NewInbound {
  // The same state can come again later and then is news: nothing names one occurrence, so each is stored.
  if (body.AccountStatus) {
    return {
      source: 'unipile',
      kind: 'account',
      dedupeKey: `unipile:account:${crypto.randomUUID()}`,
      payload: body,
    };
  }
  if (body.event === 'new_relation') {
    const dedupeKey = `unipile:relation:${String(body.account_id)}:${String(body.user_provider_id)}`;
    return { source: 'unipile', kind: 'relation', dedupeKey, payload: body };
  }
  const dedupeKey = `unipile:${String(body.event ?? 'message')}:${String(body.message_id)}`;
  return { source: 'unipile', kind: 'message', dedupeKey, payload: body };
}
