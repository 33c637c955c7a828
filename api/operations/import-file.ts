import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { IdentityHasher } from '../../common/crypto.ts';
import type { Db } from '../../db/db.ts';
import { importLeads, type ImportProgress, type ImportReport } from '../../db/import/import-leads.ts';
import type { ColumnMapping } from '../../sequences/leads/columns.ts';

export interface ImportFileOptions {
  readonly mapping?: ColumnMapping;
  readonly defaultCountry?: string;
  /** Where rows that are not taken are written; null: nowhere. The file is there only when there were any. */
  readonly rejects?: string | null;
  /** `bytes` of `size` were read. */
  readonly onProgress?: (progress: ImportProgress & { readonly size: number }) => void;
  readonly signal?: AbortSignal;
}

export interface FileImport extends ImportReport {
  /** The file that lists what was not taken; null when everything was, or none was asked for. */
  readonly rejectsFile: string | null;
}

/**
 * Imports a CSV file of leads; all or nothing.
 * @throws LeadsCsvError; the file system's errors
 */
export async function importFile(
  deps: { readonly db: Db; readonly hashIdentity: IdentityHasher },
  path: string,
  options: ImportFileOptions = {},
): Promise<FileImport> {
  // Opened first: a file that is not there says so before anything else happens.
  const file = await open(path, 'r');
  const info = await stat(path);
  const { rejects = null } = options;
  const part = rejects === null ? null : `${rejects}.part`;
  try {
    const report = await importLeads(deps.db, createReadStream(path, { fd: file }), {
      hashIdentity: deps.hashIdentity,
      ...(options.mapping && { mapping: options.mapping }),
      ...(options.defaultCountry && { defaultCountry: options.defaultCountry }),
      ...(part !== null && { rejects: createWriteStream(part) }),
      ...(options.signal && { signal: options.signal }),
      onProgress: (progress) => options.onProgress?.({ ...progress, size: info.size }),
    });
    const left = report.warnings + Object.values(report.rejected).reduce((sum, one) => sum + one, 0);
    if (part === null || rejects === null || left === 0) return { ...report, rejectsFile: null };
    await rename(part, rejects);
    return { ...report, rejectsFile: rejects };
  } finally {
    if (part !== null) await rm(part, { force: true });
    await file.close().catch(() => {});
  }
}
