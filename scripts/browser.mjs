// Finds the Chromium that tests of the web app walk through, or installs one.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './setup.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome.exe'];
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

async function installed(env) {
  if (env.CADENZA_CHROMIUM) return env.CADENZA_CHROMIUM;
  const onPath = (env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const { chromium } = await import('playwright-core');
  return [...onPath, MAC, chromium.executablePath()].find((path) => path && existsSync(path)) ?? null;
}

/**
 * The path of a Chromium: CADENZA_CHROMIUM, one on PATH, one that Playwright downloads, or Debian's package (as root), in this order.
 * null, with a sentence on what to do, when none can be had.
 */
export async function ensureBrowser(env = process.env, say = (line) => process.stderr.write(`${line}\n`)) {
  const found = await installed(env);
  if (found) return found;
  say('There is no Chromium on this machine yet: downloading one (about 100 MB, once) …');
  const quiet = { stdio: ['ignore', 'ignore', 'ignore'], env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } };
  const cli = join(root, 'node_modules', 'playwright-core', 'cli.js');
  spawnSync(process.execPath, [cli, 'install', 'chromium'], { ...quiet, timeout: 300_000 });
  const downloaded = await installed(env);
  if (downloaded) return downloaded;
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version'], quiet).status === 0) {
    say('The download did not work; installing Debian’s package …');
    spawnSync('apt-get', ['update'], quiet);
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], quiet);
    const packaged = await installed(env);
    if (packaged) return packaged;
  }
  say(
    'No Chromium could be had: install one, or set CADENZA_CHROMIUM to its path. Tests of the web app fail without it.',
  );
  return null;
}
