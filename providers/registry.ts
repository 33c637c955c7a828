/** Every provider there is, by channel and name. The composition root makes one registry; tests put their own providers into it. */
import { CHANNELS, type Channel } from '../sequences/lead.ts';
import { createSmtpProvider, type SmtpOptions } from './email/smtp.ts';
import { createManualLinkedinProvider } from './linkedin/manual.ts';
import { createUnipileProvider } from './linkedin/unipile.ts';
import type { Provider } from './ports.ts';
import { createManualProvider } from './task/manual.ts';
import { createTwilioCalls } from './twilio/calls.ts';
import { createTwilioMessages } from './twilio/messages.ts';

export interface ProvidersConfig {
  /** Where Twilio reports a sender's deliveries when its settings don't say: an address of this stack. */
  readonly twilioStatusCallback?: (senderId: string) => string;
  readonly smtp?: SmtpOptions;
  /** Take the place of the built-in ones with the same id, or stand beside them. */
  readonly replace?: readonly Provider[];
}

export interface Providers {
  /** Throws `UnknownProvider`. */
  get(channel: Channel, provider: string): Provider;
  /** What `get` knows, e.g. for help texts: names by channel, the default first. */
  names(channel: Channel): readonly string[];
  /** Waits for what is being sent, then closes every connection. */
  close(): Promise<void>;
}

/** A sender names a provider that does not exist. */
export class UnknownProvider extends Error {
  override name = 'UnknownProvider';
}

/** The provider of a sender whose owner chose none. */
export const DEFAULT_PROVIDER: Readonly<Record<Channel, string>> = {
  email: 'smtp',
  linkedin: 'manual',
  sms: 'twilio',
  whatsapp: 'twilio',
  call: 'manual',
  task: 'manual',
};

export function createProviders(config: ProvidersConfig = {}): Providers {
  const twilio = config.twilioStatusCallback ? { statusCallback: config.twilioStatusCallback } : {};
  const builtIn = [
    createSmtpProvider(config.smtp),
    createManualLinkedinProvider(),
    createUnipileProvider(),
    createTwilioMessages('sms', twilio),
    createTwilioMessages('whatsapp', twilio),
    createManualProvider('call'),
    createTwilioCalls(),
    createManualProvider('task'),
  ];
  const byId = new Map([...builtIn, ...(config.replace ?? [])].map((provider) => [provider.id, provider]));

  function names(channel: Channel): string[] {
    const all = [...byId.keys()]
      .filter((id) => id.startsWith(`${channel}/`))
      .map((id) => id.slice(channel.length + 1));
    return all.sort(
      (one, other) => Number(other === DEFAULT_PROVIDER[channel]) - Number(one === DEFAULT_PROVIDER[channel]),
    );
  }

  return {
    names,
    get(channel, provider) {
      const found = byId.get(`${channel}/${provider}`);
      if (found) return found;
      const known = CHANNELS.includes(channel)
        ? `for ${channel} there is: ${names(channel).join(', ')}`
        : `channels are: ${CHANNELS.join(', ')}`;
      throw new UnknownProvider(`No provider ${channel}/${provider}; ${known}`);
    },
    async close() {
      await Promise.all([...byId.values()].map((each) => each.close()));
    },
  };
}
