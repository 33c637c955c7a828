import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  touchNode,
} from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.signedIn();
});
afterAll(() => api.close());

const search = async (client: Client, q: string) =>
  (await client.get(`/search?q=${encodeURIComponent(q)}`)).body;
const names = (list: { name: string }[]) => list.map(({ name }) => name);

test('leads are found by how the words of their names, companies and addresses begin, and only one’s own', async () => {
  const rep = await api.signedIn({ role: 'rep', name: 'Deniz Ak', knownAs: ['deniz'] });
  const ada = await makeLead(api.db, {
    firstName: 'Ada',
    lastName: 'Şahin',
    email: 'ada@zeta.test',
    owner: 'deniz',
  });
  await makeLead(api.db, { firstName: 'Bob', lastName: 'Adams', email: 'bob@other.test' });
  await makeLead(api.db, { firstName: 'Cem', lastName: 'Kadak', email: 'adalet@firm.test' });
  await api.db.query(`update leads set company_name = 'Zebra Works' where id = $1`, [ada.id]);

  // Whose name begins so comes before whose address does.
  expect(names((await search(admin, 'ada')).leads)).toEqual(['Bob Adams', 'Ada Şahin', 'Cem Kadak']);
  expect(names((await search(admin, 'ADA şa')).leads)).toEqual(['Ada Şahin']);
  expect((await search(admin, 'zebra')).leads).toEqual([
    { id: ada.id, name: 'Ada Şahin', company: 'Zebra Works', email: 'ada@zeta.test' },
  ]);
  expect(names((await search(admin, 'zeta')).leads)).toEqual(['Ada Şahin']);
  expect(names((await search(admin, 'works z')).leads)).toEqual(['Ada Şahin']);
  // Not in the middle of a word, and wildcards are letters.
  for (const nothing of ['dak', 'a%a', '_da', '\\x', 'xx'])
    expect((await search(admin, nothing)).leads).toEqual([]);
  expect(names((await search(rep, 'ada')).leads)).toEqual(['Ada Şahin']);
  expect(names((await search(rep, 'bob')).leads)).toEqual([]);
  await api.db.query('update leads set erased_at = now() where id = $1', [ada.id]);
  expect(names((await search(rep, 'ada')).leads)).toEqual([]);
});

test('sequences and launches are found by their names, launches only where one sees them; at most eight', async () => {
  const rep = await api.signedIn({ role: 'rep', name: 'Mia Ak' });
  const version = await makeVersion(api.db, { plan: makePlan([touchNode('hello')]), name: 'spring-fair' });
  const launches = await Promise.all(
    Array.from({ length: 10 }, () => makeLaunch(api.db, { versionId: version.id })),
  );
  await api.db.query(`update launches set name = 'Fair in Spring' where id = any($1)`, [
    launches.map(({ id }) => id),
  ]);
  const lead = await makeLead(api.db, { owner: 'Mia Ak' });
  await makeEnrollment(api.db, { launchId: launches[3]!.id, leadId: lead.id });
  const found = await search(admin, 'spring');
  expect(names(found.sequences)).toEqual(['spring-fair']);
  expect(found.launches).toHaveLength(8);
  expect((await search(rep, 'spring')).launches).toEqual([
    { id: launches[3]!.id, name: 'Fair in Spring', sequence: 'spring-fair' },
  ]);
  const key = await api.withKey({}, ['leads:read']);
  expect(await search(key, 'spring')).toEqual({ leads: [], sequences: [], launches: [] });
  expect((await admin.get('/search?q=%20')).status).toBe(400);
});
