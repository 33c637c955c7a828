// Plain JavaScript without dependencies: it runs before anything is installed.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @returns {string | null} what is wrong with this Node, for people */
export function nodeProblem(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return null;
  return `Cadenza needs Node 20.19 or newer; this is Node ${version}. Get a newer one from https://nodejs.org`;
}

/** Whether node_modules holds what package-lock.json asks for, optional packages aside. */
export function isInstalled(folder = root) {
  const installed = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const wanted = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional, devOptional, peer }]) =>
      path === '' ||
      present[path]?.version === version ||
      (!present[path] && (optional || devOptional || peer)),
  );
}

/** Installs what is missing; silent when nothing is. Ends the process with a sentence when it can't. */
export async function ensureSetUp() {
  const problem = nodeProblem();
  if (problem) end(problem);
  if (isInstalled()) return;
  await waitForAnother();
  if (isInstalled()) return;
  mkdirSync(dirname(LOCK), { recursive: true });
  writeFileSync(LOCK, String(process.pid));
  process.stderr.write('Installing the packages that Cadenza needs (npm ci, once; about half a minute) …\n');
  const code = await npmCi().finally(() => rmSync(LOCK, { force: true }));
  if (code !== 0)
    end(
      'npm ci failed; see above. Cadenza needs its packages: check the network and the registry, then try again.',
    );
}

/** Two installations in one folder would remove each other's packages. */
const LOCK = join(root, '.cadenza', 'setup.pid');

async function waitForAnother() {
  const isRunning = () => {
    try {
      const pid = Number(readFileSync(LOCK, 'utf8'));
      return pid > 0 && pid !== process.pid && process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  if (isRunning()) process.stderr.write('Waiting for the installation that runs already …\n');
  while (isRunning()) await new Promise((resolve) => setTimeout(resolve, 500));
}

function npmCi() {
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const env = { ...process.env, NODE_ENV: '' };
  const options = { cwd: root, env, stdio: ['ignore', 2, 2], shell: !npm && process.platform === 'win32' };
  const child =
    npm && /\.c?js$/.test(npm)
      ? spawn(process.execPath, [npm.replace(/npx-cli\.js$/, 'npm-cli.js'), ...args], options)
      : spawn('npm', args, options);
  let seconds = 0;
  const ticking = setInterval(() => {
    seconds += 1;
    if (process.stderr.isTTY) process.stderr.write(`\r  installing: ${seconds} s`);
    else if (seconds % 15 === 0) process.stderr.write(`  installing: ${seconds} s\n`);
  }, 1000);
  return new Promise((resolve) => {
    const done = (code) => {
      clearInterval(ticking);
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
      resolve(code);
    };
    child.once('error', () => done(1));
    child.once('close', done);
  });
}

function end(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
