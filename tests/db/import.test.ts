import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Writable } from 'node:stream';
import { createIdentityHasher } from '../../common/crypto.ts';
import type { Db } from '../../db/db.ts';
import { importLeads, type ImportOptions } from '../../db/import/import-leads.ts';
import { createTestDatabase } from '../support/database.ts';

const hashIdentity = createIdentityHasher(Buffer.alloc(32, 7));
let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());
beforeEach(() => db.query('truncate leads, lead_identities, companies, suppressions cascade'));

function sink(): Writable & { text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk), done()) });
  return Object.assign(stream, { text: () => Buffer.concat(chunks).toString() });
}

const run = (csv: string | AsyncIterable<Buffer>, options: Partial<ImportOptions> = {}) =>
  importLeads(db, csv, { hashIdentity, ...options });

async function leads(): Promise<Record<string, unknown>[]> {
  const { rows } = await db.query(
    `select l.seed, l.external_id, l.first_name, l.last_name, l.emails, l.phones, l.linkedin_url, l.consent_status, l.attributes, c.domain,
       c.external_id as company_ext from leads l left join companies c on c.id = l.company_id order by l.seed`,
  );
  return rows;
}

test('new leads get identities, a seed and a company', async () => {
  const report = await run(
    'id,email,first name,company,company id,linkedin\n1,a@acme.test,Ada,Acme,,\n2,b@sub.acme.test,Bob,,,linkedin.com/in/bob\n3,c@gmail.com,Cy,,,\n4,d@other.test,Di,Big,c-9,\n5,e@gmail.com,Eve,Big,c-9,\n',
  );
  expect(report).toMatchObject({
    rows: 5,
    created: 5,
    updated: 0,
    unchanged: 0,
    duplicates: 0,
    rejected: {},
  });
  expect(report.leadIds).toHaveLength(5);
  expect(await leads()).toMatchObject([
    { seed: '1', domain: 'acme.test' },
    { seed: '2', domain: 'acme.test', linkedin_url: 'https://www.linkedin.com/in/bob' },
    { seed: '3', domain: null },
    { seed: '4', company_ext: 'c-9', domain: 'other.test' },
    { seed: '5', company_ext: 'c-9' },
  ]);
  const { rows } = await db.query<{ kind: string; value: string }>(
    'select kind, value from lead_identities order by kind, value',
  );
  expect(rows).toHaveLength(11);
});

test('the same file again changes nothing; a fuller one fills what is empty and overwrites nothing', async () => {
  const csv = 'email,first name,phone,note,consent\na@acme.test,Ada,,x,\n,,+493023125123,,\n';
  await run(csv);
  const before = await db.query('select * from leads order by id');
  expect(await run(csv)).toMatchObject({ created: 0, updated: 0, unchanged: 2 });
  expect((await db.query('select * from leads order by id')).rows).toEqual(before.rows);
  const fuller =
    'email,id,first name,last name,phone,note,more,consent\n"a@acme.test, a@home.test",7,Augusta,King,+4915123456789,y,z,given\n';
  expect(await run(fuller)).toMatchObject({ created: 0, updated: 1 });
  expect((await leads())[1]).toMatchObject({
    seed: 'a@acme.test',
    external_id: '7',
    first_name: 'Ada',
    last_name: 'King',
    emails: ['a@acme.test', 'a@home.test'],
    phones: ['+4915123456789'],
    consent_status: 'given',
    attributes: { note: 'x', more: 'z' },
  });
  // Known by the second email and by the id from now on.
  expect(await run('email,consent\na@home.test,no\n')).toMatchObject({ updated: 1 });
  expect(await run('id,consent\n7,yes\n')).toMatchObject({ unchanged: 1 });
  expect((await leads())[1]).toMatchObject({ consent_status: 'refused' });
});

test('rows of the file that are the same person become one lead, as if imported one after the other', async () => {
  const csv =
    'id,email,linkedin,first name,last name,note\n,a@acme.test,,Ada,,1\n,b@acme.test,,Bob,,\n,a@acme.test,linkedin.com/in/ada,Augusta,King,2\n9,,linkedin.com/in/ada,,,\n,"a@acme.test,b@acme.test",,X,,\n';
  expect(await run(csv)).toMatchObject({ rows: 5, created: 2, duplicates: 2, rejected: { ambiguous: 1 } });
  expect(await leads()).toMatchObject([
    {
      seed: 'a@acme.test',
      external_id: '9',
      first_name: 'Ada',
      last_name: 'King',
      emails: ['a@acme.test'],
      attributes: { note: 1 },
    },
    { seed: 'b@acme.test', first_name: 'Bob' },
  ]);
  const again = await run(csv);
  expect(again).toMatchObject({ created: 0, updated: 0, unchanged: 2, rejected: { ambiguous: 1 } });
});

