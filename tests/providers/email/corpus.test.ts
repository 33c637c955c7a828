/** Messages of our own making in the shapes that mail systems and people write, each with what it must be taken for. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { classifyMail, readMail } from '../../../providers/email/incoming/index.ts';

interface Expected {
  readonly class: string;
  readonly kind?: string;
  readonly status?: string | null;
  readonly recipient?: string;
  readonly returnDate?: string | null;
  readonly replacement?: string;
  readonly replyText?: string;
  readonly language?: string;
}

const folder = fileURLToPath(new URL('corpus/', import.meta.url));
const expected = JSON.parse(readFileSync(`${folder}expected.json`, 'utf8')) as Record<string, Expected>;
const OWN = new Set(['sam@acme.example']);

test('every message has an expectation, and there are enough of them', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.eml'));
  expect(files.map((name) => name.replace('.eml', '')).sort()).toEqual(Object.keys(expected).sort());
  expect(files.length).toBeGreaterThanOrEqual(150);
});

test.each(Object.entries(expected))('%s', async (name, wanted) => {
  const mail = await readMail(readFileSync(`${folder}${name}.eml`));
  const { bounce, ...verdict } = classifyMail(mail, { now: 0, ownAddresses: OWN });
  const flat = { ...verdict, kind: bounce?.kind, status: bounce?.status, recipient: bounce?.recipient };
  expect(flat).toMatchObject(wanted);
});
