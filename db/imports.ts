/**
 * Files of leads that were sent to be imported: kept until they are, or for a day, and what came of them. Who imports says every few
 * seconds that it still does, so that the work of a process that ended can be begun again (nothing of it stays).
 */
import { Writable } from 'node:stream';
import type { IdentityHasher } from '../common/crypto.ts';
import type { ColumnMapping } from '../sequences/leads/columns.ts';
import type { Db, Queryable } from './db.ts';
import { importLeads, type Importer, type ImportReport } from './import/import-leads.ts';
import { CommandRefused } from './refused.ts';

const KEPT = '1 day';
/** A process that said nothing for so long has ended. */
const SILENT = '30 seconds';
const EVERY_MS = 1000;
/** Files of one user that were sent and not imported. */
const MOST_WAITING = 20;
const MAX_REJECTS = 20 * 1024 * 1024;

export interface LeadImport {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  /** `stuck`: the process that imported it has ended; it can be run again. */
  readonly state: 'uploaded' | 'running' | 'stuck' | 'done' | 'failed';
  /** Bytes. */
  readonly size: number;
  /** Whether the file is still here. */
  readonly kept: boolean;
  readonly rowsDone: number;
  readonly phase: 'reading' | 'merging' | null;
  readonly report: Omit<ImportReport, 'leadIds'> | null;
  readonly error: string | null;
  /** Whether the rows that were not taken can be had. */
  readonly hasRejects: boolean;
  readonly createdAt: Date;
  readonly doneAt: Date | null;
}

const COLUMNS = `id, user_id as "userId", name,
  case when state = 'running' and seen_at < clock_timestamp() - interval '${SILENT}' then 'stuck' else state end as state,
  size, content is not null as kept, rows_done as "rowsDone", phase, report, error, rejects is not null as "hasRejects",
  created_at as "createdAt", done_at as "doneAt"`;

/** Keeps a file. @throws CommandRefused `too_many` when 20 files of the user wait to be imported */
export async function addImport(
  q: Queryable,
  { userId, name, content }: { readonly userId: string; readonly name: string; readonly content: string },
): Promise<LeadImport> {
  const bytes = Buffer.from(content);
  const { rows } = await q.query<LeadImport & Record<string, unknown>>(
    `insert into imports (user_id, name, size, content) select $1::uuid, $2, $3, $4
     where (select count(*) from imports where user_id = $1 and content is not null) < ${MOST_WAITING} returning ${COLUMNS}`,
    [userId, name, bytes.length, bytes],
  );
  if (!rows[0])
    throw new CommandRefused(
      'too_many',
      `${MOST_WAITING} of your files wait to be imported: import one, or wait until they are forgotten after a day.`,
    );
  return rows[0];
}

/** One's own; `userId` null: anybody's. @throws CommandRefused `not_found` */
export async function readImport(q: Queryable, id: string, userId: string | null): Promise<LeadImport> {
  const { rows } = await q.query<LeadImport & Record<string, unknown>>(
    `select ${COLUMNS} from imports where id = $1 and ($2::uuid is null or user_id = $2)`,
    [id, userId],
  );
  if (!rows[0]) throw new CommandRefused('not_found', `There is no import with the id ${id}.`);
  return rows[0];
}

/** The newest first. */
export async function listImports(
  q: Queryable,
  {
    userId,
    after,
    limit,
  }: {
    readonly userId: string | null;
    readonly after: readonly [place: string, id: string] | null;
    readonly limit: number;
  },
): Promise<(LeadImport & { readonly place: string })[]> {
  const { rows } = await q.query<LeadImport & { place: string } & Record<string, unknown>>(
    `select ${COLUMNS}, created_at::text as place from imports
     where ($1::uuid is null or user_id = $1) and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
     order by created_at desc, id desc limit $4`,
    [userId, after?.[0] ?? null, after?.[1] ?? null, limit],
  );
  return rows;
}

/** The file. null: it is not kept any more. */
export async function importContent(q: Queryable, id: string): Promise<Buffer | null> {
  const { rows } = await q.query<{ content: Buffer | null }>('select content from imports where id = $1', [
    id,
  ]);
  return rows[0]?.content ?? null;
}

/** The rows that were not taken, as CSV. null: none, or not kept any more. */
export async function importRejects(q: Queryable, id: string): Promise<string | null> {
  const { rows } = await q.query<{ rejects: string | null }>('select rejects from imports where id = $1', [
    id,
  ]);
  return rows[0]?.rejects ?? null;
}

