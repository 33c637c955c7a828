import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** A 32-byte key and the name by which envelopes ask for it. */
export interface SecretKey {
  /** Letters, digits, `_` and `-`. */
  readonly id: string;
  readonly key: Buffer;
}

/** Encrypts what must not be readable in a database dump. */
export interface Secrets {
  /** Envelope `v1.<key id>.<iv>.<tag>.<data>` (base64url parts) of a text, under the newest key. */
  encrypt(plain: string): string;
  /** The text of an envelope. Throws `UnknownKeyError` when its key is not listed, `BrokenSecretError` when it was changed or is no envelope. */
  decrypt(envelope: string): string;
  /** Whether an envelope was made with the newest key; if not, encrypting it again lets the old key go. */
  isCurrent(envelope: string): boolean;
}

/** An envelope names a key that the configuration does not list. */
export class UnknownKeyError extends Error {
  readonly keyId: string;
  constructor(keyId: string) {
    super(
      `A stored secret was encrypted with key "${keyId}", which is not configured. Add that key back to the list of keys; a newer key may stand before it.`,
    );
    this.name = 'UnknownKeyError';
    this.keyId = keyId;
  }
}

/** An envelope that cannot be opened: cut off, altered, or encrypted with another key of the same id. */
export class BrokenSecretError extends Error {
  constructor(why: string) {
    super(`A stored secret cannot be read: ${why}. Enter the secret again.`);
    this.name = 'BrokenSecretError';
  }
}

/** A key in the configuration that cannot be used. The message never quotes the key. */
export class KeyFormatError extends Error {
  constructor(why: string) {
    super(
      `${why} Keys are written id:base64, separated by commas, the newest first; make one with: openssl rand -base64 32`,
    );
    this.name = 'KeyFormatError';
  }
}

const KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/;
const ENVELOPE = /^v1\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)$/;
const CIPHER = 'aes-256-gcm';

/** Reads `id:base64,id:base64`, the newest first. Throws `KeyFormatError` for anything else. */
export function parseKeys(text: string): SecretKey[] {
  const keys = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const colon = part.indexOf(':');
      if (colon < 1) throw new KeyFormatError('A key without an id.');
      const id = part.slice(0, colon);
      if (!KEY_ID.test(id)) throw new KeyFormatError('A key id may have letters, digits, "_" and "-" only.');
      return { id, key: parseKey(part.slice(colon + 1), `Key "${id}"`) };
    });
  if (keys.length === 0) throw new KeyFormatError('There is no key.');
  const twice = keys.find((key, index) => keys.findIndex((other) => other.id === key.id) !== index);
  if (twice) throw new KeyFormatError(`Two keys have the id "${twice.id}".`);
  return keys;
}

function parseKey(base64: string, what: string): Buffer {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(base64)) throw new KeyFormatError(`${what} is not base64.`);
  const key = Buffer.from(base64, 'base64');
  if (key.length !== KEY_BYTES)
    throw new KeyFormatError(`${what} has ${key.length} bytes instead of ${KEY_BYTES}.`);
  return key;
}

/** AES-256-GCM envelopes: the first key encrypts, every listed key decrypts. */
export function createSecrets(keys: readonly SecretKey[]): Secrets {
  const newest = keys[0];
  if (!newest) throw new KeyFormatError('There is no key.');
  for (const { id, key } of keys) {
    if (!KEY_ID.test(id)) throw new KeyFormatError('A key id may have letters, digits, "_" and "-" only.');
    if (key.length !== KEY_BYTES)
      throw new KeyFormatError(`Key "${id}" has ${key.length} bytes instead of ${KEY_BYTES}.`);
  }
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  return {
    encrypt(plain) {
      const iv = randomBytes(12);
      const cipher = createCipheriv(CIPHER, newest.key, iv);
      // The key id is authenticated too, so an envelope cannot be relabelled.
      cipher.setAAD(Buffer.from(`v1.${newest.id}`));
      const data = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return [
        'v1',
        newest.id,
        ...[iv, cipher.getAuthTag(), data].map((part) => part.toString('base64url')),
      ].join('.');
    },
    decrypt(envelope) {
      const match = ENVELOPE.exec(envelope);
      if (!match) throw new BrokenSecretError('it is not an envelope of this program');
      const [, id = '', iv = '', tag = '', data = ''] = match;
      const key = byId.get(id);
      if (!key) throw new UnknownKeyError(id);
      try {
        const decipher = createDecipheriv(CIPHER, key, Buffer.from(iv, 'base64url'), { authTagLength: 16 });
        decipher.setAAD(Buffer.from(`v1.${id}`));
        decipher.setAuthTag(Buffer.from(tag, 'base64url'));
        return Buffer.concat([decipher.update(Buffer.from(data, 'base64url')), decipher.final()]).toString(
          'utf8',
        );
      } catch {
        throw new BrokenSecretError(`key "${id}" does not open it`);
      }
    },
    isCurrent: (envelope) => ENVELOPE.exec(envelope)?.[1] === newest.id,
  };
}

