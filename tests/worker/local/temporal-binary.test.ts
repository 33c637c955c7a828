import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, temporalBinary } from '../../../worker/local/temporal-binary.ts';

let folder: string;
let said: string[];
const report = { say: (sentence: string) => void said.push(sentence), progress: () => {} };

beforeEach(async () => {
  said = [];
  folder = await mkdtemp(join(tmpdir(), 'cadenza-binary-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function executable(path: string, code: number): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\nexit ${code}\n`);
  await chmod(path, 0o755);
  return path;
}

test('one on PATH comes first, then the cache folder; one that does not run is passed over', async () => {
  const env = {
    PATH: `${join(folder, 'broken')}:${join(folder, 'path')}`,
    XDG_CACHE_HOME: join(folder, 'cache'),
  };
  const cached = await executable(join(cacheFolder(env), 'temporal'), 0);
  await executable(join(folder, 'broken', 'temporal'), 1);
  expect(await temporalBinary(report, env)).toBe(cached);
  const onPath = await executable(join(folder, 'path', 'temporal'), 0);
  expect(await temporalBinary(report, env)).toBe(onPath);
  expect(said).toEqual([]);
});

test('when nothing works, the error says what to install, and each step was announced', async () => {
  // No proxy, no name server: the download fails at once, wherever the test runs.
  const env = {
    PATH: join(folder, 'empty'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    HTTPS_PROXY: 'http://127.0.0.1:9',
  };
  await expect(temporalBinary(report, env)).rejects.toThrow(
    /Install the Temporal CLI .* so that "temporal" is on PATH/s,
  );
  expect(said[0]).toContain('downloading one');
  expect(said[1]).toMatch(/^The download did not work \(.+\)\.$/);
}, 60_000);
