/** Whether a mailbox can be read: the login, and the folders that would be. */
import type { CheckLine } from '../../ports.ts';
import { CannotOpen, openMailbox } from './connect.ts';
import { foldersOf } from './folders.ts';
import type { MailboxConfiguration } from './settings.ts';

/** Logs in, lists the folders and leaves. Never throws. */
export async function checkMailbox(configuration: MailboxConfiguration): Promise<CheckLine> {
  const name = 'IMAP login';
  try {
    const client = await openMailbox(configuration);
    try {
      const folders = await foldersOf(client, configuration.folders);
      const read = folders.filter(({ own }) => !own).map(({ path }) => path);
      const missing =
        configuration.folders === 'auto' ? [] : configuration.folders.filter((path) => !read.includes(path));
      const idle = client.capabilities.has('IDLE')
        ? ''
        : `; it cannot tell of news (no IDLE) and is asked every ${configuration.pollMs / 1000} s`;
      const detail = `${configuration.host}:${configuration.port} accepted the login; read are ${read.join(', ')}${idle}`;
      return missing.length === 0
        ? { name, ok: true, detail }
        : {
            name,
            ok: false,
            detail: `${detail}. There is no folder ${missing.join(', ')}: mend settings.imap.folders`,
          };
    } finally {
      await client.logout().catch(() => client.close());
    }
  } catch (error) {
    const { message } = error as Error;
    return { name, ok: false, detail: error instanceof CannotOpen ? message : `the folders: ${message}` };
  }
}
