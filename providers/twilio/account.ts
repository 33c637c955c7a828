import type { CheckLine, SenderAccount } from '../ports.ts';
import { BadSettings } from '../settings.ts';
import { twilioClient } from './client.ts';

/** Fetches the Twilio account: right credentials, and active. */
export async function checkAccount(sender: SenderAccount): Promise<readonly CheckLine[]> {
  try {
    const { client } = twilioClient(sender);
    const account = await client.api.v2010.accounts(client.accountSid).fetch();
    return [
      {
        name: 'Twilio account',
        ok: account.status === 'active',
        detail: `${account.friendlyName} (${account.sid}) is ${account.status}`,
      },
    ];
  } catch (error) {
    return [
      {
        name: error instanceof BadSettings ? 'Settings' : 'Twilio account',
        ok: false,
        detail: (error as Error).message,
      },
    ];
  }
}
