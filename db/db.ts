import pg from 'pg';

/** Where queries run: the pool, or one transaction. Query functions take it as their first argument. */
export interface Queryable {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

/** A transaction; only `Db.tx` makes one, so a function that asks for it can rely on its locks being held to the commit. */
export interface Tx extends Queryable {
  readonly inTransaction: true;
}

export interface Db extends Queryable {
  /** Runs `work` in a READ COMMITTED transaction: commits its result, or rolls back and rethrows. Runs again after a deadlock or serialization failure (40P01, 40001), so `work` must have no effect outside the database. */
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** A connection of its own, for LISTEN and COPY. The caller releases it. */
  connect(): Promise<pg.PoolClient>;
  close(): Promise<void>;
}

const parsers: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    // int8 counts and numbers of ours stay below 2^53; date stays the local day that it is.
    if (oid === 20) return Number;
    if (oid === 1082) return (value: string) => value;
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

const RETRIED = new Set(['40P01', '40001']);
const ATTEMPTS = 5;

/**
 * Opens a pool. `name` shows in pg_stat_activity. Every statement ends after 60 s unless `statementTimeoutMs` says otherwise. Each works
 * on one core: workers that look ahead read a whole table for the first rows of it, and others wait meanwhile.
 */
export function createDb(
  url: string,
  options: { name?: string; max?: number; statementTimeoutMs?: number } = {},
): Db {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: options.name ?? 'cadenza',
    max: options.max ?? 10,
    statement_timeout: options.statementTimeoutMs ?? 60_000,
    types: parsers,
    options: '-c max_parallel_workers_per_gather=0',
  });
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  pool.on('error', () => {});
  // The same for one that is in use: its next statement says what happened.
  pool.on('connect', (client) => client.on('error', () => {}));

  async function once<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      const result = await work({
        inTransaction: true,
        query: (text, values) => client.query(text, values as unknown[] | undefined),
      });
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch((cause: Error) => (broken = cause));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  return {
    query: (text, values) => pool.query(text, values as unknown[] | undefined),
    async tx(work) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(work);
        } catch (error) {
          if (attempt >= ATTEMPTS || !RETRIED.has((error as { code?: string }).code ?? '')) throw error;
        }
      }
    },
    connect: () => pool.connect(),
    close: () => pool.end(),
  };
}
