/** Asks the real server over loopback, and looks at what the slowest of its statements do. */
import { createServer } from '../../api/server.ts';
import { createClock } from '../../common/clock.ts';
import { createIdentityHasher, createSecrets, createUnsubscribeTokens } from '../../common/crypto.ts';
import { createLogger } from '../../common/log.ts';
import { beginSession } from '../../db/access/sessions.ts';
import { createDb, type Db, type Queryable, type Tx } from '../../db/db.ts';
import { createProviders } from '../../providers/registry.ts';
import { OPERATIONS, type Known, type Operation, type Role } from './operations.ts';

export interface Figures {
  readonly operation: string;
  readonly role: Role;
  readonly requests: number;
  /** Wall ms. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface Plan {
  readonly operation: string;
  readonly role: Role;
  readonly path: string;
  /** Of the statement that took longest. */
  readonly ms: number;
  readonly statement: string;
  readonly plan: string;
}

export interface Measured {
  readonly figures: readonly Figures[];
  readonly plans: readonly Plan[];
  /** What was answered otherwise than 200: a benchmark of errors says nothing. */
  readonly failures: readonly string[];
}

export interface Options {
  /** Requests of each operation and role. */
  readonly times: number;
  /** How many of them are under way together. */
  readonly atOnce: number;
  /** Part of an operation's name; null: all. */
  readonly only: string | null;
  /** How many of the slowest have their plans shown. */
  readonly explained: number;
}

const WARM_UP = 3;
/** The server lets a user ask 1,200 times a minute: several users of each role share the work. */
const USERS = { rep: 8, manager: 6, admin: 4 } as const;

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly ms: number;
}
interface Asker {
  readonly cookie: string;
  readonly known: Known;
}

