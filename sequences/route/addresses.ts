import type { ContactChannel, LeadProfile } from '../lead.ts';

/** Where a lead can be reached on a channel, the address that is taken first before the others. */
export function addressesOn(
  channel: ContactChannel,
  lead: Pick<LeadProfile, 'emails' | 'phones' | 'linkedinUrl'>,
): readonly string[] {
  switch (channel) {
    case 'email':
      return lead.emails;
    case 'linkedin':
      return lead.linkedinUrl ? [lead.linkedinUrl] : [];
    case 'sms':
    case 'whatsapp':
    case 'call':
      return lead.phones;
  }
}
