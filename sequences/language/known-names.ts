import type { LeadProfile, SenderProfile } from '../lead.ts';

/** A field that templates and conditions can name. `text` may be missing for a lead; a list is never missing, but may be empty. */
export interface KnownField<Owner> {
  readonly type: 'text' | 'list' | 'group' | 'custom';
  readonly description: string;
  readonly read: (owner: Owner) => unknown;
}

/**
 * `lead.<name>` in templates and conditions, one table for both. Custom columns of an import are `lead.attributes.<name>`;
 * which of them exist is known only when a lead is there.
 */
export const LEAD_FIELDS: Readonly<Record<string, KnownField<LeadProfile>>> = {
  id: text('Id of the lead', (lead) => lead.id),
  external_id: text("The CRM's own id of the lead", (lead) => lead.externalId),
  first_name: text('First name', (lead) => lead.firstName),
  last_name: text('Last name', (lead) => lead.lastName),
  full_name: text('First and last name; missing when either is', (lead) =>
    both(lead.firstName, lead.lastName),
  ),
  company: text('Company', (lead) => lead.company),
  company_domain: text("The company's domain", (lead) => lead.companyDomain),
  title: text('Job title', (lead) => lead.title),
  email: text('The email address that is written to', (lead) => lead.emails[0] ?? null),
  phone: text('The phone number that is rung, in E.164', (lead) => lead.phones[0] ?? null),
  emails: list('All email addresses', (lead) => lead.emails),
  phones: list('All phone numbers, in E.164', (lead) => lead.phones),
  linkedin_url: text("The LinkedIn profile's address", (lead) => lead.linkedinUrl),
  country: text('Country, ISO 3166-1 alpha-2', (lead) => lead.country),
  locale: text('Locale, BCP 47', (lead) => lead.locale),
  time_zone: text('Time zone, IANA', (lead) => lead.timeZone),
  company_time_zone: text("The company's time zone, IANA", (lead) => lead.companyTimeZone),
  preferred_channel: text('Preferred channel', (lead) => lead.preferredChannel),
  persona: text('Persona', (lead) => lead.persona),
  owner: text('The rep who owns the lead', (lead) => lead.owner),
  consent: { type: 'group', description: 'Consent: status, source and at', read: (lead) => lead.consent },
  attributes: {
    type: 'custom',
    description: 'Custom columns of the import',
    read: (lead) => lead.attributes,
  },
};

/** `lead.consent.<name>`. */
export const CONSENT_FIELDS = ['status', 'source', 'at'] as const;

/** `sender.<name>`, in templates. Settings of the sender's own are `sender.attributes.<name>`. */
export const SENDER_FIELDS: Readonly<Record<string, KnownField<SenderProfile>>> = {
  name: text('Name of the sender', (sender) => sender.name),
  first_name: text(
    "The first word of the sender's name",
    (sender) => sender.name.trim().split(/\s+/)[0] ?? null,
  ),
  address: text('The mailbox, LinkedIn profile or number that sends', (sender) => sender.address),
  channel: text('The channel that sends', (sender) => sender.channel),
  time_zone: text("The sender's time zone, IANA", (sender) => sender.timeZone),
  owner: text('The rep whom the sender belongs to', (sender) => sender.owner),
  attributes: {
    type: 'custom',
    description: "The sender's own settings, e.g. a signature",
    read: (sender) => sender.attributes,
  },
};

function text<Owner>(description: string, read: (owner: Owner) => string | null): KnownField<Owner> {
  return { type: 'text', description, read };
}

function list<Owner>(description: string, read: (owner: Owner) => readonly string[]): KnownField<Owner> {
  return { type: 'list', description, read };
}

function both(first: string | null, last: string | null): string | null {
  return first?.trim() && last?.trim() ? `${first} ${last}` : null;
}
