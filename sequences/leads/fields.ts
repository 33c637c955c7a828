import { domainToASCII } from 'node:url';
import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js';
import { DateTime, IANAZone } from 'luxon';
import { z } from 'zod';
import { CONTACT_CHANNELS, type ContactChannel, type LeadProfile } from '../lead.ts';

/** One line of text: control characters and runs of white space become one space. null when nothing is left. */
export function oneLine(text: string): string | null {
  // eslint-disable-next-line no-control-regex
  const line = text.replace(/[\s\u0000-\u001f\u007f]+/g, ' ').trim();
  return line === '' ? null : line;
}

/** An email address in lower case, its domain in ASCII; null when it is none. Takes `mailto:` and `Ada <ada@acme.test>` too. */
export function emailAddress(text: string): string | null {
  const bare = (/<([^<>]+)>\s*$/.exec(text)?.[1] ?? text).trim().replace(/^mailto:/i, '');
  const at = bare.lastIndexOf('@');
  if (at < 1 || at > 64 || bare.length > 254) return null;
  const domain = domainToASCII(bare.slice(at + 1));
  const address = `${bare.slice(0, at)}@${domain}`.toLowerCase();
  return z.regexes.email.test(address) ? address : null;
}

/** A phone number in E.164; null when it is none, or national without a country. `country` is ISO 3166-1 alpha-2. */
export function phoneNumber(text: string, country: string | null): string | null {
  const international = text.trim().replace(/^(tel:)?\s*00(?=[1-9])/i, '+');
  const parsed = parsePhoneNumberFromString(international, (country ?? undefined) as CountryCode | undefined);
  return parsed?.isValid() ? parsed.number : null;
}

/** Member ids of LinkedIn are case-sensitive, public names are not. */
const MEMBER_ID = /^AC[a-zA-Z][A-Za-z0-9_-]{20,}$/;

/** `https://www.linkedin.com/in/<name>` of anything that points to a person's profile; null when it doesn't. */
export function linkedinProfile(text: string): string | null {
  const match = /^(?:https?:\/\/)?(?:[a-z]{2,3}\.)?(?:linkedin\.com)?\/?(in|pub)\/([^/?#\s]+)/i.exec(
    text.trim(),
  );
  if (!match) return null;
  let name: string;
  try {
    name = decodeURIComponent(match[2]!);
  } catch {
    return null;
  }
  if (!/^[\p{L}\p{M}\p{N}\p{S}_.'’&·-]+$/u.test(name)) return null;
  return `https://www.linkedin.com/in/${encodeURIComponent(MEMBER_ID.test(name) ? name : name.toLowerCase())}`;
}

const zones = new Map(
  ['UTC', ...Intl.supportedValuesOf('timeZone')].map((name) => [name.toLowerCase(), name]),
);

/** The IANA name in its usual spelling; null when there is no such time zone (an offset is none: it knows no daylight saving). */
export function timeZoneName(text: string): string | null {
  const name = text.trim().replace(/\s+/g, '_');
  const known = zones.get(name.toLowerCase());
  if (known !== undefined) return known;
  return /^[A-Za-z]+\/[A-Za-z0-9_+/-]+$/.test(name) && IANAZone.isValidZone(name) ? name : null;
}

/** A BCP 47 tag in canonical form; null when it is none. */
export function localeTag(text: string): string | null {
  const tag = text.trim().replace(/_/g, '-');
  if (!/^[A-Za-z]{2,3}(-|$)/.test(tag)) return null;
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? null;
  } catch {
    return null;
  }
}

const CHANNEL_WORDS: Readonly<Record<string, ContactChannel>> = {
  mail: 'email',
  'e-mail': 'email',
  phone: 'call',
  telephone: 'call',
  text: 'sms',
  'linked in': 'linkedin',
};

/** A channel on which people are reached; null when the word is none. */
export function contactChannel(text: string): ContactChannel | null {
  const word = text.trim().toLowerCase();
  return CONTACT_CHANNELS.find((channel) => channel === word) ?? CHANNEL_WORDS[word] ?? null;
}

type ConsentStatus = LeadProfile['consent']['status'];

const CONSENT_WORDS: Readonly<Record<ConsentStatus, readonly string[]>> = {
  given: [
    'given',
    'granted',
    'yes',
    'y',
    'true',
    '1',
    'opt-in',
    'optin',
    'opted in',
    'subscribed',
    'ja',
    'oui',
    'si',
    'sí',
  ],
  refused: [
    'refused',
    'denied',
    'withdrawn',
    'revoked',
    'no',
    'n',
    'false',
    '0',
    'opt-out',
    'optout',
    'opted out',
    'unsubscribed',
    'nein',
    'non',
  ],
  unknown: ['unknown', 'n/a', 'none', '-', 'unbekannt'],
};

/** What a word says about consent; null when it is not understood. */
export function consentStatus(text: string): ConsentStatus | null {
  const word = text.trim().toLowerCase().replaceAll('_', ' ');
  for (const status of ['given', 'refused', 'unknown'] as const) {
    if (CONSENT_WORDS[status].includes(word)) return status;
  }
  return null;
}

/** An ISO instant of an ISO date or date-time (UTC where it has no offset) or of a date written `31.01.2026`; null otherwise. */
export function instant(text: string): string | null {
  const trimmed = text.trim();
  const iso = DateTime.fromISO(trimmed.replace(/^(\d{4}-\d{2}-\d{2}) /, '$1T'), { zone: 'utc' });
  const date = iso.isValid ? iso : DateTime.fromFormat(trimmed, 'd.M.yyyy', { zone: 'utc' });
  return date.isValid ? date.toUTC().toISO() : null;
}

/** A custom attribute's value: a number or a boolean where that loses nothing (`01067` and `1.50` stay text). null when empty. */
export function attributeValue(text: string): string | number | boolean | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  if (/^-?\d{1,15}(\.\d{1,6})?$/.test(trimmed) && String(Number(trimmed)) === trimmed) return Number(trimmed);
  return trimmed;
}
