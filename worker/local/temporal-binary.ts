import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir, platform } from 'node:os';
import { delimiter, join } from 'node:path';
import { setInterval as every } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LocalStackError } from './errors.ts';

/** The last version that `go install` takes. */
const GO_PACKAGE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const NAME = platform() === 'win32' ? 'temporal.exe' : 'temporal';
/** A download that has not begun after this is given up. */
const SILENCE_MS = 20_000;

/** Reports to people. `progress` replaces its own last line while something takes long; `say` stays. */
export interface Reporter {
  say(sentence: string): void;
  progress(line: string): void;
}

/** Per user, so that the next checkout finds it. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cadenza', 'bin');
}

/**
 * The `temporal` command: on PATH, in the cache folder, downloaded by the SDK, or built by Go, in this order. Says what it does
 * when it takes longer than a look. Throws with what to install when nothing works.
 */
export async function temporalBinary(
  report: Reporter,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const cached = join(cacheFolder(env), NAME);
  for (const path of [...onPath(env), cached]) if (works(path)) return path;
  await mkdir(cacheFolder(env), { recursive: true });
  report.say('There is no Temporal server on this machine yet: downloading one (about 50 MB, once) …');
  const download = await downloadBySdk(env, cached, report);
  if (download === null) return cached;
  report.say(`The download did not work (${download}).`);
  if (spawnSync('go', ['version'], { stdio: 'ignore', env }).status !== 0) {
    throw new LocalStackError(
      'No Temporal server could be had: there is none on PATH, it cannot be downloaded, and Go is not installed to build it.\n' +
        'Install the Temporal CLI (https://docs.temporal.io/cli#install) so that "temporal" is on PATH, install Go, ' +
        'or set TEMPORAL_ADDRESS and DATABASE_URL to servers of your own.',
    );
  }
  report.say('Building one with Go instead (5 to 10 minutes, once) …');
  await buildByGo(env, cached, report);
  return cached;
}

function onPath(env: NodeJS.ProcessEnv): string[] {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, NAME));
}

function works(path: string): boolean {
  return (
    existsSync(path) && spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0
  );
}

/** null when it worked, else why not. */
async function downloadBySdk(
  env: NodeJS.ProcessEnv,
  target: string,
  report: Reporter,
): Promise<string | null> {
  const folder = await mkdtemp(`${target}-download-`);
  try {
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('download-temporal.js', import.meta.url)), folder],
      { env, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const ticking = new AbortController();
    let silent = 0;
    let hung = false;
    const watching = tick(ticking.signal, async (seconds) => {
      const bytes = await folderSize(folder);
      silent = bytes > 0 ? 0 : silent + 1000;
      report.progress(`downloading Temporal: ${(bytes / 1e6).toFixed(0)} MB, ${seconds} s`);
      if (silent >= SILENCE_MS) hung = child.kill('SIGKILL');
    });
    const { code, said } = await finished(child).finally(() => ticking.abort());
    await watching;
    if (hung) return `nothing came for ${SILENCE_MS / 1000} s`;
    const file = (await readdir(folder)).find(
      (name) => name.startsWith('temporal') && !name.endsWith('.downloading'),
    );
    if (code !== 0 || !file)
      return /dns|connect/i.test(said)
        ? 'the download server cannot be reached'
        : said.slice(0, 200) || `code ${code}`;
    await rename(join(folder, file), target);
    return works(target) ? null : 'what came does not run here';
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildByGo(env: NodeJS.ProcessEnv, target: string, report: Reporter): Promise<void> {
  const folder = await mkdtemp(`${target}-build-`);
  try {
    const child = spawn('go', ['install', GO_PACKAGE], {
      env: { ...env, GOBIN: folder, GOFLAGS: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ticking = new AbortController();
    const watching = tick(ticking.signal, async (seconds) =>
      report.progress(`building Temporal with Go: ${Math.floor(seconds / 60)} min ${seconds % 60} s`),
    );
    const { code, said } = await finished(child).finally(() => ticking.abort());
    await watching;
    if (code !== 0) {
      throw new LocalStackError(
        `Temporal could not be built (go install ${GO_PACKAGE}):\n${said.trim().split('\n').slice(-5).join('\n')}\n` +
          'Install the Temporal CLI (https://docs.temporal.io/cli#install) so that "temporal" is on PATH.',
      );
    }
    await rename(join(folder, NAME), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function tick(signal: AbortSignal, work: (seconds: number) => Promise<void>): Promise<void> {
  let seconds = 0;
  try {
    for await (const _ of every(1000, undefined, { signal })) await work(++seconds);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function finished(child: ReturnType<typeof spawn>): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-20_000)));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, said }));
  });
}

async function folderSize(folder: string): Promise<number> {
  const sizes = await Promise.all(
    (await readdir(folder)).map((name) =>
      stat(join(folder, name)).then(
        (s) => s.size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
