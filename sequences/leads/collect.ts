import type { LeadProfile } from '../lead.ts';
import { createClaims, identityKeys, mergeFields } from './merge.ts';
import { readLeadsCsv, type CsvRow, type ReadOptions } from './read-csv.ts';
import { leadOfRow, type LeadFields } from './row.ts';
import { seedOf } from './seed.ts';

/** The leads of a file, as a simulation needs them. */
export interface CollectedLeads {
  readonly leads: readonly LeadProfile[];
  readonly rejected: readonly Extract<CsvRow, { kind: 'rejected' }>[];
}

/**
 * Reads a whole file into memory and merges rows of the same person as the import would, without a database.
 * A lead's id is its first identity. Throws LeadsCsvError like `readLeadsCsv`.
 */
export async function collectLeads(
  source: AsyncIterable<Buffer | string> | string,
  options: ReadOptions = {},
): Promise<CollectedLeads> {
  const claims = createClaims();
  const merged = new Map<string, { fields: LeadFields; seed: string }>();
  const rejected: Extract<CsvRow, { kind: 'rejected' }>[] = [];
  for await (const row of readLeadsCsv(source, options)) {
    if (row.kind === 'rejected') {
      rejected.push(row);
      continue;
    }
    const claim = claims.claim(identityKeys(row.fields), [], String(row.line));
    const { line, cells } = row;
    if (claim.kind === 'ambiguous') {
      const detail = 'its identities belong to two different leads of this file';
      rejected.push({ kind: 'rejected', line, cells, reason: 'ambiguous', detail });
      continue;
    }
    const before = merged.get(claim.target);
    merged.set(claim.target, {
      fields: before ? mergeFields(before.fields, row.fields) : row.fields,
      seed: before?.seed ?? seedOf(row.fields) ?? claim.target,
    });
  }
  const leads = [...merged.values()].map(({ fields, seed }) => ({ ...leadOfRow(fields, seed), seed }));
  return { leads, rejected };
}