/** Everything that pages ask, by rep, manager and admin, a few requests at a time. `url` is of a database that `seed` filled. */
export async function measure(url: string, { times, atOnce, only, explained }: Options): Promise<Measured> {
  const db = createDb(url, { name: 'cadenza-bench-api' });
  const statements: Statement[] = [];
  const providers = createProviders();
  const clock = await createClock(db);
  const app = createServer({
    tokens: createUnsubscribeTokens([Buffer.alloc(32, 3)]),
    log: createLogger({ level: 'fatal' }),
    unsubscribe: async () => {},
    preferences: async () => ({ open: [], stoppedByText: false }),
    choose: async () => ({ open: [], stoppedByText: false }),
    checks: {},
    web: null,
    api: {
      db: recorded(db, statements),
      clock,
      secrets: createSecrets([{ id: 'bench', key: Buffer.alloc(32, 1) }]),
      hashIdentity: createIdentityHasher(Buffer.alloc(32, 1)),
      log: createLogger({ level: 'fatal' }),
      config: { publicUrl: 'http://127.0.0.1:9', allowPrivateEndpoints: true, rawMailDays: 30, oidc: null },
      providers,
      wake: () => {},
    },
  });
  try {
    const base = await app.listen({ port: 0, host: '127.0.0.1' });
    const askers: Record<Role, Asker[]> = { rep: [], manager: [], admin: [] };
    for (const role of ['rep', 'manager', 'admin'] as const) askers[role] = await signIn(db, role);
    const figures: Figures[] = [];
    const slowest = new Map<Figures, { operation: Operation; n: number }>();
    const failures = new Set<string>();

    const ask = async (operation: Operation, role: Role, n: number): Promise<number | null> => {
      const { cookie, known } = askers[role][n % askers[role].length]!;
      const path = operation.path(n, known);
      if (path === null) return null;
      const body = operation.body?.(n, known);
      const started = performance.now();
      const answer = await fetch(`${base}/v1${path}`, {
        headers: { cookie, 'sec-fetch-site': 'same-origin', ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (answer.status !== 200) failures.add(`${operation.name} (${role}): ${answer.status} ${path} ${text.slice(0, 200)}`);
      return performance.now() - started;
    };

    for (const operation of OPERATIONS.filter(({ name }) => only === null || name.includes(only)))
      for (const role of operation.roles ?? (['rep', 'manager', 'admin'] as const)) {
        for (let n = 0; n < WARM_UP; n++) await ask(operation, role, n);
        const took: { ms: number; n: number }[] = [];
        let next = 0;
        await Promise.all(
          Array.from({ length: atOnce }, async () => {
            while (next < times) {
              const n = next++;
              const ms = await ask(operation, role, n);
              if (ms !== null) took.push({ ms, n });
            }
          }),
        );
        statements.length = 0;
        if (took.length === 0) continue;
        took.sort((a, b) => a.ms - b.ms);
        const at = (part: number) => took[Math.min(took.length - 1, Math.ceil(took.length * part) - 1)]!.ms;
        const line = { operation: operation.name, role, requests: took.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
        figures.push(line);
        slowest.set(line, { operation, n: took.at(-1)!.n });
      }

    const plans: Plan[] = [];
    for (const line of figures.toSorted((a, b) => b.p95 - a.p95).slice(0, explained)) {
      const { operation, n } = slowest.get(line)!;
      statements.length = 0;
      await ask(operation, line.role, n);
      const settings = statements.filter(({ text }) => /^\s*select set_config/.test(text));
      const worst = statements.filter((one) => /^\s*(select|with)\b/.test(one.text) && !settings.includes(one)).toSorted((a, b) => b.ms - a.ms)[0];
      if (worst)
        plans.push({ operation: line.operation, role: line.role, path: operation.path(n, askers[line.role][n % askers[line.role].length]!.known)!,
          ms: worst.ms, statement: worst.text, plan: await explain(db, worst, settings) });
    }
    return { figures, plans, failures: [...failures] };
  } finally {
    await app.close();
    clock.close();
    await providers.close();
    await db.close();
  }
} // prettier-ignore

async function explain(db: Db, { text, values }: Statement, settings: readonly Statement[]): Promise<string> {
  const undo = new Error('only looked at');
  let plan = '';
  await db
    .tx(async (tx) => {
      for (const one of settings) await tx.query(one.text, one.values);
      const { rows } = await tx.query<{ 'QUERY PLAN': string }>(`explain (analyze, buffers) ${text}`, values);
      plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return plan;
}

/** The same database; what it is asked is written down. */
function recorded(db: Db, statements: Statement[]): Db {
  const of = (q: Queryable): Queryable['query'] =>
    async function query(text, values = []) {
      const started = performance.now();
      try {
        return await q.query(text, values);
      } finally {
        statements.push({ text, values, ms: performance.now() - started });
      }
    };
  return { ...db, query: of(db), tx: (work) => db.tx((tx) => work({ ...tx, query: of(tx) } satisfies Tx)) };
}

async function signIn(db: Db, role: Role): Promise<Asker[]> {
  const { rows } = await db.query<{ id: string; owners: string[] | null }>(
    `select u.id, case when u.role = 'rep' then array[u.email] when u.team is not null then
       array(select m.email from users m where m.team = u.team) end as owners
     from users u where u.role = $1 order by u.created_at, u.email limit $2`,
    [role, USERS[role]],
  );
  const askers: Asker[] = [];
  for (const { id, owners } of rows)
    askers.push({ cookie: `cadenza=${await beginSession(db, id)}`, known: await known(db, owners) });
  return askers;
}

async function known(db: Db, owners: readonly string[] | null): Promise<Known> {
  const ids = async (sql: string, values: unknown[] = []) =>
    (await db.query<{ id: string }>(sql, values)).rows.map(({ id }) => id);
  const mine = '($1::text[] is null or l.owner = any($1))';
  return {
    leads: await ids(`select id from leads l where ${mine} order by id limit 200`, [owners]),
    conversations: await ids(
      `select distinct m.lead_id as id from messages m join leads l on l.id = m.lead_id where ${mine} limit 200`,
      [owners],
    ),
    tasks: await ids(`select k.id from tasks k join leads l on l.id = k.lead_id where ${mine} limit 200`, [
      owners,
    ]),
    launches: await ids(
      `select n.id from launches n where $1::text[] is null or exists (select from enrollments e join leads l on l.id = e.lead_id
         where e.launch_id = n.id and ${mine}) order by n.created_at limit 50`,
      [owners],
    ),
    senders: await ids('select id from senders limit 50'),
    versions: await ids('select id from sequence_versions order by length(name), name limit 50'),
    endpoints: await ids('select id from endpoints limit 10'),
    imports: await ids('select id from imports limit 10'),
    reps: await ids(
      `select id from users where role = 'rep' and ($1::text[] is null or email = any($1)) order by email limit 50`,
      [owners],
    ),
  };
}
