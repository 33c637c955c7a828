import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localSecrets } from '../../../worker/local/secrets.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cadenza-secrets-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('secrets are made once, readable by their owner only, and stay the same', async () => {
  const [first, second] = await Promise.all([localSecrets(folder), localSecrets(folder)]);
  expect(second).toEqual(first);
  expect(await localSecrets(folder)).toEqual(first);
  expect((await stat(join(folder, 'secrets.json'))).mode & 0o777).toBe(0o600);
  expect(Buffer.from(first.hashKey, 'base64')).toHaveLength(32);
  expect(new Set(Object.values(first)).size).toBe(4);
});

test('a damaged file is an error, never replaced: the keys in it may be needed', async () => {
  await writeFile(join(folder, 'secrets.json'), '{"databasePassword"');
  await expect(localSecrets(folder)).rejects.toThrow(/secrets\.json is damaged/);
});
