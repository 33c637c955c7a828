/** Leaves large attachments out of a message while it comes in: what was written may stand behind them. */

/** Of a message, more than this is not looked at. */
const MAX_STREAM = 40 * 1024 * 1024;
/** Of what is left over, more than this is not kept. */
const MAX_KEPT = 2 * 1024 * 1024;
const MAX_TEXT_PART = 512 * 1024;
/** Of an attachment its head is enough: some reports are called application/octet-stream. */
const MAX_ATTACHMENT = 16 * 1024;
const MAX_LINE = 64 * 1024;
const MAX_HEADER = 64 * 1024;
const MAX_DEPTH = 50;

/** A message that comes in pieces, however they are cut. */
export interface Skimmer {
  /** Returns whether it wants more. */
  push: (chunk: Uint8Array) => boolean;
  /** Whether anything that somebody wrote has come by yet. */
  sawText: () => boolean;
  /** The message without what large attachments have in them; its parts and their order are what they were. */
  end: () => Buffer;
}

/** Holds `keep` bytes and one line at the most, whatever is pushed. */
export function createSkimmer({ keep = MAX_KEPT }: { keep?: number } = {}): Skimmer {
  const kept: Buffer[] = [];
  const boundaries: string[] = [];
  let keptBytes = 0;
  let seen = 0;
  /** Bytes of the header that is being read; null: in a body. */
  let header: string | null = '';
  let room = MAX_TEXT_PART;
  let pending: Buffer = Buffer.alloc(0);
  let inLongLine = false;
  let isText = false;
  let textSeen = false;

  const save = (line: Buffer) => {
    if (keptBytes + line.length > keep) return;
    // A copy: the chunk that the line is in must not stay in memory.
    kept.push(Buffer.from(line));
    keptBytes += line.length;
  };

  const takeBody = (line: Buffer) => {
    if (isText && !textSeen) textSeen = line.some((byte) => byte > 0x20);
    room -= line.length;
    if (room >= 0) save(line);
  };

  const takeLine = (line: Buffer) => {
    if (line[0] === 0x2d && line[1] === 0x2d && boundaries.length > 0) {
      const text = line.toString('latin1').trimEnd().slice(2);
      const at = boundaries.findLastIndex((each) => text === each || text === `${each}--`);
      if (at >= 0) {
        const closes = text !== boundaries[at];
        boundaries.length = closes ? at : at + 1;
        header = closes ? null : '';
        room = MAX_ATTACHMENT;
        isText = false;
        save(line);
        return;
      }
    }
    if (header === null) {
      takeBody(line);
      return;
    }
    save(line);
    const isBlank = line.length <= 2 && line.toString('latin1').trim() === '';
    if (!isBlank) {
      if (header.length < MAX_HEADER) header += line.toString('latin1');
    } else if (header !== '' || boundaries.length > 0) {
      const part = partOf(header);
      if (part.boundary !== null && boundaries.length < MAX_DEPTH) boundaries.push(part.boundary);
      header = part.isMessage ? '' : null;
      room = part.room;
      isText = part.isText;
    }
  };

  return {
    push(chunk) {
      if (seen >= MAX_STREAM) return false;
      const usable = chunk.subarray(0, MAX_STREAM - seen);
      seen += usable.length;
      let data =
        pending.length > 0
          ? Buffer.concat([pending, usable])
          : Buffer.from(usable.buffer, usable.byteOffset, usable.length);
      for (;;) {
        const end = data.indexOf(0x0a);
        if (end < 0 && data.length < MAX_LINE) break;
        const line = data.subarray(0, end < 0 ? data.length : end + 1);
        // The rest of a line that was too long is no line of its own.
        if (inLongLine || end < 0) (header === null ? takeBody : save)(line);
        else takeLine(line);
        inLongLine = end < 0;
        data = data.subarray(line.length);
      }
      pending = Buffer.from(data);
      return seen < MAX_STREAM;
    },
    sawText: () => textSeen,
    end() {
      if (pending.length > 0) (inLongLine ? takeBody : takeLine)(pending);
      pending = Buffer.alloc(0);
      return Buffer.concat(kept);
    },
  };
}

interface Part {
  readonly boundary: string | null;
  /** Another header follows. */
  readonly isMessage: boolean;
  readonly isText: boolean;
  readonly room: number;
}

function partOf(header: string): Part {
  const unfolded = header.replace(/\r?\n[ \t]+/g, ' ');
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(unfolded)?.[1] ?? '';
  const type = field('content-type');
  const media = /^[^;\s]+/.exec(type)?.[0].toLowerCase() ?? 'text/plain';
  if (media.startsWith('multipart/')) {
    const [, quoted, bare] = /;\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(type) ?? [];
    return { boundary: quoted ?? bare ?? null, isMessage: false, isText: false, room: MAX_ATTACHMENT };
  }
  const isEncoded = /base64/i.test(field('content-transfer-encoding'));
  const isMessage = /^message\/(?:rfc822|global)$/.test(media) && !isEncoded;
  const isAttached = /^\s*attachment/i.test(field('content-disposition'));
  const isText = media.startsWith('text/') && !isAttached;
  const room = isText || media.startsWith('message/') ? MAX_TEXT_PART : MAX_ATTACHMENT;
  return { boundary: null, isMessage, isText, room };
}
