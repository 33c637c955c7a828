import { expect, test } from '@jest/globals';
import { collectLeads } from '../../../sequences/leads/collect.ts';
import { LeadsCsvError } from '../../../sequences/leads/csv-error.ts';
import { readLeadsCsv, type CsvRow, type ReadOptions } from '../../../sequences/leads/read-csv.ts';

async function read(source: AsyncIterable<Buffer> | string, options?: ReadOptions): Promise<CsvRow[]> {
  const rows: CsvRow[] = [];
  for await (const row of readLeadsCsv(source, options)) rows.push(row);
  return rows;
}

async function fieldsOf(source: string, options?: ReadOptions) {
  const rows = await read(source, options);
  return rows.map((row) => {
    if (row.kind === 'rejected') throw new Error(`line ${row.line} rejected: ${row.detail}`);
    return row.fields;
  });
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function failure(
  source: AsyncIterable<Buffer> | string,
  options?: ReadOptions,
): Promise<LeadsCsvError> {
  const error = await read(source, options).catch((thrown: unknown) => thrown);
  if (!(error instanceof LeadsCsvError)) throw new Error(`expected a LeadsCsvError, got ${String(error)}`);
  return error;
}

test('columns are found by what they say twice or add, and by the words of other languages, but stand back for the known', async () => {
  const found = await Promise.all(
    [
      'Email;Company / Organisation;Job Title (current);Land',
      'E-posta;Şirket Adı;Ünvan;Ülke',
      'Adresse e-mail;Raison sociale;Poste;Pays',
      'Correo electrónico;Razón social;Cargo;País',
    ].map(async (head) => (await fieldsOf(`${head}\nada@acme.test;Acme;CTO;DE\n`))[0]),
  );
  for (const one of found) expect(one).toMatchObject({ company: 'Acme', title: 'CTO', country: 'DE' });
  const [ada] = await fieldsOf('Email;Phone;Phone (old);Email / Phone\nada@acme.test;+49 30 23125123;1;2\n');
  expect(ada).toMatchObject({ phones: ['+493023125123'], attributes: { phone_old: 1, email_phone: 2 } });
});

test('columns are found by many names, unknown ones become attributes', async () => {
  const [ada] = await fieldsOf(
    'CRM ID;Vorname;Nachname;E-Mail;Firma;LinkedIn URL;Handy;Tel.;Land;Timezone;Language;Preferred Channel;Consent;Consent date;Lead Owner;Annual Revenue (€);zip\n' +
      '7;Ada;Lovelace;Ada@Acme.Test;Acme GmbH;de.linkedin.com/in/Ada-L/?x=1;0151 23456789;030 23125123;Deutschland;europe/berlin;de_AT;E-Mail;ja;31.01.2026;rosa;1200;01067\n',
  );
  expect(ada).toEqual({
    externalId: '7',
    firstName: 'Ada',
    lastName: 'Lovelace',
    company: 'Acme GmbH',
    companyId: null,
    companyDomain: 'acme.test',
    title: null,
    emails: ['ada@acme.test'],
    phones: ['+4915123456789', '+493023125123'],
    linkedinUrl: 'https://www.linkedin.com/in/ada-l',
    country: 'DE',
    locale: 'de-AT',
    timeZone: 'Europe/Berlin',
    companyTimeZone: null,
    preferredChannel: 'email',
    persona: null,
    owner: 'rosa',
    consent: { status: 'given', source: null, at: '2026-01-31T00:00:00.000Z' },
    attributes: { annual_revenue: 1200, zip: '01067' },
  });
});

test.each([
  ['a byte-order mark', '\ufeffemail,first name\na@acme.test,Ada\n'],
  ['tabs', 'email\tfirst name\na@acme.test\tAda\n'],
  ['semicolons and CRLF', 'email;first name\r\na@acme.test;Ada\r\n'],
  ['quotes', '"email","first name"\n"a@acme.test","Ada"'],
  ['a delimiter in a quoted header', 'email,first name,"a;b;c;d"\na@acme.test,Ada,\n'],
])('reads %s', async (_, source) => {
  expect(await fieldsOf(source)).toMatchObject([{ emails: ['a@acme.test'], firstName: 'Ada' }]);
});

test('line breaks in cells keep the line numbers true, and leave names on one line', async () => {
  const rows = await read(
    'email,first name,note\r\na@acme.test,"Ada\r\nKing","one\r\ntwo"\r\n\r\nb@acme.test,"Bob ""B""",\r\nbroken,,\r\n',
  );
  expect(rows.map((row) => [row.line, row.kind])).toEqual([
    [2, 'lead'],
    [6, 'lead'],
    [7, 'rejected'],
  ]);
  expect(rows[0]).toMatchObject({ fields: { firstName: 'Ada King', attributes: { note: 'one\r\ntwo' } } });
  expect(rows[1]).toMatchObject({ fields: { firstName: 'Bob "B"' } });
  expect(rows[2]).toMatchObject({
    reason: 'unreachable',
    detail: expect.stringContaining('“broken” is not an email address'),
  });
});

test('a cell that cannot be read is left out with a warning; the row is rejected only if nothing reachable is left', async () => {
  const rows = await read(
    'email,phone,linkedin,timezone,country,locale\na@acme.test,12,https://linkedin.com/company/acme,+02:00,Atlantis,Klingon\n,12,,,,\n,030 23125123,,,,\n,,,,,\n,,,,DE,\n',
  );
  expect(rows[0]).toMatchObject({
    kind: 'lead',
    fields: { emails: ['a@acme.test'], phones: [], linkedinUrl: null, timeZone: null },
  });
  expect(
    (rows[0] as unknown as { warnings: { column: string }[] }).warnings.map(({ column }) => column).sort(),
  ).toEqual(['country', 'linkedin', 'locale', 'phone', 'timezone']);
  expect(rows[1]).toMatchObject({ kind: 'rejected', reason: 'unreachable' });
  expect(rows[2]).toMatchObject({ kind: 'rejected', detail: expect.stringContaining('without a country') });
  expect(rows[3]).toMatchObject({ kind: 'rejected', reason: 'no_identity', line: 6 });
  expect(await fieldsOf('phone\n030 23125123\n', { defaultCountry: 'DE' })).toMatchObject([
    { phones: ['+493023125123'], country: null },
  ]);
});

test('a cell of 1 MB and a row with too many cells are rejected, the others taken', async () => {
  const rows = await read(
    `email,note\na@acme.test,${'x'.repeat(1 << 20)}\nb@acme.test,ok,more\nc@acme.test,"a\u0000b"\nd@acme.test,fine,,\n`,
  );
  expect(rows.map((row) => (row.kind === 'rejected' ? row.reason : row.kind))).toEqual([
    'cell_too_long',
    'too_many_cells',
    'bad_characters',
    'lead',
  ]);
  expect(rows[0]!.cells[1]!.length).toBeLessThan(1000);
});

test('duplicate columns are an error that names both', async () => {
  const error = await failure('E-Mail,Name,email\na@acme.test,Ada,b@acme.test\n');
  expect(error).toMatchObject({ code: 'duplicate_column', line: 1 });
  expect(error.message).toContain('columns 1 (“E-Mail”) and 3 (“email”)');
  expect((await failure('email,Team Size,team_size\na@acme.test,1,2\n')).message).toContain(
    'the attribute “team_size”',
  );
  expect(
    await fieldsOf('email,work email,phone,mobile\na@x.test,b@x.test,+493023125123,+4915123456789\n'),
  ).toMatchObject([{ emails: ['a@x.test', 'b@x.test'], phones: ['+493023125123', '+4915123456789'] }]);
});

test('what was exported is imported again: our own id of a lead stands beside the CRM’s', async () => {
  expect(await fieldsOf('cadenza_id,external_id,email\n8b0f,crm-1,a@acme.test\n')).toMatchObject([
    { externalId: 'crm-1', emails: ['a@acme.test'], attributes: {} },
  ]);
});

test('an explicit mapping wins over the known names and says what it does not know', async () => {
  const source = 'email,Kontakt,Quelle,Intern\na@acme.test,Ada,Messe,x\n';
  const mapping = { Kontakt: 'first_name', quelle: 'attributes.source', Intern: null };
  expect(await fieldsOf(source, { mapping })).toMatchObject([
    { firstName: 'Ada', attributes: { source: 'Messe' } },
  ]);
  expect((await failure(source, { mapping: { Kontakt: 'firstname' } })).message).toContain(
    'Did you mean “first_name”?',
  );
  expect((await failure(source, { mapping: { Kontakte: 'first_name' } })).message).toContain(
    'Did you mean “Kontakt”?',
  );
});

test.each([
  ['nothing', '', 'empty'],
  ['a byte-order mark only', '\ufeff', 'empty'],
  ['a header only', 'email,name\n\n', 'no_rows'],
  ['empty rows only', 'email,name\n,\n , \n', 'no_rows'],
  ['no column that identifies', 'a,b\n1,2\n', 'no_identity_column'],
  ['a quote that never ends', 'email,name\na@acme.test,"Ada\nb@acme.test,Bob\n', 'quote_not_closed'],
])('%s is a clear error', async (_, source, code) => {
  expect(await failure(source)).toMatchObject({ code });
});

test('UTF-16, Latin-1 and Excel files are clear errors, with the line where one helps', async () => {
  const text = 'email,name\na@acme.test,Ada\nb@acme.test,Bj\u00f6rn\n';
  expect(await failure(pieces(Buffer.from(`\ufeff${text}`, 'utf16le'), 7))).toMatchObject({ code: 'utf16' });
  expect(await failure(pieces(Buffer.from(text, 'utf16le'), 5000))).toMatchObject({ code: 'utf16' });
  expect(await failure(pieces(Buffer.from(text, 'latin1'), 11))).toMatchObject({ code: 'not_utf8', line: 3 });
  expect(await failure(pieces(Buffer.from('PK\u0003\u0004rest of a zip'), 100))).toMatchObject({
    code: 'binary',
  });
  for (const size of [1, 2, 3, 1000]) {
    const rows = await read(pieces(Buffer.from(text), size));
    expect(rows[1]).toMatchObject({ fields: { firstName: 'Björn' } });
  }
});

test('the simulator gets the same leads and seeds as an import, rows of one person merged', async () => {
  const { leads, rejected } = await collectLeads(
    'id,email,linkedin,first name,phone\n7,a@acme.test,,Ada,\n,a@acme.test,linkedin.com/in/ada,Augusta,\n,b@acme.test,,Bob,\n,a@acme.test;b@acme.test,,X,\n,,,Cy,+493023125123\n,,,cy,+49 30 23125123\n',
  );
  expect(leads).toMatchObject([
    { seed: '7', firstName: 'Ada', linkedinUrl: 'https://www.linkedin.com/in/ada' },
    { seed: 'b@acme.test', firstName: 'Bob' },
    { seed: '+493023125123', firstName: 'Cy' },
  ]);
  expect(rejected).toMatchObject([{ line: 5, reason: 'ambiguous' }]);
});
