import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Queryable } from '../../db/db.ts';
import { leadPages } from '../../db/leads.ts';
import type { LeadProfile } from '../../sequences/lead.ts';

const COLUMNS: readonly (readonly [string, (lead: LeadProfile) => string | null])[] = [
  ['cadenza_id', (lead) => lead.id],
  ['external_id', (lead) => lead.externalId],
  ['first_name', (lead) => lead.firstName],
  ['last_name', (lead) => lead.lastName],
  ['company', (lead) => lead.company],
  ['title', (lead) => lead.title],
  ['email', (lead) => lead.emails.join('; ')],
  ['phone', (lead) => lead.phones.join('; ')],
  ['linkedin_url', (lead) => lead.linkedinUrl],
  ['country', (lead) => lead.country],
  ['locale', (lead) => lead.locale],
  ['time_zone', (lead) => lead.timeZone],
  ['preferred_channel', (lead) => lead.preferredChannel],
  ['persona', (lead) => lead.persona],
  ['owner', (lead) => lead.owner],
  ['consent', (lead) => lead.consent.status],
  ['consent_source', (lead) => lead.consent.source],
  ['consent_date', (lead) => lead.consent.at],
];

/**
 * Writes leads as CSV, custom attributes as columns of their own behind the known ones, and ends `out`. Cells that a spreadsheet
 * would run as a formula are made harmless. Leads are read twice, a page at a time: first for the names of the attributes.
 * @returns how many leads
 */
export async function exportLeads(
  q: Queryable,
  out: Writable,
  matches: (lead: LeadProfile) => boolean = () => true,
): Promise<number> {
  const attributes = new Set<string>();
  for await (const page of leadPages(q)) {
    for (const lead of page.filter(matches))
      for (const name of Object.keys(lead.attributes)) attributes.add(name);
  }
  const names = [...attributes].sort();
  let count = 0;
  async function* records(): AsyncGenerator<readonly string[]> {
    yield [...COLUMNS.map(([name]) => name), ...names];
    for await (const page of leadPages(q)) {
      for (const lead of page.filter(matches)) {
        count++;
        yield [
          ...COLUMNS.map(([, read]) => read(lead) ?? ''),
          ...names.map((name) => String(lead.attributes[name] ?? '')),
        ];
      }
    }
  }
  await pipeline(
    Readable.from(records()),
    stringify({ escape_formulas: true, record_delimiter: 'windows' }),
    out,
  );
  return count;
}
