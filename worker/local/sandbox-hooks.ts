import { senderAt } from '../../db/senders.ts';
import type { SandboxHooks } from '../../providers/sandbox/hooks.ts';
import type { Services } from '../services.ts';

/** Enters this stack's webhooks at the sandbox's Twilio and Unipile, for every sender there is when something happens. */
export function sandboxHooks({ config, db }: Pick<Services, 'config' | 'db'>): SandboxHooks {
  const host = config.http.host === '0.0.0.0' ? '127.0.0.1' : config.http.host;
  return {
    publicUrl: config.publicUrl,
    localUrl: `http://${host}:${config.http.port}`,
    async pathOf(provider, account) {
      const id = await senderAt(db, provider, account);
      if (id === null) return null;
      return provider === 'twilio' ? `/hooks/twilio/${id}/messages` : `/hooks/unipile/${id}`;
    },
  };
}
