import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createDb, type Db } from '../../db/db.ts';

/** A database of this test file's own, cloned from the migrated template. `drop` closes and removes it. */
export async function createTestDatabase(): Promise<{ db: Db; url: string; drop: () => Promise<void> }> {
  const server = process.env.CADENZA_TEST_DATABASE_SERVER;
  if (!server) throw new Error('no test database server: run through jest, whose global setup starts one');
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await admin(server, `create database ${name} template cadenza_template`);
  const url = `${server}/${name}`;
  const db = createDb(url, { name: 'cadenza-test', max: 20 });
  return {
    db,
    url,
    async drop() {
      await db.close();
      await admin(server, `drop database ${name} with (force)`);
    },
  };
}

async function admin(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${server}/postgres` });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
