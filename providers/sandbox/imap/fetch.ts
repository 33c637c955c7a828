/** Answers of FETCH, SEARCH and LIST over what the sandbox's mailboxes hold. */
import type { Folder, StoredMail } from './mailboxes.ts';
import { type Argument, inSet } from './parse.ts';

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function dateTime(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${two(at.getUTCDate())}-${MONTHS[at.getUTCMonth()]}-${at.getUTCFullYear()}`;
  return `${day} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
}

function headerEnd(raw: Buffer): number {
  const end = raw.indexOf('\r\n\r\n');
  return end < 0 ? raw.length : end + 4;
}

function headerFields(raw: Buffer, names: readonly string[]): Buffer {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const lines = raw
    .subarray(0, headerEnd(raw))
    .toString('latin1')
    .split(/\r\n(?![ \t])/);
  const kept = lines.filter((line) => wanted.has(line.slice(0, line.indexOf(':')).toLowerCase()));
  return Buffer.from([...kept, '', ''].join('\r\n'), 'latin1');
}

/** One `* n FETCH` answer. */
export function fetchAnswer(seq: number, mail: StoredMail, items: readonly Argument[]): Buffer {
  const parts: (string | Buffer)[] = [];
  const add = (...pieces: (string | Buffer)[]) => parts.push(parts.length > 0 ? ' ' : '', ...pieces);
  let hasUid = false;
  for (const item of items.flat() as string[]) {
    const word = item.toUpperCase();
    if (word === 'UID') {
      hasUid = true;
      add(`UID ${mail.uid}`);
    } else if (word === 'FLAGS') add(`FLAGS (${[...mail.flags].join(' ')})`);
    else if (word === 'INTERNALDATE') add(`INTERNALDATE "${dateTime(mail.internalDate)}"`);
    else if (word === 'RFC822.SIZE') add(`RFC822.SIZE ${mail.raw.length}`);
    else if (word.startsWith('BODY')) add(...section(mail, item));
  }
  if (!hasUid) add(`UID ${mail.uid}`);
  return Buffer.concat([`* ${seq} FETCH (`, ...parts, ')\r\n'].map((part) => Buffer.from(part as string)));
}

function section(mail: StoredMail, item: string): (string | Buffer)[] {
  const [, peek, what = '', partial] = /^BODY(\.PEEK)?\[(.*)\](?:<(\d+\.\d+)>)?$/is.exec(item) ?? [];
  if (!peek) mail.flags.add('\\Seen');
  const fields = /^HEADER\.FIELDS \((.*)\)$/i.exec(what);
  let bytes = mail.raw;
  if (fields) bytes = headerFields(mail.raw, fields[1]!.split(' '));
  else if (/^HEADER$/i.test(what)) bytes = mail.raw.subarray(0, headerEnd(mail.raw));
  else if (/^TEXT$/i.test(what)) bytes = mail.raw.subarray(headerEnd(mail.raw));
  let from = '';
  if (partial) {
    const [start = 0, length = 0] = partial.split('.').map(Number);
    bytes = bytes.subarray(start, start + length);
    from = `<${start}>`;
  }
  return [`BODY[${what}]${from} {${bytes.length}}\r\n`, bytes];
}

/** The UIDs that SEARCH finds: ALL, UID, SINCE, SENTSINCE, HEADER; anything else finds nothing. */
export function search(folder: Folder, keys: readonly Argument[]): number[] {
  const words = keys.flat() as string[];
  let found = folder.mails;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!.toUpperCase();
    if (word === 'ALL' || word === 'NOT' || word === 'DELETED' || word === 'UNDELETED') continue;
    if (word === 'UID') {
      const has = inSet(words[++at]!, folder.uidNext - 1);
      found = found.filter(({ uid }) => has(uid));
    } else if (word === 'SINCE' || word === 'SENTSINCE') {
      const since = Date.parse(`${words[++at]!.replaceAll('-', ' ')} UTC`);
      found = found.filter(({ internalDate }) => internalDate.getTime() >= since);
    } else if (word === 'HEADER') {
      const name = words[++at]!;
      const value = words[++at]!.toLowerCase();
      found = found.filter(({ raw }) =>
        headerFields(raw, [name]).toString('latin1').toLowerCase().includes(value),
      );
    } else return [];
  }
  return found.map(({ uid }) => uid);
}
