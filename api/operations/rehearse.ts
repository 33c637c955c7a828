import type pg from 'pg';
import type { Db, Tx } from '../../db/db.ts';

/** Ends a rehearsal's transaction. */
class Over extends Error {}

/**
 * Runs `work` on the database as it is and takes everything back, so that what it reports is what would happen. Its transactions
 * are savepoints of one that is rolled back at the end: rows that it locks stay locked until then.
 */
export async function rehearse<T>(db: Db, work: (rehearsal: Db) => Promise<T>): Promise<T> {
  const client = await db.connect();
  let result: { readonly value: T } | undefined;
  try {
    await client.query('begin');
    result = { value: await work(onOneConnection(client)) };
    throw new Over();
  } catch (error) {
    await client.query('rollback');
    if (!(error instanceof Over) || !result) throw error;
    return result.value;
  } finally {
    // Settings and temporary tables of the work go; a connection that cannot say so goes with them.
    await client.query('discard all').then(
      () => client.release(),
      () => client.release(true),
    );
  }
}

function onOneConnection(client: pg.PoolClient): Db {
  let depth = 0;
  const query = <Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]) =>
    client.query<Row>(text, values as unknown[] | undefined);

  async function savepoint<T>(work: () => Promise<T>): Promise<T> {
    const name = `rehearsal_${++depth}`;
    await client.query(`savepoint ${name}`);
    try {
      const value = await work();
      await client.query(`release savepoint ${name}`);
      return value;
    } catch (error) {
      await client.query(`rollback to savepoint ${name}`);
      throw error;
    } finally {
      depth--;
    }
  }

  /** `begin`, `commit` and `rollback` of whoever takes the connection mean a savepoint. */
  const NESTED: Readonly<Record<string, string>> = {
    begin: 'savepoint rehearsal_own',
    commit: 'release savepoint rehearsal_own',
    rollback: 'rollback to savepoint rehearsal_own',
  };
  const nested = new Proxy(client, {
    get(target, key) {
      if (key === 'release') return () => {};
      const value: unknown = Reflect.get(target, key, target);
      if (key !== 'query') return typeof value === 'function' ? value.bind(target) : value;
      return (first: unknown, ...rest: unknown[]) => {
        const text = typeof first === 'string' ? (NESTED[first] ?? first) : first;
        return (target.query as (...all: unknown[]) => unknown).call(target, text, ...rest);
      };
    },
  });

  return {
    query,
    tx: (work) => savepoint(() => work({ inTransaction: true, query } satisfies Tx)),
    connect: async () => nested,
    close: async () => {},
  };
}
