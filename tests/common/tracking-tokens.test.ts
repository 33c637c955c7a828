import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createUnsubscribeTokens } from '../../common/crypto.ts';
import { createTrackingTokens } from '../../common/tracking-tokens.ts';

const key = randomBytes(32);
const tokens = createTrackingTokens([key]);

test('a token names its touch and link, is always the same, and says nothing else', () => {
  const touchId = randomUUID();
  expect(tokens.verifyOpen(tokens.signOpen(touchId))).toEqual({ touchId });
  for (const link of [0, 1, 999, 65_535])
    expect(tokens.verifyClick(tokens.signClick(touchId, link))).toEqual({ touchId, link });
  expect(createTrackingTokens([key]).signClick(touchId, 3)).toBe(tokens.signClick(touchId, 3));
});

test('no changed token, and none for another purpose, is taken', () => {
  const touchId = randomUUID();
  const click = tokens.signClick(touchId, 1);
  const bytes = Buffer.from(click, 'base64url');
  for (let place = 0; place < bytes.length; place++) {
    const changed = Buffer.from(bytes);
    changed[place]! ^= 1;
    expect(tokens.verifyClick(changed.toString('base64url'))).toBeNull();
  }
  expect(tokens.verifyClick(tokens.signOpen(touchId))).toBeNull();
  expect(tokens.verifyOpen(click)).toBeNull();
  expect(tokens.verifyOpen(createUnsubscribeTokens([key]).sign(touchId))).toBeNull();
  expect(createUnsubscribeTokens([key]).verify(tokens.signOpen(touchId))).toBeNull();
  expect(createTrackingTokens([randomBytes(32)]).verifyClick(click)).toBeNull();
  for (const junk of ['', 'x', 'A'.repeat(46), 'A'.repeat(300)]) expect(tokens.verifyClick(junk)).toBeNull();
});

test('links in old mails keep working after the key was changed', () => {
  const touchId = randomUUID();
  const rotated = createTrackingTokens([randomBytes(32), key]);
  expect(rotated.verifyClick(tokens.signClick(touchId, 2))).toEqual({ touchId, link: 2 });
  expect(() => createTrackingTokens([])).toThrow('no key');
});
