import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseSequence, SequenceError } from '../../../sequences/language/index.ts';
import { withSteps } from './support.ts';

let folder = '';
let file = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cadenza-attachments-'));
  mkdirSync(join(folder, 'sequences', 'files'), { recursive: true });
  file = join(folder, 'sequences', 'a.yaml');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'sequences', 'offer.pdf'), 'offer');
  writeFileSync(join(folder, 'sequences', 'files', 'Übersicht.XLSX'), 'table');
  writeFileSync(join(folder, 'sequences', 'empty.txt'), '');
  for (const name of ['large.zip', 'half-1.zip', 'half-2.zip']) {
    writeFileSync(join(folder, 'sequences', name), '');
    truncateSync(join(folder, 'sequences', name), name === 'large.zip' ? 10_000_001 : 6_000_000);
  }
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'sequences', 'link.txt'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const definition = (...paths: string[]): string =>
  withSteps(`  - email: { subject: a, body: b, attachments: ${JSON.stringify(paths)} }`);

test('attachments are read beside the definition and below', () => {
  const { copy } = parseSequence(definition('offer.pdf', 'files/Übersicht.XLSX'), file);
  expect(copy.steps['email-1']?.attachments).toEqual([
    { name: 'offer.pdf', contentType: 'application/pdf', base64: Buffer.from('offer').toString('base64') },
    { name: 'Übersicht.XLSX', contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', base64: Buffer.from('table').toString('base64') },
  ]); // prettier-ignore
});

test.each([
  [['../secret.txt'], "../secret.txt is outside the definition's folder"],
  [['files/../../secret.txt'], "files/../../secret.txt is outside the definition's folder"],
  [['/etc/hostname'], "/etc/hostname is outside the definition's folder"],
  [['link.txt'], "link.txt is outside the definition's folder"],
  [['missing.pdf'], 'there is no file missing.pdf'],
  [['offer.pdf/x'], 'there is no file offer.pdf/x'],
  [['files'], 'files is not a file'],
  [['empty.txt'], 'empty.txt is empty'],
  [['large.zip'], 'attachments of 10.0 MB'],
  [['half-1.zip', 'half-2.zip'], 'the attachments together exceed 10 MB'],
])('%j is refused at its place', (paths, message) => {
  expect(() => parseSequence(definition(...paths), file)).toThrow(SequenceError);
  expect(() => parseSequence(definition(...paths), file)).toThrow(
    new RegExp(`a\\.yaml:3:\\d+: ${message.replaceAll('.', '\\.')}`),
  );
});

test('a reader of its own is asked instead, with the path as written', () => {
  const asked: string[] = [];
  const readAttachment = (path: string): Uint8Array => {
    asked.push(path);
    return Buffer.from('x');
  };
  const { copy } = parseSequence(definition('a"b/c.txt'), 'nowhere.yaml', { readAttachment });
  expect(asked).toEqual(['a"b/c.txt']);
  expect(copy.steps['email-1']?.attachments?.[0]).toEqual({
    name: 'c.txt',
    contentType: 'text/plain',
    base64: 'eA==',
  });
});

test('another attachment changes the copy hash, not the structure', () => {
  const read = (text: string) => ({ readAttachment: () => Buffer.from(text) });
  const [one, two] = [
    parseSequence(definition('a.txt'), 'f', read('1')),
    parseSequence(definition('a.txt'), 'f', read('2')),
  ];
  expect(one?.structureHash).toBe(two?.structureHash);
  expect(one?.copyHash).not.toBe(two?.copyHash);
});
