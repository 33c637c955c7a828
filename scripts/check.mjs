// Everything that CI looks at besides the tests, cheapest first. `--only NAME` runs one, `--list` names them.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from './files.mjs';
import { root } from './setup.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);
const scenarios = globSync('sequences/library', '.test.yaml');

const checks = [
  { name: 'formatting', command: [bin('prettier'), '--check', '.'], mend: 'npm run format' },
  { name: 'lint', command: [bin('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'types', command: [bin('tsc'), '--noEmit', '-p', '.'] },
  { name: 'types of the web app', command: [bin('tsc'), '--noEmit', '-p', 'web'] },
  { name: 'dead code', command: [bin('knip')] },
  { name: 'generated files', run: generatedFiles, mend: 'npm run generate' },
  {
    name: 'scenarios',
    command: [process.execPath, 'bin/cadenza.js', 'test', ...scenarios],
    unless: scenarios.length === 0,
  },
  { name: 'known weaknesses of packages', run: audit },
];

/** Runs the generators; whatever they change was not current. */
async function generatedFiles() {
  const before = changedFiles();
  const { code, output } = await run([process.execPath, 'scripts/run.mjs', 'generate']);
  if (code !== 0) return { code, output };
  const after = changedFiles();
  const stale = [...new Set([...before.keys(), ...after.keys()])].filter(
    (file) => before.get(file) !== after.get(file),
  );
  return { code: stale.length > 0 ? 1 : 0, output: `not current, and now made anew:\n${stale.join('\n')}` };
}

/** Files that differ from the last commit, with a hash of what is in them. */
function changedFiles() {
  const git = ['ls-files', '-z', '--modified', '--others', '--exclude-standard'];
  const names = spawnSync('git', git, { cwd: root, encoding: 'utf8' }).stdout.split('\0').filter(Boolean);
  const hashed = names.map((name) => {
    const path = join(root, name);
    return [name, existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''];
  });
  return new Map(hashed);
}

/** Only the registry knows; without it this is not a failure. */
async function audit() {
  const { code, output } = await run(['npm', 'audit', '--omit=dev', '--audit-level=high', '--json']);
  let report;
  try {
    report = JSON.parse(output.slice(output.indexOf('{')));
  } catch {
    report = {};
  }
  if (!report.metadata?.vulnerabilities) return { code: 0, output, skipped: 'the registry does not answer' };
  const found = Object.values(report.vulnerabilities ?? {}).map(
    ({ name, severity, range }) => `${severity}: ${name} ${range}`,
  );
  return { code, output: found.join('\n') };
}

function run([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

const args = process.argv.slice(2);
if (args[0] === '--list') {
  for (const { name } of checks) process.stdout.write(`${name}\n`);
  process.exit(0);
}
const wanted = args[0] === '--only' ? checks.filter(({ name }) => name === args[1]) : checks;
if (wanted.length === 0 || (args[0] && args[0] !== '--only')) {
  process.stderr.write('usage: npm run check -- [--list | --only NAME]\n');
  process.exit(2);
}

const failed = [];
for (const check of wanted) {
  if (check.unless) continue;
  const begun = performance.now();
  const { code, output, skipped } = await (check.run ? check.run() : run(check.command));
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  if (code === 0) {
    process.stdout.write(`${skipped ? '-' : '✓'} ${check.name} (${skipped ?? `${seconds} s`})\n`);
    continue;
  }
  failed.push(check.name);
  process.stdout.write(`✗ ${check.name} (${seconds} s)\n${output.trim().replaceAll(/^/gm, '    ')}\n`);
  if (check.mend) process.stdout.write(`    mend it with: ${check.mend}\n`);
}
if (failed.length > 0)
  process.stdout.write(`${failed.length} of ${wanted.length} checks failed: ${failed.join(', ')}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
