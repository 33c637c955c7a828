import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { IdentityHasher } from '../../common/crypto.ts';
import { identityKeys } from '../../sequences/leads/merge.ts';
import type { CsvRow } from '../../sequences/leads/read-csv.ts';
import type { LeadFields } from '../../sequences/leads/row.ts';
import { seedOf } from '../../sequences/leads/seed.ts';
import { rememberingDomains } from '../identities.ts';
import { leadHashes } from '../suppressions.ts';

/** Every row of the file, taken or not, as it was read. Lives as long as the connection. */
const CREATE = `
  create temp table import_rows (
    n integer not null,
    cells text not null,
    -- Why the row is not taken; null: it is.
    reject text, detail text,
    -- Cells left out of a row that is taken: [{column, detail}].
    warnings text,
    seed text, external_id text, first_name text, last_name text, company_name text, company_ext text, domain text, title text,
    emails text[], phones text[], linkedin_url text, country text, locale text, time_zone text, company_time_zone text,
    preferred_channel text, persona text, owner text, consent_status text, consent_source text, consent_at timestamptz,
    attributes jsonb,
    -- What makes rows the same person, and what may be suppressed (hex).
    keys text[], hashes text[],
    -- Set by the merge: the lead that the row becomes or adds to, and whether other rows may be the same one.
    lead_id uuid not null default gen_random_uuid(), is_new boolean not null default true, grouped boolean not null default false
  )`;

const COPIED = `n, cells, reject, detail, warnings, seed, external_id, first_name, last_name, company_name, company_ext, domain, title,
  emails, phones, linkedin_url, country, locale, time_zone, company_time_zone, preferred_channel, persona, owner, consent_status,
  consent_source, consent_at, attributes, keys, hashes`;
const LEAD_CELLS = 24;
const CHUNK = 65_536;

/** Streams rows into the temporary table `import_rows` of this connection; returns how many. Nothing else can see them. */
export async function stageRows(
  client: pg.PoolClient,
  rows: AsyncIterable<CsvRow>,
  hashIdentity: IdentityHasher,
  signal?: AbortSignal,
): Promise<number> {
  await client.query(CREATE);
  const hash = rememberingDomains(hashIdentity);
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    let chunk = '';
    for await (const row of rows) {
      count++;
      chunk += copyLine(row, hash);
      if (chunk.length < CHUNK) continue;
      yield chunk;
      chunk = '';
    }
    if (chunk !== '') yield chunk;
  }
  const copy = client.query(copyFrom(`copy import_rows (${COPIED}) from stdin`));
  await pipeline(Readable.from(lines()), copy, signal ? { signal } : {});
  await client.query('create unique index on import_rows (n)');
  await client.query('analyze import_rows (n, reject)');
  return count;
}

type Cell = string | number | null | readonly string[];

function copyLine(row: CsvRow, hashIdentity: IdentityHasher): string {
  const cells = JSON.stringify(row.cells).replaceAll('\\u0000', '');
  const values: Cell[] =
    row.kind === 'rejected'
      ? [row.line, cells, row.reason, row.detail, null, ...Array<null>(LEAD_CELLS).fill(null)]
      : [
          row.line,
          cells,
          null,
          null,
          row.warnings.length > 0 ? JSON.stringify(row.warnings) : null,
          ...leadCells(row.fields, hashIdentity),
        ];
  return `${values.map(copyCell).join('\t')}\n`;
}

function leadCells(fields: LeadFields, hashIdentity: IdentityHasher): Cell[] {
  return [
    seedOf(fields),
    fields.externalId,
    fields.firstName,
    fields.lastName,
    fields.company,
    fields.companyId,
    fields.companyDomain,
    fields.title,
    fields.emails,
    fields.phones,
    fields.linkedinUrl,
    fields.country,
    fields.locale,
    fields.timeZone,
    fields.companyTimeZone,
    fields.preferredChannel,
    fields.persona,
    fields.owner,
    fields.consent.status,
    fields.consent.source,
    fields.consent.at,
    JSON.stringify(fields.attributes),
    identityKeys(fields),
    leadHashes(hashIdentity, fields).map((hash) => hash.toString('hex')),
  ];
}

function copyCell(cell: Cell): string {
  if (cell === null) return '\\N';
  if (typeof cell === 'number') return String(cell);
  return escaped(typeof cell === 'string' ? cell : arrayLiteral(cell));
}

function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escaped(text: string): string {
  return /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character]!) : text;
}
