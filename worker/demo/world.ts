import type { Db } from '../../db/db.ts';
import { addSender } from '../../db/senders.ts';
import type { Secrets } from '../../common/crypto.ts';
import type { Sandbox } from '../../providers/sandbox/sandbox.ts';

/** Two reps, each with a mailbox, a LinkedIn account and a number, all pointing at the sandbox. */
const REPS = [
  { name: 'Rosa Lind', owner: 'rosa', timeZone: 'Europe/Berlin', number: '+4930231259991' },
  { name: 'Sam Okafor', owner: 'sam', timeZone: 'Europe/London', number: '+442079460999' },
] as const;

/** Adds the demo's senders. Caps are small enough to be seen at work. */
export async function addDemoSenders(db: Db, secrets: Secrets, sandbox: Sandbox): Promise<void> {
  for (const { name, owner, timeZone, number } of REPS) {
    const add = (channel: 'email' | 'linkedin' | 'sms' | 'whatsapp' | 'call', address: string) =>
      addSender(
        db,
        { channel, name, address, owner, timeZone, ...sandbox.senderSettings(channel, owner) },
        secrets,
      );
    await add('email', `${owner}@cadenza-demo.example`);
    await add('linkedin', `https://www.linkedin.com/in/${owner}-cadenza-demo`);
    await add('sms', number);
    await add('whatsapp', number);
    await add('call', number);
  }
}
