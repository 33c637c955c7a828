import type { Writable } from 'node:stream';
import type pg from 'pg';
import type { IdentityHasher } from '../../common/crypto.ts';
import { readLeadsCsv, type ReadOptions } from '../../sequences/leads/read-csv.ts';
import type { RejectReason } from '../../sequences/leads/row.ts';
import type { Sight } from '../access/sight.ts';
import type { Db } from '../db.ts';
import { lockIdentities } from '../identities.ts';
import { tellOwners } from '../owner-changes.ts';
import { foldRows, lockKnown, ownersFilled, resolveCompanies, writeLeads } from './merge.ts';
import { writeRejects } from './rejects.ts';
import { keepToOwn, rejectSuppressed, resolveRows } from './resolve.ts';
import { stageRows } from './staging.ts';

/** How far an import is. */
export type ImportProgress =
  | { readonly phase: 'reading'; readonly rows: number; readonly bytes: number }
  | { readonly phase: 'merging'; readonly rows: number };

/** Who imports. */
export interface Importer extends Sight {
  /** Whose new leads become, whatever the file says; null: as it says. */
  readonly newOwner: string | null;
  /** The team beyond whose users the file gives no leads: these owners are left out. null: it gives to anybody. */
  readonly givesWithin: string | null;
}

export interface ImportOptions extends Omit<ReadOptions, 'onProgress'> {
  readonly hashIdentity: IdentityHasher;
  /** The email of who imports, for the CRM; default: nobody who is known. */
  readonly by?: string | null;
  /** Where each row not taken goes with its line and reason, as CSV, with the cells left out of rows that are taken. Ended here. */
  readonly rejects?: Writable;
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Whose import it is: rows that are leads which they do not see are rejected. Default: somebody who sees all. */
  readonly importer?: Importer;
  /** Ends the import; nothing of it stays. */
  readonly signal?: AbortSignal;
}

/** What became of the rows. rows = created + updated + unchanged + duplicates + all rejected. */
export interface ImportReport {
  readonly rows: number;
  /** New leads. */
  readonly created: number;
  /** Known leads in which something empty was filled. */
  readonly updated: number;
  /** Known leads to which the file adds nothing. */
  readonly unchanged: number;
  /** Rows that are the same lead as another row of the file. */
  readonly duplicates: number;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  /** Rows that were taken without one or more of their cells. */
  readonly warnings: number;
  /** The leads that the file is about, new and known, in its order. */
  readonly leadIds: readonly string[];
}

/** One statement of a large import may take long; without a bound a lost connection would hold its locks. */
const STATEMENT_TIMEOUT = '30min';
/** Deadlock, serialization failure, and an identity or lead that came or went meanwhile. */
const AGAIN = new Set(['40P01', '40001', '23505', '23503']);
const ATTEMPTS = 5;

class ChangedMeanwhile extends Error {}

/**
 * Imports leads from CSV: the rows are read into a temporary table and then merged in one transaction, by email, LinkedIn URL or
 * external id, filling only what is empty. All or nothing: when it throws, no lead has changed.
 * Memory does not grow with the file, except for the ids in the report.
 * @throws LeadsCsvError when the file as a whole cannot be taken
 */
export async function importLeads(
  db: Db,
  source: AsyncIterable<Buffer | string> | string,
  options: ImportOptions,
): Promise<ImportReport> {
  const client = await db.connect();
  // A connection that breaks fails the statement under way; without a listener it would end the process.
  client.on('error', () => {});
  try {
    await client.query(
      `set statement_timeout = '${STATEMENT_TIMEOUT}'; set temp_buffers = '64MB'; set work_mem = '64MB'`,
    );
    const csv = readLeadsCsv(source, {
      ...options,
      onProgress: (progress) => options.onProgress?.({ phase: 'reading', ...progress }),
    });
    const rows = await stageRows(client, csv, options.hashIdentity, options.signal);
    options.signal?.throwIfAborted();
    options.onProgress?.({ phase: 'merging', rows });
    const merged = await mergeAgain(client, options);
    if (options.rejects) await writeRejects(client, csv.columns, options.rejects);
    return { rows, ...merged };
  } finally {
    // The temporary table and the settings go with the connection.
    client.release(true);
  }
}

type Merging = Pick<ImportOptions, 'importer' | 'by'>;

async function mergeAgain(client: pg.PoolClient, options: Merging): Promise<Omit<ImportReport, 'rows'>> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query('begin');
      const report = await merge(client, options);
      await client.query('commit');
      return report;
    } catch (error) {
      await client.query('rollback');
      const again = error instanceof ChangedMeanwhile || AGAIN.has((error as { code?: string }).code ?? '');
      if (!again || attempt >= ATTEMPTS) throw error;
    }
  }
}

async function merge(
  client: pg.PoolClient,
  { importer, by = null }: Merging,
): Promise<Omit<ImportReport, 'rows'>> {
  const tx = {
    inTransaction: true as const,
    query: <Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]) =>
      client.query<Row>(text, values as unknown[] | undefined),
  };
  await lockIdentities(tx);
  await rejectSuppressed(tx);
  await resolveRows(tx);
  if (importer) await keepToOwn(tx, importer);
  await foldRows(tx);
  await resolveCompanies(tx);
  if (!(await lockKnown(tx))) throw new ChangedMeanwhile();
  // Whom somebody erased or suppressed while the locks were waited for is kept out as well.
  if ((await rejectSuppressed(tx)) > 0) throw new ChangedMeanwhile();
  const owners = await ownersFilled(tx);
  const { created, updated } = await writeLeads(tx);
  await tellOwners(tx, owners, { by, reason: 'import' });
  const { rows: counts } = await tx.query<{
    reason: RejectReason | null;
    rows: number;
    warned: number;
    leads: number;
  }>(
    `select reject as reason, count(*) as rows, count(warnings) as warned, count(distinct lead_id) as leads
     from import_rows group by reject`,
  );
  const taken = counts.find(({ reason }) => reason === null) ?? { rows: 0, warned: 0, leads: 0 };
  const { rows: leads } = await tx.query<{ ids: string[] | null }>(
    'select array_agg(lead_id::text order by n) as ids from import_leads',
  );
  return {
    created,
    updated,
    unchanged: taken.leads - created - updated,
    duplicates: taken.rows - taken.leads,
    rejected: Object.fromEntries(
      counts.flatMap(({ reason, rows }) => (reason === null ? [] : [[reason, rows]])),
    ),
    warnings: taken.warned,
    leadIds: leads[0]!.ids ?? [],
  };
}
