// Runs every test, the ones with a Temporal server one after the other, and closes with `N passed, N failed`.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBrowser } from './browser.mjs';
import { ensureWeb } from './build-web.mjs';
import { root } from './setup.mjs';

const args = process.argv.slice(2);
// A temporary folder of the run's own: what is in it at the end was left behind.
const folder = mkdtempSync(join(tmpdir(), 'cadenza-run-'));
chmodSync(folder, 0o755);
const summary = join(folder, 'summary');
let running;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    interrupted = true;
    running?.kill(signal);
  });
}

/** Tools keep their own caches there. */
const CACHE = /^(tsx-|node-compile-cache|jest)/;

function leftovers() {
  const files = readdirSync(folder).filter((name) => !CACHE.test(name));
  return [...files.map((name) => join(folder, name)), ...processesOf(folder)];
}

/** Processes whose command line names this folder, by /proc where there is one. */
function processesOf(path) {
  if (!existsSync('/proc/self/cmdline')) return [];
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(path) ? [`process ${pid}: ${line.slice(0, 120)}`] : [];
      } catch {
        return [];
      }
    });
}

async function jest(project, ...options) {
  const jestArgs = [
    '--selectProjects',
    project,
    '--passWithNoTests',
    '--reporters=default',
    `--reporters=${join(root, 'tests/support/summary-reporter.mjs')}`,
  ];
  running = spawn(
    process.execPath,
    [join(root, 'node_modules/jest/bin/jest.js'), ...jestArgs, ...options, ...args],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        NODE_OPTIONS:
          `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings=ExperimentalWarning`.trim(),
        CADENZA_TEST_SUMMARY: summary,
        TMPDIR: folder,
        ...(chromium && { CADENZA_CHROMIUM: chromium }),
      },
    },
  );
  const code = await new Promise((resolve) => running.once('close', (code) => resolve(code ?? 1)));
  const results = existsSync(summary)
    ? readFileSync(summary, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [];
  rmSync(summary, { force: true });
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  // A crash has no numbers, or good ones and a bad exit code.
  return {
    passed,
    failed:
      failed === 0 && !interrupted && (code !== 0 || (results.length === 0 && !args.length)) ? 1 : failed,
    names: results.flatMap(({ names }) => names),
  };
}

const chromium = await ensureBrowser();
await ensureWeb();
const outcomes = [await jest('plain', '--maxWorkers=2')];
if (!interrupted) outcomes.push(await jest('temporal', '--runInBand'));

// Browsers that were interrupted, too, take a moment to go.
for (let patience = 50; interrupted && patience > 0 && processesOf(folder).length > 0; patience--)
  await sleep(100);
const left = interrupted ? processesOf(folder) : leftovers();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(
  left.length === 0 ? 'Nothing was left behind.\n' : `Left behind:\n  ${left.join('\n  ')}\n`,
);
const names = outcomes.flatMap(({ names }) => names);
// Once more at the end, where the last lines are all that one sees.
if (names.length > 0) process.stdout.write(`Failed:\n  ${names.join('\n  ')}\n`);
const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0) + (left.length === 0 ? 0 : 1);
process.exitCode = failed > 0 || interrupted ? 1 : 0;
if (interrupted) process.stdout.write('Interrupted. Of what ran:\n');
process.stdout.write(`${passed} passed, ${failed} failed\n`);
