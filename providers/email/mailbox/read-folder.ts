/** Reading what is new in one folder: in order, each message once, never marked as read. */
import type { FetchMessageObject, ImapFlow } from 'imapflow';
import { wallNow } from '../../../common/clock.ts';
import { createSkimmer } from '../incoming/index.ts';
import type { Folder } from './folders.ts';

/** How far a folder was read; as in db/mailboxes.ts. */
export interface FolderMark {
  readonly uidValidity: bigint;
  readonly lastUid: number;
  readonly lastDate: Date;
}

/** A message as the mailbox gave it. */
export interface ArrivedMail {
  readonly folder: string;
  readonly specialUse: string | null;
  readonly uid: number;
  readonly uidValidity: bigint;
  /** Gmail's X-GM-THRID, or RFC 8474's THREADID. */
  readonly threadId: string | null;
  /** Of the whole message, in bytes. */
  readonly size: number;
  /** The first mebibyte. */
  readonly raw: Buffer;
  readonly truncated: boolean;
  /** Wall clock, by the server's. */
  readonly internalDate: Date;
}

/** A message in the Sent folder. */
export interface SentCopy {
  readonly touchId: string;
  readonly messageId: string | null;
  readonly threadId: string | null;
}

/** Where what is read goes. Each call returns when it is stored; the mark moves with it. */
export interface MailSink {
  arrived(mail: ArrivedMail, mark: FolderMark): Promise<void>;
  sentCopy(copy: SentCopy): Promise<void>;
  moved(folder: string, mark: FolderMark): Promise<void>;
}

/** Of a larger message the rest is attachments, most often. */
const KEPT_BYTES = 1024 * 1024;
const DAY_MS = 86_400_000;
/** By how much a server's clock may be behind ours. */
const SKEW_MS = 2 * 60_000;
/** Messages that are looked at together when a folder is seen for the first time. */
const CHUNK = 200;

/** Opens the folder and reads on from the mark. `since`: from when on a folder without one is read. Returns the new mark. */
export async function readFolder(
  client: ImapFlow,
  folder: Folder,
  mark: FolderMark | undefined,
  since: Date,
  sink: MailSink,
): Promise<FolderMark> {
  const { mailbox } = client;
  const open =
    mailbox && mailbox.path === folder.path && mailbox.uidValidity === mark?.uidValidity
      ? mailbox
      : await client.mailboxOpen(folder.path, { readOnly: true });
  const { uidValidity } = open;
  let now: FolderMark;
  let uids: readonly number[];
  if (!mark) {
    uids = await arrivedSince(client, open.exists, since.getTime() - SKEW_MS);
    const before = (uids[0] ?? open.uidNext) - 1;
    now = { uidValidity, lastUid: before, lastDate: new Date(wallNow()) };
  } else if (mark.uidValidity !== uidValidity) {
    // Every UID is another one: what the date lets in twice is known by its header.
    uids = await found(client, { since: new Date(mark.lastDate.getTime() - DAY_MS) }, 0);
    now = { uidValidity, lastUid: (uids[0] ?? open.uidNext) - 1, lastDate: mark.lastDate };
  } else {
    uids = await found(client, { uid: `${mark.lastUid + 1}:*` }, mark.lastUid);
    now = mark;
  }
  if (now !== mark) await sink.moved(folder.path, now);
  for (const uid of uids) now = await readOne(client, folder, uid, now, sink);
  // What was deleted from the top is not asked for at every poll.
  if (open.uidNext - 1 > now.lastUid) {
    now = { ...now, lastUid: open.uidNext - 1 };
    await sink.moved(folder.path, now);
  }
  return now;
}

async function found(
  client: ImapFlow,
  query: Parameters<ImapFlow['search']>[0],
  after: number,
): Promise<readonly number[]> {
  const uids = await client.search(query, { uid: true });
  if (!Array.isArray(uids)) throw new Error('the server could not search');
  return uids.filter((uid) => uid > after).sort((one, other) => one - other);
}

/** Goes back from the newest until everything is older, without reading any. */
async function arrivedSince(client: ImapFlow, exists: number, from: number): Promise<readonly number[]> {
  const uids: number[] = [];
  for (let last = exists; last > 0; last -= CHUNK) {
    const range = `${Math.max(1, last - CHUNK + 1)}:${last}`;
    const some = await client.fetchAll(range, { uid: true, internalDate: true });
    const recent = some.filter((each) => dateOf(each).getTime() >= from);
    uids.push(...recent.map(({ uid }) => uid));
    if (recent.length === 0) break;
  }
  return uids.sort((one, other) => one - other);
}

async function readOne(
  client: ImapFlow,
  folder: Folder,
  uid: number,
  before: FolderMark,
  sink: MailSink,
): Promise<FolderMark> {
  const message = await client.fetchOne(
    String(uid),
    {
      uid: true,
      internalDate: true,
      size: true,
      threadId: true,
      ...(folder.own
        ? { headers: ['message-id', 'x-cadenza-touch'] }
        : { source: { start: 0, maxLength: KEPT_BYTES } }),
    },
    { uid: true },
  );
  // It was moved or deleted meanwhile: where it is now it is new.
  const internalDate = message ? dateOf(message) : before.lastDate;
  const lastDate = internalDate > before.lastDate ? internalDate : before.lastDate;
  const mark = { ...before, lastUid: uid, lastDate };
  if (message && folder.own) {
    const copy = copyOf(message);
    if (copy) await sink.sentCopy(copy);
  } else if (message) {
    const head = message.source ?? Buffer.alloc(0);
    const size = message.size ?? head.length;
    const { raw, isWhole } =
      size > KEPT_BYTES ? await readOn(client, uid, head, size) : { raw: head, isWhole: true };
    await sink.arrived(
      {
        folder: folder.path,
        specialUse: folder.specialUse,
        uid,
        uidValidity: mark.uidValidity,
        threadId: message.threadId ?? null,
        size,
        raw,
        truncated: !isWhole,
        internalDate,
      },
      mark,
    );
    return mark;
  }
  await sink.moved(folder.path, mark);
  return mark;
}

/** A large attachment may stand before what was written: until that has come, it is read on, and the attachment left out. */
async function readOn(
  client: ImapFlow,
  uid: number,
  head: Buffer,
  size: number,
): Promise<{ raw: Buffer; isWhole: boolean }> {
  const skimmer = createSkimmer();
  let wanted = skimmer.push(head);
  if (skimmer.sawText()) return { raw: head, isWhole: false };
  let at = head.length;
  let isLast = false;
  while (wanted && at < size && !isLast) {
    // What was written may go on in the next piece.
    isLast = skimmer.sawText();
    const more = await client.fetchOne(
      String(uid),
      { source: { start: at, maxLength: KEPT_BYTES } },
      { uid: true },
    );
    const chunk = more ? more.source : undefined;
    if (!chunk || chunk.length === 0) break;
    wanted = skimmer.push(chunk);
    at += chunk.length;
  }
  return { raw: skimmer.end(), isWhole: at >= size };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function copyOf({ headers, threadId }: FetchMessageObject): SentCopy | null {
  const lines = (headers ?? Buffer.alloc(0)).toString('latin1').replace(/\r\n[ \t]+/g, ' ');
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(\\S+)`, 'im').exec(lines)?.[1] ?? null;
  const touchId = field('x-cadenza-touch');
  if (!touchId || !UUID.test(touchId)) return null;
  return { touchId, messageId: field('message-id'), threadId: threadId ?? null };
}

function dateOf({ internalDate }: FetchMessageObject): Date {
  return internalDate instanceof Date ? internalDate : new Date(internalDate ?? 0);
}
