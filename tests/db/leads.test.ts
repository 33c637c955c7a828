import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { BadConsentPolicy, readConsentPolicy, writeConsentPolicy } from '../../db/consent.ts';
import type { Db } from '../../db/db.ts';
import { importLeads } from '../../db/import/import-leads.ts';
import { IdentityTaken, leadPages, loadLead, saveLead } from '../../db/leads.ts';
import { channelsWithoutConsent } from '../../sequences/consent.ts';
import { collectLeads } from '../../sequences/leads/collect.ts';
import { createTestDatabase } from '../support/database.ts';

let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());

test('an imported lead reads back as what the simulator reads from the same file', async () => {
  const csv =
    'id,email,first name,last name,company,website,title,linkedin,phone,country,language,time zone,company time zone,preferred channel,persona,owner,consent,consent source,consent date,size,vip\n' +
    '7,"a@gmail.com;a@home.test",Ada,Lovelace,Acme,acme.test,CFO,linkedin.com/in/ada,+4915123456789,DE,de,Europe/Berlin,Europe/London,sms,cfo,rosa,yes,fair,2026-01-31,12,true\n';
  const [simulated] = (await collectLeads(csv)).leads;
  const { leadIds } = await importLeads(db, csv, { hashIdentity: () => Buffer.alloc(32) });
  const stored = await loadLead(db, leadIds[0]!);
  expect(stored).toEqual({ ...simulated, id: leadIds[0] });
});

test('a lead saved by hand overwrites what is given, keeps the rest, and cannot take another lead’s identity', async () => {
  const id = await saveLead(db, { emails: ['x@hand.test'], firstName: 'Xenia', externalId: 'x-1' });
  expect(await loadLead(db, id)).toMatchObject({
    seed: 'x-1',
    firstName: 'Xenia',
    companyDomain: 'hand.test',
  });
  await saveLead(
    db,
    { emails: ['x2@hand.test'], lastName: 'Y', consent: { status: 'refused', source: 'phone', at: null } },
    id,
  );
  expect(await loadLead(db, id)).toMatchObject({
    seed: 'x-1',
    firstName: 'Xenia',
    lastName: 'Y',
    emails: ['x2@hand.test'],
    consent: { status: 'refused' },
  });
  const other = await saveLead(db, { emails: ['x@hand.test'] });
  await expect(saveLead(db, { emails: ['x2@hand.test'] }, other)).rejects.toMatchObject({
    name: IdentityTaken.name,
    kind: 'email',
    leadId: id,
  });
  await expect(saveLead(db, { firstName: 'Nobody' })).rejects.toMatchObject({ code: 'bad_text' });
  await expect(saveLead(db, {}, crypto.randomUUID())).rejects.toMatchObject({ code: 'not_found' });
});

test('pages go over every lead once', async () => {
  const before: string[] = [];
  for await (const page of leadPages(db, 2)) before.push(...page.map(({ id }) => id));
  const { rows } = await db.query<{ id: string }>('select id from leads order by id');
  expect(before).toEqual(rows.map(({ id }) => id));
});

test('consent: the country’s entry, else *; refused is refused everywhere, given is given', async () => {
  expect(await readConsentPolicy(db)).toEqual({});
  const policy = await writeConsentPolicy(db, { DE: ['email', 'sms'], '*': ['whatsapp'] });
  expect(await readConsentPolicy(db)).toEqual(policy);
  const without = (status: 'unknown' | 'given' | 'refused', country: string | null) =>
    channelsWithoutConsent(policy, { country, consent: { status, source: null, at: null } });
  expect(without('unknown', 'DE')).toEqual(['email', 'sms']);
  expect(without('unknown', 'FR')).toEqual(['whatsapp']);
  expect(without('unknown', null)).toEqual(['whatsapp']);
  expect(without('given', 'DE')).toEqual([]);
  expect(without('refused', 'FR')).toHaveLength(5);
  await expect(writeConsentPolicy(db, { Germany: ['email'] })).rejects.toBeInstanceOf(BadConsentPolicy);
  await expect(writeConsentPolicy(db, { DE: ['fax'] })).rejects.toBeInstanceOf(BadConsentPolicy);
  await expect(writeConsentPolicy(db, { UK: ['email'] })).rejects.toThrow(
    'The consent policy cannot be used: UK: is neither the ISO code of a country, such as DE, nor *. Write it',
  );
  expect(await readConsentPolicy(db)).toEqual(policy);
});
