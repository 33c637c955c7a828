import type { LeadProfile } from '../lead.ts';
import type { Column, LeadField } from './columns.ts';
import { companyDomainOf } from './company-domain.ts';
import { countryCode } from './countries.ts';
import {
  attributeValue,
  consentStatus,
  contactChannel,
  emailAddress,
  instant,
  linkedinProfile,
  localeTag,
  oneLine,
  phoneNumber,
  timeZoneName,
} from './fields.ts';
import { seedOf } from './seed.ts';

/** What a row says of a lead: a profile that has no id yet. */
export type LeadFields = Omit<LeadProfile, 'id' | 'seed'> & {
  /** The company's id in the system that the file comes from. */
  readonly companyId: string | null;
};

/** Why a row is not taken. */
export type RejectReason =
  | 'too_many_cells'
  | 'cell_too_long'
  | 'bad_characters'
  | 'unreachable'
  | 'no_identity'
  | 'suppressed'
  | 'not_yours'
  | 'ambiguous';

/** A cell that was left out of a row that is taken. */
export interface RowWarning {
  readonly column: string;
  readonly detail: string;
}

export type RowResult =
  | { readonly kind: 'lead'; readonly fields: LeadFields; readonly warnings: readonly RowWarning[] }
  | { readonly kind: 'rejected'; readonly reason: RejectReason; readonly detail: string };

/** Longest cell that is taken, in characters. */
const MAX_CELL = 65_536;

const MULTIPLE = /[;,|\n]+/;

/** Reads one row of cells by its columns. `defaultCountry` reads national phone numbers of rows without a country; it does not become the lead's. */
export function readRow(
  columns: readonly Column[],
  cells: readonly string[],
  defaultCountry: string | null,
): RowResult {
  const problem = unreadable(columns, cells);
  if (problem) return problem;
  const texts = new Map<LeadField, { header: string; text: string }[]>();
  const attributes: Record<string, string | number | boolean> = {};
  columns.forEach((column, index) => {
    const text = cells[index]?.trim() ?? '';
    if (text === '' || column.kind === 'ignored') return;
    if (column.kind === 'attribute') {
      const value = attributeValue(text);
      if (value !== null) attributes[column.name] = value;
      return;
    }
    const seen = texts.get(column.field);
    if (seen) seen.push({ header: column.header, text });
    else texts.set(column.field, [{ header: column.header, text }]);
  });

  const warnings: RowWarning[] = [];
  const line = (field: LeadField): string | null => oneLine(texts.get(field)?.[0]?.text ?? '');
  function read<T>(field: LeadField, parse: (text: string) => T | null, expected: string): T | null {
    const cell = texts.get(field)?.[0];
    if (!cell) return null;
    const value = parse(cell.text);
    if (value === null)
      warnings.push({ column: cell.header, detail: `${quoted(cell.text)} is not ${expected}; left out` });
    return value;
  }
  function readAll(field: LeadField, parse: (text: string) => string | null, expected: string): string[] {
    const values = new Set<string>();
    for (const cell of texts.get(field) ?? []) {
      for (const text of cell.text.split(MULTIPLE)) {
        if (text.trim() === '') continue;
        const value = parse(text);
        if (value === null)
          warnings.push({ column: cell.header, detail: `${quoted(text)} is not ${expected}; left out` });
        else values.add(value);
      }
    }
    return [...values];
  }

  const country = read('country', countryCode, 'a country’s name or ISO code');
  const emails = readAll('email', emailAddress, 'an email address');
  const phoneCountry = country ?? defaultCountry;
  const phones = readAll(
    'phone',
    (text) => phoneNumber(text, phoneCountry),
    phoneCountry === null
      ? 'a phone number that can be read without a country (write it with +)'
      : `a phone number in ${phoneCountry}`,
  );
  const linkedinUrl = read(
    'linkedin_url',
    linkedinProfile,
    'the address of a LinkedIn profile (linkedin.com/in/…)',
  );
  const externalId = line('external_id');
  const reachable = emails.length > 0 || phones.length > 0 || linkedinUrl !== null;
  if (!reachable && warnings.length > 0) {
    return {
      kind: 'rejected',
      reason: 'unreachable',
      detail: `nothing to reach this lead by: ${warnings.map(say).join('; ')}`,
    };
  }
  if (!reachable && externalId === null) {
    return { kind: 'rejected', reason: 'no_identity', detail: 'no email, phone, LinkedIn profile or id' };
  }

  const names = splitName(line('full_name'));
  const status = read('consent', consentStatus, 'a consent (given, refused, unknown)') ?? 'unknown';
  const fields: LeadFields = {
    externalId,
    firstName: line('first_name') ?? names.first,
    lastName: line('last_name') ?? names.last,
    company: line('company'),
    companyId: line('company_id'),
    companyDomain: companyDomainOf(emails, line('website')),
    title: line('title'),
    emails,
    phones,
    linkedinUrl,
    country,
    locale: read('locale', localeTag, 'a language tag such as de-AT'),
    timeZone: read('time_zone', timeZoneName, 'a time zone such as Europe/Berlin'),
    companyTimeZone: read('company_time_zone', timeZoneName, 'a time zone such as Europe/Berlin'),
    preferredChannel: read(
      'preferred_channel',
      contactChannel,
      'a channel (email, linkedin, sms, whatsapp, call)',
    ),
    persona: line('persona'),
    owner: line('owner'),
    consent: {
      status,
      source: line('consent_source'),
      at: read('consent_date', instant, 'a date such as 2026-01-31'),
    },
    attributes,
  };
  return { kind: 'lead', fields, warnings };
}

/** The lead that a row makes when it is new: what the simulator runs on, with the seed that the import would store. */
export function leadOfRow(fields: LeadFields, id: string): LeadProfile {
  const { companyId: _, ...profile } = fields;
  return { id, seed: seedOf(fields) ?? id, ...profile };
}

function unreadable(columns: readonly Column[], cells: readonly string[]): RowResult | null {
  const extra = cells.findIndex((cell, index) => index >= columns.length && cell.trim() !== '');
  if (extra >= 0) {
    return rejected(
      'too_many_cells',
      `${cells.length} cells, but the header has ${columns.length}: a quote or delimiter is wrong here`,
    );
  }
  for (const [index, cell] of cells.entries()) {
    const column = columns[index]?.header ?? String(index + 1);
    if (cell.length > MAX_CELL) {
      return rejected(
        'cell_too_long',
        `the cell of “${column}” has ${cell.length} characters; at most ${MAX_CELL} are taken`,
      );
    }
    if (cell.includes('\u0000'))
      return rejected('bad_characters', `the cell of “${column}” contains a NUL character`);
  }
  return null;
}

function rejected(reason: RejectReason, detail: string): RowResult {
  return { kind: 'rejected', reason, detail };
}

function quoted(text: string): string {
  return `“${text.length > 80 ? `${text.slice(0, 80)}…` : text.trim()}”`;
}

function say(warning: RowWarning): string {
  return `${warning.column}: ${warning.detail}`;
}

/** The last word is the last name, unless it is written `Lovelace, Ada`. */
function splitName(name: string | null): { first: string | null; last: string | null } {
  if (name === null) return { first: null, last: null };
  const comma = /^([^,]+),\s*(.+)$/.exec(name);
  if (comma) return { first: comma[2]!, last: comma[1]! };
  const space = name.lastIndexOf(' ');
  return space < 0
    ? { first: name, last: null }
    : { first: name.slice(0, space), last: name.slice(space + 1) };
}
