/** What a rep does not learn of, or do to, the leads of others. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { saveLead } from '../../../db/leads.ts';
import { makeEnrollment, makeLaunch, makePlan, makeSender, makeVersion } from '../../support/factories.ts';
import { makeMessage } from './desk-support.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let rep: Client;
let admin: Client;
let bobs: string;
beforeAll(async () => {
  api = await startApi();
  admin = await api.signedIn();
  rep = await api.signedIn({ role: 'rep', name: 'Rosa Rep', knownAs: ['rr'] });
  bobs = await saveLead(api.db, { emails: ['ada@lead.example'], owner: 'Bob', country: 'DE' });
});
afterAll(() => api.close());

test('nobody sees the leads of another by taking the other’s name', async () => {
  const rename = (name: string, client = rep) => client.call('PATCH', '/me', { name });
  for (const name of ['Bob', 'bob ', 'Somebody Else'])
    expect(await rename(name)).toMatchObject({ status: 403, body: { code: 'not_allowed' } });
  expect((await rep.get(`/leads/${bobs}`)).status).toBe(404);
  for (const name of ['ROSA rep', 'RR', 'Rosa Rep']) {
    expect(await rename(name)).toMatchObject({ status: 200, body: { name } });
    await admin.call('PATCH', `/users/${rep.user.id}`, { name: 'Rosa Rep' }, { 'if-match': '*' });
  }
  expect((await rep.call('PATCH', '/me', { locale: 'tr' })).status).toBe(200);
  const manager = await api.signedIn({ role: 'manager', team: 'north' });
  expect((await rename('Bob', manager)).status).toBe(403);
  expect((await rename('Bob', await api.signedIn({ role: 'manager' }))).status).toBe(200);
});

async function imported(client: Client, csv: string) {
  const { body } = await client.post('/imports', csv, { 'content-type': 'text/csv' });
  await client.post(`/imports/${body.id}/run`, {});
  for (;;) {
    const { body: now } = await client.get(`/imports/${body.id}`);
    if (now.state === 'done' || now.state === 'failed') return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('a file changes no lead that its sender does not see, and a rep’s new leads are the rep’s', async () => {
  const nobodys = await saveLead(api.db, { emails: ['free@lead.example'] });
  const before = (await admin.get(`/leads/${bobs}`)).body;
  const csv = [
    'email,first name,owner,phone',
    `ada@lead.example,Mallory,${rep.user.email},+14155550123`,
    `free@lead.example,Mallory,${rep.user.email},`,
    'new@lead.example,New,Bob,',
    'new@lead.example,,,+14155550124',
  ].join('\n');
  const { report, hasRejects } = await imported(rep, csv);
  expect(report).toMatchObject({
    rows: 4,
    created: 1,
    duplicates: 1,
    updated: 0,
    rejected: { not_yours: 2 },
  });
  expect(hasRejects).toBe(true);
  expect((await admin.get(`/leads/${bobs}`)).body).toEqual(before);
  expect((await admin.get(`/leads/${nobodys}`)).body).toMatchObject({ firstName: null, owner: null });
  expect((await rep.get('/leads')).body.items).toMatchObject([
    { email: 'new@lead.example', owner: rep.user.email },
  ]);
  // What nobody owns is a manager's.
  const manager = await api.signedIn({ role: 'manager', team: 'north' });
  const again = await imported(manager, csv);
  expect(again.report).toMatchObject({ updated: 1, rejected: { not_yours: 3 } });
});

test('a team’s manager gives nobody of another team a lead by a file: these owners are left out, and told', async () => {
  const [rosa, max] = [
    await api.signedIn({ role: 'rep', team: 'north', name: 'Rosa North' }),
    await api.signedIn({ role: 'rep', team: 'south', name: 'Max South' }),
  ];
  const manager = await api.signedIn({ role: 'manager', team: 'north' });
  const known = await saveLead(api.db, { emails: ['known@lead.example'] });
  const csv = [
    'email,owner',
    'known@lead.example,Max South',
    `a@lead.example,${max.user.email.toUpperCase()}`,
    'b@lead.example,rosa north',
    'c@lead.example,Nobody Known',
  ].join('\n');
  const { id, report } = await imported(manager, csv);
  expect(report).toMatchObject({ created: 3, updated: 0, unchanged: 1, warnings: 2 });
  expect((await manager.get(`/imports/${id}/rejects.csv`)).body).toContain(
    'warning,owner: Max South is of another team',
  );
  expect((await admin.get(`/leads/${known}`)).body.owner).toBeNull();
  const owned = async (client: Client) =>
    (await client.get('/leads')).body.items
      .filter(({ email }: { email: string }) => /^[abc]@/.test(email))
      .map(({ email, owner }: { email: string; owner: string | null }) => [email, owner])
      .toSorted();
  expect(await owned(admin)).toEqual([
    ['a@lead.example', null],
    ['b@lead.example', 'rosa north'],
    ['c@lead.example', 'Nobody Known'],
  ]);
  expect(await owned(max)).toEqual([]);
  expect(await owned(rosa)).toHaveLength(1);
});

test('an identity that is taken names its lead only to who sees it', async () => {
  const body = { emails: ['ada@lead.example'] };
  const mine = (await rep.post('/leads', { emails: ['mine@lead.example'] })).body.id;
  for (const refused of [
    await rep.post('/leads', body),
    await rep.call('PATCH', `/leads/${mine}`, body, { 'if-match': '*' }),
  ]) {
    expect(refused).toMatchObject({ status: 409, body: { code: 'identity_taken' } });
    expect(refused.body.detail).not.toContain(bobs);
  }
  expect((await admin.post('/leads', body)).body.detail).toContain(bobs);
});

test('the calendars in use count one’s own leads', async () => {
  const version = await makeVersion(api.db, {
    plan: makePlan([]),
    settings: { window: { holidays: 'lead' } } as never,
  });
  const launch = await makeLaunch(api.db, { versionId: version.id });
  await makeEnrollment(api.db, { launchId: launch.id, leadId: bobs });
  expect((await admin.get('/calendars')).body.items).toMatchObject([{ place: 'DE', leads: 1 }]);
  expect((await rep.get('/calendars')).body.items).toEqual([]);
});

test('whose a message may be is told, and said, by who sees that lead', async () => {
  const sender = await makeSender(api.db, { owner: rep.user.email });
  const id = await makeMessage(api.db, { maybeLeadId: bobs, senderId: sender.id, at: Date.now() });
  expect((await rep.get('/inbox')).body.items).toMatchObject([{ id, maybe: null }]);
  expect((await rep.post(`/inbox/messages/${id}/match`, { leadId: null })).status).toBe(404);
  expect((await admin.get('/inbox')).body.items).toMatchObject([{ id, maybe: { leadId: bobs } }]);
  expect((await admin.post(`/inbox/messages/${id}/match`, { leadId: null })).status).toBe(200);
});

test('nobody fills the database with files that are never imported', async () => {
  const sender = await api.signedIn({ role: 'rep' });
  const send = () => sender.post('/imports', 'email\na@b.example', { 'content-type': 'text/csv' });
  for (let n = 0; n < 20; n++) expect((await send()).status).toBe(201);
  expect(await send()).toMatchObject({ status: 409, body: { code: 'too_many' } });
  expect((await rep.post('/imports', 'email\na@b.example', { 'content-type': 'text/csv' })).status).toBe(201);
});