/** A key for one purpose, from a master key (HKDF-SHA-256): the same master and purpose always give the same 32 bytes. */
export function deriveKey(master: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, '', `cadenza/${purpose}`, KEY_BYTES));
}

/** The kinds of identity that can be suppressed. */
export type IdentityKind = 'email' | 'phone' | 'linkedin' | 'external' | 'domain';

/** HMAC-SHA-256 over kind and normalised value: what stays of an identity when its lead is erased. */
export type IdentityHasher = (kind: IdentityKind, value: string) => Buffer;

/** The key must never change: a suppression that was written with another key no longer matches. */
export function createIdentityHasher(key: Buffer): IdentityHasher {
  if (key.length < KEY_BYTES)
    throw new KeyFormatError(`The key for identity hashes has ${key.length} bytes instead of ${KEY_BYTES}.`);
  return (kind, value) =>
    createHmac('sha256', key)
      .update(`${kind}\0${normaliseIdentity(kind, value)}`)
      .digest();
}

/** One spelling for each identity, so that the same person always hashes alike. Normalising twice changes nothing. */
export function normaliseIdentity(kind: IdentityKind, value: string): string {
  const text = value.normalize('NFC').trim();
  switch (kind) {
    case 'email':
      return text.toLowerCase();
    case 'domain':
      return text.toLowerCase().replace(/\.$/, '');
    case 'phone':
      return text.replace(/[^\d+]/g, '').replace(/^00/, '+');
    case 'linkedin':
      return text
        .toLowerCase()
        .replace(/^https?:\/\//, '')
        .replace(/^(?:[a-z]{2,3}\.)?linkedin\.com/, 'linkedin.com')
        .replace(/[?#].*$/, '')
        .replace(/\/+$/, '');
    case 'external':
      return text;
  }
}

const TAG_BYTES = 16;

/** `bytes` and a truncated HMAC over purpose and bytes, as base64url. Whoever has it knows the bytes; nobody without the key can make one. */
export function signToken(purpose: string, bytes: Buffer, key: Buffer): string {
  return Buffer.concat([bytes, tokenTag(purpose, bytes, key)]).toString('base64url');
}

/** The bytes of a token that was signed for this purpose with this key; null for anything else, found out in constant time. */
export function verifyToken(purpose: string, token: string, key: Buffer): Buffer | null {
  if (token.length > 256 || !/^[A-Za-z0-9_-]+$/.test(token)) return null;
  const all = Buffer.from(token, 'base64url');
  // Several spellings decode to the same bytes; only the one that was signed counts.
  if (all.length <= TAG_BYTES || all.toString('base64url') !== token) return null;
  const bytes = all.subarray(0, -TAG_BYTES);
  return timingSafeEqual(all.subarray(-TAG_BYTES), tokenTag(purpose, bytes, key)) ? bytes : null;
}

function tokenTag(purpose: string, bytes: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key).update(`${purpose}\0`).update(bytes).digest().subarray(0, TAG_BYTES);
}

/** Makes and reads the tokens of unsubscribe links. They carry a touch's id and say nothing about the lead. */
export interface UnsubscribeTokens {
  sign(touchId: string): string;
  /** The touch's id, or null when the token is not one of ours. */
  verify(token: string): string | null;
}

/** The first key signs; all are accepted, since links in old mails must work for as long as the mails lie there. */
export function createUnsubscribeTokens(keys: readonly Buffer[]): UnsubscribeTokens {
  const newest = keys[0];
  if (!newest) throw new KeyFormatError('There is no key for unsubscribe links.');
  return {
    sign: (touchId) => signToken('unsubscribe', Buffer.from(touchId.replaceAll('-', ''), 'hex'), newest),
    verify(token) {
      for (const key of keys) {
        const bytes = verifyToken('unsubscribe', token, key);
        if (bytes?.length === 16)
          return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
      }
      return null;
    },
  };
}
