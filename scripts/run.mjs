// npm's entry: sets up what is missing in a fresh clone, then runs the thing.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureSetUp, root } from './setup.mjs';

const [what = '', ...args] = process.argv.slice(2);

/** Runs Node on its own process and passes its exit code on; signals reach it through the terminal or npm. */
function node(nodeArgs, env = {}) {
  const child = spawn(process.execPath, nodeArgs, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}

async function typescript(path) {
  const { register } = await import('tsx/esm/api');
  register();
  return import(path);
}

async function up() {
  const { ensureWeb } = await import('./build-web.mjs');
  await ensureWeb();
  await cadenza('up', ...args);
}

async function cadenza(...cliArgs) {
  process.argv.splice(2, process.argv.length, ...cliArgs);
  await import('../bin/cadenza.js');
}

const things = {
  start: up,
  up,
  web: async () => {
    const { ensureWeb } = await import('./build-web.mjs');
    await ensureWeb();
  },
  demo: () => cadenza('demo', ...args),
  test: async () => {
    process.exitCode = await node(['scripts/test.mjs', ...args]);
  },
  check: async () => {
    process.exitCode = await node(['scripts/check.mjs', ...args]);
  },
  generate: async () => {
    const { generate } = await typescript('./generate.ts');
    await generate(args);
  },
};

if (!Object.hasOwn(things, what)) {
  process.stderr.write(
    `usage: node ${join('scripts', 'run.mjs')} ${Object.keys(things).join('|')} [arguments]\n`,
  );
  process.exit(2);
}
await ensureSetUp();
await things[what]();
