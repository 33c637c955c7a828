import type { Action, Channel } from '../lead.ts';

/** The most characters that a rendered text may have. Providers refuse more, or cut it off. */
export const LIMITS = {
  subject: 500,
  email: 500_000,
  linkedin_note: 300,
  linkedin_message: 8000,
  sms: 1600,
  whatsapp: 4096,
  title: 500,
  task: 100_000,
} as const;

/** The limit of a message's body on a channel, and what to call that body. */
export function bodyLimit(
  channel: Channel | 'webhook',
  action: Action,
): { readonly limit: number; readonly what: string } {
  switch (channel) {
    case 'linkedin':
      return action === 'invite'
        ? { limit: LIMITS.linkedin_note, what: 'a LinkedIn note' }
        : { limit: LIMITS.linkedin_message, what: 'a LinkedIn message' };
    case 'sms':
      return { limit: LIMITS.sms, what: 'an SMS' };
    case 'whatsapp':
      return { limit: LIMITS.whatsapp, what: 'a WhatsApp message' };
    case 'email':
      return { limit: LIMITS.email, what: 'an email' };
    default:
      return { limit: LIMITS.task, what: 'a task' };
  }
}
