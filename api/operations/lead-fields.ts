/** What people type of a lead, brought into the form in which leads are kept. */
import { companyDomainOf } from '../../sequences/leads/company-domain.ts';
import { countryCode } from '../../sequences/leads/countries.ts';
import {
  attributeValue,
  emailAddress,
  linkedinProfile,
  localeTag,
  oneLine,
  phoneNumber,
  timeZoneName,
} from '../../sequences/leads/fields.ts';
import type { ContactChannel } from '../../sequences/lead.ts';
import type { LeadFields } from '../../sequences/leads/row.ts';

/** Texts as typed; null empties a field, what is left out stays. */
export interface TypedLead {
  readonly externalId?: string | null | undefined;
  readonly firstName?: string | null | undefined;
  readonly lastName?: string | null | undefined;
  readonly title?: string | null | undefined;
  readonly company?: string | null | undefined;
  readonly emails?: readonly string[] | undefined;
  readonly phones?: readonly string[] | undefined;
  readonly linkedinUrl?: string | null | undefined;
  readonly country?: string | null | undefined;
  readonly locale?: string | null | undefined;
  readonly timeZone?: string | null | undefined;
  readonly preferredChannel?: ContactChannel | null | undefined;
  readonly persona?: string | null | undefined;
  readonly owner?: string | null | undefined;
  readonly consent?:
    | {
        readonly status: 'unknown' | 'given' | 'refused';
        readonly source: string | null;
        readonly at: string | null;
      }
    | undefined;
  readonly attributes?: Readonly<Record<string, string | number | boolean | null>> | undefined;
}

/** A field that says nothing which can be kept. */
export class BadLeadField extends Error {
  override readonly name = 'BadLeadField';
  readonly field: string;
  constructor(field: string, detail: string) {
    super(detail);
    this.field = field;
  }
}

const TEXTS = ['externalId', 'firstName', 'lastName', 'title', 'company', 'persona', 'owner'] as const;
const PARSED = {
  linkedinUrl: [linkedinProfile, 'the address of a LinkedIn profile, such as linkedin.com/in/ada'],
  country: [countryCode, 'a country’s name or ISO code'],
  locale: [localeTag, 'a language tag, such as de-AT'],
  timeZone: [timeZoneName, 'a time zone, such as Europe/Istanbul'],
} as const;

/** @param country of the lead as it is: by it national phone numbers are read. @throws BadLeadField */
export function leadFields(typed: TypedLead, country: string | null = null): Partial<LeadFields> {
  const fields: Record<string, unknown> = {};
  for (const name of TEXTS) {
    const value = typed[name];
    if (value !== undefined) fields[name] = value === null ? null : oneLine(value);
  }
  for (const [name, [parse, expected]] of Object.entries(PARSED)) {
    const value = typed[name as keyof typeof PARSED];
    if (value === undefined) continue;
    const text = value?.trim() ?? '';
    const parsed = text === '' ? null : parse(text);
    if (text !== '' && parsed === null) throw new BadLeadField(name, `“${text}” is not ${expected}.`);
    fields[name] = parsed;
  }
  const here = (fields.country as string | null | undefined) ?? country;
  if (typed.emails) fields.emails = all('emails', typed.emails, emailAddress, 'an email address');
  if (typed.phones)
    fields.phones = all(
      'phones',
      typed.phones,
      (text) => phoneNumber(text, here),
      here === null
        ? 'a phone number that can be read without a country: begin with +'
        : `a phone number in ${here}`,
    );
  if (typed.preferredChannel !== undefined) fields.preferredChannel = typed.preferredChannel;
  if (typed.consent !== undefined) fields.consent = typed.consent;
  if (typed.attributes !== undefined)
    fields.attributes = Object.fromEntries(
      Object.entries(typed.attributes).flatMap(([name, value]) => {
        const kept = typeof value === 'string' ? attributeValue(value) : value;
        return kept === null ? [] : [[name, kept]];
      }),
    );
  if (typed.emails) fields.companyDomain = companyDomainOf(fields.emails as string[], null);
  return fields;
}

function all(
  field: string,
  texts: readonly string[],
  parse: (text: string) => string | null,
  expected: string,
): string[] {
  const found = texts
    .filter((text) => text.trim() !== '')
    .map((text) => {
      const value = parse(text);
      if (value === null) throw new BadLeadField(field, `“${text.trim()}” is not ${expected}.`);
      return value;
    });
  return [...new Set(found)];
}
