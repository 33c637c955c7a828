import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import {
  BrokenSecretError,
  createIdentityHasher,
  createSecrets,
  createUnsubscribeTokens,
  deriveKey,
  KeyFormatError,
  parseKeys,
  signToken,
  UnknownKeyError,
  verifyToken,
} from '../../common/crypto.ts';

const base64 = () => randomBytes(32).toString('base64');

test('secrets come back, look different each time, and survive a rotation', () => {
  const [old, fresh] = [base64(), base64()];
  const before = createSecrets(parseKeys(`2025:${old}`));
  const envelope = before.encrypt('whsec_ü');
  expect(envelope).toMatch(/^v1\.2025\.[\w-]+\.[\w-]+\.[\w-]+$/);
  expect(before.encrypt('whsec_ü')).not.toBe(envelope);

  const after = createSecrets(parseKeys(` 2026:${fresh}, 2025:${old} `));
  expect(after.decrypt(envelope)).toBe('whsec_ü');
  expect(after.isCurrent(envelope)).toBe(false);
  expect(after.isCurrent(after.encrypt('x'))).toBe(true);
  expect(after.decrypt(after.encrypt(''))).toBe('');
});

test('a missing key is named, and an altered envelope is refused', () => {
  const envelope = createSecrets(parseKeys(`a:${base64()}`)).encrypt('secret');
  const other = createSecrets(parseKeys(`b:${base64()}`));
  expect(() => other.decrypt(envelope)).toThrow(UnknownKeyError);
  expect(() => other.decrypt(envelope)).toThrow('"a"');
  const key = base64();
  const same = createSecrets([...parseKeys(`a:${key}`), ...parseKeys(`b:${key}`)]);
  const [version, id, iv, tag, data] = same.encrypt('secret').split('.') as [
    string,
    string,
    string,
    string,
    string,
  ];
  const flipped = Buffer.from(data, 'base64url');
  flipped[0]! ^= 1;
  for (const broken of [
    [version, id, iv, tag, flipped.toString('base64url')],
    [version, 'b', iv, tag, data],
    [version, id, iv, tag.slice(0, 6), data],
    [version, id, iv],
  ]) {
    expect(() => same.decrypt(broken.join('.'))).toThrow(BrokenSecretError);
  }
});

test('keys that cannot be used are refused without being quoted', () => {
  const short = Buffer.from('short').toString('base64');
  for (const text of [
    '',
    ':abc',
    base64(),
    `a:${short}`,
    'a:not base64',
    `a b:${base64()}`,
    `a:${base64()},a:${base64()}`,
  ]) {
    expect(() => parseKeys(text)).toThrow(KeyFormatError);
  }
  expect(() => parseKeys(`a:${short}`)).not.toThrow(short);
});

test('identities hash alike however they are spelt, and differ by kind and key', () => {
  const hash = createIdentityHasher(deriveKey(Buffer.alloc(32, 1), 'identities'));
  const same = (kind: Parameters<typeof hash>[0], ...values: string[]) =>
    expect(new Set(values.map((value) => hash(kind, value).toString('hex'))).size).toBe(1);
  same('email', 'Ada@Acme.test', ' ada@acme.test ');
  same('phone', '+49 (30) 1234-5', '004930 12345', '+493012345');
  same('linkedin', 'https://www.linkedin.com/in/Ada/', 'de.linkedin.com/in/ada?trk=x', 'linkedin.com/in/ada');
  same('domain', 'Acme.test.', 'acme.test');
  expect(hash('email', 'x').equals(hash('external', 'x'))).toBe(false);
  expect(createIdentityHasher(Buffer.alloc(32, 2))('email', 'x').equals(hash('email', 'x'))).toBe(false);
  expect(hash('email', 'x')).toHaveLength(32);
});

test('tokens: only what was signed for this purpose with this key is accepted', () => {
  const [key, bytes] = [randomBytes(32), randomBytes(16)];
  const token = signToken('unsubscribe', bytes, key);
  expect(verifyToken('unsubscribe', token, key)).toEqual(bytes);
  expect(verifyToken('other', token, key)).toBeNull();
  expect(verifyToken('unsubscribe', token, randomBytes(32))).toBeNull();
  for (let at = 0; at < token.length; at++) {
    const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    expect(verifyToken('unsubscribe', changed, key)).toBeNull();
  }
  for (const junk of ['', 'x', `${token}A`, token.slice(1), `${token}=`, 'A'.repeat(5000), 'ü'.repeat(40)]) {
    expect(verifyToken('unsubscribe', junk, key)).toBeNull();
  }
});

test('unsubscribe tokens give the touch back and keep working after a rotation', () => {
  const [old, fresh] = [randomBytes(32), randomBytes(32)];
  const touchId = randomUUID();
  const token = createUnsubscribeTokens([old]).sign(touchId);
  expect(createUnsubscribeTokens([fresh, old]).verify(token)).toBe(touchId);
  expect(createUnsubscribeTokens([fresh]).verify(token)).toBeNull();
});
