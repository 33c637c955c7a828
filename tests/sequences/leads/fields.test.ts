import { expect, test } from '@jest/globals';
import { companyDomainOf } from '../../../sequences/leads/company-domain.ts';
import { countryCode } from '../../../sequences/leads/countries.ts';
import {
  attributeValue,
  consentStatus,
  emailAddress,
  instant,
  linkedinProfile,
  localeTag,
  phoneNumber,
  timeZoneName,
} from '../../../sequences/leads/fields.ts';

test.each([
  ['linkedin.com/in/ada', 'https://www.linkedin.com/in/ada'],
  ['https://uk.linkedin.com/in/Ada-Lovelace-1815/en?trk=x', 'https://www.linkedin.com/in/ada-lovelace-1815'],
  ['http://www.linkedin.com/in/ayşe', 'https://www.linkedin.com/in/ay%C5%9Fe'],
  ['https://www.linkedin.com/in/ay%C5%9Fe/', 'https://www.linkedin.com/in/ay%C5%9Fe'],
  [
    'https://www.linkedin.com/in/ACoAABcd1234567890abcdefGHI',
    'https://www.linkedin.com/in/ACoAABcd1234567890abcdefGHI',
  ],
  ['https://www.linkedin.com/company/acme', null],
  ['https://evil.test/in/ada', null],
  ['https://linkedin.com.evil.test/in/ada', null],
  ['https://www.linkedin.com/in/%0d%0aada', null],
])('LinkedIn %s', (text, expected) => expect(linkedinProfile(text)).toBe(expected));

test.each([
  [' Ada@Acme.TEST ', 'ada@acme.test'],
  ['Ada Lovelace <ada@acme.test>', 'ada@acme.test'],
  ['mailto:ada@acme.test', 'ada@acme.test'],
  ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
  ['ada@acme', null],
  ['ada', null],
  ['ada@acme.test\r\nBcc: eve@evil.test', null],
  ['a b@acme.test', null],
])('email %j', (text, expected) => expect(emailAddress(text)).toBe(expected));

test('phones are E.164, read by the country', () => {
  expect(phoneNumber('030 23125123', 'DE')).toBe('+493023125123');
  expect(phoneNumber('0049 30 23125123', null)).toBe('+493023125123');
  expect(phoneNumber('030 23125123', null)).toBeNull();
  expect(phoneNumber('12', 'DE')).toBeNull();
});

test('countries by code or name in several languages', () => {
  for (const text of ['de', 'Germany', 'Deutschland', 'Allemagne', 'DEU'])
    expect(countryCode(text)).toBe('DE');
  for (const text of ['UK', 'U.K.', 'England', 'gb']) expect(countryCode(text)).toBe('GB');
  expect(countryCode('Türkiye')).toBe('TR');
  expect(countryCode('Atlantis')).toBeNull();
});

test('zones, locales, consents, dates and attributes', () => {
  expect(timeZoneName('america/new york')).toBe('America/New_York');
  expect(timeZoneName('+02:00')).toBeNull();
  expect(localeTag('pt_br')).toBe('pt-BR');
  expect(localeTag('German')).toBeNull();
  expect([consentStatus('Yes'), consentStatus('opt-out'), consentStatus('maybe')]).toEqual([
    'given',
    'refused',
    null,
  ]);
  expect(instant('2026-01-31 10:00:00+02:00')).toBe('2026-01-31T08:00:00.000Z');
  expect(instant('soon')).toBeNull();
  expect(['01067', '1.50', '42', 'true', '1e5', ''].map(attributeValue)).toEqual([
    '01067',
    '1.50',
    42,
    true,
    '1e5',
    null,
  ]);
});

test('companies are recognised by their registrable domain, never by a freemail one', () => {
  expect(companyDomainOf(['ada@mail.acme.co.uk'], null)).toBe('acme.co.uk');
  expect(companyDomainOf(['ada@gmail.com', 'ada@acme.test'], null)).toBe('acme.test');
  expect(companyDomainOf(['ada@gmx.de'], 'https://www.acme.de/about')).toBe('acme.de');
  expect(companyDomainOf(['ada@posteo.de'], 'https://linkedin.com/company/acme')).toBeNull();
  expect(companyDomainOf([], 'https://acme.github.io')).toBe('acme.github.io');
});
