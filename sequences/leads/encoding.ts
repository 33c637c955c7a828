import { isUtf8 } from 'node:buffer';
import { LeadsCsvError } from './csv-error.ts';

/** How much is read ahead to find the delimiter. */
const HEAD = 65_536;

/**
 * Passes the bytes on, having made sure that they are UTF-8. The first piece holds the whole header, or 64 KiB.
 * Throws LeadsCsvError for UTF-16, binary files, and invalid UTF-8 (with its line). `onBytes` hears the total read so far.
 */
export async function* utf8(
  source: AsyncIterable<Buffer | string>,
  onBytes: (total: number) => void,
): AsyncGenerator<Buffer> {
  let total = 0;
  let lines = 1;
  let rest = Buffer.alloc(0);
  let head: Buffer | null = Buffer.alloc(0);
  for await (const piece of source) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    if (bytes.length === 0) continue;
    if (total < 4) refuseOthers(total === 0 ? bytes : Buffer.concat([head ?? rest, bytes]));
    total += bytes.length;
    onBytes(total);
    const joined = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const end = completeEnd(joined);
    const whole = joined.subarray(0, end);
    rest = Buffer.from(joined.subarray(end));
    if (!isUtf8(whole)) throw invalid(whole, lines);
    lines += count(whole);
    if (head === null) yield whole;
    else {
      head = Buffer.concat([head, whole]);
      if (head.length >= HEAD || head.includes(10) || head.includes(13)) {
        yield head;
        head = null;
      }
    }
  }
  if (rest.length > 0) throw invalid(rest, lines);
  if (head !== null && head.length > 0) yield head;
}

function refuseOthers(start: Buffer): void {
  const [first, second] = start;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) throw utf16();
  const probe = start.subarray(0, 64);
  const zeros = probe.filter((byte) => byte === 0).length;
  if (zeros >= probe.length / 4 && zeros > 0) throw utf16();
  if (start.subarray(0, 4).equals(Buffer.from('PK\u0003\u0004'))) {
    throw new LeadsCsvError(
      'binary',
      'this is an Excel or ZIP file, not CSV. Save it as “CSV UTF-8” and import that.',
    );
  }
}

function utf16(): LeadsCsvError {
  return new LeadsCsvError(
    'utf16',
    'it is encoded as UTF-16 (Excel’s “Unicode text”). Save it as “CSV UTF-8” and import that.',
  );
}

function invalid(bytes: Buffer, firstLine: number): LeadsCsvError {
  let line = firstLine;
  let start = 0;
  for (;;) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    if (!isUtf8(bytes.subarray(start, end)) || newline < 0) break;
    line++;
    start = newline + 1;
  }
  return new LeadsCsvError(
    'not_utf8',
    'there are bytes that are not UTF-8 (the file may be in Windows-1252 or Latin-1). Save it as “CSV UTF-8” and import that.',
    line,
  );
}

/** Where the last complete character ends; a sequence that goes on in the next piece stays behind. */
function completeEnd(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function count(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}

/** The delimiter that is most frequent in the first line, outside quotes: `,` `;` tab or `|`. */
export function detectDelimiter(head: Buffer): string {
  const counts = new Map([',', ';', '\t', '|'].map((delimiter) => [delimiter, 0]));
  let quoted = false;
  for (const character of head.toString('utf8', 0, HEAD)) {
    if (character === '"') quoted = !quoted;
    else if (!quoted && (character === '\n' || character === '\r')) break;
    else if (!quoted && counts.has(character)) counts.set(character, counts.get(character)! + 1);
  }
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}
