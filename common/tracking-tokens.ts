import { KeyFormatError, signToken, verifyToken } from './crypto.ts';

/** Makes and reads the tokens of tracked links and images. They carry a touch's id and a link's number, and say nothing about the lead. */
export interface TrackingTokens {
  signOpen(touchId: string): string;
  signClick(touchId: string, link: number): string;
  /** The touch, or null when the token is not one of ours. */
  verifyOpen(token: string): { readonly touchId: string } | null;
  /** The touch and the link's number, or null when the token is not one of ours. */
  verifyClick(token: string): { readonly touchId: string; readonly link: number } | null;
}

const UUID_BYTES = 16;

/** The first key signs; all are accepted, since links in old mails must work for as long as the mails lie there. */
export function createTrackingTokens(keys: readonly Buffer[]): TrackingTokens {
  const newest = keys[0];
  if (!newest) throw new KeyFormatError('There is no key for tracked links.');
  const verify = (purpose: string, token: string, length: number): Buffer | null =>
    keys.map((key) => verifyToken(purpose, token, key)).find((bytes) => bytes?.length === length) ?? null;
  return {
    signOpen: (touchId) => signToken('open', bytesOf(touchId), newest),
    signClick(touchId, link) {
      const number = Buffer.alloc(2);
      number.writeUInt16BE(link);
      return signToken('click', Buffer.concat([bytesOf(touchId), number]), newest);
    },
    verifyOpen(token) {
      const bytes = verify('open', token, UUID_BYTES);
      return bytes && { touchId: uuidOf(bytes) };
    },
    verifyClick(token) {
      const bytes = verify('click', token, UUID_BYTES + 2);
      return bytes && { touchId: uuidOf(bytes), link: bytes.readUInt16BE(UUID_BYTES) };
    },
  };
}

/** The 16 bytes of a UUID. */
function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

function uuidOf(bytes: Buffer): string {
  return bytes
    .subarray(0, UUID_BYTES)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
