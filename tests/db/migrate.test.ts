import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { migrate } from '../../db/migrate.ts';
import { createTestDatabase } from '../support/database.ts';

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

test('sequences that were published before, or while their migration runs, can be paused', async () => {
  const { db, drop } = await createTestDatabase();
  const publish = (name: string) =>
    `insert into sequence_versions (name, title, structure_hash, plan, settings) values ('${name}', 'x', gen_random_uuid()::text, '{}', '{}')`;
  await db.query(
    'drop trigger know_sequence on sequence_versions; drop function know_sequence; drop table sequences',
  );
  await db.query(`${publish('before')}; ${publish('before')}`);
  let migrating: Promise<unknown> = Promise.resolve();
  await db.tx(async (tx) => {
    await tx.query(publish('meanwhile'));
    migrating = db.tx((other) => other.query(readFileSync('db/migrations/0025_sequences.sql', 'utf8')));
    await new Promise((resolve) => setTimeout(resolve, 200));
    // Those who send read on.
    await db.query('select from sequence_versions; select from pauses');
  });
  await migrating;
  await db.query(publish('after'));
  const { rows } = await db.query<{ name: string }>('select name from sequences order by name');
  expect(rows.map(({ name }) => name)).toEqual(['after', 'before', 'meanwhile']);
  await drop();
});