/** Whom the file was about. @throws CommandRefused `not_found`; `not_yet` when it was not imported */
export async function importedLeads(
  q: Queryable,
  id: string,
  userId: string | null,
): Promise<readonly string[]> {
  await readImport(q, id, userId);
  const { rows } = await q.query<{ ids: string[] | null }>(
    'select lead_ids as ids from imports where id = $1',
    [id],
  );
  const ids = rows[0]?.ids;
  if (!ids) throw new CommandRefused('not_yet', 'This file was not imported yet.');
  return ids;
}

export interface RunOptions {
  readonly hashIdentity: IdentityHasher;
  readonly importer: Importer;
  readonly mapping?: ColumnMapping | undefined;
  readonly defaultCountry?: string | undefined;
}

/**
 * Takes an uploaded import, or one whose process ended, to run it.
 * @returns what does the work; it never throws: what went wrong stands in the import
 * @throws CommandRefused `already_done`, `under_way`, `not_kept`
 */
export async function claimImport(db: Db, id: string, options: RunOptions): Promise<() => Promise<void>> {
  const { rows } = await db.query<{ content: Buffer; by: string | null }>(
    `update imports set state = 'running', phase = 'reading', rows_done = 0, error = null, seen_at = clock_timestamp()
     where id = $1 and content is not null
       and (state in ('uploaded', 'failed') or (state = 'running' and seen_at < clock_timestamp() - interval '${SILENT}'))
     returning content, (select email from users where id = user_id) as by`,
    [id],
  );
  if (!rows[0]) {
    const { state } = await readImport(db, id, null);
    if (state === 'done') throw new CommandRefused('already_done', 'This file was imported already.');
    if (state === 'running') throw new CommandRefused('under_way', 'This file is being imported.');
    throw new CommandRefused('not_kept', 'The file is not kept any more: send it again.');
  }
  const { content, by } = rows[0];
  return () => run(db, id, content, { ...options, by });
}

async function run(
  db: Db,
  id: string,
  content: Buffer,
  options: RunOptions & { readonly by: string | null },
): Promise<void> {
  let phase = 'reading';
  let rowsDone = 0;
  const tell = () =>
    db.query('update imports set rows_done = $2, phase = $3, seen_at = clock_timestamp() where id = $1', [
      id,
      rowsDone,
      phase,
    ]);
  // A failure to say how far it is is no failure of the import.
  const telling = setInterval(() => void tell().catch(() => {}), EVERY_MS);
  const rejects: Buffer[] = [];
  let size = 0;
  try {
    const { leadIds, ...report } = await importLeads(db, content.toString(), {
      hashIdentity: options.hashIdentity,
      importer: options.importer,
      by: options.by,
      ...(options.mapping && { mapping: options.mapping }),
      ...(options.defaultCountry && { defaultCountry: options.defaultCountry }),
      rejects: new Writable({
        write(chunk: Buffer, _encoding, done) {
          size += chunk.length;
          if (size <= MAX_REJECTS) rejects.push(chunk);
          done();
        },
      }),
      onProgress(progress) {
        phase = progress.phase;
        rowsDone = progress.rows;
      },
    });
    const left = report.warnings + Object.values(report.rejected).reduce((sum, one) => sum + one, 0);
    await db.query(
      `update imports set state = 'done', phase = null, rows_done = $2, report = $3, lead_ids = $4::uuid[], rejects = $5,
         content = null, done_at = clock_timestamp() where id = $1`,
      [id, report.rows, JSON.stringify(report), leadIds, left > 0 ? Buffer.concat(rejects).toString() : null],
    );
  } catch (error) {
    await db
      .query(`update imports set state = 'failed', phase = null, error = $2 where id = $1`, [
        id,
        (error as Error).message,
      ])
      .catch(() => {});
  } finally {
    clearInterval(telling);
  }
}

/** Forgets files and rows that were not taken after a day. Answers how many. */
export async function forgetImports(q: Queryable): Promise<number> {
  const { rowCount } = await q.query(
    `update imports set content = null, rejects = null where id in (
       select id from imports where (content is not null or rejects is not null)
         and created_at < clock_timestamp() - interval '${KEPT}' and (state <> 'running' or seen_at < clock_timestamp() - interval '${SILENT}')
       limit 100)`,
  );
  return rowCount ?? 0;
}
