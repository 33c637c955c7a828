import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { createBreath } from '../../common/breath.ts';
import type { Queryable } from '../../db/db.ts';
import { leadPages, loadLeads } from '../../db/leads.ts';
import type { LeadProfile } from '../../sequences/lead.ts';
import { attributeHeader } from '../../sequences/leads/columns.ts';

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
 * Writes leads as CSV, custom attributes as columns of their own behind the known ones, and ends `out`; an import of
 * the file reads the same. Cells that a spreadsheet
 * would run as a formula are made harmless. Leads are read twice, a page at a time: first for the names of the attributes.
 * @param which.ids the ids behind one, in their order, at most so many; default: every lead's
 * @returns how many leads
 */
export async function exportLeads(
  q: Queryable,
  out: Writable,
  which: {
    readonly ids?: (after: string | null, limit: number) => Promise<readonly string[]>;
    readonly matches?: (lead: LeadProfile) => boolean;
  } = {},
): Promise<number> {
  const { ids, matches = () => true } = which;
  const attributes = new Set<string>();
  const breath = createBreath();
  /** Lets others have their turn, and ends when nobody waits for it any more. */
  async function* wanted(): AsyncGenerator<LeadProfile> {
    for await (const page of ids ? pagesOf(q, ids) : leadPages(q))
      for (const lead of page) {
        await breath();
        if (out.destroyed) return;
        if (matches(lead)) yield lead;
      }
  }
  for await (const lead of wanted()) for (const name of Object.keys(lead.attributes)) attributes.add(name);
  const names = [...attributes].sort();
  let count = 0;
  async function* records(): AsyncGenerator<readonly string[]> {
    yield [...COLUMNS.map(([name]) => name), ...names.map(attributeHeader)];
    for await (const lead of wanted()) {
      count++;
      yield [
        ...COLUMNS.map(([, read]) => read(lead) ?? ''),
        ...names.map((name) => String(lead.attributes[name] ?? '')),
      ];
    }
  }
  await pipeline(
    Readable.from(records()),
    stringify({ escape_formulas: true, record_delimiter: 'windows' }),
    out,
  );
  return count;
}

const PAGE = 1000;

async function* pagesOf(
  q: Queryable,
  idsAfter: (after: string | null, limit: number) => Promise<readonly string[]>,
): AsyncGenerator<readonly LeadProfile[]> {
  for (let after: string | null = null; ;) {
    const ids: readonly string[] = await idsAfter(after, PAGE);
    if (ids.length > 0) yield await loadLeads(q, ids);
    if (ids.length < PAGE) return;
    after = ids.at(-1)!;
  }
}
