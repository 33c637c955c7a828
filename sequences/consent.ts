import { CONTACT_CHANNELS, type ContactChannel, type LeadProfile } from './lead.ts';

/** Channels that need a given consent, by ISO country code; `*` is for every country without an entry of its own. */
export type ConsentPolicy = Readonly<Record<string, readonly ContactChannel[]>>;

/**
 * Channels that the lead's consent does not cover: all after a refusal; none once it is given; else those for which the policy
 * of the lead's country asks for one.
 */
export function channelsWithoutConsent(
  policy: ConsentPolicy,
  { consent, country }: Pick<LeadProfile, 'consent' | 'country'>,
): readonly ContactChannel[] {
  if (consent.status === 'given') return [];
  if (consent.status === 'refused') return CONTACT_CHANNELS;
  const asked = (country === null ? undefined : policy[country]) ?? policy['*'] ?? [];
  return CONTACT_CHANNELS.filter((channel) => asked.includes(channel));
}
