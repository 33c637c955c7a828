/** Which folders of a mailbox are read. */
import type { ImapFlow, ListResponse } from 'imapflow';

/** A folder that is read. */
export interface Folder {
  readonly path: string;
  /** RFC 6154, such as `\Junk`; null: none. */
  readonly specialUse: string | null;
  /** Of its messages only what they say of our own touches is kept: what is in Sent is nobody's answer. */
  readonly own: boolean;
}

const NEVER: ReadonlySet<string | undefined> = new Set(['\\Drafts', '\\Trash']);
/** More than this nobody's rules file replies into; each costs a question every poll. */
const MOST = 100;

/** The folders that are read, the inbox first. `chosen`: by path; `auto`: all but drafts and the bin. */
export async function foldersOf(
  client: ImapFlow,
  chosen: 'auto' | readonly string[],
): Promise<readonly Folder[]> {
  const listed = (await client.list()).filter(
    ({ flags }) => !flags.has('\\Noselect') && !flags.has('\\NonExistent'),
  );
  const wanted = listed.filter(
    (each) =>
      isInbox(each) ||
      each.specialUse === '\\Sent' ||
      (chosen === 'auto' ? !NEVER.has(each.specialUse) : chosen.includes(each.path)),
  );
  return wanted
    .sort((one, other) => Number(isInbox(other)) - Number(isInbox(one)))
    .slice(0, MOST)
    .map(({ path, specialUse }) => ({
      path,
      specialUse: specialUse ?? null,
      own: specialUse === '\\Sent',
    }));
}

function isInbox({ path }: Pick<ListResponse, 'path'>): boolean {
  return path.toUpperCase() === 'INBOX';
}
