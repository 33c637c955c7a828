// Builds the web app into web/dist, when what it is made of has changed since the last time.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { globSync } from './files.mjs';
import { root } from './setup.mjs';

const WEB = join(root, 'web');
const DIST = join(WEB, 'dist');
const STAMP = 'made-of';

/** A hash of all sources and packages. */
function sources() {
  const hash = createHash('sha256');
  const files = globSync(WEB, '').filter((file) => !/\/web\/dist/.test(file.replaceAll('\\', '/')));
  for (const file of [...files, join(root, 'package-lock.json')])
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/** Answers the folder of the built app. Two at once do no harm: each builds aside and puts its result in place whole. */
export async function ensureWeb(say = (line) => process.stderr.write(`${line}\n`)) {
  const madeOf = sources();
  const stamp = join(DIST, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === madeOf) return DIST;
  say('Building the web app (once after each change of it; some seconds) …');
  const aside = await mkdtemp(join(WEB, 'dist-'));
  try {
    const { build } = await import('vite');
    await build({
      configFile: join(WEB, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: aside, emptyOutDir: true },
    });
    await Promise.all(globSync(join(aside, 'assets'), '').map(compress));
    writeFileSync(join(aside, STAMP), madeOf);
    rmSync(DIST, { recursive: true, force: true });
    try {
      renameSync(aside, DIST);
    } catch (error) {
      // Another one was faster, with the same.
      if (!existsSync(stamp)) throw error;
    }
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return DIST;
}

/** Beside each file its compressed ones, so that no request waits for that. */
async function compress(file) {
  if (!/\.(js|css|svg)$/.test(file)) return;
  const text = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  writeFileSync(`${file}.br`, await promisify(brotliCompress)(text, { params }));
  writeFileSync(`${file}.gz`, await promisify(gzip)(text, { level: 9 }));
}
