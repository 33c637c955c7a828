/** Asking the Sent folder what became of a message: SMTP itself cannot be asked. */
import type { ImapFlow } from 'imapflow';
import { getDomain } from 'tldts';
import { openMailbox } from './connect.ts';
import { foldersOf } from './folders.ts';
import type { MailboxConfiguration } from './settings.ts';

/** A message of ours by the two headers that each has: providers may replace the first one. */
export interface Ours {
  readonly touchId: string;
  readonly messageId: string;
}

/**
 * `absent`: it is not there, but each of `others` is, so the folder does keep what we send. `unclear`: it is not there, which says
 * nothing.
 */
export type Presence = 'present' | 'absent' | 'unclear';

/** Looks for `sought` in every folder for sent mail, changing nothing. `others`: what certainly went out. Throws when it cannot be asked. */
export async function findSent(
  configuration: MailboxConfiguration,
  sought: Ours,
  others: readonly Ours[],
): Promise<Presence> {
  const client = await openMailbox(configuration);
  try {
    const folders = await foldersOf(client, configuration.folders);
    const missing = new Set(others);
    for (const { path } of folders.filter(({ own }) => own)) {
      await client.mailboxOpen(path, { readOnly: true });
      if (await holds(client, sought)) return 'present';
      for (const other of missing) if (await holds(client, other)) missing.delete(other);
    }
    return others.length > 0 && missing.size === 0 ? 'absent' : 'unclear';
  } finally {
    await client.logout().catch(() => client.close());
  }
}

async function holds(client: ImapFlow, { touchId, messageId }: Ours): Promise<boolean> {
  return (await has(client, 'Message-ID', messageId)) || (await has(client, 'X-Cadenza-Touch', touchId));
}

async function has(client: ImapFlow, name: string, value: string): Promise<boolean> {
  const uids = await client.search({ header: { [name]: value } }, { uid: true });
  if (!Array.isArray(uids)) throw new Error('the server could not search');
  return uids.length > 0;
}

/** Whether two servers are one provider's: only then does the one keep what the other sends. */
export function sameProvider(one: string, other: string): boolean {
  return one === other || (getDomain(one) !== null && getDomain(one) === getDomain(other));
}
