/** What the sandbox's mailboxes hold: one for each address, with the folders that providers have. In memory. */
import { EventEmitter } from 'node:events';
import { wallNow } from '../../../common/clock.ts';

export interface StoredMail {
  readonly uid: number;
  readonly raw: Buffer;
  /** Wall clock. */
  readonly internalDate: Date;
  readonly flags: Set<string>;
}

export interface Folder {
  readonly name: string;
  readonly specialUse: string | null;
  uidValidity: number;
  uidNext: number;
  mails: StoredMail[];
}

const FOLDERS: readonly (readonly [string, string | null])[] = [
  ['INBOX', null],
  ['Junk', '\\Junk'],
  ['Archive', '\\Archive'],
  ['Sent', '\\Sent'],
  ['Drafts', '\\Drafts'],
  ['Trash', '\\Trash'],
];

/** Emits `news` with the address whenever something changed in its mailbox. */
export class Mailboxes extends EventEmitter<{ news: [address: string] }> {
  readonly #all = new Map<string, Map<string, Folder>>();
  #validity = 1;

  constructor() {
    super();
    this.setMaxListeners(0);
  }

  /** The folders of an address, which come to be when they are first asked for. */
  of(address: string): Map<string, Folder> {
    const key = address.toLowerCase();
    let folders = this.#all.get(key);
    if (!folders) {
      folders = new Map(
        FOLDERS.map(([name, specialUse]) => [
          name,
          { name, specialUse, uidValidity: this.#validity, uidNext: 1, mails: [] },
        ]),
      );
      this.#all.set(key, folders);
    }
    return folders;
  }

  /** Puts a message into a folder, as it is. Returns its UID. */
  deliver(
    address: string,
    raw: string | Buffer,
    { folder = 'INBOX', at = wallNow(), flags = [] as readonly string[] } = {},
  ): number {
    const into = this.of(address).get(folder);
    if (!into) throw new Error(`the mailbox of ${address} has no folder ${folder}`);
    const uid = into.uidNext++;
    into.mails.push({
      uid,
      raw: typeof raw === 'string' ? Buffer.from(raw.replace(/\r?\n/g, '\r\n')) : raw,
      internalDate: new Date(at),
      flags: new Set(flags),
    });
    this.emit('news', address.toLowerCase());
    return uid;
  }

  /** As a server that was restored from a backup: every message gets another UID. */
  renumber(address: string): void {
    this.#validity++;
    for (const folder of this.of(address).values()) {
      folder.uidValidity = this.#validity;
      folder.mails = folder.mails.map((mail, index) => ({ ...mail, uid: index + 1 }));
      folder.uidNext = folder.mails.length + 1;
    }
    this.emit('news', address.toLowerCase());
  }
}