test('a row whose identities belong to two known leads is rejected with the reason, and so is one that nothing reaches', async () => {
  await run('id,email\n1,a@acme.test\n2,b@acme.test\n');
  const rejects = sink();
  const report = await run(
    'id,email,note\n1,b@acme.test,"=HYPERLINK(""x"")"\n99,,\n1,,found by its id\n3,nope,\n3,c@acme.test,@cmd\n',
    {
      rejects,
    },
  );
  expect(report).toMatchObject({ created: 1, updated: 1, rejected: { ambiguous: 1, unreachable: 2 } });
  const lines = rejects.text().split('\r\n');
  expect(lines[0]).toBe('line,kind,reason,id,email,note');
  expect(lines[1]).toBe(
    `2,rejected,ambiguous: its identities belong to two different leads,1,b@acme.test,"'=HYPERLINK(""x"")"`,
  );
  expect(lines[2]).toMatch(/^3,rejected,"unreachable: no email/);
  expect(lines[3]).toMatch(/^5,rejected,"?unreachable: .*“nope” is not an email address/);
  expect(lines).toHaveLength(5);
});

test('promise 8: suppressed and erased people are kept out, by any identity or their domain', async () => {
  const suppress = (kind: 'email' | 'phone' | 'domain', value: string, channel: string | null = null) =>
    db.query(
      'insert into suppressions (identity_hash, kind, channel, reason, at) values ($1, $2, $3, $4, business_now())',
      [hashIdentity(kind, value), kind, channel, 'erased'],
    );
  await suppress('email', 'a@acme.test');
  await suppress('phone', '+493023125123');
  await suppress('domain', 'no.test');
  await suppress('email', 'fine@acme.test', 'sms');
  const report = await run(
    'email,phone\nA@Acme.Test,\nb@acme.test,+49 30 23125123\nc@mail.no.test,\nfine@acme.test,\n',
  );
  expect(report).toMatchObject({ created: 1, rejected: { suppressed: 3 } });
  expect((await leads()).map(({ emails }) => emails)).toEqual([['fine@acme.test']]);
});

test('cells left out are in the rejects file as warnings, the lead is taken', async () => {
  const rejects = sink();
  const report = await run('email,phone,first name\na@acme.test,12,-Ada\n', { rejects });
  expect(report).toMatchObject({ created: 1, warnings: 1, rejected: {} });
  expect(rejects.text()).toContain(
    `2,warning,"phone: “12” is not a phone number that can be read without a country (write it with +); left out"`.replaceAll(
      '"',
      '',
    ),
  );
  expect(rejects.text()).toContain(`,'-Ada`);
});

test('an import that fails or is aborted leaves nothing half done', async () => {
  await expect(run('email,name\na@acme.test,Ada\nb@acme.test,"Bob\n')).rejects.toMatchObject({
    code: 'quote_not_closed',
  });
  async function* breaks(): AsyncGenerator<Buffer> {
    yield Buffer.from('email\na@acme.test\n');
    throw new Error('disk gone');
  }
  await expect(run(breaks())).rejects.toThrow('disk gone');
  const abort = new AbortController();
  async function* endless(): AsyncGenerator<Buffer> {
    yield Buffer.from('email\n');
    for (let i = 0; ; i++) {
      if (i === 2000) abort.abort();
      yield Buffer.from(`lead${i}@acme.test\n`);
    }
  }
  await expect(run(endless(), { signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' });
  expect(await leads()).toEqual([]);
  expect((await db.query('select from companies')).rows).toEqual([]);
});

test('two imports of the same new people at once make each of them once', async () => {
  const csv = ['id,email', ...Array.from({ length: 500 }, (_, i) => `${i},lead${i}@acme.test`)].join('\n');
  const reports = await Promise.all([run(csv), run(csv), run(csv)]);
  expect(reports.map(({ created }) => created).sort((a, b) => a - b)).toEqual([0, 0, 500]);
  expect(await leads()).toHaveLength(500);
});

test('companies: known by the domain first, they take the company id on; a domain stays with one company', async () => {
  await run('email,company\na@acme.test,Acme\n');
  await run('email,company id\nb@acme.test,c-1\nc@acme.test,c-2\n');
  expect(await leads()).toMatchObject([
    { seed: 'a@acme.test', company_ext: 'c-1', domain: 'acme.test' },
    { seed: 'b@acme.test', company_ext: 'c-1', domain: 'acme.test' },
    { seed: 'c@acme.test', company_ext: 'c-2', domain: null },
  ]);
});

test('progress is told while reading', async () => {
  const seen: string[] = [];
  await run(['email', ...Array.from({ length: 2500 }, (_, i) => `lead${i}@acme.test`)].join('\n'), {
    onProgress: (progress) => seen.push(`${progress.phase} ${progress.rows}`),
  });
  expect(seen).toEqual(['reading 1000', 'reading 2000', 'reading 2500', 'merging 2500']);
});
