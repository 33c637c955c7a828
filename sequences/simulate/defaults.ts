import type { Channel, LeadProfile } from '../lead.ts';
import type { SimulationSender } from './types.ts';

const CHANNELS: readonly Channel[] = ['email', 'linkedin', 'sms', 'whatsapp', 'call'];

/** One sender a channel without caps, gap or jitter: what a simulation uses where nobody says which senders there are. */
export function defaultSenders(timeZone: string): SimulationSender[] {
  return CHANNELS.map((channel) => simulationSender({ channel, timeZone }));
}

/** A sender of that channel; what is not given is as unlimited as can be. */
export function simulationSender(
  given: { channel: Channel; timeZone: string; address?: string; name?: string } & Partial<
    Omit<SimulationSender, 'profile'>
  >,
): SimulationSender {
  const { channel, timeZone, address = `${channel}@sender.test`, name = 'Sam Sender', ...limits } = given;
  return {
    caps: {},
    rampUp: null,
    minGapMs: 0,
    jitterMs: 0,
    ...limits,
    profile: {
      id: `${channel}:${address}`,
      name,
      channel,
      provider: 'simulated',
      address,
      timeZone,
      owner: null,
      attributes: {},
    },
  };
}

/** A lead of whom nothing is known but what is given. */
export function simulationProfile(
  given: Partial<LeadProfile> & { readonly id: string; readonly seed: string },
): LeadProfile {
  return {
    externalId: null,
    firstName: null,
    lastName: null,
    company: null,
    companyDomain: null,
    title: null,
    emails: [],
    phones: [],
    linkedinUrl: null,
    country: null,
    locale: null,
    timeZone: null,
    companyTimeZone: null,
    preferredChannel: null,
    persona: null,
    owner: null,
    consent: { status: 'unknown', source: null, at: null },
    attributes: {},
    ...given,
  };
}
