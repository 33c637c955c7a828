import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { migrate } from '../../db/migrate.ts';

test('processes that start together on an empty database migrate it once, and none of them fails', async () => {
  const server = process.env.CADENZA_TEST_DATABASE_SERVER!;
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  const admin = new pg.Client({ connectionString: `${server}/postgres` });
  await admin.connect();
  try {
    await admin.query(`create database ${name} template template0`);
    const ran = await Promise.all([1, 2, 3].map(() => migrate(`${server}/${name}`)));
    expect(ran.filter((names) => names.length > 0)).toHaveLength(1);
  } finally {
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.end();
  }
});
